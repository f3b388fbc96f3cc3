"""The client of the scale layer: holds many streams open and says how late each event came.

`python -m bench.scale.holders` reads one JSON object (`Order`), prints a line when every
stream has shown its first event, and one JSON object (`Held`) at the end. Some of the streams are
read by nobody for a while, then to their end.
"""

import asyncio
import re
import sys
import time
from functools import partial
from typing import cast

import msgspec
import uvloop

from bench.scale.ticking import BULK_EVENTS, EVENTS, INTERVAL
from bench.workloads import CHAT_PATH, KEY

HELD = b"held\n"
STAMP = re.compile(rb'"content":"(\d+\.\d+)"')
BULK_MARK = b'"content":"x'
END = b"0\r\n\r\n"
BATCH = 50
PAUSE = 0.05
BODY = b'{"model":"%b","messages":[{"role":"user","content":"Hello"}],"max_tokens":100,"stream":true}'
REQUEST = (
    b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
)


class Order(msgspec.Struct, frozen=True):
    """How many streams, how many of them slow readers, for how many seconds those look away on average.

    They stand among the others, and each looks away for another time, half as long to half as long again:
    all of them coming back at once would be a test of the client.
    """

    port: int
    streams: int
    slow: int = 0
    away: float = EVENTS * INTERVAL / 2
    patience: float = 60.0


class Held(msgspec.Struct, frozen=True):
    """What came of it; times in milliseconds from an event's sending to its coming."""

    streams: int
    broken: int
    p50: float
    p99: float
    worst: float


class Holder(asyncio.Protocol):
    """One stream, taken in as it comes, or looked away from for a while."""

    def __init__(self, away: float | None) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[None] = loop.create_future()
        self.late: list[float] = []
        self._slow = away is not None
        self._away = away or 0.0
        self._events = 0
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    @property
    def broken(self) -> bool:
        """Whether it ended early, or not at all, or lacks an event."""
        wanted = BULK_EVENTS if self._slow else EVENTS
        return not self.done.done() or self._events != wanted or not self._rest.endswith(END)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        body = BODY % (b"bench-bulk" if self._slow else b"bench-stream")
        self._transport.write(REQUEST % (CHAT_PATH.encode(), KEY.encode(), len(body), body))

    def data_received(self, data: bytes) -> None:
        """Count what is new, and how late it is."""
        now = time.monotonic()
        text = self._rest + data
        for found in STAMP.finditer(text):
            self.late.append((now - float(found[1])) * 1000)
        self._events += len(STAMP.findall(text)) + text.count(BULK_MARK)
        # What is counted is cut off; the longest mark may still be half here.
        self._rest = text[text.rfind(b'"content"') + 1 :][-64:] if b'"content"' in text else text[-64:]
        if not self.begun.done() and self._events:
            self.begun.set_result(None)
            if self._slow:
                self._look_away()
        if text.endswith(END) and not self.done.done():
            self.done.set_result(None)

    def connection_lost(self, _error: Exception | None) -> None:
        """Wait no longer."""
        for waited in (self.begun, self.done):
            if not waited.done():
                waited.set_result(None)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _look_away(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(self._away, self._transport.resume_reading)


def away_of(order: Order, number: int) -> float | None:
    """How long the reader of this stream looks away; None when it is not one of the slow ones."""
    before, among = (of * order.slow // max(order.streams, 1) for of in (number, number + 1))
    if among == before:
        return None
    return order.away * (0.5 + before / order.slow)


async def hold(order: Order) -> Held:
    """Open the streams, say when all are begun, and wait for their end."""
    loop = asyncio.get_running_loop()
    holders: list[Holder] = []
    for number in range(order.streams):
        _transport, holder = await loop.create_connection(
            partial(Holder, away_of(order, number)), "127.0.0.1", order.port
        )
        holders.append(holder)
        if number % BATCH == BATCH - 1:
            await asyncio.sleep(PAUSE)
    await asyncio.wait([holder.begun for holder in holders], timeout=order.patience)
    sys.stdout.write(HELD.decode())
    sys.stdout.flush()
    await asyncio.wait([holder.done for holder in holders], timeout=order.patience)
    late = sorted(delay for holder in holders for delay in holder.late) or [0.0]
    broken = sum(holder.broken for holder in holders)
    for holder in holders:
        holder.close()
    return Held(order.streams, broken, late[len(late) // 2], late[int(len(late) * 0.99)], late[-1])


if __name__ == "__main__":
    held = uvloop.run(hold(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.write(msgspec.json.encode(held).decode())
