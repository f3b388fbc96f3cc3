"""The upstream of the scale layer: slow streams whose events say when they were sent.

`python -m bench.scale.ticking PORT`. A body that asks for `bench-bulk` gets large events close
together, for readers who do not read; any other gets a stamp now and then, as a model that thinks.
The clock is the machine's, so that the client can subtract.
"""

import asyncio
import sys
import time
from typing import cast

import uvloop

from bench.wire.events import END, HEAD, chunk, length_of
from bench.workloads import chat_event

BULK = b'"bench-bulk"'
BULK_EVENT = chunk(chat_event(b"x" * 16_000))
BULK_EVENTS = 200
BULK_INTERVAL = 0.02
EVENTS = 12
INTERVAL = 0.5


def stamp() -> bytes:
    """Now, as the text of an event."""
    return b"%.6f" % time.monotonic()


class Ticking(asyncio.Protocol):
    """One connection: a request in, a slow stream out, again; it waits while nobody takes its bytes."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._bulk = False
        self._left = 0
        self._held = False
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    @property
    def open(self) -> bool:
        """Whether somebody is still there."""
        return self._transport is not None

    def connection_lost(self, _error: Exception | None) -> None:
        """Write no more."""
        self._transport = None

    def pause_writing(self) -> None:
        """Stop: nobody takes what is written."""
        self._held = True

    def resume_writing(self) -> None:
        """Go on from here."""
        self._held = False
        self._due = self._loop.time()
        self._next()

    def data_received(self, data: bytes) -> None:
        """Start the answer when the request is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < length_of(head):
            return
        self._bulk = BULK in body
        self._received = b""
        self._left = BULK_EVENTS if self._bulk else EVENTS
        self._due = self._loop.time()
        self._write(HEAD)
        self._next()

    def _next(self) -> None:
        if self._held or self._transport is None:
            return
        if not self._left:
            self._write(END)
            return
        self._left -= 1
        self._due += BULK_INTERVAL if self._bulk else INTERVAL
        self._loop.call_at(self._due, self._next)
        self._write(BULK_EVENT if self._bulk else chunk(chat_event(stamp())))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(port: int) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(Ticking, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
