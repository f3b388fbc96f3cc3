"""The upstream client: one connection (`Wire`), and the connections to one address (`Pool`).

aiohttp's connector dials (names, both address families, TLS, proxies) and its C parser reads what
comes back; the head of a request is written by the caller. `ClientSession` is left out: it costs
more than all the rest of a small request together.

A wire is pulled: `head()` until it is there, then `pull()` until it gives b"". Neither waits; when
there is nothing yet, `wait()` gives a future that is done when there may be, and true when somebody
nudged the wire, so that whoever waits can look at the clock or see that the client left. What was
received stays in aiohttp's payload until it is pulled, and a full payload pauses the socket: a slow
client slows the upstream.

The bench replaces `Pool.dial`: an async function that takes a Wire and calls its `connection_made`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec
from aiohttp import http_exceptions
from aiohttp.http_parser import HttpResponseParser

from gateway.errors import UpstreamError

if TYPE_CHECKING:
    from aiohttp.http_parser import RawResponseMessage
    from aiohttp.streams import StreamReader

# Bytes of a reply held unread before its socket is paused: aiohttp pauses at twice the limit it is given.
READ_LIMIT = 64 * 1024
# A provider behind a chatty edge sends more and larger header fields than a browser would bear.
MAX_FIELD = 64 * 1024
MAX_FIELDS = 512
# Below this a request leaves as one buffer; above it copying the body costs more than a second write.
JOIN_LIMIT = 64 * 1024


class Head(msgspec.Struct, frozen=True, gc=False):
    """Status and header fields of a reply, as they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]


class Wire(asyncio.Protocol):
    """One connection to an upstream, one exchange at a time."""

    __slots__ = (
        "_body",
        "_failure",
        "_head",
        "_loop",
        "_nudged",
        "_parser",
        "_paused",
        "_persistent",
        "_transport",
        "_waiter",
        "idle_since",
        "on_lost",
        "reused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._parser = HttpResponseParser(
            self,  # type: ignore[arg-type]  # only its flow control is called
            loop,
            READ_LIMIT,
            max_line_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
            max_field_size=MAX_FIELD,
            read_until_eof=True,
            auto_decompress=False,
        )
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._head: Head | None = None
        self._body: StreamReader | None = None
        self._failure: UpstreamError | None = None
        self._nudged = self._paused = False
        self._persistent = True
        self.reused = False
        self.idle_since = 0.0
        self.on_lost: Callable[[], None] | None = None

    # What an exchange calls.

    def send(self, head: bytes, body: bytes) -> None:
        """Write one request. The wire must be fresh or at the end of its last reply."""
        self._head = self._body = None
        self._nudged = False
        transport = self._transport
        if transport is None:
            return  # lost since it was taken: head() says so
        if len(body) < JOIN_LIMIT:
            transport.write(head + body)
            return
        transport.write(head)
        transport.write(body)

    def head(self) -> Head | None:
        """Status and headers; None when they are not there yet. Raises UpstreamError."""
        if self._head is None and self._failure is not None:
            raise self._failure
        return self._head

    def pull(self) -> bytes | None:
        """What has arrived of the body; b"" at its end; None when nothing is there. Raises UpstreamError."""
        body = self._body
        if body is None:
            return b""
        # is_eof before the read: the parser may finish while the read resumes a paused socket.
        ended = body.is_eof()
        data = body.read_nowait()
        if data or ended:
            return data
        if self._failure is not None:
            raise self._failure
        return None

    def wait(self) -> asyncio.Future[bool]:
        """Done when something may have come; true when it was a nudge."""
        self._waiter = waiter = self._loop.create_future()
        if self._nudged:
            self._nudged = False
            waiter.set_result(True)
        return waiter

    def complete(self) -> bool:
        """Whether all of the reply has arrived, pulled or not."""
        return self._body is None or self._body.is_eof()

    def at_end(self) -> bool:
        """Whether the whole reply has been pulled: nothing more will come of it."""
        return self._body is None or self._body.at_eof()

    def nudge(self) -> None:
        """Wake whoever waits, now or next."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(True)
        else:
            self._nudged = True

    def reusable(self) -> bool:
        """Whether another request may follow on this connection."""
        return (
            self._persistent
            and self._failure is None
            and self._head is not None
            and self.at_end()
            and self._transport is not None
            and not self._transport.is_closing()
        )

    def abort(self) -> None:
        """Close at once; what was not sent is dropped."""
        if self._transport is not None:
            self._transport.abort()
        self._let_go()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(False)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Parse, then wake the reader once for all that came together."""
        try:
            messages, upgraded, _ = self._parser.feed_data(data)
        except http_exceptions.HttpProcessingError as error:
            self._fail(UpstreamError("head", "garbage", f"it sent what is not HTTP ({type(error).__name__})"))
            return
        if messages:
            self._take(messages, upgraded=upgraded)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell a reply that ended with its connection from one that was cut."""
        self._transport = None
        if self._failure is None:
            self._failure = self._loss(exc)
        self._let_go()
        self._wake()

    def _let_go(self) -> None:
        """Tell whoever opened the connection that it is gone; once."""
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost()

    def _take(self, messages: "list[tuple[RawResponseMessage, StreamReader]]", *, upgraded: bool) -> None:
        for message, payload in messages:
            # 1xx are interim (RFC 9110, 15.2): 100 and 103 may come before any final reply. 101 is final.
            if 100 <= message.code < 200 and not upgraded:
                continue
            if self._head is not None:
                self._persistent = False  # a reply nobody asked for: never trust this connection again
                continue
            self._persistent = not (message.should_close or upgraded)
            self._body = payload
            self._head = Head(message.code, message.raw_headers)

    def _loss(self, exc: Exception | None) -> UpstreamError:
        if self._head is None:
            words = "it closed the connection without an answer" if exc is None else "it reset the connection"
            return UpstreamError("head", "closed" if exc is None else "reset", words)
        if exc is not None:
            return UpstreamError("body", "reset", "it reset the connection in the middle of its reply")
        try:
            self._parser.feed_eof()
        except http_exceptions.HttpProcessingError:
            return UpstreamError("body", "truncated", "it ended its reply before all of it was sent")
        # The reply was complete, or ended by the close itself; this is only met by a later request.
        return UpstreamError("head", "closed", "it closed the connection without an answer")

    def _fail(self, failure: UpstreamError) -> None:
        self._failure = failure
        self.abort()
        self._wake()

    # Flow control, called by aiohttp's payload on every read: the usual case must be one test.

    def pause_reading(self) -> None:
        """The payload is full."""
        if not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002  # aiohttp's call
        """The payload has room again."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()


class Pool:
    """Connections to one address: idle ones are kept, the one used last first."""

    def __init__(self, dial: "Callable[[Wire], Awaitable[None]]", keep_alive: float = 75.0) -> None:
        self.dial = dial
        self.keep_alive = keep_alive
        self.opened = 0
        self._idle: deque[Wire] = deque()
        self._open: set[Wire] = set()

    def take(self, now: float) -> Wire | None:
        """An idle connection that is still alive, or None."""
        while self._idle:
            wire = self._idle.pop()
            if wire.reusable() and now - wire.idle_since <= self.keep_alive:
                wire.reused = True
                return wire
            self.drop(wire)
        return None

    async def open(self) -> Wire:
        """A new connection. Raises UpstreamError, phase connect."""
        wire = Wire(asyncio.get_running_loop())
        await self.dial(wire)
        self.opened += 1
        self._open.add(wire)
        return wire

    def give_back(self, wire: Wire, now: float) -> None:
        """Keep the connection when another request may follow on it, else close it."""
        if wire.reusable():
            wire.idle_since = now
            self._idle.append(wire)
            return
        self.drop(wire)

    def drop(self, wire: Wire) -> None:
        """Close the connection at once."""
        self._open.discard(wire)
        wire.abort()

    def expire(self, now: float) -> None:
        """Close what has been idle for longer than is kept; drop what the upstream closed."""
        for wire in [
            wire for wire in self._idle if not wire.reusable() or now - wire.idle_since > self.keep_alive
        ]:
            self._idle.remove(wire)
            self.drop(wire)

    def close(self) -> None:
        """Close every connection."""
        self._idle.clear()
        for wire in list(self._open):
            self.drop(wire)

    def counts(self) -> tuple[int, int]:
        """How many connections are open, and how many of them idle."""
        return len(self._open), len(self._idle)
