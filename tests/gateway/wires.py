"""How the tests of the upstream client hold a wire: dialled to a replay upstream, asked, pulled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from yarl import URL

from gateway.errors import UpstreamError
from gateway.upstream import Head, Wire
from gateway.upstream_dial import Dialler
from gateway.upstream_pool import Pool
from tests.gateway.loops import until
from tests.upstream.exchange import Exchange
from tests.upstream.server import Upstream
from tests.upstream.steps import Script


def dialler(address: str, *, proxy: str | None = None, ca_file: str | None = None) -> Dialler:
    """A dialler as a provider has one."""
    return Dialler(URL(address), proxy=URL(proxy) if proxy else None, ca_file=ca_file, connect=5.0)


@asynccontextmanager
async def pool_to(upstream: Upstream) -> AsyncIterator[Pool]:
    """A pool of connections to an upstream, which must hold none when it is closed."""
    found = dialler(upstream.address)
    pool = Pool(found.dial)
    try:
        yield pool
    finally:
        pool.close()
        await found.close()
    assert pool.counts() == (0, 0)


@asynccontextmanager
async def wire_to(upstream: Upstream) -> AsyncIterator[Wire]:
    """One fresh connection."""
    async with pool_to(upstream) as pool:
        yield await pool.open()


def send(wire: Wire, exchange: Exchange, body: bytes = b"{}") -> None:
    """Send a request that a script answers."""
    name, value = exchange.header
    head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\n{name}: {value}\r\ncontent-length: {len(body)}\r\n\r\n"
    wire.send(head.encode(), body)


async def head_of(wire: Wire) -> Head:
    """The head of the reply, waited for."""
    while (head := wire.head()) is None:
        await wire.wait()
    return head


async def piece_of(wire: Wire) -> bytes:
    """The next piece of the body, waited for; b"" at its end."""
    while (piece := wire.pull()) is None:
        await wire.wait()
    return piece


async def pull(wire: Wire) -> tuple[Head, bytes]:
    """A whole reply."""
    head = await head_of(wire)
    body = bytearray()
    while piece := await piece_of(wire):
        body += piece
    return head, bytes(body)


async def answered(wire: Wire, upstream: Upstream, script: Script) -> tuple[Head, bytes]:
    """What a script says, asked over this wire."""
    send(wire, upstream.plays(script))
    return await pull(wire)


async def failure(wire: Wire, upstream: Upstream, script: Script) -> tuple[bytes, tuple[str, str]]:
    """What was heard of a script before it failed, and the phase and cause of its failure."""
    send(wire, upstream.plays(script))
    heard = bytearray()
    try:
        await head_of(wire)
        while piece := await piece_of(wire):
            heard += piece
    except UpstreamError as error:
        return bytes(heard), (error.phase, error.cause)
    raise AssertionError("it did not fail")


async def seen(upstream: Upstream, connections: int) -> None:
    """Wait until the upstream has so many open connections."""
    await until(lambda: len(upstream.connections) == connections)
