"""The upstream client: one connection (`Wire`). Those to one address are kept in `upstream_pool.py`.

aiohttp's connector dials (names, both address families, TLS, proxies) and its C parser reads the
heads that come back; the head of a request is written by the caller, and the end of a body is found
by `framing`. `ClientSession` is left out: it costs more than all the rest of a small request together.

A wire is pulled: `head()` until it is there, then `pull()` until it gives b"". Neither waits; when
there is nothing yet, `wait()` gives a future that is done when there may be, and true when somebody
nudged the wire, so that whoever waits can look at the clock or see that the client left. What was
received is held until it is pulled, and too much of it pauses the socket: a slow client slows the
upstream.

The bench replaces `Pool.dial`: an async function that takes a Wire and calls its `connection_made`.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import http_exceptions
from aiohttp.http_parser import HttpResponseParser

from gateway.errors import Phase, UpstreamError
from gateway.framing import BadFraming, Chunked, Framing, Sized, UntilClose

if TYPE_CHECKING:
    from aiohttp.http_parser import RawResponseMessage

# Bytes of a reply held unread before its socket is paused; it is resumed when they are pulled.
HIGH_WATER: Final = 128 * 1024
# A provider behind a chatty edge sends more and larger header fields than a browser would bear.
MAX_FIELD: Final = 64 * 1024
MAX_FIELDS: Final = 512
MAX_HEAD: Final = 256 * 1024
HEAD_END: Final = b"\r\n\r\n"
HTTP: Final = b"HTTP/1."
NO_BODY: Final = frozenset((204, 205, 304))


class Head(msgspec.Struct, frozen=True, gc=False):
    """Status and header fields of a reply, as they came."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]


class Wire(asyncio.Protocol):
    """One connection to an upstream, one exchange at a time."""

    __slots__ = (
        "_arrived",
        "_bodiless",
        "_failure",
        "_framing",
        "_head",
        "_loop",
        "_nudged",
        "_parser",
        "_paused",
        "_persistent",
        "_start",
        "_transport",
        "_waiter",
        "heard",
        "idle_since",
        "on_lost",
        "reused",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # It is fed heads alone, and told that no body follows them.
        self._parser = HttpResponseParser(
            self,  # type: ignore[arg-type]  # never called: there is no payload to control
            loop,
            HIGH_WATER,
            max_line_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
            max_field_size=MAX_FIELD,
            response_with_body=False,
        )
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[bool] | None = None
        self._start = b""  # of a head whose end has not come
        self._head: Head | None = None
        self._framing: Framing | None = None
        self._arrived = b""  # of the body, not pulled yet
        self._failure: UpstreamError | None = None
        self._nudged = self._paused = False
        self._persistent = True
        self._bodiless = False
        self.reused = 0  # times it was taken again, as far as its pool has not counted them yet
        self.heard = False  # anything since the last request was sent
        self.idle_since = 0.0
        self.on_lost: Callable[[], None] | None = None

    # What an exchange calls.

    def send(self, request: bytes, rest: bytes = b"") -> None:
        """Write one request, in one or two pieces; the wire is fresh or at the end of its last reply."""
        self._head = self._framing = None
        self._nudged = self.heard = False
        transport = self._transport
        if transport is None:
            return  # lost since it was taken: head() says so
        # A reply to HEAD says the length of a body that does not come.
        self._bodiless = request.startswith(b"HEAD ")
        transport.write(request)
        if rest:
            transport.write(rest)

    def head(self) -> Head | None:
        """Status and headers; None when they are not there yet. Raises UpstreamError."""
        if self._head is None and self._failure is not None:
            raise self._failure
        return self._head

    def pull(self) -> bytes | None:
        """What has arrived of the body; b"" at its end; None when nothing is there. Raises UpstreamError."""
        data = self._arrived
        if data:
            self._arrived = b""
            if self._paused:
                self._resume()
            return data
        if self._framing is None or self._framing.ended:
            return b""
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
        return self._framing is not None and self._framing.ended

    def at_end(self) -> bool:
        """Whether the whole reply has been pulled: nothing more will come of it."""
        return not self._arrived and self.complete()

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
            and self.at_end()
            and self._transport is not None
            and not self._transport.is_closing()
        )

    def rest(self) -> None:
        """It was opened before anybody needs it: what comes unasked ends it, as after a reply."""
        self._framing = Sized(0)

    def abort(self) -> None:
        """Close at once; what was not sent is dropped."""
        if self._transport is not None:
            self._transport.abort()
        self._let_go()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Take all that came together, then wake the reader once."""
        if self._framing is None:
            self._take_head(data)
        else:
            self._take_body(data)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell a reply that ended with its connection from one that was cut."""
        self._transport = None
        if self._failure is None:
            self._failure = self._loss(exc)
        self._let_go()
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(False)

    # Reading.

    def _take_head(self, data: bytes) -> None:
        """Gather a head until its end, read it, and go on with what came after it."""
        self.heard = True
        data = self._start + data if self._start else data
        end = data.find(HEAD_END) + len(HEAD_END)
        if end < len(HEAD_END):
            self._start = data
            if len(data) > MAX_HEAD or not (data.startswith(HTTP) or HTTP.startswith(data)):
                self._fail("head", "it sent what is not HTTP")
            return
        self._start = b""
        try:
            messages, upgraded, _ = self._parser.feed_data(data[:end] if end < len(data) else data)
        except http_exceptions.HttpProcessingError as error:
            self._fail("head", f"it sent what is not HTTP ({type(error).__name__})")
            return
        self._begin(messages[0][0], upgraded=upgraded)
        rest = data[end:]
        if not rest:
            return
        if self._framing is None:
            self._take_head(rest)
        else:
            self._take_body(rest)

    def _begin(self, message: "RawResponseMessage", *, upgraded: bool) -> None:
        # 1xx are interim (RFC 9110, 15.2): 100 and 103 may come before any final reply. 101 is final.
        if 100 <= message.code < 200 and not upgraded:
            return
        self._persistent = not (message.should_close or upgraded)
        self._framing = Sized(0) if self._bodiless else _framing(message, upgraded=upgraded)
        self._head = Head(message.code, message.raw_headers)

    def _take_body(self, data: bytes) -> None:
        framing = self._framing
        assert framing is not None
        if framing.ended:
            self._persistent = False  # bytes nobody asked for: this connection is not to be trusted again
            self.abort()
            return
        try:
            piece = framing.feed(data)
        except BadFraming as error:
            self._fail("body", f"its reply breaks off: {error}")
            return
        if framing.surplus:
            self._persistent = False
        self._arrived = self._arrived + piece if self._arrived else piece
        if len(self._arrived) > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()

    def _loss(self, exc: Exception | None) -> UpstreamError:
        if self._head is None or self._framing is None:
            words = "it closed the connection without an answer" if exc is None else "it reset the connection"
            return UpstreamError("head", "closed" if exc is None else "reset", words)
        if self._framing.ended:
            # The reply was complete; this is only met by a later request.
            return UpstreamError("head", "closed", "it closed the connection without an answer")
        if exc is not None:
            return UpstreamError("body", "reset", "it reset the connection in the middle of its reply")
        if self._framing.close():
            return UpstreamError("head", "closed", "it closed the connection without an answer")
        return UpstreamError("body", "truncated", "it ended its reply before all of it was sent")

    def _fail(self, phase: Phase, words: str) -> None:
        self._failure = UpstreamError(phase, "garbage", words)
        self.abort()

    def _let_go(self) -> None:
        """Tell whoever opened the connection that it is gone; once."""
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost()


def _framing(message: "RawResponseMessage", *, upgraded: bool) -> Framing:
    """How the body after this head ends (RFC 9112, 6.3)."""
    if message.code in NO_BODY or upgraded:
        return Sized(0)
    if message.chunked:
        return Chunked()
    length = message.headers.get("Content-Length")
    return UntilClose() if length is None else Sized(int(length))
