"""Replies penstock makes itself, pulled like an upstream's: the demo provider's, and estimated counts.

They stand where a wire would, so that limits, accounting, errors and streaming are the same code.
"""

import asyncio
from collections.abc import Iterator

from adapters.dialect import Dialect
from adapters.providers import demo
from gateway.upstream import Head

JSON_HEADERS = ((b"content-type", b"application/json"),)
STREAM_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class LocalReply:
    """A reply in pieces, `pace` seconds before each but the first."""

    __slots__ = ("_ended", "_headers", "_pace", "_pieces", "_started", "_waiter")

    def __init__(
        self, headers: tuple[tuple[bytes, bytes], ...], pieces: list[bytes], pace: float = 0.0
    ) -> None:
        self._headers = headers
        self._pieces: Iterator[bytes] = iter(pieces)
        self._pace = pace
        self._started = self._ended = False
        self._waiter: asyncio.Future[bool] | None = None

    async def head(self) -> Head | None:
        """Always there."""
        return self.known_head()

    def known_head(self) -> Head:
        """The head, without waiting."""
        return Head(200, self._headers)

    async def read(self) -> bytes | None:
        """The next piece when its time has come; None when nudged before."""
        if self._started and self._pace and await self._rest():
            return None
        self._started = True
        piece = next(self._pieces, b"")
        self._ended = not piece
        return piece

    async def _rest(self) -> bool:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        self._waiter = waiter
        timer = loop.call_later(self._pace, self._wake)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def at_end(self) -> bool:
        """Whether the last piece has been pulled."""
        return self._ended

    def nudge(self) -> None:
        """Wake whoever waits, without a piece."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)

    def abort(self) -> None:
        """Nothing to close."""


def demo_reply(dialect: Dialect, body: bytes, *, stream: bool, pace: float) -> LocalReply:
    """What the demo provider answers, in the client's dialect."""
    reply = demo.answer(dialect, body)
    if not stream:
        return LocalReply(JSON_HEADERS, [dialect.write_reply(reply)])
    return LocalReply(
        STREAM_HEADERS, dialect.write_stream(reply, dialect.read_prompt(body).include_usage), pace
    )


def counted_reply(dialect: Dialect, body: bytes) -> LocalReply:
    """The estimated input tokens of a request, in the dialect's shape."""
    return LocalReply(JSON_HEADERS, [dialect.write_count(dialect.estimate(body))])
