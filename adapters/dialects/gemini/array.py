"""A stream of gemini as a JSON array, for clients that do not ask for events (`alt=sse`).

It is written while it comes: the bracket with the first element, a comma before every other, the closing
bracket when the stream is over. A stream that broke off ends in an element that is an error. What is no JSON
is left out: an event of its own is skipped by who reads it, an element would spoil all the others.
"""

from typing import Final

import msgspec

from adapters.sse import Frame, Framer

_READ: Final = msgspec.json.Decoder(msgspec.Raw).decode


class ArrayStream:
    """Frames in, cut anywhere, the bytes of the array out."""

    __slots__ = ("_begun", "_framer")

    def __init__(self) -> None:
        self._framer = Framer()
        self._begun = False

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes; raise `sse.EventTooLarge` over 4 MiB in one event."""
        return self._elements(self._framer.feed(chunk))

    def finish(self) -> bytes:
        """The stream is over: give what is left, and the end of the array."""
        rest = self._elements(self._framer.finish())
        return rest + (b"]" if self._begun else b"[]")

    def _elements(self, frames: list[Frame]) -> bytes:
        elements = [data for _, data in frames if _is_json(data)]
        if not elements:
            return b""
        before = b",\r\n" if self._begun else b"["
        self._begun = True
        return before + b",\r\n".join(elements)


def _is_json(data: bytes) -> bool:
    try:
        _READ(data)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
