"""The framer and the front of the taps, fed whole, cut at every byte and byte by byte."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fault import Fault
from adapters.sse import MAX_EVENT, EventTooLarge, Frame, Framer, StreamTap
from tests.adapters.cuts import cuts, single_bytes


def framed(chunks: list[bytes]) -> list[Frame]:
    """All frames of a stream that arrives in these chunks and ends."""
    framer = Framer()
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)]
    return frames + framer.finish()


GRAMMAR: dict[str, tuple[bytes, list[Frame]]] = {
    "nothing": (b"", []),
    "one event": (b"data: a\n\n", [(b"", b"a")]),
    "a named event": (b"event: ping\ndata: {}\n\n", [(b"ping", b"{}")]),
    "a name after its data": (b"data: {}\nevent: ping\n\n", [(b"ping", b"{}")]),
    "names do not stay": (b"event: a\ndata: 1\n\ndata: 2\n\n", [(b"a", b"1"), (b"", b"2")]),
    "no space after the colon": (b"data:a\n\n", [(b"", b"a")]),
    "only one space is taken": (b"data:  a\n\n", [(b"", b" a")]),
    "several data lines": (b"data: a\ndata: b\n\n", [(b"", b"a\nb")]),
    "empty data lines": (b"data:\ndata\n\n", [(b"", b"\n")]),
    "empty data is data": (b"data:\n\n", [(b"", b"")]),
    "a name alone is no event": (b"event: ping\n\n", []),
    "a comment": (b": hello\n\ndata: a\n\n", [(b"", b"a")]),
    "a comment inside": (b"data: a\n: hm\ndata: b\n\n", [(b"", b"a\nb")]),
    "other fields": (b"id: 7\nretry: 10\nfoo: bar\ndata: a\n\n", [(b"", b"a")]),
    "CRLF": (b"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", [(b"x", b"a"), (b"", b"b")]),
    "CR": (b"event: x\rdata: a\r\rdata: b\r\r", [(b"x", b"a"), (b"", b"b")]),
    "mixed line ends": (b"data: a\r\n\ndata: b\r\r\ndata: c\n\r", [(b"", b"a"), (b"", b"b"), (b"", b"c")]),
    "blank lines between": (b"\n\n\ndata: a\n\n\n\ndata: b\n\n\n", [(b"", b"a"), (b"", b"b")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [(b"", b"a")]),
    "half a byte order mark": (b"\xef\xbbdata: a\n\n", []),
    "a mark in the middle": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [(b"", b"a")]),
    "the end without a blank line": (b"data: a\n\ndata: b\n", [(b"", b"a"), (b"", b"b")]),
    "the end without a newline": (b"data: a\n\ndata: [DONE]", [(b"", b"a"), (b"", b"[DONE]")]),
    "code points cut": ("data: é日本🙂\n\n".encode(), [(b"", "é日本🙂".encode())]),
    "unicode line ends are text": (
        "data: a\u2028b\x0bc\x0cd\x1ce\x85f\n\n".encode(),
        [(b"", "a\u2028b\x0bc\x0cd\x1ce\x85f".encode())],
    ),
    "null bytes": (b"data: \x00\n\n", [(b"", b"\x00")]),
}


@pytest.mark.parametrize(("stream", "frames"), GRAMMAR.values(), ids=GRAMMAR)
def test_a_stream_has_the_same_frames_however_it_is_cut(stream: bytes, frames: list[Frame]) -> None:
    """Whole, cut in two at every place and byte by byte give the frames the grammar says."""
    assert all(framed(chunks) == frames for chunks in cuts(stream))


@given(
    st.lists(
        st.sampled_from([b"data: a", b"event: e", b"\n", b"\r", b"\r\n", b":", b"data", b"\xef\xbb\xbf"])
    ),
    st.data(),
)
def test_any_stream_frames_the_same_in_any_pieces(parts: list[bytes], draw: st.DataObject) -> None:
    """Where the transport cuts a stream never changes its frames."""
    stream = b"".join(parts)
    places = sorted(draw.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *places, len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    assert framed(chunks) == framed([stream]) == framed(single_bytes(stream))


ALIGNMENT: dict[str, tuple[bytes, bool]] = {
    "before any byte": (b"", True),
    "after a frame": (b"data: a\n\n", True),
    "after a frame in CRLF": (b"data: a\r\n\r\n", True),
    "after a comment's frame": (b": a\n\n", True),
    "after a blank line": (b"\n", True),
    "after a byte order mark": (b"\xef\xbb\xbf", True),
    "in a byte order mark": (b"\xef\xbb", False),
    "in a line": (b"data: a", False),
    "after a line": (b"data: a\n", False),
    "after a comment line": (b": a\n", False),
    "in a CRLF": (b"data: a\r\n\r", False),
    "in the next frame": (b"data: a\n\nd", False),
}


@pytest.mark.parametrize(("stream", "aligned"), ALIGNMENT.values(), ids=ALIGNMENT)
def test_aligned_says_that_no_frame_is_open(stream: bytes, aligned: bool) -> None:
    """An event of our own may stand where a frame has just ended, and nowhere else."""
    for chunks in cuts(stream):
        framer = Framer()
        for chunk in chunks:
            framer.feed(chunk)
        assert framer.aligned is aligned


def test_an_event_of_the_largest_size_passes() -> None:
    """An event of 4 MiB is framed, in one chunk and in many."""
    line = b"data: " + b"x" * (MAX_EVENT - 6)
    stream = line + b"\n\n"
    chunks = [stream[start : start + 65_536] for start in range(0, len(stream), 65_536)]
    assert framed([stream]) == framed(chunks) == [(b"", line[6:])]


@pytest.mark.parametrize(
    "chunk",
    [
        b"data: " + b"x" * MAX_EVENT,
        b"data: " + b"x" * MAX_EVENT + b"\n\n",
        b"data: x\n" * (MAX_EVENT // 7 + 1),
    ],
    ids=["one open line", "one line", "many lines"],
)
def test_a_larger_event_is_refused(chunk: bytes) -> None:
    """An event over 4 MiB raises as soon as it is over, however it is made up and cut."""
    for size in (len(chunk), 100_000):
        chunks = [chunk[start : start + size] for start in range(0, len(chunk), size)]
        with pytest.raises(EventTooLarge):
            framed(chunks)


def test_the_limit_is_for_one_event_not_for_the_stream() -> None:
    """Many events may add up to more than 4 MiB."""
    event = b"data: " + b"x" * (MAX_EVENT // 2) + b"\n\n"
    assert len(framed([event] * 5)) == 5


def test_bytes_that_come_one_by_one_cost_no_square() -> None:
    """A megabyte in one event, byte by byte, ends: work that grows with the square would not."""
    framer = Framer()
    for byte in single_bytes(b"data: " + b"x" * 1_000_000):
        framer.feed(byte)
    assert framer.feed(b"\n\n") == [(b"", b"x" * 1_000_000)]


class Recorder(StreamTap):
    """A tap that keeps the frames it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Frame] = []

    def feed(self, chunk: bytes) -> None:
        """Frame everything."""
        self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:
        """Keep the frame."""
        self.seen.append((event, data))

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Nothing is written here."""
        raise NotImplementedError


OPENINGS: dict[str, tuple[bytes, bool]] = {
    "an event": (b"event: x\n", False),
    "data": (b"data: x\n", False),
    "an id": (b"id: 1\n", False),
    "a retry": (b"retry: 1\n", False),
    "a comment": (b": ping\n\n", False),
    "a field without a colon": (b"data\n", False),
    "a mark and data": (b"\xef\xbb\xbfdata: x\n\n", False),
    "blank lines and data": (b"\n\r\n\ndata: x\n\n", False),
    "undecided": (b"dat", False),
    "nothing": (b"", False),
    "HTML": (b"<!DOCTYPE html>", True),
    "HTML after blank lines": (b"\n" * 300 + b"<html>", True),
    "a JSON body": (b'{"type":"error"}', True),
    "compressed bytes": (b"\x1f\x8b\x08\x00", True),
    "a word that begins like a field": (b"database: x", True),
    "half a mark": (b"\xef\xbbdata: x", True),
    "two marks": (b"\xef\xbb\xbf\xef\xbb\xbfdata: x", True),
    "a mark after a blank line": (b"\n\xef\xbb\xbfdata: x", True),
    "an unknown field first": (b"foo: x\n", True),
}


@pytest.mark.parametrize(("stream", "garbled"), OPENINGS.values(), ids=OPENINGS)
def test_the_first_line_says_whether_it_is_a_stream(stream: bytes, garbled: bool) -> None:
    """Bytes that are no event stream are known from their first line, however it is cut."""
    for chunks in cuts(stream):
        tap = Recorder()
        for chunk in chunks:
            tap.feed(chunk)
        assert tap.garbled is garbled


@pytest.mark.parametrize(("stream", "needed"), [(b"<html>", 1), (b"dad", 3), (b"\n{", 2), (b"\xef\xbbx", 3)])
def test_garbage_is_known_at_the_first_byte_that_tells(stream: bytes, needed: int) -> None:
    """Nothing is waited for once a byte cannot belong to an event stream."""
    tap = Recorder()
    known = []
    for byte in single_bytes(stream):
        tap.feed(byte)
        known.append(tap.garbled)
    assert known.index(True) + 1 == needed


def test_garbage_is_not_framed() -> None:
    """After bytes that are no stream nothing is read any more, and nothing may stand there."""
    tap = Recorder()
    tap.feed(b"<html>\n\ndata: a\n\n")
    tap.feed(b"data: b\n\n")
    tap.finish()
    assert (tap.seen, tap.aligned, tap.ended) == ([], False, False)


def test_finish_reads_what_had_no_last_newline() -> None:
    """The last event counts although the stream ended in the middle of its line."""
    tap = Recorder()
    tap.feed(b"data: a\n\ndata: b")
    assert tap.seen == [(b"", b"a")]
    tap.finish()
    assert tap.seen == [(b"", b"a"), (b"", b"b")]
