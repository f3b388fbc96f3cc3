"""What makes two requests the same: every field that matters, in one order, and whose they are. Pure.

Not the order of keys, not what only names the conversation or its user, and not whether it is to be streamed.
Never the same for two callers, nor for two credentials that go on to a provider.
"""

from hashlib import sha256
from typing import Final

import msgspec

from gateway.state import Exchange, Pair

# What says nothing about the answer, by dialect.
_OPENAI: Final = ("stream", "stream_options", "user", "metadata", "safety_identifier", "prompt_cache_key")
VOLATILE: Final[dict[str, tuple[str, ...]]] = {
    "anthropic-messages": ("stream", "metadata"),
    "openai-chat": (*_OPENAI, "prompt_cache_retention"),
    "openai-responses": (*_OPENAI, "prompt_cache_retention", "client_metadata"),
    "gemini": ("labels",),
    "ollama": ("stream", "keep_alive"),
}
# Header fields with these beginnings change what is answered: versions, betas, whose project it is.
MATTERS: Final = (b"anthropic-", b"openai-", b"x-goog-")


class Likeness(msgspec.Struct, frozen=True):
    """What a request is like: `digest` of all that matters, `form` of how the answer is told."""

    digest: bytes
    form: bytes


def likeness(exchange: Exchange) -> Likeness | None:
    """What makes the request the same as another; None for a body that is no object."""
    assert exchange.peek is not None
    document = _decoded(exchange.body)
    if document is None:
        return None
    form = [exchange.relay.encode(), _encoded(document.get("stream_options"))]
    for name in VOLATILE[exchange.dialect.name]:
        document.pop(name, None)
    # In one order: which of them a request begins with may be drawn anew for each.
    targets = sorted((target.provider.name, target.model) for target in exchange.targets)
    parts = [
        *(word.encode() for word in (exchange.dialect.name, exchange.caller.key_id, exchange.peek.model)),
        b"%d" % len(targets),
        *(word.encode() for target in targets for word in target),
        *_flat(exchange.credentials),
        *_flat(sorted(pair for pair in exchange.forward if pair[0].startswith(MATTERS))),
        exchange.query.replace(exchange.dialect.stream_query, b"") if exchange.query else b"",
        _encoded(document),
    ]
    return Likeness(digest_of(parts), b"\0".join(form))


def digest_of(parts: list[bytes]) -> bytes:
    """SHA-256 of parts, each with its length before it: no two lists of parts read the same."""
    return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def _flat(pairs: list[Pair]) -> list[bytes]:
    return [b"%d" % len(pairs), *(value for pair in pairs for value in pair)]


def _decoded(body: bytes) -> dict[str, object] | None:
    try:
        return _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


_DECODE: Final = msgspec.json.Decoder(dict[str, object]).decode


def _encoded(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")
