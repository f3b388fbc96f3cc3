"""The upstream of the scale layer: slow streams whose events say when they were sent.

`python -m bench.scale.ticking PORT`. A body that asks for `bench-bulk` gets large events close
together, for readers who do not read; any other gets a stamp now and then, as a model that thinks.
The clock is the machine's, so that the client can subtract.
"""

import asyncio
import sys
import time

import uvloop

from bench.wire.answering import Answering
from bench.wire.events import END, HEAD, chunk
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


class Ticking(Answering):
    """One connection: a request in, a slow stream out, again; it waits while nobody takes its bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._bulk = False
        self._left = 0
        self._held = False
        self._due = 0.0

    def pause_writing(self) -> None:
        """Stop: nobody takes what is written."""
        self._held = True

    def resume_writing(self) -> None:
        """Go on from here."""
        self._held = False
        self._due = self._loop.time()
        self._next()

    def answer(self, body: bytes) -> None:
        """Begin the stream."""
        self._bulk = BULK in body
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


async def serve(port: int) -> None:
    """Serve until ended."""
    server = await asyncio.get_running_loop().create_server(Ticking, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
