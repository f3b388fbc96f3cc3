"""Request bodies that arrive compressed: decoded when they are whole, and plain for everything after that.

They are only decoded for callers we know, and never to more than a plain body may have. What a path
passes to a provider unread stays as it came.
"""

import asyncio
from typing import Final

from adapters.fault import Fault
from gateway import codings
from gateway.errors import Refused
from gateway.state import Exchange

# A body of more bytes than this, before or after, is decoded in a thread, where it keeps nobody waiting.
AT_ONCE: Final = 64 * 1024
MOST_CODINGS: Final = 2
UNDERSTOOD: Final = ((b"accept-encoding", b"gzip, deflate, br, zstd"),)


def check(coding: bytes) -> bytes:
    """The codings of a body, in the order they were applied, as one list. Raises Refused (415)."""
    names = [name for part in coding.lower().split(b",") if (name := part.strip()) not in (b"identity", b"")]
    if len(names) > MOST_CODINGS or any(name not in codings.KNOWN for name in names):
        words = (
            f"a request body encoded as {coding[:40].decode('latin-1')} is not understood: "
            "gzip, deflate, br and zstd are, two of them at most"
        )
        raise Refused(Fault("invalid_request", 415, words), UNDERSTOOD)
    return b",".join(names)


async def unpack(exchange: Exchange) -> None:
    """Decode the body, in place. Raises Refused: 400 for what is not of its coding, 413 for too much."""
    if exchange.operation == "forward":
        return
    names, body = exchange.coding.split(b",")[::-1], exchange.body
    most = exchange.house.settings.server.max_body
    plain = _unpacked(names, body, min(most, AT_ONCE)) if len(body) <= AT_ONCE else None
    if plain is None:
        plain = await asyncio.to_thread(_unpacked, names, body, most)
    if plain is None:
        words = f"the request body is larger than {most} bytes when decoded"
        raise Refused(Fault("too_large", 413, words))
    exchange.body, exchange.bytes_in, exchange.coding = plain, len(plain), b""


def _unpacked(names: list[bytes], body: bytes, most: int) -> bytes | None:
    """The body without its codings, the last one first; None where one of them gives more than `most`."""
    plain: bytes | None = body
    for name in names:
        if plain is None:
            return None
        plain = _without(name, plain, most)
    return plain


def _without(name: bytes, body: bytes, most: int) -> bytes | None:
    try:
        return codings.unpacked(body, name, most)
    except ValueError as error:
        words = f"the request body is not what its content-encoding ({name.decode()}) says: {error}"
        raise Refused(Fault("invalid_request", 400, words)) from error
