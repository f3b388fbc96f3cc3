"""How much work a stream is: twice as many bytes, one by one, are twice as much, and no more."""

import sys
from types import FrameType

import pytest

from tests.adapters.cuts import single_bytes
from tests.adapters.fuzz.mutations import NAMES
from tests.adapters.matrix.replies import REPLIES, stream, stream_reader
from tests.adapters.reading import read

SEED = {case.dialect: stream(case) for name, case in REPLIES.items() if name.endswith("-text")}


def calls_for(name: str, data: bytes) -> int:
    """How many functions are called to read bytes one by one, those in C included."""
    counted = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    reader, chunks = stream_reader(name), single_bytes(data)
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read(reader, chunks)
    finally:
        sys.setprofile(before)
    return counted


def lengthened(data: bytes, times: int) -> bytes:
    """A stream whose words come again and again; the frames around them stay as they are."""
    lines = data.split(b"\n")
    spoken = max(range(len(lines)), key=lambda place: lines[place].count("日本".encode()))
    start = spoken - 1 if spoken and lines[spoken - 1].startswith(b"event:") else spoken
    end = spoken + 1 if lines[spoken].startswith(b"{") else spoken + 2
    return b"\n".join([*lines[:start], *lines[start:end] * times, *lines[end:]])


@pytest.mark.parametrize("name", NAMES)
def test_work_grows_with_the_bytes(name: str) -> None:
    """A byte costs no more calls in a long stream than in a short one."""
    once, often = lengthened(SEED[name], 25), lengthened(SEED[name], 100)
    assert len(often) > 2 * len(once)
    assert calls_for(name, often) / len(often) < 1.2 * calls_for(name, once) / len(once)


@pytest.mark.parametrize("name", NAMES)
def test_one_long_event_is_not_read_again_and_again(name: str) -> None:
    """An event that comes byte by byte costs a few calls a byte, however long it is."""
    short, long = b"data: " + b"x" * 5_000, b"data: " + b"x" * 20_000
    assert calls_for(name, long) < 5 * calls_for(name, short)
