"""Lines of JSON, cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.ndjson import LineFramer, Lines
from adapters.sse import MAX_EVENT, EventTooLarge
from tests.adapters.cuts import cuts, single_bytes

STREAMS: dict[str, tuple[bytes, list[bytes]]] = {
    "nothing": (b"", []),
    "a line": (b'{"a":1}\n', [b'{"a":1}']),
    "two lines": (b"{}\n[]\n", [b"{}", b"[]"]),
    "no last end": (b"{}\n{}", [b"{}", b"{}"]),
    "blank lines": (b"\n\n{}\n \n\r\n{}\n\n", [b"{}", b"{}"]),
    "carriage returns": (b"{}\r\n{}\r\n", [b"{}\r", b"{}\r"]),
    "more than ASCII": ('{"a":"é🙂"}\n'.encode(), ['{"a":"é🙂"}'.encode()]),
    "line ends of other scripts": ('{"a":"\u2028\x85"}\n'.encode(), ['{"a":"\u2028\x85"}'.encode()]),
    "spaces at the end": (b"{}\n  ", [b"{}"]),
}


def framed(chunks: list[bytes]) -> list[bytes]:
    """The lines of a stream that arrives so; no line has a name."""
    framer = LineFramer()
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)] + framer.finish()
    assert {name for name, _ in frames} <= {b""}
    return [line for _, line in frames]


@pytest.mark.parametrize(("stream", "lines"), STREAMS.values(), ids=STREAMS)
def test_a_stream_is_the_same_lines_however_it_is_cut(stream: bytes, lines: list[bytes]) -> None:
    """Whole, cut at every byte and byte by byte; blank lines are none."""
    for chunks in cuts(stream):
        assert framed(chunks) == lines


@given(stream=some.binary(max_size=60))
def test_any_bytes_are_cut_at_their_line_feeds(stream: bytes) -> None:
    """Nothing is lost and nothing is added."""
    expected = [line for line in stream.split(b"\n") if line.strip()]
    assert framed([stream]) == framed(single_bytes(stream)) == expected


def test_a_framer_is_aligned_between_lines() -> None:
    """A line of our own may stand where none is open."""
    framer = LineFramer()
    aligned = []
    for byte in single_bytes(b"{}\n{}\n"):
        framer.feed(byte)
        aligned.append(framer.aligned)
    assert aligned == [False, False, True] * 2


def test_a_framer_is_over_once() -> None:
    """What was given out at the end is not given out again."""
    framer = LineFramer()
    framer.feed(b"{}")
    assert framer.finish() == [(b"", b"{}")]
    assert framer.finish() == []


@pytest.mark.parametrize("end", [b"", b"\n", b"\n{}\n"])
def test_a_line_over_the_limit_is_told_not_kept(end: bytes) -> None:
    """It raises whether its end is there or not, and whether it came at once or not."""
    line = b"x" * (MAX_EVENT + 1)
    with pytest.raises(EventTooLarge):
        LineFramer().feed(line + end)
    framer = LineFramer()
    framer.feed(line[:-1])
    with pytest.raises(EventTooLarge):
        framer.feed(line[-1:] + end)


def test_a_line_of_the_limit_is_read() -> None:
    """The limit itself is allowed."""
    line = b"x" * MAX_EVENT
    assert framed([line, b"\n"]) == [line]


@pytest.mark.parametrize(
    ("start", "known", "garbled"),
    [
        (b"", False, False),
        (b" \r\n", False, False),
        (b"{", True, False),
        (b'\n {"a"', True, False),
        (b"<html>", True, True),
        (b"[", True, True),
        (b"data: {}", True, True),
        (b"\x1f\x8b", True, True),
    ],
)
def test_the_first_sign_says_what_a_stream_is(start: bytes, known: bool, garbled: bool) -> None:
    """A stream of lines begins with an object; spaces alone say nothing yet."""
    for chunks in cuts(start):
        opening = Lines()
        for chunk in chunks:
            if not opening.known:
                opening.look(chunk)
        assert (opening.known, opening.garbled) == (known, garbled)


@pytest.mark.parametrize(
    ("chunk", "frame"),
    [
        (b"{}\n", (b"", b"{}")),
        (b"{}\r\n", (b"", b"{}\r")),
        (b"{}", None),
        (b"{}\n{}", None),
        (b"{}\n{}\n", None),
        (b"x" * MAX_EVENT + b"\n", None),
    ],
)
def test_a_chunk_that_is_one_line_needs_no_framer(chunk: bytes, frame: tuple[bytes, bytes] | None) -> None:
    """Any other chunk is left to the framer."""
    assert Lines.only_frame(chunk) == frame
