"""The client of the streams: many at once, every one checked to be complete.

`python -m bench.wire.streams` reads one JSON object (`Order`) and prints one; the case is `events`
(chat, as the upstream speaks) or `crossed_events` (the same upstream, asked by a client of
anthropic-messages). wrk cannot do this: it neither counts events nor notices one that is missing.
"""

import asyncio
import sys
import time
from typing import cast

import msgspec
import uvloop

from bench.workloads import CHAT_ENDED, CHAT_PATH, KEY, MESSAGES_PATH, chat_event, messages_event

MODEL = "bench-stream"
BODY = b'{"model":"%b","messages":[{"role":"user","content":"Hello"}],"max_tokens":100,"stream":true}'
REQUEST = b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\n%bcontent-length: %d\r\n\r\n%b"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
MARK = b"data: "
END = b"0\r\n\r\n"
PATIENCE = 60.0


class Spoken(msgspec.Struct, frozen=True):
    """How a stream is asked for and what it must hold: the event, counted by its mark, and the end."""

    path: str
    event: bytes
    mark: bytes
    end: bytes


CHAT = Spoken(CHAT_PATH, chat_event(b"hello"), b'"content":"hello"', CHAT_ENDED)
SPOKEN = {
    "events": CHAT,
    "crossed_events": Spoken(
        MESSAGES_PATH, messages_event(b"hello"), b'"text":"hello"', b"event: message_stop"
    ),
}


class Order(msgspec.Struct, frozen=True):
    """What to load: how many streams at once, how often again, and the events each must hold.

    Who writes events anew may space them as they please: then `exact` is off, and only their
    number, their text and the end count.
    """

    port: int
    streams: int
    repeats: int
    events: int
    case: str = "events"
    headers: dict[str, str] = {}
    model: str = MODEL
    exact: bool = True

    @property
    def request(self) -> bytes:
        """The whole request."""
        body = BODY % self.model.encode()
        headers = "".join(f"{name}: {value}\r\n" for name, value in (HEADERS | self.headers).items())
        return REQUEST % (SPOKEN[self.case].path.encode(), headers.encode(), len(body), body)


class Streamed(msgspec.Struct, frozen=True):
    """What came back: events, reads it took to take them in, streams broken, seconds it lasted."""

    events: int
    reads: int
    broken: int
    seconds: float
    first_event: list[float]


class Reader(asyncio.Protocol):
    """One connection that asks for one stream after the other."""

    def __init__(self, order: Order) -> None:
        self.events = 0
        self.reads = 0
        self.broken = 0
        self.first_event: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = order.repeats
        self._order = order
        self._request = order.request
        self._received: list[bytes] = []
        self._asked = 0.0
        self._waiting = True
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first stream."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take in; at the end of a stream check it and ask for the next."""
        if MARK in data:
            self.reads += 1
            if self._waiting:
                self._waiting = False
                self.first_event.append(time.monotonic() - self._asked)
        self._received.append(data)
        if data.endswith(END):
            self._finish()

    def connection_lost(self, _error: Exception | None) -> None:
        """Count what is missing."""
        if not self.done.done():
            self.broken += self._left
            self.done.set_result(None)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def _ask(self) -> None:
        self._received = []
        self._waiting = True
        self._asked = time.monotonic()
        if self._transport is not None:
            self._transport.write(self._request)

    def _finish(self) -> None:
        whole = b"".join(self._received)
        spoken = SPOKEN[self._order.case]
        events = (whole if self._order.exact else whole.replace(b'": "', b'":"')).count(spoken.mark)
        self.events += events
        missing = self._order.exact and spoken.event not in whole
        if missing or events != self._order.events or spoken.end not in whole:
            self.broken += 1
        self._left -= 1
        if self._left:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)


async def load(order: Order) -> Streamed:
    """Run the streams and add up."""
    loop = asyncio.get_running_loop()
    start = time.monotonic()
    readers: list[Reader] = []
    for _ in range(order.streams):
        _transport, reader = await loop.create_connection(lambda: Reader(order), "127.0.0.1", order.port)
        readers.append(reader)
    await asyncio.wait([reader.done for reader in readers], timeout=PATIENCE)
    unfinished = sum(not reader.done.done() for reader in readers)
    for reader in readers:
        reader.close()
    return Streamed(
        events=sum(reader.events for reader in readers),
        reads=sum(reader.reads for reader in readers),
        broken=unfinished + sum(reader.broken for reader in readers),
        seconds=time.monotonic() - start,
        first_event=sorted(first for reader in readers for first in reader.first_event),
    )


if __name__ == "__main__":
    streamed = uvloop.run(load(msgspec.json.decode(sys.stdin.buffer.read(), type=Order)))
    sys.stdout.write(msgspec.json.encode(streamed).decode())
