"""Content codings: which of them a client offered that we can also read, and reading them piece by piece.

The decoders of br and zstd are imported when an upstream first uses one.
"""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from gateway.errors import UpstreamError
from gateway.source import Source

MAX_DECODED: Final = 64 * 1024 * 1024


class Decoder(Protocol):
    """Takes encoded bytes cut anywhere, gives what they say so far."""

    def feed(self, data: bytes) -> bytes:
        """Decode. Raises UpstreamError when the bytes are not of the coding or say too much."""


# Takes encoded bytes and how many decoded ones are wanted at most.
Decode = Callable[[bytes, int], bytes]


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


def _members(make: Callable[[], Any]) -> Decode:
    """A body may be several members or frames on end, each with a decompressor of its own."""
    current = make()

    def decode(data: bytes, most: int) -> bytes:
        nonlocal current
        if current.eof:
            current = make()
        decoded: bytes = current.decompress(data, most)
        while current.eof and current.unused_data and len(decoded) < most:
            rest, current = current.unused_data, make()
            decoded += current.decompress(rest, most - len(decoded))
        return decoded

    return decode


def _gzip() -> Decode:
    # 32 above the window size: gzip and zlib headers both.
    return _members(partial(zlib.decompressobj, wbits=zlib.MAX_WBITS | 32))


def _brotli() -> Decode:
    import brotli  # type: ignore[import-untyped]  # noqa: PLC0415  # only where used

    process = brotli.Decompressor().process

    def decode(data: bytes, most: int) -> bytes:
        decoded: bytes = process(data, output_buffer_limit=most)
        # It gives no more than its window at once, and keeps the rest until it is asked again.
        while len(decoded) < most and (more := process(b"", output_buffer_limit=most)):
            decoded += more
        return decoded

    return decode


def _zstd() -> Decode:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # Python 3.14
    except ImportError:
        from backports import zstd  # noqa: PLC0415  # only where used
    return _members(zstd.ZstdDecompressor)


KNOWN: Final[dict[bytes, Callable[[], Decode]]] = {
    b"gzip": _gzip,
    b"x-gzip": _gzip,
    b"deflate": _gzip,
    b"br": _brotli,
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
