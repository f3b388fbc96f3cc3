"""What the readers of all dialects share: bytes cut anywhere -> frames -> events of the middle.

A dialect's reader says in `see` what a frame means. Here stands what is alike: the framing, what is made
of frames that cannot be read, and the end. A stream ends in exactly one of `Stopped` and `Failed`; after
either nothing more is told.
"""

import abc
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import msgspec

from adapters.blocks import BlockLine
from adapters.events import Event, Failed, Started, Stopped, StopReason, Usage, UsageCounted
from adapters.fault import Fault
from adapters.literal import completed, literal, mended, parted
from adapters.sse import MAX_EVENT, Frame, Opening

# What a raw field is when it is absent.
NULL = msgspec.Raw(b"null")

_Wire = TypeVar("_Wire")

UNREADABLE = Fault("upstream", 502, "The provider sent an event that cannot be read.")
TRUNCATED = Fault("upstream", 502, "The provider ended its stream before the reply was complete.")
# What stands for half a character whose other half never came.
_LOST_HALF = literal("\ufffd")
GARBLED = Fault("upstream", 502, "The provider sent what is no event stream.")


def given(raw: msgspec.Raw) -> bool:
    """Tell whether a raw field is there and not null."""
    return raw is not NULL and raw != NULL


def decode(decoder: Callable[[bytes], _Wire], data: bytes) -> _Wire:
    """Decode JSON; what is no text in it becomes U+FFFD. Raises ValueError or RecursionError."""
    try:
        return _decode(decoder, data)
    except msgspec.DecodeError:
        mend = mended(data)
        if mend == data:
            raise
        return decoder(mend)


def _decode(decoder: Callable[[bytes], _Wire], data: bytes) -> _Wire:
    return decoder(data if data.isascii() else data.decode("utf-8", "replace").encode())


class Reader(Opening, abc.ABC):
    """Bytes in, events out.

    `usage`, `ended`, `fault` and `garbled` are as in `adapters.dialect.Tap`. `skipped` counts frames that
    say nothing here, `dropped` what has no place in the middle, by name.
    """

    __slots__ = (
        "_framer",
        "_half",
        "_over",
        "blocks",
        "dropped",
        "ended",
        "fault",
        "skipped",
        "started",
        "usage",
    )

    def __init__(self) -> None:
        super().__init__()
        self.usage = Usage()
        self.ended = False
        self.fault: Fault | None = None
        self.skipped = 0
        self.dropped: Counter[str] = Counter()
        self.blocks = BlockLine()
        self._framer = self.FRAMING()
        self._half = b""  # of a character, where a text was cut in the middle of it
        self.started = False
        self._over = False

    def feed(self, chunk: bytes) -> list[Event]:
        """Take the next bytes, cut anywhere; raise `sse.EventTooLarge` over 4 MiB in one event."""
        told: list[Event] = []
        self.blocks.told = told
        if not self.known:
            self.look(chunk)
        if self.garbled:
            return told
        frame = self.only_frame(chunk) if self._framer.aligned and self.known else None
        if frame is not None:
            self._take(*frame)
            return told
        for event, data in self._framer.feed(chunk):
            self._take(event, data)
        return told

    def finish(self) -> list[Event]:
        """The stream is over: tell what was held back, and the failure if it was not complete."""
        told: list[Event] = []
        self.blocks.told = told
        if self.garbled:
            self.fail(GARBLED)
        for event, data in self._framer.finish():
            self._take(event, data)
        self.conclude()
        if not self._over:
            self.fail(TRUNCATED)
        return told

    @staticmethod
    def only_frame(chunk: bytes) -> Frame | None:
        r"""Take a chunk that is one whole frame apart, as nearly every chunk is; None when it is not.

        It replaces the framer, which costs 20 allocations a frame. A frame of the two shapes that providers
        write is known by its ends and its number of line ends: any other is left to the framer.
        """
        if not chunk.endswith(b"\n\n") or b"\r" in chunk or len(chunk) > MAX_EVENT:
            return None
        lines = chunk.count(b"\n")
        if lines == 2 and chunk.startswith(b"data: "):  # noqa: PLR2004 - the line and the blank one
            return b"", chunk[6:-2]
        if lines == 3 and chunk.startswith(b"event: "):  # noqa: PLR2004 - two lines and the blank one
            end = chunk.find(b"\n")
            if chunk.startswith(b"data: ", end + 1):
                return chunk[7:end], chunk[end + 7 : -2]
        return None

    @abc.abstractmethod
    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame. Raises ValueError or RecursionError when it cannot be read."""

    @abc.abstractmethod
    def conclude(self) -> None:
        """The bytes are over: stop, if that was due."""

    def decoded(self, decoder: Callable[[bytes], _Wire], data: bytes) -> _Wire:
        """Decode a frame; half a character at the end of a text waits for the frame with the other half.

        Some servers cut their texts by UTF-16: a character beyond its first plane is two escapes, and each
        delta holds one of them. Raises ValueError or RecursionError.
        """
        if self._half:
            data = completed(data, self._half) or self._lose_half(data)
            self._half = b""
        try:
            return _decode(decoder, data)
        except msgspec.DecodeError:
            data, self._half = parted(data)
            return decode(decoder, data)

    def _lose_half(self, data: bytes) -> bytes:
        """Say what stands for half a character in the block that it was cut from."""
        if self.blocks.last is not None:
            self.blocks.add(self.blocks.last, _LOST_HALF)
        return data

    def start(self, bare: str = "", model: str = "", created: int = 0) -> None:
        """Tell the start, once."""
        self.started = True
        self.blocks.told.append(Started(bare, model, created, msgspec.structs.replace(self.usage)))

    def stop(self, reason: StopReason, sequence: str | None = None) -> None:
        """Tell the end, once: all blocks closed, then usage, then why."""
        if self._over:
            return
        self._over = True
        if self._half:
            self._lose_half(b"")
        self.blocks.close_all()
        usage = msgspec.structs.replace(self.usage)
        self.blocks.told += (UsageCounted(usage), Stopped(reason, sequence))

    def fail(self, fault: Fault) -> None:
        """Tell that the reply broke off; open blocks stay open, so that no half call is run."""
        if self._over:
            return
        self._over = True
        self.fault = fault
        self.blocks.told.append(Failed(fault))

    def _take(self, event: bytes, data: bytes) -> None:
        if self._over or not data:
            self.skipped += 1
            return
        try:
            self.see(event, data)
        except (ValueError, RecursionError):
            self.fail(UNREADABLE)
