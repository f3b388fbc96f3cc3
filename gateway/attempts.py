"""One try after another until the first bytes worth showing are in hand: encode, send, judge.

Nothing here has been shown to the client yet, so whatever fails may still be tried elsewhere. A
whole reply is worth showing when all of it has arrived and is what its dialect says; a stream when
it has begun as one. A connection that was kept alive and turns out to be stale is replaced once.
"""

import asyncio
import time
from typing import Final

from adapters.dialect import Peek
from adapters.fault import Fault, Malformed
from gateway import codings, judgement, local
from gateway.errors import Refused, UpstreamError
from gateway.plan import Target
from gateway.provider import Door, Provider
from gateway.settings import Timeouts
from gateway.silence import attend, expect, hear
from gateway.state import Exchange, Pair
from gateway.upstream import Head, Pool, Wire

COLON: Final = b": ".join
# What a target without count_tokens answers; the count is then estimated here (feature I2).
CANNOT_COUNT: Final = frozenset((404, 405, 501))
UNENCODED: Final = b"identity"


async def first_good_attempt(exchange: Exchange) -> None:
    """Set the exchange's source, head and first bytes. Raises Refused, UpstreamError, ClientGone."""
    target = exchange.target = exchange.targets[0]
    exchange.attempts += 1
    if exchange.operation == "count_tokens":
        await _count(exchange, target)
        return
    if target.provider.local:
        _answer_locally(exchange, target)
    else:
        await _send(exchange, target)
    await _judge(exchange, target.provider)


async def _count(exchange: Exchange, target: Target) -> None:
    """Asked of the upstream where it can count, else estimated: a count is never worth an error."""
    if target.provider.settings.counts_tokens:
        try:
            await _send(exchange, target)
            head = exchange.head
            if head is not None and head.status not in CANNOT_COUNT and head.status < 500:
                await _judge(exchange, target.provider)
                return
        except UpstreamError as error:
            exchange.error = str(error)
    exchange.house.give_back(exchange)
    exchange.source = reply = local.counted_reply(exchange.dialect, exchange.body)
    exchange.head = reply.known_head()
    exchange.first = await hear(exchange)


def _answer_locally(exchange: Exchange, target: Target) -> None:
    stream = exchange.relay == "stream"
    pace = target.provider.settings.pace
    reply = local.demo_reply(exchange.dialect, exchange.body, stream=stream, pace=pace)
    exchange.source, exchange.head = reply, reply.known_head()
    exchange.body_mode = b"verbatim"
    exchange.connected_at = exchange.sent_at = exchange.head_at = exchange.house.clock()
    expect(exchange, target.provider.settings.timeouts.idle)


# Encode.


def _request_body(exchange: Exchange, target: Target, peek: Peek) -> bytes:
    if target.model == peek.model:
        exchange.body_mode = b"verbatim"
        return exchange.body
    exchange.body_mode = b"model-span"
    return exchange.dialect.rename(exchange.body, target.model)


def _request_head(exchange: Exchange, door: Door, extra: bytes, length: int) -> bytes:
    """The head of the request, after what every request to this door has in common. Raises Refused (400)."""
    forward = exchange.forward
    if door.overridden:
        forward = [pair for pair in forward if pair[0] not in door.overridden]
    fields = b"\r\n".join(map(COLON, forward))
    # A field value with a line break in it would be a field of its own upstream (feature N2).
    if fields.count(b"\n") != fields.count(b"\r") or fields.count(b"\r\n") != max(0, len(forward) - 1):
        raise Refused(Fault("invalid_request", 400, "a header field of the request contains a line break"))
    target = door.targets[exchange.path]
    if exchange.query:
        target += b"?" + exchange.query
    codings_asked = UNENCODED if exchange.relay == "stream" else codings.acceptable(exchange.offered_codings)
    return b"POST %b HTTP/1.1\r\n%b%baccept-encoding: %b\r\ncontent-length: %d\r\n%b%b\r\n" % (
        target,
        door.constant,
        extra,
        codings_asked,
        length,
        fields,
        b"\r\n" if forward else b"",
    )


def _own_credential(exchange: Exchange, provider: Provider) -> bytes:
    """The client's own credential, for the providers that may have it. Raises Refused (401)."""
    if provider.settings.credential != "passthrough":
        return b""
    pairs: list[Pair] = [pair for pair in exchange.credentials if pair[0] in (b"authorization", b"x-api-key")]
    if not pairs:
        words = f"provider `{provider.name}` takes the client's own credential, and this request carries none"
        raise Refused(Fault("authentication", 401, words, code="missing_api_key"))
    lines = b"".join(b"%b: %b\r\n" % pair for pair in pairs)
    if lines.count(b"\n") != len(pairs) or lines.count(b"\r") != len(pairs):
        raise Refused(Fault("invalid_request", 400, "a header field of the request contains a line break"))
    return lines


# Send.


async def _send(exchange: Exchange, target: Target) -> None:
    provider, peek = target.provider, exchange.peek
    assert peek is not None
    door = provider.doors[exchange.dialect.name]
    body = _request_body(exchange, target, peek)
    head = _request_head(exchange, door, _own_credential(exchange, provider), len(body))
    limit = _first_byte_limit(exchange, provider.settings.timeouts, peek)
    wire = door.pool.take(exchange.house.clock()) or await _open(exchange, door.pool)
    try:
        await _ask(exchange, door.pool, wire, (head, body), limit)
    except UpstreamError as error:
        if not _stale(wire, error):
            raise
        exchange.house.give_back(exchange)
        wire = await _open(exchange, door.pool)
        await _ask(exchange, door.pool, wire, (head, body), limit)


def _first_byte_limit(exchange: Exchange, timeouts: Timeouts, peek: Peek) -> float:
    """A whole reply's head comes when all of it is made; a stream's when it begins."""
    if exchange.relay != "stream":
        return timeouts.whole
    return timeouts.first_byte_thinking if peek.thinking else timeouts.first_byte


def _stale(wire: Wire, error: UpstreamError) -> bool:
    """Closed by the upstream while idle, before it answered a byte: the request was not read."""
    return wire.reused and error.phase == "head" and error.cause in ("closed", "reset")


async def _open(exchange: Exchange, pool: Pool) -> Wire:
    """A new connection, in a task of its own so that a client that leaves can end it."""
    task: asyncio.Task[Wire] = asyncio.get_running_loop().create_task(pool.open())
    exchange.dialling = task
    try:
        return await task
    except asyncio.CancelledError:
        if exchange.interrupted is not None:
            raise exchange.interrupted from None
        raise
    finally:
        exchange.dialling = None


async def _ask(
    exchange: Exchange, pool: Pool, wire: Wire, request: tuple[bytes, bytes], limit: float
) -> None:
    exchange.source, exchange.pool = wire, pool
    exchange.connected_at = exchange.sent_at = exchange.house.clock()
    wire.send(*request)
    expect(exchange, limit)
    head = await wire.head()
    while head is None:
        await attend(exchange)
        head = await wire.head()
    exchange.head_at = exchange.heard_at = exchange.house.clock()
    exchange.head = head


# Judge.


async def _judge(exchange: Exchange, provider: Provider) -> None:
    head = exchange.head
    assert head is not None
    worth = judgement.worth(head.status)
    if worth in ("redirect", "switch"):
        raise judgement.unfit(provider.name, head.status, head.headers)
    if worth == "error":
        await _judge_error(exchange, provider, head)
    elif exchange.relay == "stream":
        await _judge_stream(exchange, provider, head)
    else:
        await _judge_whole(exchange, head)


async def _judge_stream(exchange: Exchange, provider: Provider, head: Head) -> None:
    exchange.limit = provider.settings.timeouts.idle
    coding = judgement.header(head.headers, b"content-encoding").lower()
    if coding not in (b"", b"identity"):
        exchange.decoder = codings.decoder(coding)
    tap = exchange.tap = exchange.dialect.tap()
    exchange.first = await hear(exchange)
    if not exchange.first:
        raise UpstreamError("body", "truncated", "it ended its stream before saying anything")
    tap.feed(exchange.first)
    if tap.garbled:
        media = judgement.shown(judgement.header(head.headers, b"content-type"))
        raise UpstreamError(
            "body", "garbage", f"it answered {head.status} with {media}, which is no event stream"
        )


async def _judge_whole(exchange: Exchange, head: Head) -> None:
    raw, plain = await _collect(exchange, head)
    try:
        if exchange.operation == "count_tokens":
            _must_be_object(plain)
        else:
            exchange.usage = exchange.dialect.read_usage(plain)
    except Malformed as error:
        media = judgement.shown(judgement.header(head.headers, b"content-type"))
        words = f"it answered {head.status} with {media}, which is no {exchange.dialect.name} reply"
        raise UpstreamError("body", "garbage", words) from error
    exchange.first = raw


def _must_be_object(body: bytes) -> None:
    if not judgement.is_object(body):
        raise Malformed("no JSON object")


async def _judge_error(exchange: Exchange, provider: Provider, head: Head) -> None:
    """An upstream's error: its own words pass, unless it is about our key or is no error of an API."""
    exchange.relay = "whole"
    raw, plain = await _collect(exchange, head)
    if provider.settings.credential == "key" and head.status == 401:
        raise judgement.own_key_refused(provider.name, head.status)
    if not judgement.is_object(plain):
        raise judgement.unfit(provider.name, head.status, head.headers)
    clean = provider.redact(plain)
    if clean is not plain:
        raw, plain, exchange.coded = clean, clean, False
    if head.status == 429:
        exchange.retry_after = judgement.retry_after(head.headers, time.time())
    if exchange.head_sent:
        fault = exchange.dialect.read_error(head.status, plain)
        raise Refused(fault) if fault else judgement.unfit(provider.name, head.status, head.headers)
    exchange.first = raw


async def _collect(exchange: Exchange, head: Head) -> tuple[bytes, bytes]:
    """The whole body, as it is to be relayed and as it reads. Raises UpstreamError."""
    first = await hear(exchange)
    source = exchange.source
    assert source is not None
    body = first if source.at_end() else await _collect_rest(exchange, first)
    coding = judgement.header(head.headers, b"content-encoding").lower()
    if coding in (b"", b"identity"):
        return body, body
    plain = codings.decoder(coding).feed(body)
    exchange.coded = codings.offers(exchange.offered_codings, coding)
    return (body if exchange.coded else plain), plain


async def _collect_rest(exchange: Exchange, first: bytes) -> bytes:
    pieces, size = [first], len(first)
    while piece := await hear(exchange):
        pieces.append(piece)
        size += len(piece)
        if size > codings.MAX_DECODED:
            raise UpstreamError("body", "garbage", f"its reply is larger than {codings.MAX_DECODED} bytes")
    return b"".join(pieces)
