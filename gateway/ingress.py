"""The head and the body of a request as they come in: sorted, counted, capped.

Knows no key, model or provider. One pass over the header fields decides for each: kept for the
upstream, kept for ourselves, or dropped. What names one connection (RFC 9110, 7.6.1), what is a
credential or a cookie, and what tells about the network in front of us never goes on.
"""

import asyncio
import random
import re
import time
from typing import Final
from urllib.parse import unquote_to_bytes

from adapters.fault import Fault
from gateway import ingress_unpacking
from gateway.errors import ClientGone, Refused
from gateway.fields import fields_of
from gateway.redaction import looks_like_a_key
from gateway.settings import ServerSettings
from gateway.state import Exchange, Message, Pair

MAX_TARGET: Final = 8 * 1024
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")

# What happens to a header field: unknown ones go on, and so do the known ones marked KEEP, which are
# spelled out only so that the commonest names are settled by one look-up.
KEEP, DROP, CREDENTIAL, LENGTH, IDENTITY, CODINGS, CODED, CONNECTION, SESSION, AGENT, OVERRIDE = range(11)
FIELDS: Final[dict[bytes, int]] = {
    **dict.fromkeys(
        (b"content-type", b"accept", b"user-agent", b"anthropic-version", b"anthropic-beta"), KEEP
    ),
    **dict.fromkeys((b"x-app", b"x-stainless-lang", b"x-stainless-os", b"x-stainless-arch"), KEEP),
    **dict.fromkeys(
        (b"host", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"upgrade", b"expect"), DROP
    ),
    **dict.fromkeys((b"transfer-encoding", b"proxy-authenticate", b"proxy-authorization"), DROP),
    **dict.fromkeys((b"cookie", b"cookie2", b"set-cookie", b"http2-settings"), DROP),
    **dict.fromkeys((b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"), DROP),
    **dict.fromkeys((b"x-forwarded-port", b"x-real-ip", b"via", b"origin", b"referer"), DROP),
    **dict.fromkeys((b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key"), CREDENTIAL),
    b"content-length": LENGTH,
    b"x-request-id": IDENTITY,
    b"accept-encoding": CODINGS,
    b"content-encoding": CODED,
    b"connection": CONNECTION,
    **dict.fromkeys((b"x-claude-code-session-id", b"x-session-id", b"session-id"), SESSION),
    **dict.fromkeys((b"x-claude-code-agent-id", b"x-openai-subagent"), AGENT),
    **dict.fromkeys((b"x-penstock-route", b"x-penstock-fallback", b"x-penstock-timeout"), OVERRIDE),
}
OWN_PREFIX: Final = b"x-penstock-"
HARMLESS_CONNECTION: Final = frozenset((b"keep-alive", b"close", b""))


def read_head(exchange: Exchange, server: ServerSettings) -> None:
    """Sort the header fields and the query. Raises Refused: 413, 414, 415, 431."""
    query = exchange.scope["query_string"]
    kept_here = _sort(exchange, exchange.scope["headers"])
    if not exchange.request_id:
        exchange.request_id = new_request_id()
    # What goes on is joined once: the upstream gets it in one piece.
    exchange.fields = fields_of(exchange.forward)
    if len(exchange.path) + len(query) > MAX_TARGET:
        raise Refused(Fault("too_large", 414, f"the request target is longer than {MAX_TARGET} bytes"))
    if len(exchange.fields) + kept_here > server.max_headers:
        raise Refused(
            Fault("too_large", 431, f"the request's headers are longer than {server.max_headers} bytes")
        )
    if exchange.coding and exchange.operation != "forward":
        exchange.coding = ingress_unpacking.check(exchange.coding)
    if exchange.content_length > server.max_body:
        raise _body_too_large(server.max_body)
    exchange.query = _take_key(exchange, query) if query else query


def _sort(exchange: Exchange, headers: list[Pair]) -> int:
    """Give every field to who wants it. The size of the values that do not go on."""
    forward: list[Pair] = []
    kept_here = 0
    for pair in headers:
        name = pair[0]
        use = FIELDS.get(name)
        if use is None:
            if not name.startswith(OWN_PREFIX):
                forward.append(pair)
        elif use == KEEP:
            forward.append(pair)
        else:
            kept_here += len(pair[1])
            if use != DROP:
                _note(exchange, forward, pair, use)
    exchange.forward = _not_nominated(forward, exchange.nominated) if exchange.nominated else forward
    return kept_here


def _not_nominated(forward: list[Pair], nominated: frozenset[bytes]) -> list[Pair]:
    # Apart from `_sort`: what a comprehension uses of its function is one object more at every call.
    return [pair for pair in forward if pair[0] not in nominated]


def _note(exchange: Exchange, forward: list[Pair], pair: Pair, use: int) -> None:
    value = pair[1]
    if use == CREDENTIAL:
        exchange.credentials.append(pair)
    elif use == LENGTH:
        exchange.content_length = int(value) if value.isdigit() else -1
    elif use == CODINGS:
        offered = exchange.offered_codings
        exchange.offered_codings = b"%b, %b" % (offered, value.lower()) if offered else value.lower()
    elif use == SESSION:
        exchange.session = exchange.session or value
        forward.append(pair)
    elif use == AGENT:
        exchange.agent = value
        forward.append(pair)
    elif use == IDENTITY:
        exchange.request_id = value if _names_a_request(value) else exchange.request_id
    elif use == OVERRIDE:
        exchange.overrides += (pair,)
    elif use == CONNECTION:
        exchange.nominated = _nominated(value)
    elif value.lower() not in (b"identity", b""):
        # Two fields are one list (RFC 9110, 5.3).
        exchange.coding = b"%b, %b" % (exchange.coding, value) if exchange.coding else value


def _names_a_request(value: bytes) -> bool:
    """Whether it is fit to be written down: an id, and nobody's key."""
    return REQUEST_ID.fullmatch(value) is not None and not looks_like_a_key(value)


def _nominated(value: bytes) -> frozenset[bytes]:
    """The fields that `connection` names as its own."""
    return frozenset(token.strip().lower() for token in value.split(b",")) - HARMLESS_CONNECTION


def _take_key(exchange: Exchange, query: bytes) -> bytes:
    """Take `key=…` out of the query: it is a credential (feature I15). Everything else stays as it came."""
    kept = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if unquote_to_bytes(name) == b"key":
            exchange.credentials.append((b"key", unquote_to_bytes(value)))
        else:
            kept.append(part)
    return b"&".join(kept)


class _Ids:
    """UUIDs of version 7 (RFC 9562, 5.7): time in milliseconds, a counter, and what this process drew once.

    Unique and in order of time; not secret. Drawing and spelling all of it anew took 18 allocations.
    """

    __slots__ = ("_counter", "_millisecond", "_prefix", "_tail")

    def __init__(self) -> None:
        self._millisecond = self._counter = 0
        self._prefix = self._tail = b""

    def next(self) -> bytes:
        """One more."""
        millisecond = int(time.time() * 1e3)
        if millisecond > self._millisecond or self._counter >= 0xFFF:
            self._begin(max(millisecond, self._millisecond + 1))
        self._counter += 1
        return b"%b%03x%b" % (self._prefix, self._counter, self._tail)

    def _begin(self, millisecond: int) -> None:
        self._millisecond, self._counter = millisecond, -1
        self._prefix = b"%08x-%04x-7" % (millisecond >> 16, millisecond & 0xFFFF)
        if not self._tail:
            # Drawn with the first id, which every worker makes for itself after it was forked.
            self._tail = b"-%04x-%012x" % (0x8000 | random.getrandbits(14), random.getrandbits(48))


new_request_id: Final = _Ids().next


def take_body(exchange: Exchange, message: Message) -> bool:
    """Take the first message of the body; whether that was all. Raises Refused (413) and ClientGone.

    The server hands a body over as at least two messages, the last one empty: with all announced
    bytes in hand there is nothing to wait for.
    """
    if message["type"] == "http.disconnect":
        raise ClientGone
    exchange.body = body = message.get("body", b"")
    exchange.bytes_in = len(body)
    if len(body) > exchange.house.settings.server.max_body:
        raise _body_too_large(exchange.house.settings.server.max_body)
    return len(body) == exchange.content_length or not message.get("more_body", False)


async def read_rest(exchange: Exchange) -> None:
    """Read the rest of the body, counting. Raises Refused (413, 408) and ClientGone.

    A client that trickles its body must not hold a place in the house for ever.
    """
    server = exchange.house.settings.server
    try:
        async with asyncio.timeout(server.body_timeout):
            exchange.body = await _read_rest(exchange, server, exchange.body)
    except TimeoutError:
        words = f"the request body did not arrive within {server.body_timeout:g} seconds"
        raise Refused(Fault("timeout", 408, words)) from None
    exchange.bytes_in = len(exchange.body)


async def _read_rest(exchange: Exchange, server: ServerSettings, first: bytes) -> bytes:
    parts, size, more = [first], len(first), True
    while more and size != exchange.content_length:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        more = message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > server.max_body:
            raise _body_too_large(server.max_body)
    return b"".join(parts)


def _body_too_large(limit: int) -> Refused:
    return Refused(Fault("too_large", 413, f"the request body is larger than {limit} bytes"))
