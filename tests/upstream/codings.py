"""Content codings as an upstream applies them: whole bodies, and streams flushed after every event."""

import gzip
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import cast

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP_WINDOW = 31


def _gzip_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    encoder = zlib.compressobj(wbits=GZIP_WINDOW)
    for piece in pieces:
        yield encoder.compress(piece) + encoder.flush(zlib.Z_SYNC_FLUSH)
    yield encoder.flush()


def _brotli_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    encoder = brotli.Compressor()
    for piece in pieces:
        yield cast("bytes", encoder.process(piece) + encoder.flush())
    yield cast("bytes", encoder.finish())


def _zstd_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    encoder = zstd.ZstdCompressor()
    for piece in pieces:
        yield encoder.compress(piece, zstd.ZstdCompressor.FLUSH_BLOCK)
    yield encoder.flush()


CODINGS = ("gzip", "br", "zstd")
ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}
ENCODE_PIECES: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gzip_pieces,
    "br": _brotli_pieces,
    "zstd": _zstd_pieces,
}
