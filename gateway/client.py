"""What is said to the client: the head once, body bytes, the end. Every byte it gets leaves through here."""

from collections.abc import Awaitable
from typing import Final

from gateway.packing import LEAST, packed, packs
from gateway.state import Exchange, Pair
from gateway.visitors import allowing

ANTHROPIC: Final = "anthropic-messages"
NO_CACHE: Final = (b"cache-control", b"no-cache")
JSON: Final = (b"content-type", b"application/json")
ONE_ATTEMPT: Final = (b"x-penstock-attempts", b"1")
MODES: Final = (
    b"verbatim",
    b"model-span",
    b"rewritten(lesson)",
    b"rewritten(tag)",
    b"rewritten(translation)",
    b"none",
)
BODY_MODES: Final = {mode: (b"x-penstock-body", mode) for mode in MODES}
# Spelling a number costs more than finding it: durations under 10 ms, in hundredths of a millisecond.
SPELLED: Final = tuple(b"%.2f" % (number / 100) for number in range(1000))


def own_headers(exchange: Exchange, headers: list[Pair]) -> list[Pair]:
    """Add what every reply of ours says: the request's id, who served it, how the body crossed, the times."""
    if exchange.house.limits is not None:
        headers = exchange.house.limits.told(exchange, headers)
    headers.append((b"x-request-id", exchange.request_id))
    if exchange.dialect.name == ANTHROPIC:
        headers.append((b"request-id", exchange.request_id))
    target = exchange.target
    if target is not None:
        headers += target.headers
        attempts = exchange.attempts
        headers.append(ONE_ATTEMPT if attempts == 1 else (b"x-penstock-attempts", b"%d" % attempts))
        headers.append(BODY_MODES[exchange.body_mode])
        if exchange.dropped:
            headers.append((b"x-penstock-dropped", b", ".join(map(_token, exchange.dropped))))
    if exchange.cache:
        headers.append((b"x-penstock-cache", exchange.cache))
    if exchange.upstream_id:
        headers.append((b"x-penstock-upstream-request-id", exchange.upstream_id))
    if exchange.origin:
        headers += allowing(exchange.origin)
    headers.append((b"server-timing", timing(exchange)))
    return headers


def _token(name: str) -> bytes:
    """A setting's name as it may stand in a header field: a client may have made it up."""
    return "".join(mark if mark.isascii() and mark.isprintable() else "?" for mark in name[:80]).encode()


def timing(exchange: Exchange) -> bytes:
    """Where the time went, in milliseconds (feature O2): `own` is what was not waiting or reading."""
    began, identified, body = exchange.began, exchange.identified_at, exchange.body_at
    planned, connected, sent = exchange.planned_at, exchange.connected_at, exchange.sent_at
    now = exchange.house.clock()
    upstream = (exchange.head_at or now) - sent if sent else 0.0
    wait = connected - planned if connected else 0.0
    reading = body - identified if body else 0.0
    exchange.own_time = own = now - began - upstream - wait - reading
    return b"auth;dur=%b, plan;dur=%b, wait;dur=%b, upstream;dur=%b, own;dur=%b" % (
        spell(identified - began if identified else 0.0),
        spell(planned - body if planned else 0.0),
        spell(wait),
        spell(upstream),
        spell(own),
    )


def spell(seconds: float) -> bytes:
    """A duration in milliseconds, to the hundredth."""
    number = int(seconds * 1e5)
    return SPELLED[number] if 0 <= number < 1000 else b"%.2f" % (seconds * 1e3)


async def say_whole(exchange: Exchange, status: int, headers: list[Pair], body: bytes) -> None:
    """A whole reply: head and body together. The server has it in one piece and says its length."""
    exchange.status = status
    # A length is an object: it is asked for once.
    exchange.bytes_out = size = len(body)
    if size >= LEAST and exchange.offered_codings and _packs(exchange):
        headers, body = await packed(headers, body, exchange.offered_codings) or (headers, body)
        exchange.bytes_out = len(body)
    exchange.head_sent = True
    headers = own_headers(exchange, headers)
    send = exchange.send
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _packs(exchange: Exchange) -> bool:
    """Whether the client gets compressed what is read on its way; what is forwarded unread stays as it is."""
    return exchange.relay != "raw" and packs(exchange.house.settings.server.compress, exchange.scope)


def open_stream(exchange: Exchange, headers: list[Pair], status: int = 200) -> Awaitable[None]:
    """The head of a stream. From here on the status is said: errors go in band."""
    exchange.status = status
    exchange.head_sent = True
    headers = own_headers(exchange, headers)
    return exchange.send({"type": "http.response.start", "status": status, "headers": headers})


def say(exchange: Exchange, piece: bytes) -> Awaitable[None]:
    """One piece of a stream."""
    exchange.bytes_out += len(piece)
    return exchange.send({"type": "http.response.body", "body": piece, "more_body": True})


def end_stream(exchange: Exchange, piece: bytes = b"") -> Awaitable[None]:
    """The last piece of a stream, and its clean end."""
    exchange.bytes_out += len(piece)
    return exchange.send({"type": "http.response.body", "body": piece, "more_body": False})
