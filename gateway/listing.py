"""Asking a provider for its list of models: what can be asked without spending a token."""

from collections.abc import Callable
from typing import Final

from adapters.dialect import Dialect
from gateway.codings import MAX_DECODED
from gateway.fields import fields_of
from gateway.provider import Door

ASKING: Final = ((b"accept", b"application/json"), (b"accept-encoding", b"identity"))


async def ask_for_models(
    door: Door, there: Dialect, constant: bytes, clock: Callable[[], float]
) -> tuple[int, bytes]:
    """Status and body of the answer; `constant` are the header lines wanted there. Raises UpstreamError."""
    wire = await door.pool.open()  # never a kept one: there is no second try here if it is stale
    try:
        fields = fields_of([*ASKING, *there.headers])
        wire.send(b"GET %b HTTP/1.1\r\n%b%b\r\n" % (door.models, constant, fields), b"")
        while (head := wire.head()) is None:
            await wire.wait()
        body = bytearray()
        while (piece := wire.pull()) != b"" and len(body) < MAX_DECODED:
            if piece is None:
                await wire.wait()
            else:
                body += piece
        return head.status, bytes(body)
    finally:
        door.pool.put_aside(wire, clock())
