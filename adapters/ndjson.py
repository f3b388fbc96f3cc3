"""Newline-delimited JSON: bytes cut anywhere -> lines, as the readers and taps of event streams take frames.

A line is a frame without a name. Blank lines say nothing, a last line may lack its end, and a line has the
size limit of an event.
"""

from typing import ClassVar

from adapters.sse import MAX_EVENT, EventTooLarge, Frame, Framing, Opening

END = b"\n"


class LineFramer:
    """Takes the bytes of a stream, cut anywhere, and gives back whole lines; see `adapters.sse.Framing`.

    The work is linear in the bytes fed however they are cut.
    """

    __slots__ = ("_pending", "aligned")

    def __init__(self) -> None:
        self.aligned = True
        self._pending = bytearray()  # the line that has no end yet

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; raise `EventTooLarge` when one line outgrows the limit."""
        *lines, rest = chunk.split(END)
        if lines and self._pending:
            lines[0] = bytes(self._pending) + lines[0]
            self._pending.clear()
        self._pending += rest
        self.aligned = not self._pending
        if len(self._pending) > MAX_EVENT or any(len(line) > MAX_EVENT for line in lines):
            message = f"one line of the stream is larger than {MAX_EVENT} bytes"
            raise EventTooLarge(message)
        return [(b"", line) for line in lines if line.strip()]

    def finish(self) -> list[Frame]:
        """The stream is over: give out the line that has no end."""
        line = bytes(self._pending)
        self._pending.clear()
        return [(b"", line)] if line.strip() else []


class Lines(Opening):
    """What makes a tap or a reader one of lines: it stands before the other among the bases."""

    __slots__ = ()

    FRAMING: ClassVar[type[Framing]] = LineFramer

    def look(self, chunk: bytes) -> None:
        """Take the next bytes: the first that is no space must begin an object."""
        start = chunk.lstrip()
        if start:
            self.known = True
            self.garbled = not start.startswith(b"{")

    @staticmethod
    def only_frame(chunk: bytes) -> Frame | None:
        """Take a chunk that is one whole line apart, as nearly every chunk is; None when it is not."""
        if chunk.count(END) != 1 or not chunk.endswith(END) or len(chunk) > MAX_EVENT:
            return None
        return b"", chunk[:-1]
