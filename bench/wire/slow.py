"""The upstream that thinks: answers everything with the same whole reply after a fixed time.

`python -m bench.wire.slow PORT SECONDS [DIALECT]`, which is openai-chat or gemini. It looks for the end of
a request and no further.
"""

import asyncio
import sys
from typing import cast

import uvloop

from bench.wire.events import length_of
from bench.workloads import CHAT_REPLY, whole

# With tokens, as a model says them.
TOLD = CHAT_REPLY[:-1] + b',"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'
GEMINI = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello!"}]},"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}'
)
ANSWERS = {"openai-chat": b"".join(whole(TOLD)), "gemini": b"".join(whole(GEMINI))}


class Thinking(asyncio.Protocol):
    """One connection: a request in, its answer out when the time is over, again."""

    def __init__(self, seconds: float, dialect: str = "openai-chat") -> None:
        self._seconds = seconds
        self._written = ANSWERS[dialect]
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.WriteTransport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's are no subclass

    @property
    def open(self) -> bool:
        """Whether somebody is still there."""
        return self._transport is not None

    def connection_lost(self, _error: Exception | None) -> None:
        """Answer no more."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Begin to think when the request is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= length_of(head):
            self._received = b""
            self._loop.call_later(self._seconds, self._answer)

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(self._written)


async def serve(port: int, seconds: float, *dialect: str) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Thinking(seconds, *dialect), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
