"""The client of the streams: many at once, every one checked to be complete.

`python -m bench.wire.streams PORT STREAMS REPEATS EVENTS CASE` prints one JSON object; the case is `events`
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

BODY = (
    b'{"model":"bench-stream","messages":[{"role":"user","content":"Hello"}],"max_tokens":100,"stream":true}'
)
REQUEST = (
    b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer %b\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
)
MARK = b"data: "
END = b"0\r\n\r\n"
PATIENCE = 20.0


class Spoken(msgspec.Struct, frozen=True):
    """How a stream is asked for and what it must hold: the event, counted by its mark, and the end."""

    path: str
    event: bytes
    mark: bytes
    end: bytes

    @property
    def request(self) -> bytes:
        """The whole request."""
        return REQUEST % (self.path.encode(), KEY.encode(), len(BODY), BODY)


CHAT = Spoken(CHAT_PATH, chat_event(b"hello"), b'"content":"hello"', CHAT_ENDED)
SPOKEN = {
    "events": CHAT,
    "crossed_events": Spoken(
        MESSAGES_PATH, messages_event(b"hello"), b'"text":"hello"', b"event: message_stop"
    ),
}


class Streamed(msgspec.Struct, frozen=True):
    """What came back: events, reads it took to take them in, streams broken, seconds it lasted."""

    events: int
    reads: int
    broken: int
    seconds: float
    first_event: list[float]


class Reader(asyncio.Protocol):
    """One connection that asks for one stream after the other."""

    def __init__(self, repeats: int, events: int, spoken: Spoken) -> None:
        self.events = 0
        self.reads = 0
        self.broken = 0
        self.first_event: list[float] = []
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = repeats
        self._expected = events
        self._spoken = spoken
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
            self._transport.write(self._spoken.request)

    def _finish(self) -> None:
        whole = b"".join(self._received)
        spoken = self._spoken
        events = whole.count(spoken.mark)
        self.events += events
        if events != self._expected or spoken.end not in whole or spoken.event not in whole:
            self.broken += 1
        self._left -= 1
        if self._left:
            self._ask()
        elif not self.done.done():
            self.done.set_result(None)


async def load(port: int, streams: int, repeats: int, events: int, spoken: Spoken = CHAT) -> Streamed:
    """Run the streams and add up."""
    loop = asyncio.get_running_loop()
    start = time.monotonic()
    readers: list[Reader] = []
    for _ in range(streams):
        _transport, reader = await loop.create_connection(
            lambda: Reader(repeats, events, spoken), "127.0.0.1", port
        )
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
    where, many, again, expected = map(int, sys.argv[1:5])
    streamed = uvloop.run(load(where, many, again, expected, SPOKEN[sys.argv[5]]))
    sys.stdout.write(msgspec.json.encode(streamed).decode())
