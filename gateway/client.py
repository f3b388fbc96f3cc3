"""What is said to the client: the head once, body bytes, the end. Every byte it gets leaves through here."""

from typing import Final

from gateway.judgement import header
from gateway.state import Exchange, Pair

# Fields of an upstream's reply that do not go on: one connection's own, cookies, what would open
# this gateway to web pages or send clients around it, and what we say ourselves.
DROPPED: Final = frozenset(
    (
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade", b"content-length", b"set-cookie", b"set-cookie2", b"alt-svc"),
        *(
            b"access-control-allow-origin",
            b"access-control-allow-credentials",
            b"access-control-allow-headers",
        ),
        *(b"access-control-allow-methods", b"access-control-expose-headers", b"access-control-max-age"),
        *(b"strict-transport-security", b"clear-site-data", b"server-timing"),
    )
)
UPSTREAM_IDS: Final = frozenset((b"request-id", b"x-request-id"))
ANTHROPIC: Final = "anthropic-messages"
HARMLESS: Final = frozenset((b"keep-alive", b"close"))
EVENT_STREAM: Final = (b"content-type", b"text/event-stream; charset=utf-8")
NO_CACHE: Final = (b"cache-control", b"no-cache")
JSON: Final = (b"content-type", b"application/json")


def relayed(exchange: Exchange, headers: tuple[Pair, ...]) -> list[Pair]:
    """The fields of an upstream's reply that the client may see; its own request id is kept for the log."""
    assert exchange.target is not None
    redact = exchange.target.provider.redact
    kept: list[Pair] = []
    for name, value in headers:
        lower = name.lower()
        if lower in UPSTREAM_IDS:
            exchange.upstream_id = redact(value)
        elif lower not in DROPPED:
            kept.append((lower, redact(value)))
    nominated = header(headers, b"connection").lower()
    if nominated and nominated not in HARMLESS:
        names = {token.strip() for token in nominated.split(b",")}
        return [pair for pair in kept if pair[0] not in names]
    return kept


def own_headers(exchange: Exchange, headers: list[Pair]) -> list[Pair]:
    """Add what every reply of ours says: the request's id, who served it, how the body crossed, the times."""
    headers.append((b"x-request-id", exchange.request_id))
    if exchange.dialect.name == ANTHROPIC:
        headers.append((b"request-id", exchange.request_id))
    target = exchange.target
    if target is not None:
        headers += target.headers
        headers.append((b"x-penstock-attempts", b"%d" % exchange.attempts))
        headers.append((b"x-penstock-body", exchange.body_mode))
    if exchange.upstream_id:
        headers.append((b"x-penstock-upstream-request-id", exchange.upstream_id))
    headers.append((b"server-timing", timing(exchange)))
    return headers


def timing(exchange: Exchange) -> bytes:
    """Where the time went, in milliseconds (feature O2): `own` is what was not waiting or reading."""
    began, identified, body = exchange.began, exchange.identified_at, exchange.body_at
    planned, connected, sent = exchange.planned_at, exchange.connected_at, exchange.sent_at
    now = exchange.house.clock()
    upstream = (exchange.head_at or now) - sent if sent else 0.0
    wait = connected - planned if connected else 0.0
    reading = body - identified if body else 0.0
    exchange.own_time = own = now - began - upstream - wait - reading
    return b"auth;dur=%.3f, plan;dur=%.3f, wait;dur=%.3f, upstream;dur=%.3f, own;dur=%.3f" % (
        (identified - began) * 1e3 if identified else 0.0,
        (planned - body) * 1e3 if planned else 0.0,
        wait * 1e3,
        upstream * 1e3,
        own * 1e3,
    )


async def say_whole(exchange: Exchange, status: int, headers: list[Pair], body: bytes) -> None:
    """A whole reply: head and body together."""
    exchange.status = status
    exchange.head_sent = True
    headers = own_headers(exchange, headers)
    headers.append((b"content-length", b"%d" % len(body)))
    exchange.bytes_out = len(body)
    send = exchange.send
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def open_stream(exchange: Exchange, headers: list[Pair]) -> None:
    """The head of a stream. From here on the status is said: errors go in band."""
    exchange.status = 200
    exchange.head_sent = True
    await exchange.send(
        {"type": "http.response.start", "status": 200, "headers": own_headers(exchange, headers)}
    )


async def say(exchange: Exchange, piece: bytes) -> None:
    """One piece of a stream."""
    exchange.bytes_out += len(piece)
    await exchange.send({"type": "http.response.body", "body": piece, "more_body": True})


async def end_stream(exchange: Exchange, piece: bytes = b"") -> None:
    """The last piece of a stream, and its clean end."""
    exchange.bytes_out += len(piece)
    await exchange.send({"type": "http.response.body", "body": piece, "more_body": False})
