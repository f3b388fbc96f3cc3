"""Streams of gemini as JSON arrays, for clients that did not ask for events."""

import json

import pytest

from adapters.dialects.gemini.array import ArrayStream
from adapters.sse import MAX_EVENT, EventTooLarge
from tests.adapters.cuts import cuts, recorded_streams
from tests.adapters.dialects.gemini.frames import STOP, parts, text


def array_of(chunks: list[bytes]) -> bytes:
    """The array of a stream in chunks."""
    stream = ArrayStream()
    return b"".join([*map(stream.feed, chunks), stream.finish()])


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_an_array_holds_every_chunk(ending: bytes) -> None:
    """However the stream is cut, the bytes of the array are the same, and so is what they hold."""
    stream = (parts(text("é")) + b'data: {"candidates":[]}\r\n\r\n' + STOP).replace(b"\r\n", ending)
    whole = array_of([stream])
    assert [len(document.get("candidates")) for document in json.loads(whole)] == [1, 0, 1]
    assert whole.startswith(b'[{"candidates"')
    assert whole.count(b",\r\n{") == 2
    for chunks in cuts(stream):
        assert array_of(chunks) == whole


def test_an_element_leaves_with_its_chunk() -> None:
    """Nothing waits for the next one."""
    stream = ArrayStream()
    assert stream.feed(parts(text("a"))).startswith(b'[{"candidates"')
    assert stream.feed(b": no chunk\n\n") == b""
    assert stream.feed(STOP).startswith(b',\r\n{"candidates"')
    assert stream.finish() == b"]"


def test_nothing_is_an_empty_array() -> None:
    """A stream without a chunk is still JSON."""
    assert array_of([]) == b"[]"
    assert array_of([b"data:\n\n"]) == b"[]"


@pytest.mark.parametrize("garbage", [b"{no json", b"[1, 2", b"{}{}", b"[" * 10_000, b"\xff"])
def test_garbage_spoils_no_other_element(garbage: bytes) -> None:
    """What an upstream sends that is no JSON is left out, and the array is still one."""
    chunks = [parts(text("a")), b"data: " + garbage + b"\n\n", STOP]
    assert array_of(chunks) == array_of([chunks[0], chunks[2]])
    assert array_of([chunks[1]]) == b"[]"


def test_a_last_chunk_without_a_line_end_is_not_lost() -> None:
    """It is given out with the end."""
    assert array_of([b"data: {}"]) == b"[{}]"


@pytest.mark.parametrize("name", recorded_streams("gemini"))
def test_a_recorded_stream_is_the_array_of_its_chunks(name: str) -> None:
    """Every document is in it, as it came."""
    recorded = recorded_streams("gemini")[name]
    frames = [frame.removeprefix(b"data: ") for frame in recorded.split(b"\r\n\r\n") if frame]
    assert array_of([recorded]) == b"[" + b",\r\n".join(frames) + b"]"


def test_an_event_over_the_limit_is_told_not_kept() -> None:
    """As with every reader of events."""
    stream = ArrayStream()
    stream.feed(b"data: ")
    with pytest.raises(EventTooLarge):
        stream.feed(b"x" * MAX_EVENT)
