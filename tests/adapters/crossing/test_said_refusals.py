"""What a model says instead of an answer, between the two dialects that have a place for it.

The official SDK shows it apart from the answer, and parses nothing where it stands.
"""

from typing import Any

import openai
import pytest
from pydantic import BaseModel

from adapters.dialects import openai_chat, openai_responses
from adapters.events import Reply, TextBlock, ToolBlock, Usage, collect
from tests.adapters.cuts import cuts
from tests.adapters.frames import DONE, delta
from tests.adapters.matrix.replies import (
    REPLIES,
    read_whole,
    stream,
    told_as_stream,
    told_stream,
    told_whole,
)
from tests.adapters.reading import read
from tests.adapters.sdks import read_by_openai, streamed_to_openai

CHAT, RESPONSES = openai_chat.DIALECT, openai_responses.DIALECT
NO = "I will not do that."
ASKED: Any = [{"role": "user", "content": "x"}]
REFUSED = [REPLIES[name] for name in ("chat-refused", "responses-refused")]
MIDWAY = [REPLIES[name] for name in ("chat-refused-midway", "responses-refused-midway")]
every_refusal = pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
every_turn = pytest.mark.parametrize("case", MIDWAY, ids=lambda case: case.name)


class Answer(BaseModel):
    """The answer that was asked for."""

    city: str


@every_refusal
def test_a_chat_that_wants_a_schema_is_shown_the_refusal(case: Any) -> None:
    """`parse` finds no answer and the words for why, with the reason that the API gives."""
    completion = read_by_openai(told_whole(case, CHAT.name)).chat.completions.parse(
        model="m", messages=ASKED, response_format=Answer
    )
    (choice,) = completion.choices
    assert (choice.message.parsed, choice.message.content, choice.message.refusal) == (None, None, NO)
    assert choice.finish_reason == "stop"


@every_refusal
def test_a_response_that_wants_a_schema_is_shown_the_refusal(case: Any) -> None:
    """`parse` finds no answer, and a part that refuses in a response that is complete."""
    response = read_by_openai(told_whole(case, RESPONSES.name)).responses.parse(
        model="m", input="x", text_format=Answer
    )
    assert (response.output_parsed, response.output_text, response.status) == (None, "", "completed")
    (message,) = response.output
    assert message.type == "message"
    assert [part.refusal for part in message.content if part.type == "refusal"] == [NO]


def in_stream_of_chat(told: bytes) -> tuple[str, str]:
    """What the SDK's helper says of a refusal while it comes, and when it is whole."""
    deltas, whole = "", ""
    client: openai.OpenAI = streamed_to_openai(told)
    with client.chat.completions.stream(model="m", messages=ASKED, response_format=Answer) as events:
        for event in events:
            deltas += event.delta if event.type == "refusal.delta" else ""
            whole += event.refusal if event.type == "refusal.done" else ""
    return deltas, whole


def in_stream_of_responses(told: bytes) -> tuple[str, str]:
    """The same, of the events of a response."""
    deltas, whole = "", ""
    with streamed_to_openai(told).responses.stream(model="m", input="x", text_format=Answer) as events:
        for event in events:
            deltas += event.delta if event.type == "response.refusal.delta" else ""
            whole += event.refusal if event.type == "response.refusal.done" else ""
    return deltas, whole


@every_refusal
def test_a_refusal_is_streamed_as_one(case: Any) -> None:
    """Its pieces and its whole come in the events for it, and where a whole reply is told as a stream."""
    for told in (told_stream(case, CHAT.name, [stream(case)]), told_as_stream(case, CHAT.name)):
        assert in_stream_of_chat(told) == (NO, NO)
    for told in (told_stream(case, RESPONSES.name, [stream(case)]), told_as_stream(case, RESPONSES.name)):
        assert in_stream_of_responses(told) == (NO, NO)


@every_turn
def test_words_before_a_refusal_stay_words(case: Any) -> None:
    """Each in its own place, and the message is one for chats."""
    completion = read_by_openai(told_whole(case, CHAT.name)).chat.completions.create(
        model="m", messages=ASKED
    )
    assert completion.choices[0].message.content == "Let me see. "
    assert completion.choices[0].message.refusal == NO
    response = read_by_openai(told_whole(case, RESPONSES.name)).responses.create(model="m", input="x")
    assert response.output_text == "Let me see. "


@pytest.mark.parametrize("case", [*REFUSED, *MIDWAY], ids=lambda case: case.name)
@pytest.mark.parametrize("client", [CHAT.name, RESPONSES.name])
def test_a_refusal_leaves_alike_however_it_came(case: Any, client: str) -> None:
    """Cut at every byte the stream leaves as the same bytes."""
    whole = told_stream(case, client, [stream(case)])
    assert all(told_stream(case, client, chunks) == whole for chunks in cuts(stream(case)))


def test_words_after_a_refusal_are_words_again() -> None:
    """A block of each, in the stream as in the whole."""
    frames = [delta(refusal="No"), delta(refusal="."), delta(content="But "), delta(content="this.")]
    reply = collect(read(CHAT.stream_reader(), [b"".join([*frames, delta("stop"), DONE])]))
    assert reply.blocks == (TextBlock("No.", refused=True), TextBlock("But this."))
    told = b"".join(CHAT.write_stream(reply, False))  # noqa: FBT003 - one shape for all dialects
    client = streamed_to_openai(told)
    with client.chat.completions.stream(model="m", messages=ASKED) as events:
        message = events.get_final_completion().choices[0].message
    assert (message.refusal, message.content) == ("No.", "But this.")


def test_a_call_beside_a_refusal_is_the_reason_for_the_end() -> None:
    """A client runs it: the reply is no refusal alone."""
    blocks = (TextBlock("Not that.", refused=True), ToolBlock("1", "f", "{}"))
    body = CHAT.write_reply(Reply("1", "m", blocks, "tool_use", Usage()))
    reply = CHAT.read_reply(body)
    assert (reply.stop, set(reply.blocks)) == ("tool_use", set(blocks))


def test_a_reply_that_was_filtered_still_says_so() -> None:
    """Without words for it nothing stands in the place for refusals."""
    case = REPLIES["chat-filtered"]
    assert read_whole(case).stop == "refusal"
    assert b'"content_filter"' in told_whole(case, CHAT.name)
    assert b'"reason":"content_filter"' in told_whole(case, RESPONSES.name)
