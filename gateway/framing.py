"""Where the body of a reply ends: by its length, its chunks, or its connection (RFC 9112, 6 and 7.1).

Each framing is fed the bytes after the head, cut anywhere, and gives back what of them is body. The
head itself is read by aiohttp's C parser, which has refused heads that say two things at once; its
own body reader makes an object with three queues a reply and six calls a chunk, which under a
stream cost more than everything else together.
"""

import re
from typing import Final, Protocol

LINE_END: Final = b"\r\n"
# A chunk's size in hexadecimal, perhaps an extension after it: extensions mean nothing to us (7.1.1).
SIZE_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
MAX_SIZE_LINE: Final = 4096
MAX_TRAILERS: Final = 64 * 1024
# The sizes of a stream's chunks repeat: a spelling that was read once is looked up. Bounded.
KNOWN_KEPT: Final = 4096
_known: Final[dict[bytes, int]] = {}


class BadFraming(ValueError):
    """The bytes are not framed as the head said."""


class Framing(Protocol):
    """Tells body from frame. `ended` when the body is complete; `surplus` when bytes came after its end."""

    ended: bool
    surplus: bool

    def feed(self, data: bytes) -> bytes:
        """What of the next bytes is body. Raises BadFraming."""

    def close(self) -> bool:
        """The connection has ended in order: whether the body is complete."""


class Sized:
    """A body of a known length."""

    __slots__ = ("_left", "ended", "surplus")

    def __init__(self, length: int) -> None:
        self._left = length
        self.ended = length == 0
        self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """All of it, up to the length."""
        self._left -= len(data)
        if self._left > 0:
            return data
        self.ended = True
        if self._left == 0:
            return data
        self.surplus = True
        body, self._left = data[: self._left], 0
        return body

    def close(self) -> bool:
        """Complete only with its last byte."""
        return self.ended


class UntilClose:
    """A body that ends with its connection."""

    __slots__ = ("ended", "surplus")

    def __init__(self) -> None:
        self.ended = self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """All of it."""
        return data

    def close(self) -> bool:
        """That is its end."""
        self.ended = True
        return True


class Chunked:
    """A body in chunks, each with its size before it; one of size zero and perhaps trailers end it."""

    __slots__ = ("_left", "_pending", "_trailing", "ended", "surplus")

    def __init__(self) -> None:
        self._pending = b""  # of a size line, a line end or the trailers
        self._left = -1  # of the open chunk; -1 between chunks
        self._trailing = False
        self.ended = self.surplus = False

    def feed(self, data: bytes) -> bytes:
        """The chunks' data. The usual piece of a stream is one whole chunk and nothing else."""
        if self._left < 0 and not self._pending and not self._trailing:
            start = data.find(LINE_END, 0, 20) + 2
            size = _known.get(data[: start - 2], 0)
            if size and start + size + 2 == len(data) and data.endswith(LINE_END):
                return data[start:-2]
        return self._feed(data)

    def _feed(self, data: bytes) -> bytes:
        data, self._pending = self._pending + data, b""
        pieces: list[bytes] = []
        place = 0
        while place < len(data) and not self.ended:
            if self._trailing:
                place = self._end(data, place)
            elif self._left < 0:
                place = self._open(data, place)
            else:
                place = self._take(data, place, pieces)
        self.surplus = self.surplus or place < len(data)
        return b"".join(pieces)

    def _open(self, data: bytes, place: int) -> int:
        """Read a size line."""
        end = data.find(LINE_END, place)
        if end < 0:
            return self._wait(data, place, MAX_SIZE_LINE)
        self._left = _size(data[place:end])
        if self._left == 0:
            self._left, self._trailing = -1, True
        return end + 2

    def _take(self, data: bytes, place: int, pieces: list[bytes]) -> int:
        """Take what there is of the open chunk, and the line end after it."""
        piece = data[place : place + self._left]
        if piece:
            pieces.append(piece)
            self._left -= len(piece)
            place += len(piece)
        if self._left or place == len(data):
            return place
        if not LINE_END.startswith(data[place : place + 2]):
            raise BadFraming("a chunk is longer than its size")
        if place + 2 > len(data):
            return self._wait(data, place, 2)
        self._left = -1
        return place + 2

    def _end(self, data: bytes, place: int) -> int:
        """Pass over trailers, which nobody asked for, up to the blank line."""
        if data.startswith(LINE_END, place):
            self.ended = True
            return place + 2
        end = data.find(LINE_END, place)
        if end < 0:
            return self._wait(data, place, MAX_TRAILERS)
        return end + 2

    def _wait(self, data: bytes, place: int, limit: int) -> int:
        """Keep what cannot be read yet."""
        self._pending = data[place:]
        if len(self._pending) > limit:
            raise BadFraming("a line between two chunks has no end")
        return len(data)

    def close(self) -> bool:
        """Complete only with its last chunk."""
        return self.ended


def _size(line: bytes) -> int:
    size = _known.get(line)
    if size is None:
        found = SIZE_LINE.fullmatch(line)
        if found is None:
            raise BadFraming("a chunk has no size")
        size = int(found[1], 16)
        if len(_known) < KNOWN_KEPT:
            _known[line] = size
    return size
