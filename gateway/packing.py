"""Whole replies that leave compressed: whether one may, and what becomes of it.

Streams never are: a compressor holds back what a client waits for. Nor is what has less than a kilobyte,
is in a coding already, or goes to a client on this machine, where it only costs (`server.compress`).
"""

import asyncio
from typing import Final

from gateway.codings_encode import ENCODE, preferred
from gateway.state import Message, Pair, Scope, Send

LEAST: Final = 1024
# Larger bodies are compressed in a thread, where they keep nobody waiting.
AT_ONCE: Final = 64 * 1024
VARY: Final = (b"vary", b"accept-encoding")
HERE: Final = ("127.", "::ffff:127.")
# Fields that are about the very bytes: another coding would make them wrong.
ABOUT_BYTES: Final = frozenset(
    (b"content-encoding", b"content-range", b"content-md5", b"digest", b"content-digest", b"etag")
)


def packs(compress: str, scope: Scope) -> bool:
    """Whether replies to whoever calls are compressed, where they are asked to be."""
    if compress != "remote":
        return compress == "always"
    client = scope.get("client")
    address = client[0] if client else ""
    return not (address.startswith(HERE) or address in ("::1", ""))


async def packed(headers: list[Pair], body: bytes, offered: bytes) -> tuple[list[Pair], bytes] | None:
    """Head and body of a reply in the coding a client likes best; None where it is to stay as it is."""
    coding = preferred(offered)
    if not coding or not _fit(headers):
        return None
    encode = ENCODE[coding]
    smaller = encode(body) if len(body) <= AT_ONCE else await asyncio.to_thread(encode, body)
    if len(smaller) >= len(body):
        return None
    kept = [pair for pair in headers if pair[0] != b"content-length"]
    if len(kept) < len(headers):
        kept.append((b"content-length", b"%d" % len(smaller)))
    return [*kept, (b"content-encoding", coding), VARY], smaller


def _fit(headers: list[Pair]) -> bool:
    """Whether it is text, and nothing in its head speaks against another coding."""
    text = False
    for name, value in headers:
        if name in ABOUT_BYTES or (name == b"cache-control" and b"no-transform" in value.lower()):
            return False
        if name == b"content-type":
            media = value.partition(b";")[0].strip().lower()
            text = media.endswith((b"json", b"javascript", b"xml")) or media.startswith(b"text/")
            text = text and media != b"text/event-stream"
    return text


class PackingSend:
    """Sends on what the edge says: a whole reply compressed, anything else as it is."""

    __slots__ = ("_offered", "_send", "_start")

    def __init__(self, scope: Scope, send: Send) -> None:
        offers = [value.lower() for name, value in scope["headers"] if name == b"accept-encoding"]
        self._offered = b",".join(offers)
        self._send = send
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        """Send one ASGI message; the head waits for the first of the body."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            body = message.get("body", b"")
            if len(body) >= LEAST and not message.get("more_body", False):
                found = await packed(list(start["headers"]), body, self._offered)
                if found is not None:
                    start, message = {**start, "headers": found[0]}, {**message, "body": found[1]}
            await self._send(start)
        await self._send(message)
