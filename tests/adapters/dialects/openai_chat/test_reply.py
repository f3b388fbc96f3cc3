"""Whole replies of openai-chat, read by the official SDK."""

import json

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageFunctionToolCall

from adapters.dialects.openai_chat.reply import read_usage, write_reply
from adapters.events import Reply, Usage
from tests.adapters.replies import ARGUMENTS, REPLIES, SILENT, TEXT, TEXT_ONLY, THINKING, TOOLS
from tests.adapters.sdks import read_by_openai


def ask(client: openai.OpenAI) -> ChatCompletion:
    """Ask for a completion that is not streamed."""
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_a_reply(reply: Reply) -> None:
    """Id, model and time arrive, with one choice that has every field."""
    completion = ask(read_by_openai(write_reply(reply)))
    assert (completion.id, completion.model, completion.object) == (
        "chatcmpl-0a1b",
        "some-model",
        "chat.completion",
    )
    assert completion.created == reply.created
    (choice,) = json.loads(write_reply(reply))["choices"]
    assert (choice["index"], choice["logprobs"], choice["message"]["refusal"]) == (0, None, None)


def test_the_sdk_reads_text() -> None:
    """The text of a reply is the message's content."""
    message = ask(read_by_openai(write_reply(TEXT_ONLY))).choices[0].message
    assert (message.role, message.content, message.tool_calls) == ("assistant", TEXT, None)


def test_the_sdk_reads_tool_calls() -> None:
    """Calls arrive with their arguments as the text of JSON."""
    calls = ask(read_by_openai(write_reply(TOOLS))).choices[0].message.tool_calls or []
    functions = [call for call in calls if isinstance(call, ChatCompletionMessageFunctionToolCall)]
    told = [(call.id, call.function.name, call.function.arguments) for call in functions]
    assert told == [("call_1", "Read", ARGUMENTS), ("call_2", "mcp__x__odd_name-1", "{}")]


def test_a_reply_without_text_has_a_null_content() -> None:
    """Nothing said is null, not the empty string."""
    assert ask(read_by_openai(write_reply(SILENT))).choices[0].message.content is None


def test_thinking_stands_beside_the_text() -> None:
    """Thinking is never mixed into the content."""
    message = json.loads(write_reply(THINKING))["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("Hm, well, hm.", TEXT)
    assert "reasoning_content" not in json.loads(write_reply(TEXT_ONLY))["choices"][0]["message"]


STOPS = {"text": "stop", "tools": "tool_calls", "cut short": "length"}


@pytest.mark.parametrize(("name", "reason"), STOPS.items(), ids=STOPS)
def test_a_stop_is_said_in_openais_words(name: str, reason: str) -> None:
    """Each reason to stop has its word."""
    assert ask(read_by_openai(write_reply(REPLIES[name]))).choices[0].finish_reason == reason


def test_the_sdk_reads_usage() -> None:
    """The prompt holds everything that was read, cached or not."""
    usage = ask(read_by_openai(write_reply(TOOLS))).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (124, 40, 164)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 100
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 9


def test_usage_that_was_written_is_read_again() -> None:
    """Cached tokens are taken out of the prompt again; cache writes are part of the input here."""
    assert read_usage(write_reply(TOOLS)) == Usage(input=24, cache_read=100, output=40, reasoning=9)


USAGES: dict[str, tuple[dict[str, object] | None, Usage]] = {
    "none": (None, Usage()),
    "empty": ({}, Usage()),
    "nulls": ({"prompt_tokens": None, "prompt_tokens_details": None}, Usage()),
    "plain": ({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}, Usage(input=3, output=4)),
    "cached": (
        {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 8}},
        Usage(input=2, cache_read=8),
    ),
    "cached null": ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": None}}, Usage(input=10)),
    "more cached than read": (
        {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}},
        Usage(cache_read=8),
    ),
    "reasoning": (
        {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 5}},
        Usage(output=9, reasoning=5),
    ),
    "a provider's own": ({"prompt_tokens": 1, "queue_time": 0.1, "cost": "x"}, Usage(input=1)),
}


@pytest.mark.parametrize(("wire", "usage"), USAGES.values(), ids=USAGES)
def test_usage_of_a_whole_reply_is_read(wire: dict[str, object] | None, usage: Usage) -> None:
    """Counts are taken where they are, and are nothing where they are not."""
    assert read_usage(json.dumps({"choices": [], "usage": wire}).encode()) == usage
    assert read_usage(b'{"choices":[{"odd":1}]}') == Usage()
