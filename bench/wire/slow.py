"""The upstream that thinks: answers everything with the same whole reply after a fixed time.

`python -m bench.wire.slow PORT SECONDS [DIALECT]`, which is openai-chat or gemini. It looks for the end of
a request and no further.
"""

import asyncio
import sys

import uvloop

from bench.wire.answering import Answering
from bench.workloads import COUNTED_REPLY, whole

# With tokens, as a model says them.
GEMINI = (
    b'{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello!"}]},"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}'
)
ANSWERS = {"openai-chat": b"".join(whole(COUNTED_REPLY)), "gemini": b"".join(whole(GEMINI))}


class Thinking(Answering):
    """One connection: a request in, its answer out when the time is over, again."""

    def __init__(self, seconds: float, dialect: str = "openai-chat") -> None:
        super().__init__()
        self._seconds = seconds
        self._written = ANSWERS[dialect]

    def answer(self, _body: bytes) -> None:
        """Begin to think."""
        self._loop.call_later(self._seconds, self._write, self._written)


async def serve(port: int, seconds: float, *dialect: str) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Thinking(seconds, *dialect), "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), float(sys.argv[2]), *sys.argv[3:]))
