"""The head of an upstream's reply, sorted once: what the client may see, and what we ask of it ourselves.

What one connection says for itself, cookies, what would open this gateway to web pages or send
clients around it, and what we say ourselves does not go on. No value goes on with a provider's key
in it.
"""

from typing import Final

import msgspec

from gateway.provider import Provider
from gateway.upstream import Head

Pair = tuple[bytes, bytes]

KEEP, DROP, UPSTREAM_ID, CODING, MEDIA, CONNECTION = range(6)
USES: Final = {
    **dict.fromkeys((b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer"), DROP),
    **dict.fromkeys(
        (b"transfer-encoding", b"upgrade", b"content-length", b"set-cookie", b"set-cookie2"), DROP
    ),
    **dict.fromkeys((b"alt-svc", b"strict-transport-security", b"clear-site-data", b"server-timing"), DROP),
    **dict.fromkeys((b"access-control-allow-origin", b"access-control-allow-credentials"), DROP),
    **dict.fromkeys((b"access-control-allow-headers", b"access-control-allow-methods"), DROP),
    **dict.fromkeys((b"access-control-expose-headers", b"access-control-max-age"), DROP),
    **dict.fromkeys((b"request-id", b"x-request-id"), UPSTREAM_ID),
    b"content-encoding": CODING,
    b"content-type": MEDIA,
    b"connection": CONNECTION,
}
HARMLESS: Final = frozenset((b"keep-alive", b"close"))
# Names as upstreams spell them, with the name in small letters and its use: one look-up settles most.
KNOWN_KEPT: Final = 1024
_known: Final[dict[bytes, tuple[bytes, int]]] = {}


class ReplyHead(msgspec.Struct):
    """What the head of a reply says. `headers` are those that go on, content type and coding left out."""

    status: int
    headers: list[Pair]
    upstream_id: bytes = b""
    coding: bytes = b""
    media: bytes = b""
    connection: bytes = b""


def read_head(head: Head, provider: Provider) -> ReplyHead:
    """Sort a head."""
    kept: list[Pair] = []
    found = ReplyHead(head.status, kept)
    for raw, value in head.headers:
        name, use = _known.get(raw) or _learn(raw)
        if use == KEEP:
            kept.append((name, provider.redact(value)))
        elif use != DROP:
            _note(found, use, provider.redact(value))
    if found.connection and found.connection not in HARMLESS:
        nominated = {token.strip() for token in found.connection.split(b",")}
        found.headers = [pair for pair in kept if pair[0] not in nominated]
    return found


def _note(found: ReplyHead, use: int, value: bytes) -> None:
    if use == MEDIA:
        found.media = value
    elif use == UPSTREAM_ID:
        found.upstream_id = value
    elif use == CODING:
        found.coding = b"" if value.lower() == b"identity" else value.lower()
    else:
        found.connection = value.lower()


def _learn(raw: bytes) -> tuple[bytes, int]:
    name = raw.lower()
    known = (name, USES.get(name, KEEP))
    if len(_known) < KNOWN_KEPT:
        _known[raw] = known
    return known
