"""Server-sent events: bytes cut anywhere -> frames, and the cheap front of the taps that look into a stream.

`Framer` follows the event stream grammar of the HTML standard (section 9.2): lines end in LF, CR or
CRLF, a blank line ends a frame, a colon opens a comment, `data` lines are joined with LF. Two things
differ: a frame cut off by the end of the stream is given out (`finish`), because providers do end
without a last newline, and a frame has a size limit.

`StreamTap` is the part the dialects' taps share. The common chunk (it begins and ends on a frame
boundary and holds no word of interest) is never framed: each dialect's `feed` tests for its words
and returns. Everything else goes through `frame_chunk`.
"""

import abc
from typing import ClassVar, Protocol

from adapters.events import Usage
from adapters.fault import Fault

MAX_EVENT = 4 * 1024 * 1024

BOUNDARY = (b"\n\n", b"\r\n\r\n")

_BOM = b"\xef\xbb\xbf"
_LINE_ENDS = b"\r\n"
# What the first line that is not blank may begin with, for the bytes to be an event stream at all.
_FIELDS = (
    b":",
    *(name + end for name in (b"data", b"event", b"id", b"retry") for end in (b":", b"\n", b"\r")),
)

Frame = tuple[bytes, bytes]


class EventTooLarge(ValueError):
    """One event of a stream is larger than `MAX_EVENT` bytes."""


class Framer:
    """Takes the bytes of an event stream, cut anywhere, and gives back whole frames: (event name, data).

    The work is linear in the bytes fed however they are cut. `aligned` says that no frame is open.
    """

    __slots__ = ("_after_cr", "_data", "_event", "_opening", "_pending", "_size", "aligned")

    def __init__(self) -> None:
        self.aligned = True
        self._opening: bytes | None = b""  # what came while it may still be a byte order mark
        self._pending = bytearray()  # the line that has no end yet
        self._data: list[bytes] = []
        self._event = b""
        self._size = 0  # bytes of the open frame's finished lines
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; raise `EventTooLarge` when one event outgrows the limit."""
        if self._opening is not None:
            chunk = self._skip_mark(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
            self.aligned = not self._size
        if not chunk:
            return []
        frames = self._split(chunk)
        self._check_size(len(self._pending))
        # After a CR a LF may follow that belongs to the same line end: not a place for other bytes.
        self._after_cr = chunk[-1] == 0x0D  # noqa: PLR2004 - CR
        self.aligned = not (self._size or self._pending or self._after_cr)
        return frames

    def finish(self) -> list[Frame]:
        """The stream is over: give out what a missing last newline held back."""
        if self._opening:
            self._pending += self._opening
        self._opening = None
        frames = self._end_line(bytes(self._pending)) if self._pending else []
        self._pending.clear()
        return frames + self._end_line(b"")

    def _skip_mark(self, chunk: bytes) -> bytes:
        """Drop a byte order mark at the start of the stream, however it is cut."""
        start = (self._opening or b"") + chunk
        if len(start) < len(_BOM) and _BOM.startswith(start):
            self._opening = start
            self.aligned = not start
            return b""
        self._opening = None
        self.aligned = True
        return start.removeprefix(_BOM)

    def _split(self, chunk: bytes) -> list[Frame]:
        lines = chunk.splitlines()
        rest = b"" if chunk[-1] in _LINE_ENDS else lines.pop()
        frames: list[Frame] = []
        if lines and self._pending:
            lines[0] = bytes(self._pending) + lines[0]
            self._pending.clear()
        for line in lines:
            frames += self._end_line(line)
        self._pending += rest
        return frames

    def _end_line(self, line: bytes) -> list[Frame]:
        if not line:
            return self._end_frame()
        self._size += len(line)
        self._check_size(0)
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name == b"event":
            self._event = value.removeprefix(b" ")
        return []

    def _end_frame(self) -> list[Frame]:
        frames = [(self._event, b"\n".join(self._data))] if self._data else []
        self._data.clear()
        self._event = b""
        self._size = 0
        return frames

    def _check_size(self, more: int) -> None:
        if self._size + more > MAX_EVENT:
            message = f"one event of the stream is larger than {MAX_EVENT} bytes"
            raise EventTooLarge(message)


class Framing(Protocol):
    """What cuts a stream into frames: `Framer`, or another where the stream is none of events."""

    aligned: bool

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; raise `EventTooLarge` when one frame outgrows the limit."""

    def finish(self) -> list[Frame]:
        """The stream is over: give out what a missing last newline held back."""


class Opening:
    """The first bytes of a stream, until their first line that is not blank says what they are.

    Whoever reads a stream is one: an object of its own would be an allocation more for every stream.
    `FRAMING` makes what cuts the stream: it goes with what the first bytes must be.
    """

    __slots__ = ("_unsure", "garbled", "known")

    FRAMING: ClassVar[type[Framing]] = Framer

    def __init__(self) -> None:
        self._unsure = b""
        self.known = False
        self.garbled = False

    def look(self, chunk: bytes) -> None:
        """Take the next bytes, and decide as soon as it can be known."""
        start = self._unsure + chunk
        line = start.removeprefix(_BOM).lstrip(_LINE_ENDS)
        if line.startswith(_FIELDS):
            self.known = True
        elif _BOM.startswith(start):
            self._unsure = start
        elif _begins_field(line):
            # A blank stands for all that was dropped: after it a byte order mark is no longer one.
            self._unsure = line if line == start else b"\n" + line
        else:
            self.known = self.garbled = True


def _begins_field(line: bytes) -> bool:
    # Apart from `look`: what a generator uses of its function is one object more at every call.
    return any(field.startswith(line) for field in _FIELDS)


class StreamTap(Opening, abc.ABC):
    """What the taps of all dialects share; see `adapters.dialect.Tap` for the meaning of the attributes.

    A dialect's tap overrides `feed` with its own words of interest, and reads frames in `see`.
    `quiet` says that the next chunk begins a frame, so that a look at its words is enough.
    """

    __slots__ = ("_framer", "aligned", "ended", "fault", "quiet", "usage")

    def __init__(self) -> None:
        Opening.__init__(self)  # without the object that `super()` makes
        self.usage = Usage()
        self.ended = False
        self.fault: Fault | None = None
        self.aligned = True
        self.quiet = False
        self._framer = self.FRAMING()

    @abc.abstractmethod
    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the stream, cut anywhere."""

    @abc.abstractmethod
    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame."""

    def sign_of_life(self) -> bytes:
        """Leave it to the dialect, unless a stream has one of its own."""
        return b""

    @abc.abstractmethod
    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream."""

    def finish(self) -> bytes:
        """The stream is over: read what a missing last newline held back; nothing is left to be said."""
        if not self.garbled:
            for event, data in self._framer.finish():
                self.see(event, data)
        return b""

    def frame_chunk(self, chunk: bytes) -> None:
        """The slow way: frame the chunk and read its frames."""
        if not self.known:
            self.look(chunk)
        if self.garbled:
            self.aligned = False
            return
        for event, data in self._framer.feed(chunk):
            self.see(event, data)
        self.aligned = self._framer.aligned
        self.quiet = self.aligned and self.known
