"""Replies of openai-responses that are no text: compactions, searches, signatures; and signs of life."""

import json
from typing import Any

import pytest
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from adapters.dialects.openai_responses.marks import opened_summary
from adapters.dialects.openai_responses.reply import NO_SUMMARY, write_reply
from adapters.dialects.openai_responses.request_items import SUMMARY_OPENING
from adapters.dialects.openai_responses.request_read import read_request
from adapters.dialects.openai_responses.stream import StreamWriter, Tap
from adapters.events import (
    Block,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
)
from adapters.fault import Fault
from adapters.openai import COMMENT
from tests.adapters.cuts import recorded_streams
from tests.adapters.sdks import streamed_to_openai

RECORDED = recorded_streams("openai-responses")
STRICT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
THOUGHT = ThinkingBlock("Hm.", "c2ln")
SPOKEN = TextBlock("It was asked for é日本🙂.")
CALL = ToolBlock("call_1", "exec", "{}")
SEARCH = ToolBlock("call_1", "tool_search", '{"query":"spawn"}')


def documents(frames: bytes) -> list[dict[str, Any]]:
    """The events of frames."""
    return [json.loads(frame.partition(b"\ndata: ")[2]) for frame in frames.split(b"\n\n")[:-1]]


def streamed(*blocks: Block, **fields: Any) -> bytes:
    """A reply of these blocks as a stream."""
    return b"".join(StreamWriter().write_all(Reply("01", "m", blocks, "end", Usage(), **fields)))


def whole(*blocks: Block, **fields: Any) -> dict[str, Any]:
    """A reply of these blocks, whole."""
    response: dict[str, Any] = json.loads(write_reply(Reply("01", "m", blocks, "end", Usage(), **fields)))
    return response


def received(stream: bytes) -> Response:
    """What the SDK gathers from a stream, each event of which is one of its own."""
    for told in documents(stream):
        assert STRICT.validate_python(told).type == told["type"]
    return gathered(stream)


def gathered(stream: bytes) -> Response:
    """What the SDK gathers from a stream of any provider."""
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as events:
        return events.get_final_response()


def kinds_of(stream: bytes) -> list[str]:
    """The kinds of a stream's events."""
    return [told["type"].removeprefix("response.") for told in documents(stream)]


# --- compaction ---------------------------------------------------------------------------------------


def test_a_compaction_is_one_item_and_nothing_else() -> None:
    """Thoughts and calls are left out, and the text is told when it is whole."""
    stream = streamed(THOUGHT, SPOKEN, CALL, TextBlock(" Go on."), compaction=True)
    assert kinds_of(stream) == [
        "created",
        "in_progress",
        "output_item.added",
        "output_item.done",
        "completed",
    ]
    (item,) = received(stream).output
    assert item.type == "compaction"
    assert opened_summary(item.encrypted_content) == SPOKEN.text + " Go on."
    assert documents(stream)[-1]["response"] == whole(
        THOUGHT, SPOKEN, CALL, TextBlock(" Go on."), compaction=True
    )


def test_a_compaction_is_usable_in_the_next_request() -> None:
    """The item that went out comes back as the text it was."""
    (item,) = whole(SPOKEN, compaction=True)["output"]
    body = json.dumps({"model": "m", "input": [item, {"role": "user", "content": "Go on."}]}).encode()
    first, _ = read_request(body).turns
    assert [part.text for part in first.parts if hasattr(part, "text")] == [SUMMARY_OPENING + SPOKEN.text]


def test_a_compaction_of_nothing_is_a_failure() -> None:
    """An empty summary would end the conversation: the client asks again instead."""
    last = documents(streamed(THOUGHT, TextBlock(" \n"), compaction=True))[-1]
    assert last["type"] == "response.failed"
    assert last["response"]["error"] == {"code": "server_error", "message": NO_SUMMARY}
    failed = whole(THOUGHT, compaction=True)
    assert (failed["status"], failed["output"]) == ("failed", [])
    assert failed["error"] == {"code": "server_error", "message": NO_SUMMARY}


# --- items --------------------------------------------------------------------------------------------


def test_a_signature_alone_is_an_item_without_a_summary() -> None:
    """It has no part and no text: only what its maker wants back."""
    stream = streamed(ThinkingBlock("", "c2ln"), SPOKEN)
    assert kinds_of(stream)[2:4] == ["output_item.added", "output_item.done"]
    thought, _ = received(stream).output
    assert thought.type == "reasoning"
    assert (thought.summary, thought.encrypted_content) == ([], "c2ln")
    assert documents(stream)[-1]["response"] == whole(ThinkingBlock("", "c2ln"), SPOKEN)


SEARCHES: dict[str, tuple[str, object]] = {
    "an object": ('{"query":"spawn"}', {"query": "spawn"}),
    "nothing": ("", {}),
    "broken JSON": ('{"query":', '{"query":'),
}


@pytest.mark.parametrize(("arguments", "expected"), SEARCHES.values(), ids=SEARCHES)
def test_a_search_is_an_item_of_its_own(arguments: str, expected: object) -> None:
    """Its arguments are the object they are, told when they are whole."""
    stream = streamed(ToolBlock("call_1", "tool_search", arguments))
    added, done = documents(stream)[2:4]
    assert kinds_of(stream)[2:4] == ["output_item.added", "output_item.done"]
    assert done["item"] == {
        "id": "tsc_0100",
        "type": "tool_search_call",
        "status": "completed",
        "call_id": "call_1",
        "execution": "client",
        "arguments": expected,
    }
    assert added["item"] == {**done["item"], "status": "in_progress"}
    (item,) = received(stream).output
    assert item.type == "tool_search_call"


PLAIN: dict[str, tuple[ToolBlock, str, str | None]] = {
    "a function of that name": (ToolBlock("1", "tool_search", "{}", "functions"), "function_call", None),
    "one in a namespace": (ToolBlock("1", "tool_search", "{}", "n"), "function_call", "n"),
    "another one there": (ToolBlock("1", "f", "{}", "functions"), "function_call", "functions"),
    "a custom one": (ToolBlock("1", "tool_search", "x", custom=True), "custom_tool_call", None),
}


@pytest.mark.parametrize(("call", "kind", "namespace"), PLAIN.values(), ids=PLAIN)
def test_what_is_only_named_as_the_search_is_none(call: ToolBlock, kind: str, namespace: str | None) -> None:
    """A client's own function of that name is called as it was defined."""
    (item,) = whole(call)["output"]
    assert (item["type"], item.get("namespace")) == (kind, namespace)
    assert documents(streamed(call))[-1]["response"]["output"] == [item]


# --- signs of life ------------------------------------------------------------------------------------


def test_before_the_first_event_a_sign_of_life_is_a_comment() -> None:
    """No response is there yet that could be in progress."""
    assert StreamWriter().sign_of_life() == COMMENT
    tap = Tap()
    assert tap.sign_of_life() == COMMENT
    tap.feed(b'data: {"type":"odd","response":{}}\n\n')
    assert tap.sign_of_life() == COMMENT


def test_a_writer_says_that_its_response_is_in_progress() -> None:
    """Anywhere in its stream, under its own id and with the next number; the SDK takes it for what it is."""
    writer = StreamWriter()
    frames = writer.write(Started("01", "m", 7, Usage()))
    for event in (BlockOpened(0, "text"), TextAdded.of(0, "a"), TextAdded.of(0, "b")):
        frames += [writer.sign_of_life(), *writer.write(event)]
    told = documents(b"".join(frames))
    assert [each["sequence_number"] for each in told] == list(range(len(told)))
    assert told[2] == {**told[1], "sequence_number": 2}


@pytest.mark.parametrize("end", [Stopped("end"), Failed(Fault("timeout", 504, "late"))])
def test_nothing_is_in_progress_after_the_end(end: Stopped | Failed) -> None:
    """What would follow the last event is a comment again."""
    writer = StreamWriter()
    writer.write(Started("01", "m", 7, Usage()))
    writer.write(end)
    assert writer.sign_of_life() == COMMENT


@pytest.mark.parametrize("name", RECORDED)
def test_a_tap_says_it_of_the_response_that_passes(name: str) -> None:
    """After every event of a recorded stream the SDK gathers the same as without."""
    frames = [frame + b"\n\n" for frame in RECORDED[name].split(b"\n\n")[:-1]]
    tap, kept = Tap(), b""
    for frame in frames:
        tap.feed(frame)
        kept += frame + tap.sign_of_life()
    numbers = [told["sequence_number"] for told in documents(kept.replace(COMMENT, b""))]
    assert numbers == sorted(numbers)
    assert kept.count(b"event: response.in_progress") == len(frames)  # its own, and one for all but the last
    assert gathered(kept) == gathered(RECORDED[name])


def test_a_tap_says_nothing_of_a_response_that_failed() -> None:
    """After a fault there is only the comment."""
    tap = Tap()
    tap.feed(RECORDED["text"].split(b"\n\n")[0] + b"\n\n")
    assert tap.sign_of_life() != COMMENT
    tap.feed(b'event: error\ndata: {"type":"error","message":"m"}\n\n')
    assert tap.sign_of_life() == COMMENT


def test_a_response_without_numbers_is_in_progress_too() -> None:
    """Where a provider counts no events, ours has the number of a first one."""
    tap = Tap()
    tap.feed(b'data: {"type":"response.created","response":{"id":"resp_1","x":[1]}}\n\n')
    (told,) = documents(tap.sign_of_life())
    assert told == {
        "type": "response.in_progress",
        "sequence_number": 0,
        "response": {"id": "resp_1", "x": [1]},
    }
