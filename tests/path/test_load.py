"""Many streams at once, and leaving in the middle of many: none is lost."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import pytest

from tests.path.client import Wire
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, Dialect
from tests.path.house import House, configuration
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Send

LIMIT = 60.0
LAST_CHUNK = Send(b"0\r\n\r\n")


async def _stream(address: str, dialect: Dialect, exchange: Exchange, started: asyncio.Semaphore) -> bytes:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    body = dialect.body(stream=True)
    head = (
        f"POST {dialect.path} HTTP/1.1\r\nhost: {parts.netloc}\r\nbaggage: {exchange.name}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    try:
        first = await reader.readuntil(dialect.events[0][-20:])
        started.release()
        return first + await reader.readuntil(b"\r\n0\r\n\r\n")
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _streams(house: House, exchange: Exchange, dialect: Dialect, count: int) -> list[bytes]:
    """Open so many streams, wait until all have begun, then let all go on."""
    started = asyncio.Semaphore(0)
    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
        tasks = [group.create_task(_stream(house.address, dialect, exchange, started)) for _ in range(count)]
        for _ in range(count):
            await started.acquire()
        exchange.release(count)
    return [task.result() for task in tasks]


def _held(house: House, dialect: Dialect) -> Exchange:
    """A stream that waits in its middle until it is released."""
    before, after = dialect.events[:1], dialect.events[1:]
    return house.replay.plays((*begun(before), Gate(), *begun(after)[1:], LAST_CHUNK))


@pytest.mark.parametrize("dialect", [MESSAGES, CHAT], ids=lambda dialect: dialect.name)
def test_a_thousand_streams(house: House, dialect: Dialect) -> None:
    """A thousand streams open at once on one worker all end complete."""
    exchange = _held(house, dialect)
    bodies = asyncio.run(_streams(house, exchange, dialect, 1000))
    assert sum(dialect.terminal in body for body in bodies) == 1000
    assert not any(dialect.broken in body for body in bodies)


def test_leaving_loses_no_stream(gateway: Start, replay: Upstream) -> None:
    """SIGTERM during a hundred streams: each goes on to its end, then the process ends with exit code 0."""
    house = House(gateway(configuration(replay)), replay)
    exchange = _held(house, MESSAGES)

    async def leave_meanwhile() -> list[bytes]:
        started = asyncio.Semaphore(0)
        async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_stream(house.address, MESSAGES, exchange, started)) for _ in range(100)
            ]
            for _ in range(100):
                await started.acquire()
            house.gateway.terminate()
            await _until_refused(house.address)
            exchange.release(100)
        return [task.result() for task in tasks]

    bodies = asyncio.run(leave_meanwhile())
    assert sum(MESSAGES.terminal in body for body in bodies) == 100
    assert house.gateway.wait() == 0


def test_a_stream_past_the_drain_is_told(gateway: Start, replay: Upstream) -> None:
    """A stream that outlives the time to drain ends with an in-band error, and the process ends."""
    house = House(gateway(configuration(replay, 'drain = "500ms"')), replay)
    exchange = _held(house, MESSAGES)
    with house.open(MESSAGES, exchange, MESSAGES.body(stream=True)) as wire:
        wire.read_head()
        wire.read_until(MESSAGES.events[0])
        house.gateway.terminate()
        rest, _complete = wire.read_body()
    assert house.gateway.wait() == 0
    assert MESSAGES.broken in rest
    exchange.wait_until_left()


def test_idle_clients_do_not_hold_up_the_end(gateway: Start, replay: Upstream) -> None:
    """Clients that keep an idle connection open do not keep the gateway from ending at once."""
    house = House(gateway(configuration(replay)), replay)
    with Wire(house.address) as idle:
        idle.send("POST", MESSAGES.path, body=MESSAGES.body())
        assert idle.read().status == 200
        house.gateway.terminate()
        assert house.gateway.wait() == 0


async def _until_refused(address: str) -> None:
    """Wait until the gateway takes no new connection, or answers none."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            await _ask(address)


async def _ask(address: str) -> None:
    """Ask whether it is well, on a connection of its own. Raises OSError or IncompleteReadError."""
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(f"GET /healthz HTTP/1.1\r\nhost: {parts.netloc}\r\nconnection: close\r\n\r\n".encode())
        await reader.readexactly(1)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
