"""Whole replies of openai-responses, read by the official SDK."""

import json

import openai
import pytest
from openai.types.responses import Response

from adapters.dialects.openai_responses.reply import read_usage, write_reply
from adapters.events import Reply, Usage
from adapters.fault import Malformed
from tests.adapters.replies import ARGUMENTS, CUT_SHORT, REPLIES, TEXT, TEXT_ONLY, THINKING, TOOLS, USAGE
from tests.adapters.sdks import read_by_openai


def ask(client: openai.OpenAI) -> Response:
    """Ask for a response that is not streamed."""
    return client.responses.create(model="m", input="x")


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_a_reply(reply: Reply) -> None:
    """Id, model and time arrive, and an item for each block."""
    response = ask(read_by_openai(write_reply(reply)))
    assert (response.id, response.model, response.object) == ("resp_0a1b", "some-model", "response")
    assert response.created_at == reply.created
    assert len(response.output) == len(reply.blocks)
    ids = [item["id"] for item in json.loads(write_reply(reply))["output"]]
    assert len(set(ids)) == len(ids)


def test_the_sdk_reads_text() -> None:
    """The text of a reply is a message's."""
    response = ask(read_by_openai(write_reply(TEXT_ONLY)))
    assert (response.output_text, response.status) == (TEXT, "completed")


def test_the_sdk_reads_tool_calls() -> None:
    """Calls arrive with their ids and their arguments as the text of JSON."""
    output = ask(read_by_openai(write_reply(TOOLS))).output
    calls = [item for item in output if item.type == "function_call"]
    told = [(call.call_id, call.name, call.arguments, call.namespace) for call in calls]
    assert told == [("call_1", "Read", ARGUMENTS, None), ("call_2", "mcp__x__odd_name-1", "{}", None)]


def test_thinking_is_an_item_of_its_own() -> None:
    """What was thought is a summary, and its signature the encrypted content."""
    thought, message = ask(read_by_openai(write_reply(THINKING))).output
    assert message.type == "message"
    assert thought.type == "reasoning"
    assert (thought.summary[0].text, thought.encrypted_content) == ("Hm, well, hm.", "c2ln")


def test_a_reply_that_was_cut_short_is_incomplete() -> None:
    """A limit that was reached is the status, and the reason beside it."""
    response = ask(read_by_openai(write_reply(CUT_SHORT)))
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


def test_a_refusal_is_incomplete() -> None:
    """A reply that was refused says that it was filtered."""
    refused = Reply("1", "m", (), "refusal", Usage())
    assert json.loads(write_reply(refused))["incomplete_details"] == {"reason": "content_filter"}


def test_the_sdk_reads_usage() -> None:
    """The input holds everything that was read, cached or not."""
    usage = ask(read_by_openai(write_reply(TOOLS))).usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (124, 40, 164)
    assert usage.input_tokens_details.cached_tokens == 100
    assert usage.input_tokens_details.cache_write_tokens == 12
    assert usage.output_tokens_details.reasoning_tokens == 9


def test_usage_that_was_written_is_read_again() -> None:
    """What caches held and took is told apart again; how long it is kept is not said."""
    read = read_usage(write_reply(TOOLS))
    assert (read.input, read.cache_read, read.cache_write_5m) == (USAGE.input, USAGE.cache_read, 12)
    assert (read.output, read.reasoning) == (USAGE.output, USAGE.reasoning)


@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": None, "input_tokens_details": None}])
def test_a_reply_without_usage_counts_nothing(usage: object) -> None:
    """Counts that are absent or null are none."""
    assert read_usage(json.dumps({"object": "response", "usage": usage}).encode()) == Usage()


def test_another_object_is_no_reply() -> None:
    """A chat completion, or a list, is refused by what it says it is."""
    with pytest.raises(Malformed, match=r"its object is `chat\.completion`"):
        read_usage(b'{"object":"chat.completion","choices":[]}')
