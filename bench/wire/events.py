"""The upstream of the streams: answers every request with events, each its own write, evenly apart.

`python -m bench.wire.events PORT EVENTS SECONDS`. It looks for the end of a request and no further:
whoever measures needs an upstream that costs far less than what stands before it.
"""

import asyncio
import sys

import uvloop

from bench.wire.answering import Answering
from bench.workloads import CHAT_STOPPED, chat_event

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(frame: bytes) -> bytes:
    """One frame in the framing of a chunked reply."""
    return b"%x\r\n%b\r\n" % (len(frame), frame)


EVENT = chunk(chat_event(b"hello"))
END = chunk(CHAT_STOPPED) + b"0\r\n\r\n"


class Streaming(Answering):
    """One connection: a request in, events out, again."""

    def __init__(self, events: int, interval: float) -> None:
        super().__init__()
        self._events = events
        self._interval = interval
        self._left = 0
        self._due = 0.0

    def answer(self, _body: bytes) -> None:
        """Begin the events."""
        self._left = self._events
        self._due = self._loop.time()
        self._write(HEAD)
        self._next()

    def _next(self) -> None:
        if not self._left:
            self._write(END)
            return
        self._left -= 1
        self._write(EVENT)
        self._due += self._interval
        self._loop.call_at(self._due, self._next)


async def serve(port: int, events: int, interval: float) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Streaming(events, interval), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
