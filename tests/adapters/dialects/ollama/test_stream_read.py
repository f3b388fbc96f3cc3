"""Streams of ollama, read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.dialects.ollama.stream import SIGN_OF_LIFE, StreamWriter
from adapters.dialects.ollama.stream_read import StreamReader
from adapters.events import (
    BlockClosed,
    BlockOpened,
    Event,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    ThinkingAdded,
    ToolInputAdded,
    Usage,
    UsageCounted,
    collect,
    replay,
)
from adapters.reader import GARBLED, TRUNCATED, UNREADABLE
from adapters.sse import MAX_EVENT, EventTooLarge
from tests.adapters.cuts import single_bytes
from tests.adapters.dialects.ollama.lines import (
    SECONDS,
    STREAMS,
    called,
    document,
    last,
    line,
    said,
    thought,
)
from tests.adapters.reading import fault_of, must_be_in_order, read, read_alike
from tests.adapters.replies import REPLIES

START = Started("", "up-1", SECONDS, Usage())
COUNTED = UsageCounted(Usage(input=3, output=9))
END: list[Event] = [COUNTED, Stopped("end")]


def text(index: int, *pieces: str) -> list[Event]:
    """A block of text."""
    added = [TextAdded.of(index, piece) for piece in pieces]
    return [BlockOpened(index, "text"), *added, BlockClosed(index, "text")]


def thinking(index: int, *pieces: str) -> list[Event]:
    """A block of thinking."""
    added = [ThinkingAdded.of(index, piece) for piece in pieces]
    return [BlockOpened(index, "thinking"), *added, BlockClosed(index, "thinking")]


def call(index: int, identity: str, name: str, arguments: str) -> list[Event]:
    """A call."""
    opened = BlockOpened(index, "tool", identity, name)
    return [opened, ToolInputAdded.of(index, arguments), BlockClosed(index, "tool")]


CALLED: list[Event] = [COUNTED, Stopped("tool_use")]
TOLD: dict[str, tuple[bytes, list[Event]]] = {
    "text": (said("a") + said("é🙂") + last(), [*text(0, "a", "é🙂"), *END]),
    "nothing": (last(), END),
    "text in the last line": (said("a") + last(message={"content": "b"}), [*text(0, "a", "b"), *END]),
    "thinking, then text": (
        thought("h") + thought("m") + said("a") + last(),
        [*thinking(0, "h", "m"), *text(1, "a"), *END],
    ),
    "both in a line": (
        line({"content": "a", "thinking": "h"}) + last(),
        [*thinking(0, "h"), *text(1, "a"), *END],
    ),
    "a call": (called("f", {"a": 1}, id="x") + last(), [*call(0, "x", "f", '{"a":1}'), *CALLED]),
    "a call in the last line": (
        last(message={"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": {}}}]}),
        [*call(0, "x", "f", "{}"), *CALLED],
    ),
    "calls without ids": (
        said("a") + called("f", {}) + called("g", "[1") + last(),
        [
            *text(0, "a"),
            *call(1, "", "f", "{}"),
            *call(2, "", "g", "[1"),
            *CALLED,
        ],
    ),
    "text after a call": (
        called("f", {}, id="x") + said("a") + last(),
        [*call(0, "x", "f", "{}"), *text(1, "a"), *CALLED],
    ),
    "a call without a name": (
        called("", {}, id="x") + said("a") + last(),
        [*call(0, "x", "", "{}"), *text(1, "a"), *CALLED],
    ),
    "too long": (said("a") + last("length"), [*text(0, "a"), COUNTED, Stopped("max_tokens")]),
    "signs of life": (SIGN_OF_LIFE.replace(b'""', b'"up-1"', 1) * 2 + said("a") + last(), []),
    "no counts": (
        last(prompt_eval_count=None, eval_count=None),
        [UsageCounted(Usage()), Stopped("end")],
    ),
    "an end without a message": (
        said("a") + b'{"done":true}\n',
        [*text(0, "a"), UsageCounted(Usage()), Stopped("end")],
    ),
    "lines that say nothing": (line() + b'{"status":"x"}\n' + said("a") + last(), [*text(0, "a"), *END]),
    "a generated text": (
        document(model="up-1", created_at="2026-08-21T18:48:22Z", response="a", done=False)
        + b"\n"
        + document(response="", done=True, done_reason="stop", prompt_eval_count=3, eval_count=9),
        [*text(0, "a"), *END],
    ),
    "after the end": (last() + said("b") + b'{"error":"x"}\n', END),
}


@pytest.mark.parametrize(("stream", "told"), TOLD.values(), ids=TOLD)
def test_lines_become_events(stream: bytes, told: list[Event]) -> None:
    """The same however they are cut: a start, blocks one after the other, counts and an end."""
    events = read_alike(StreamReader, stream)
    must_be_in_order(events)
    assert isinstance(events[0], Started)
    if told:
        assert events == [START, *told]
    else:
        assert events[1:] == [*text(0, "a"), *END]


@pytest.mark.parametrize("name", STREAMS)
def test_recorded_streams_are_read_alike_however_they_are_cut(name: str) -> None:
    """Whole, at every byte, byte by byte, with other line ends and without the last one."""
    stream = STREAMS[name]
    told = read_alike(StreamReader, stream)
    must_be_in_order(told)
    assert isinstance(told[-1], Stopped)
    assert read(StreamReader(), [stream.replace(b"\n", b"\r\n")]) == told
    assert read(StreamReader(), [stream.replace(b"\n", b"\n\n")]) == told
    assert read(StreamReader(), [stream[:-1]]) == told
    assert read(StreamReader(), stream.splitlines(keepends=True)) == told


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_ends_early_is_a_failure(name: str) -> None:
    """Wherever it is cut before its last line is whole."""
    stream = STREAMS[name]
    for end in range(len(stream) - 1):
        told = read(StreamReader(), [stream[:end]])
        assert fault_of(told) in (TRUNCATED, UNREADABLE)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (b'{"error":"model runner has stopped"}\n', "model runner has stopped"),
        (b'{"error":{"message":"m"}}\n', "m"),
        (b'{"error":[1]}\n', '{"error":[1]}'),
    ],
)
def test_an_error_ends_a_stream(error: bytes, message: str) -> None:
    """An open block stays open, and nothing is told after it."""
    told = read_alike(StreamReader, said("a") + error + said("b") + last())
    assert told[:-1] == [START, BlockOpened(0, "text"), TextAdded.of(0, "a")]
    fault = fault_of(told)
    assert fault is not None
    assert fault.message == message
    reader = StreamReader()
    read(reader, [error])
    assert (reader.fault, reader.ended) == (fault_of(told), False)


@pytest.mark.parametrize(
    "broken",
    [
        b"{\n",
        b"nonsense\n",
        b'{"message":5}\n',
        line({"content": 5}),
        line({"tool_calls": [5]}),
        line({"tool_calls": [{"function": {"name": 5}}]}),
        b'{"done":"yes"}\n',
        b'{"message":' + b"[" * 20_000 + b"\n",
    ],
)
def test_a_line_that_cannot_be_read_ends_a_stream(broken: bytes) -> None:
    """What was told before it stays told."""
    assert read(StreamReader(), [said("a"), broken, last()])[-1] == Failed(UNREADABLE)


@pytest.mark.parametrize("body", [b"<html>no</html>", b"data: {}\n\n", b"[1]\n", b"\x1f\x8b\x08"])
def test_what_is_no_stream_of_lines_is_known_at_once(body: bytes) -> None:
    """Nothing is told of it but, in the end, what it was."""
    for chunks in ([body], single_bytes(body)):
        reader = StreamReader()
        assert read(reader, chunks) == [Failed(GARBLED)]
        assert reader.garbled


def test_what_arrived_together_is_told_together() -> None:
    """Three lines in a chunk are three events of one feeding, and half a line is none."""
    reader = StreamReader()
    reader.feed(said("a"))
    delta = said("é🙂")
    assert reader.feed(delta * 3) == [TextAdded.of(0, "é🙂")] * 3
    assert reader.feed(delta[:-5]) == []
    assert reader.feed(delta[-5:] + delta) == [TextAdded.of(0, "é🙂")] * 2
    assert reader.feed(b"\n") == []


def test_a_line_over_the_limit_is_told_not_kept() -> None:
    """Whole in a chunk or not, it raises."""
    long = said("x" * MAX_EVENT)
    with pytest.raises(EventTooLarge):
        read(StreamReader(), [said("a"), long])
    with pytest.raises(EventTooLarge):
        read(StreamReader(), [long[start : start + 65_536] for start in range(0, len(long), 65_536)])


@pytest.mark.parametrize("piece", [1, 12, 1000])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_what_is_written_is_read_again(reply: Reply, piece: int) -> None:
    """Text, thinking, calls and the reason why it stopped survive the dialect's own stream."""
    writer = StreamWriter()
    stream = b"".join(frame for event in replay(reply, piece) for frame in writer.write(event))
    back = collect(read(StreamReader(), [stream]))
    assert [type(block) for block in back.blocks] == [type(block) for block in reply.blocks]
    for ours, theirs in zip(back.blocks, reply.blocks, strict=True):
        assert getattr(ours, "text", "") == getattr(theirs, "text", "")
        assert getattr(ours, "arguments", "") == getattr(theirs, "arguments", "")
    assert (back.stop, back.usage.output, back.created) == (reply.stop, reply.usage.output, reply.created)


@given(draw=some.data())
def test_random_pieces_of_recorded_streams_are_read_alike(draw: some.DataObject) -> None:
    """Merged and cut anywhere, a stream tells the same."""
    stream = draw.draw(some.sampled_from(sorted(STREAMS.values())))
    places = sorted(draw.draw(some.lists(some.integers(0, len(stream)), max_size=20)))
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    assert read(StreamReader(), pieces) == read(StreamReader(), [stream])


NAMES = "message content thinking tool_calls function name arguments response done error logprobs".split()  # noqa: SIM905
JSON = some.recursive(
    some.none() | some.booleans() | some.integers(-1, 3) | some.text(max_size=3),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(lines=some.lists(some.dictionaries(some.sampled_from(NAMES), JSON, max_size=4), max_size=6))
def test_no_lines_upset_a_reader(lines: list[dict[str, Any]]) -> None:
    """Whatever JSON arrives, the events are in order and end in a stop or a failure."""
    must_be_in_order(read(StreamReader(), [json.dumps(told).encode() + b"\n" for told in lines]))


@given(stream=some.binary(max_size=60))
def test_no_bytes_upset_a_reader(stream: bytes) -> None:
    """Whatever arrives is borne, and told the same whole and byte by byte."""
    for data in (stream, b"{" + stream, said("a") + stream + b"\n"):
        assert read(StreamReader(), [data]) == read(StreamReader(), single_bytes(data))
