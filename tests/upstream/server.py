"""The replay upstream itself: a thread with an asyncio loop that listens, records and plays.

A request names its exchange in `baggage`, a header every gateway has to pass on, translating or not; a
request without one is answered by the default, a function of the request. Nothing here parses leniently:
what a real provider would choke on fails here too, by a closed connection.
"""

import asyncio
import contextlib
import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from tests.upstream.exchange import Exchange
from tests.upstream.steps import Ended, Left, Script
from tests.upstream.wire import HEAD_END, Request, parse_head

T = TypeVar("T")
Default = Callable[[Request], Script]
PATIENCE = 20.0


class Connection(asyncio.Protocol):
    """One accepted connection: reads requests whole, plays the script of each."""

    def __init__(self, upstream: "Upstream") -> None:
        self.upstream = upstream
        self.number = upstream.count_connection()
        self.gate = asyncio.Semaphore(0)
        self.stale = False
        self._buffer = bytearray()
        self._arrived = asyncio.Event()
        self._left = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = transport
        self.upstream.opened(self)
        self._task = asyncio.ensure_future(self._serve())

    def data_received(self, data: bytes) -> None:
        """Keep what came."""
        self._buffer += data
        self._arrived.set()

    def eof_received(self) -> None:
        """Take a half-closed connection for a departure, as providers do."""
        self._leave()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note that it is over."""
        del exc
        self._leave()
        self._writable.set()
        self.upstream.closed(self)

    def pause_writing(self) -> None:
        """Hold the script: the peer does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def _leave(self) -> None:
        self._left.set()
        self._arrived.set()

    async def send(self, data: bytes) -> None:
        """Write, and wait until the transport has room again."""
        if self._left.is_set():
            raise Left
        self._transport.write(data)  # type: ignore[attr-defined]
        await self._writable.wait()

    async def until_left(self, seconds: float | None) -> None:
        """Return after so many seconds (None: never); raise `Left` when the peer closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), seconds)
            raise Left

    async def until_open(self) -> None:
        """Return when the gate was released; raise `Left` when the peer closes."""
        waiting = [asyncio.ensure_future(self._left.wait()), asyncio.ensure_future(self.gate.acquire())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if self._left.is_set():
            raise Left

    def close(self) -> None:
        """Deliver what was written, then end of file."""
        self._transport.close()

    def reset(self) -> None:
        """Send RST."""
        held = self._transport.get_extra_info("socket")
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()  # type: ignore[attr-defined]

    async def _serve(self) -> None:
        number = 0
        with contextlib.suppress(Left, Ended):
            while True:
                number += 1
                await self._serve_one(number)

    async def _serve_one(self, number: int) -> None:
        head = bytes(await self._take_until(HEAD_END))
        request = parse_head(head, self.number, number)
        exchange = self.upstream.exchange_of(request)
        if exchange is None or not exchange.early:
            request = msgspec.structs.replace(request, body=await self._body(request))
        self.upstream.record(request, exchange)
        if self.stale:
            self.close()
            raise Ended
        if exchange is None:
            await self._play(self.upstream.default(request))
            return
        await self._play_exchange(exchange)

    async def _play_exchange(self, exchange: Exchange) -> None:
        self.gate = exchange.gate
        try:
            await self._play(exchange.next_script())
            exchange.finished.set()
        except Ended:
            exchange.finished.set()
            raise
        except Left:
            exchange.mark_left(time.monotonic())
            raise

    async def _play(self, script: Script) -> None:
        for step in script:
            await step.play(self)

    async def _body(self, request: Request) -> bytes:
        if "chunked" in (request.header("transfer-encoding") or ""):
            return await self._chunks()
        return bytes(await self._take(int(request.header("content-length") or 0)))

    async def _chunks(self) -> bytes:
        body = bytearray()
        while size := int((await self._take_until(b"\r\n")).split(b";")[0], 16):
            body += await self._take(size)
            await self._take(2)
        await self._take_until(b"\r\n")
        return bytes(body)

    async def _take_until(self, marker: bytes) -> bytearray:
        while (end := self._buffer.find(marker)) < 0:
            await self._more()
        return await self._take(end + len(marker))

    async def _take(self, size: int) -> bytearray:
        while len(self._buffer) < size:
            await self._more()
        taken = self._buffer[:size]
        del self._buffer[:size]
        return taken

    async def _more(self) -> None:
        if self._left.is_set():
            raise Left
        self._arrived.clear()
        await self._arrived.wait()


class Upstream:
    """A listening replay upstream. `requests` holds all that came, in order of arrival."""

    def __init__(self, default: Default, tls: ssl.SSLContext | None = None) -> None:
        self.default = default
        self.requests: list[Request] = []
        self.connections: set[Connection] = set()
        self._tls = tls
        self._numbers = itertools.count()  # counts right in several threads at once
        self._exchanges: dict[str, Exchange] = {}
        self._accepted = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Listen on a port the system chooses."""
        self._thread.start()
        self._server = self._call(
            self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, ssl=self._tls, backlog=4096)
        )

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._call(self._abandon())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def go_down(self) -> None:
        """Listen no more, and close every connection, as a provider that is stopped; from any thread."""
        self._loop.call_soon_threadsafe(self._hang_up)

    def _hang_up(self) -> None:
        self._server.close()
        for connection in list(self.connections):
            connection.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def address(self) -> str:
        """The address to configure as a base URL."""
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        return f"{scheme}://{host}:{self.port}"

    def plays(self, *scripts: Script) -> Exchange:
        """Register scripts under a new name: one for each request that carries it, the last for the rest."""
        exchange = Exchange(f"exchange-{next(self._numbers)}", scripts, self._loop)
        self._exchanges[exchange.name] = exchange
        return exchange

    def plays_early(self, script: Script) -> Exchange:
        """Register a script played after the head alone: the body is never read."""
        exchange = self.plays(script)
        exchange.early = True
        return exchange

    def exchange_of(self, request: Request) -> Exchange | None:
        """Find the exchange a request names."""
        return self._exchanges.get(request.header("baggage") or "")

    def record(self, request: Request, exchange: Exchange | None) -> None:
        """Keep a request, and wake those who wait for it."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        if exchange is not None:
            exchange.record(request)

    def count_connection(self) -> int:
        """Count one more accepted connection."""
        self._accepted += 1
        return self._accepted

    def opened(self, connection: Connection) -> None:
        """Keep an open connection."""
        with self._changed:
            self.connections.add(connection)

    def closed(self, connection: Connection) -> None:
        """Forget a closed one, and wake those who wait for it."""
        with self._changed:
            self.connections.discard(connection)
            self._changed.notify_all()

    def wait_until(self, holds: Callable[["Upstream"], bool], patience: float = PATIENCE) -> None:
        """Wait until something holds of this upstream; fails when patience ends."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), patience), (
                "the upstream did not see it in time"
            )

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    async def _abandon(self) -> None:
        # Accept nobody more, let whoever was accepted become a connection, and only then close: a server
        # that is closed while it accepts loses the socket.
        for listening in self._server.sockets:
            self._loop.remove_reader(listening.fileno())
        for _ in range(5):
            await asyncio.sleep(0)
        self._server.close()
        for connection in list(self.connections):
            connection.reset()
        await asyncio.sleep(0)
