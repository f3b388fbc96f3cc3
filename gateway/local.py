"""Replies penstock makes itself, pulled like an upstream's: the demo provider's.

They stand where a wire would, so that limits, accounting, errors and streaming are the same code.
"""

import asyncio
import time
from collections import deque

from adapters.dialect import Dialect
from adapters.embedding_table import EMBEDDINGS
from adapters.providers import demo
from gateway.upstream import Head

JSON_HEADERS = ((b"content-type", b"application/json"),)
STREAM_HEADERS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class LocalReply:
    """A reply in pieces, `pace` seconds before each but the first."""

    __slots__ = ("_due", "_head", "_loop", "_nudged", "_pace", "_pieces", "_waiter")

    def __init__(
        self, headers: tuple[tuple[bytes, bytes], ...], pieces: list[bytes], pace: float = 0.0
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._head = Head(200, headers)
        self._pieces = deque(pieces)
        self._pace = pace
        self._due = self._loop.time()
        self._nudged = False
        self._waiter: asyncio.Future[bool] | None = None

    def head(self) -> Head:
        """Always there."""
        return self._head

    def pull(self) -> bytes | None:
        """The next piece, when its time has come."""
        if not self._pieces:
            return b""
        now = self._loop.time()
        if now < self._due:
            return None
        self._due = now + self._pace
        return self._pieces.popleft()

    def wait(self) -> asyncio.Future[bool]:
        """Done when the next piece is due, or at a nudge."""
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = waiter
        if self._nudged:
            self._nudged = False
            waiter.set_result(True)
        else:
            timer = self._loop.call_at(self._due, self._wake)
            waiter.add_done_callback(lambda _: timer.cancel())
        return waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def complete(self) -> bool:
        """Whether what is left can be pulled at once."""
        return not self._pieces or (len(self._pieces) == 1 and self._loop.time() >= self._due)

    def at_end(self) -> bool:
        """Whether the last piece has been pulled."""
        return not self._pieces

    def nudge(self) -> None:
        """Wake whoever waits, now or next."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)
        else:
            self._nudged = True

    def abort(self) -> None:
        """Nothing to close."""


def demo_embeddings(dialect: Dialect, body: bytes, path: str) -> LocalReply:
    """What the demo provider embeds texts as. Raises Malformed."""
    codec = EMBEDDINGS[dialect.name]
    request = codec.read_request(body, path)
    return LocalReply(JSON_HEADERS, [codec.write_reply(demo.embed(request), request)])


def demo_reply(dialect: Dialect, body: bytes, path: str, *, stream: bool, pace: float) -> LocalReply:
    """What the demo provider answers, in the client's dialect."""
    reply = demo.answer(dialect, body, path, created=int(time.time()))
    if not stream:
        return LocalReply(JSON_HEADERS, [dialect.write_reply(reply)])
    return LocalReply(
        STREAM_HEADERS, dialect.write_stream(reply, dialect.read_prompt(body, path).include_usage), pace
    )
