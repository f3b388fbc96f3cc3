"""Content codings: which of them a client offered that we can also read, and reading them in pieces or whole.

The decoders of br and zstd are imported when somebody first uses one.
"""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from gateway.errors import UpstreamError
from gateway.source import Source

MAX_DECODED: Final = 64 * 1024 * 1024
# A request's body is decoded in slices of so many bytes, and may have so many members.
SLICE: Final = 16 * 1024
MOST_MEMBERS: Final = 1000


class Decoder(Protocol):
    """Takes encoded bytes cut anywhere, gives what they say so far."""

    def feed(self, data: bytes) -> bytes:
        """Decode. Raises UpstreamError when the bytes are not of the coding or say too much."""


class Decode(Protocol):
    """Takes encoded bytes and how many decoded ones are wanted at most. `members`: how many were begun."""

    members: int

    @property
    def over(self) -> bool:
        """Whether the last member is complete."""

    def __call__(self, data: bytes, most: int) -> bytes:
        """Decode a piece."""


class _Limited:
    """A decoder whose output is limited: a few bytes must not become gigabytes."""

    __slots__ = ("_decode", "_left")

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._left = MAX_DECODED

    def feed(self, data: bytes) -> bytes:
        """Decode and count."""
        try:
            decoded = self._decode(data, self._left + 1)
        except Exception as error:  # each library has errors of its own
            words = f"its body is not what its content-encoding says ({type(error).__name__})"
            raise UpstreamError("body", "garbage", words) from error
        self._left -= len(decoded)
        if self._left < 0:
            raise UpstreamError(
                "body", "garbage", f"its body is larger than {MAX_DECODED} bytes when decoded"
            )
        return decoded


class _Members:
    """A body may be several members or frames on end, each with a decompressor of its own."""

    __slots__ = ("_current", "_make", "members")

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make, self._current = make, make()
        self.members = 1

    @property
    def over(self) -> bool:
        return bool(self._current.eof)

    def __call__(self, data: bytes, most: int) -> bytes:
        if self._current.eof:
            self._next()
        decoded: bytes = self._current.decompress(data, most)
        while self._current.eof and self._current.unused_data and len(decoded) < most:
            rest = self._current.unused_data
            self._next()
            decoded += self._current.decompress(rest, most - len(decoded))
        return decoded

    def _next(self) -> None:
        self._current = self._make()
        self.members += 1


class _Brotli:
    """A body of brotli is a single one."""

    __slots__ = ("_decompressor", "members")

    def __init__(self) -> None:
        import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # only where used

        self._decompressor = brotli.Decompressor()
        self.members = 1

    @property
    def over(self) -> bool:
        return bool(self._decompressor.is_finished())

    def __call__(self, data: bytes, most: int) -> bytes:
        process = self._decompressor.process
        decoded: bytes = process(data, output_buffer_limit=most)
        # It gives no more than its window at once, and keeps the rest until it is asked again.
        while len(decoded) < most and (more := process(b"", output_buffer_limit=most)):
            decoded += more
        return decoded


def _gzip() -> Decode:
    # 32 above the window size: gzip and zlib headers both.
    return _Members(partial(zlib.decompressobj, wbits=zlib.MAX_WBITS | 32))


def zstandard() -> Any:
    """The library of zstd."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # Python 3.14
    except ImportError:
        from backports import zstd  # noqa: PLC0415  # only where used
    return zstd


def _zstd() -> Decode:
    return _Members(zstandard().ZstdDecompressor)


KNOWN: Final[dict[bytes, Callable[[], Decode]]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _gzip,
    b"br": _Brotli,
    b"zstd": _zstd,
}


def acceptable(offered: bytes) -> bytes:
    """What to ask of the upstream for a whole reply: the client's offer, as far as we can read it."""
    if not offered:
        return b"identity"
    kept = [part.strip() for part in offered.split(b",") if _name(part) in KNOWN and not _refused(part)]
    return b", ".join(kept) or b"identity"


def offers(offered: bytes, coding: bytes) -> bool:
    """Whether the client said it takes this coding."""
    parts = {_name(part): part for part in offered.split(b",")}
    # What is said of a coding by its name stands above what is said of all the others (RFC 9110, 12.5.3).
    part = parts.get(coding, parts.get(b"*"))
    return part is not None and not _refused(part)


def decoder(coding: bytes) -> Decoder:
    """Reads one reply of this coding. Raises UpstreamError for one we do not know."""
    make = KNOWN.get(coding)
    if make is None:
        shown = coding[:40].decode("latin-1")
        raise UpstreamError(
            "head", "garbage", f"it answered in the content coding {shown}, which nobody asked for"
        )
    return _Limited(make())


def unpacked(body: bytes, coding: bytes, most: int) -> bytes | None:
    """A whole body, decoded; None where that is more than `most` bytes. Raises ValueError with what is wrong.

    It is fed in slices: a library copies what follows a member, so that many small ones in a single piece
    would cost the square of their number.
    """
    decode, left = KNOWN[coding](), most
    pieces = []
    for place in range(0, len(body), SLICE):
        piece = _piece(decode, body[place : place + SLICE], left + 1)
        left -= len(piece)
        if left < 0:
            return None
        if decode.members > MOST_MEMBERS:
            raise ValueError(f"it has more than {MOST_MEMBERS} parts")
        pieces.append(piece)
    if not decode.over:
        raise ValueError("it breaks off")
    return b"".join(pieces)


def _piece(decode: Decode, data: bytes, most: int) -> bytes:
    try:
        return decode(data, most)
    except Exception as error:  # each library has errors of its own
        raise ValueError(str(error)) from error


def _name(part: bytes) -> bytes:
    return part.partition(b";")[0].strip()


def _refused(part: bytes) -> bool:
    parameter = part.partition(b";")[2].replace(b" ", b"")
    return parameter in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")


class DecodedSource:
    """A source whose body is decoded as it is pulled."""

    __slots__ = ("_decoder", "_source", "abort", "at_end", "complete", "head", "nudge", "wait")

    def __init__(self, source: Source, decoder: Decoder) -> None:
        self._source = source
        self._decoder = decoder
        self.head, self.wait, self.nudge = source.head, source.wait, source.nudge
        self.at_end, self.complete, self.abort = source.at_end, source.complete, source.abort

    def pull(self) -> bytes | None:
        """What has arrived, decoded; None when that says nothing yet."""
        while data := self._source.pull():
            decoded = self._decoder.feed(data)
            if decoded:
                return decoded
        return data
