"""Streams of anthropic-messages: what the tap sees of any, and what the official SDK makes of ours."""

import json

import anthropic
import pytest

from adapters.dialects.anthropic_messages.stream import StreamWriter, Tap, write_failure, write_stream
from adapters.events import Failed, Reply, TextBlock, ToolBlock, Usage
from adapters.fault import Fault
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.replies import ARGUMENTS, REPLIES, TEXT_ONLY, THINKING, TOOLS
from tests.adapters.sdks import streamed_to_anthropic


def event(name: str, **fields: object) -> bytes:
    """One frame as Anthropic writes it."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps({"type": name, **fields}).encode())


def start(**usage: object) -> bytes:
    """The first frame of a stream with this usage."""
    return event("message_start", message={"id": "msg_1", "usage": usage})


def delta(**usage: object) -> bytes:
    """The frame that ends a message, with this usage."""
    return event("message_delta", delta={"stop_reason": "end_turn"}, usage=usage)


STOP = event("message_stop")
TEXT = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "usage error message_stop"})
WRITES = {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 6}

USAGES: dict[str, tuple[bytes, Usage]] = {
    "start and end": (
        start(input_tokens=5, output_tokens=1) + TEXT + delta(output_tokens=9) + STOP,
        Usage(input=5, output=9),
    ),
    "caches": (
        start(
            input_tokens=5, cache_read_input_tokens=7, cache_creation=WRITES, cache_creation_input_tokens=8
        ),
        Usage(input=5, cache_read=7, cache_write_5m=2, cache_write_1h=6),
    ),
    "a total does not blur the times": (
        start(cache_creation=WRITES) + delta(cache_creation_input_tokens=8, output_tokens=1),
        Usage(cache_write_5m=2, cache_write_1h=6, output=1),
    ),
    "input that is known at the end only": (
        start(input_tokens=0) + delta(input_tokens=50, cache_read_input_tokens=6, output_tokens=1),
        Usage(input=50, cache_read=6, output=1),
    ),
    "nulls change nothing": (
        start(input_tokens=5, cache_read_input_tokens=6) + delta(input_tokens=None, output_tokens=2),
        Usage(input=5, cache_read=6, output=2),
    ),
    "no usage": (event("message_start", message={"id": "x"}) + TEXT + STOP, Usage()),
    "a usage of another event": (event("content_block_delta", usage={"output_tokens": 5}), Usage()),
    "broken JSON": (b'event: message_delta\ndata: {"usage":{"output_tokens":\n\n', Usage()),
    "an odd usage": (event("message_delta", usage={"output_tokens": "many"}), Usage()),
    "a message that is none": (event("message_start", message=5, usage=None), Usage()),
    "thinking": (
        delta(output_tokens=9, output_tokens_details={"thinking_tokens": 4}),
        Usage(output=9, reasoning=4),
    ),
}


@pytest.mark.parametrize(("stream", "usage"), USAGES.values(), ids=USAGES)
def test_usage_is_counted_at_any_cut(stream: bytes, usage: Usage) -> None:
    """Usage is that of the first and the last event, however the stream is cut."""
    for chunks in cuts(stream):
        tap = Tap()
        for chunk in chunks:
            tap.feed(chunk)
        assert tap.usage == usage


ENDS: dict[str, tuple[bytes, bool]] = {
    "the stop": (start() + STOP, True),
    "no stop": (start() + TEXT + delta(output_tokens=1), False),
    "the word in a text": (start() + TEXT, False),
    "a name without a type": (b"event: message_stop\ndata: {}\n\n", True),
    "a type without a name": (b'data: {"type":"message_stop"}\n\n', True),
    "no last newline": (b'event: message_stop\ndata: {"type":"message_stop"}', True),
    "nothing": (b"", False),
}


@pytest.mark.parametrize(("stream", "ended"), ENDS.values(), ids=ENDS)
def test_a_stream_ended_when_its_stop_was_seen(stream: bytes, ended: bool) -> None:
    """Only `message_stop` ends a stream; its last newline may be missing."""
    for chunks in cuts(stream):
        tap = Tap()
        for chunk in chunks:
            tap.feed(chunk)
        tap.finish()
        assert tap.ended is ended


FAULTS: dict[str, tuple[bytes, Fault | None]] = {
    "overloaded": (
        event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
        Fault("overloaded", 529, "Overloaded"),
    ),
    "a fault of theirs": (
        event("error", error={"type": "api_error", "message": "x"}),
        Fault("internal", 500, "x"),
    ),
    "an unknown type": (event("error", error={"type": "odd", "message": "x"}), Fault("internal", 500, "x")),
    "a rate limit": (
        event("error", error={"type": "rate_limit_error", "message": "x"}),
        Fault("rate_limited", 429, "x"),
    ),
    "only the event's name": (
        b'event: error\ndata: {"error":{"type":"api_error","message":"x"}}\n\n',
        Fault("internal", 500, "x"),
    ),
    "only the type": (
        b'data: {"type":"error","error":{"type":"api_error","message":"x"}}\n\n',
        Fault("internal", 500, "x"),
    ),
    "the word in a text": (TEXT, None),
}


@pytest.mark.parametrize(("stream", "fault"), FAULTS.values(), ids=FAULTS)
def test_an_error_event_is_a_fault(stream: bytes, fault: Fault | None) -> None:
    """An in-band error is read with its kind, and is no end."""
    for chunks in cuts(start(input_tokens=1) + stream):
        tap = Tap()
        for chunk in chunks:
            tap.feed(chunk)
        assert (tap.fault, tap.ended) == (fault, False)


def test_the_usual_chunk_is_not_framed() -> None:
    """A text delta that comes whole leaves the tap as it was, and costs no frame."""
    tap = Tap()
    tap.feed(start(input_tokens=5))
    plain = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"})
    tap._framer = None  # type: ignore[assignment]  # noqa: SLF001 - to prove that nobody asks it
    tap.feed(plain * 3)
    assert (tap.aligned, tap.usage.input) == (True, 5)


RECORDED = {
    "thinking-and-tool": (Usage(input=12, cache_read=12662, output=114), True),
    "cut-after-text": (None, False),
}


@pytest.mark.parametrize(("name", "told"), RECORDED.items(), ids=RECORDED)
def test_a_recorded_stream_is_metered(name: str, told: tuple[Usage | None, bool]) -> None:
    """What a real agent was sent is counted, and a cut is known as one."""
    tap = Tap()
    tap.feed(recorded_streams("anthropic-messages")[name])
    usage, ended = told
    assert tap.ended is ended
    assert usage is None or tap.usage == usage


def streamed(reply: Reply, *, include_usage: bool) -> list[bytes]:
    """The frames of a reply."""
    return write_stream(reply, include_usage)


def received(stream: bytes) -> anthropic.types.Message:
    """The message the SDK gathers from a stream."""
    client = streamed_to_anthropic(stream)
    with client.messages.stream(model="m", max_tokens=5, messages=[{"role": "user", "content": "x"}]) as told:
        return told.get_final_message()


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_gathers_a_streamed_reply(reply: Reply) -> None:
    """Blocks, usage and stop reason add up to the reply that was written."""
    message = received(b"".join(streamed(reply, include_usage=False)))
    assert (message.id, message.model) == ("msg_0a1b", "some-model")
    assert message.stop_reason is not None
    assert (message.usage.input_tokens, message.usage.output_tokens) == (
        reply.usage.input,
        reply.usage.output,
    )
    texts = [block.text for block in message.content if isinstance(block, anthropic.types.TextBlock)]
    assert texts == [block.text for block in reply.blocks if isinstance(block, TextBlock)]
    calls = [block.input for block in message.content if isinstance(block, anthropic.types.ToolUseBlock)]
    assert calls == [json.loads(block.arguments) for block in reply.blocks if isinstance(block, ToolBlock)]


def test_the_sdk_gathers_thinking_with_its_signature() -> None:
    """The signature comes before the thinking block ends."""
    thinking = received(b"".join(streamed(THINKING, include_usage=False))).content[0]
    assert isinstance(thinking, anthropic.types.ThinkingBlock)
    assert (thinking.thinking, thinking.signature) == ("Hm, well, hm.", "c2ln")


def names(frames: list[bytes]) -> list[str]:
    """The events of frames, several of one kind in a row told once."""
    found = [frame.split(b"\n")[0].removeprefix(b"event: ").decode() for frame in frames]
    return [name for place, name in enumerate(found) if found[place - 1 : place] != [name]]


def test_the_events_stand_in_anthropics_order() -> None:
    """Start, blocks one after another, one ping after the first opening, the delta, the stop."""
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    first = [block[0], "ping", *block[1:]]
    assert names(streamed(TOOLS, include_usage=False)) == [
        "message_start",
        *first,
        *block * 2,
        "message_delta",
        "message_stop",
    ]


def test_each_item_is_one_whole_frame_whose_name_is_its_type() -> None:
    """A frame has an event line and one data line with the same type."""
    for frame in streamed(TOOLS, include_usage=True):
        name, data, *rest = frame.split(b"\n")
        assert rest == [b"", b""]
        assert json.loads(data.removeprefix(b"data: "))["type"] == name.removeprefix(b"event: ").decode()


def test_usage_stands_in_the_first_and_the_last_event() -> None:
    """Input is told at the start, everything at the end, as the tap reads it."""
    tap = Tap()
    frames = streamed(TOOLS, include_usage=False)
    tap.feed(frames[0])
    assert (tap.usage.input, tap.usage.cache_read, tap.usage.cache_write_1h, tap.usage.output) == (
        12,
        100,
        7,
        0,
    )
    tap.feed(b"".join(frames[1:]))
    assert (tap.usage.output, tap.usage.cache_write_5m, tap.usage.cache_write_1h, tap.ended) == (
        40,
        5,
        7,
        True,
    )


def test_tool_input_is_streamed_as_pieces_of_its_json() -> None:
    """The pieces join into the arguments byte for byte."""
    documents = [json.loads(frame.split(b"data: ")[1]) for frame in streamed(TOOLS, include_usage=False)]
    pieces = [
        document["delta"]["partial_json"]
        for document in documents
        if document.get("index") == 1 and "delta" in document
    ]
    assert "".join(pieces) == ARGUMENTS
    assert len(pieces) > 1


def test_a_failure_breaks_the_sdks_stream() -> None:
    """After an in-band error the SDK raises it, with its message, and there is no stop."""
    frames = streamed(TEXT_ONLY, include_usage=False)[:5]
    failure = write_failure(Fault("overloaded", 503, "The provider went away."), "req_1")
    with pytest.raises(anthropic.APIError, match="The provider went away"):
        received(b"".join([*frames, failure]))
    assert failure.startswith(b"event: error\ndata: {")
    assert json.loads(failure.split(b"data: ")[1]) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "The provider went away."},
        "request_id": "req_1",
    }


def test_a_failed_reply_is_written_as_a_failure() -> None:
    """The event `Failed` is the in-band error."""
    fault = Fault("timeout", 504, "late")
    assert StreamWriter().write(Failed(fault)) == [write_failure(fault, "")]
