"""Reading streams as they come: what a reader tells of them however they are cut."""

from collections.abc import Callable, Iterable

from adapters.events import (
    Added,
    BlockClosed,
    BlockOpened,
    Event,
    Failed,
    Started,
    Stopped,
)
from adapters.fault import Fault
from adapters.reader import Reader
from tests.adapters.cuts import cuts

Make = Callable[[], Reader]


def read(reader: Reader, chunks: Iterable[bytes]) -> list[Event]:
    """Everything a reader tells of chunks, the end included."""
    told = [event for chunk in chunks for event in reader.feed(chunk)]
    return told + reader.finish()


def read_alike(make: Make, stream: bytes) -> list[Event]:
    """What is told of a stream: the same whole, cut in two at every byte, and byte by byte."""
    whole, *others = cuts(stream)
    told = read(make(), whole)
    for chunks in others:
        assert read(make(), chunks) == told
    return told


def fault_of(events: list[Event]) -> Fault | None:
    """The fault the events end in."""
    return events[-1].fault if isinstance(events[-1], Failed) else None


def must_be_in_order(events: list[Event]) -> None:
    """The start is first, one block is open at a time, indexes are contiguous, the one end is last."""
    assert [type(event) for event in events if isinstance(event, Started)] in ([], [Started])
    assert not any(isinstance(event, Stopped | Failed) for event in events[:-1])
    assert isinstance(events[-1], Stopped | Failed)
    opened: BlockOpened | None = None
    count = 0
    for place, event in enumerate(events):
        if isinstance(event, Started):
            assert place == 0
        elif isinstance(event, BlockOpened):
            assert (opened, event.index) == (None, count)
            opened, count = event, count + 1
        elif isinstance(event, Added):
            assert opened is not None
            assert event.index == opened.index
        elif isinstance(event, BlockClosed):
            assert opened is not None
            assert (event.index, event.kind) == (opened.index, opened.kind)
            opened = None
    assert opened is None or isinstance(events[-1], Failed)
