"""One try after another until the first bytes worth showing are in hand: encode, send, judge.

Nothing here has been shown to the client yet, so whatever fails may still be tried elsewhere. A
whole reply is worth showing when all of it has arrived and is what its dialect says; a stream when
it has begun as one. A connection that is closed before a byte of the reply came is tried once more on a new
one; a kept one that turns out to be stale is replaced beside that.
"""

import asyncio
import time
from typing import Final

from adapters.dialect import Peek, Tap
from adapters.events import BrokenOff
from adapters.fault import Fault, Malformed
from gateway import codings, crossing, judgement, local
from gateway.crossing import Letter
from gateway.errors import Refused, UpstreamError
from gateway.fields import fields_of
from gateway.heads import ReplyHead, read_head
from gateway.plan import Target
from gateway.provider import Door, Provider
from gateway.settings import Timeouts
from gateway.silence import attend, expect, hear
from gateway.state import Exchange
from gateway.upstream import Head, Pool, Wire

# What a target without count_tokens answers; the count is then estimated here (feature I2).
CANNOT_COUNT: Final = frozenset((404, 405, 501))
UNENCODED: Final = b"identity"
# Below this a request leaves as one buffer; above it copying the body costs more than a second write.
JOIN_LIMIT: Final = 64 * 1024
CREDENTIALS: Final = frozenset((b"authorization", b"x-api-key"))


async def first_good_attempt(exchange: Exchange) -> None:
    """Set source, head and first bytes. Raises Refused, UpstreamError, or what interrupted the exchange."""
    exchange.attempts += 1
    exchange.house.retries.earn()
    if exchange.operation == "count_tokens":
        await _count(exchange)
        return
    target = exchange.target = exchange.targets[0]
    if target.provider.local:
        _answer_locally(exchange, target)
    else:
        await _send(exchange, target)
    if not _judged_at_once(exchange):
        await _judge(exchange, target.provider)
    # A reply is in hand: a large body must not be held for as long as a stream goes on.
    if exchange.operation == "generate" and exchange.house.estimates.weighs(
        target.provider.name, target.model
    ):
        exchange.estimated = exchange.dialect.estimate(exchange.body)
    exchange.body = b""


async def _count(exchange: Exchange) -> None:
    """Asked of the upstream where there is one that can count, else estimated: never worth an error."""
    for target in exchange.targets:
        exchange.target = target
        passes = target.dialect is exchange.dialect and not target.provider.local
        if passes and await _counted_upstream(exchange, target):
            return
    exchange.house.give_back(exchange)
    exchange.head = ReplyHead(200, [], media=b"application/json")
    exchange.first = exchange.dialect.write_count(_estimate(exchange))


def _estimate(exchange: Exchange) -> int:
    """About how many tokens the request has, as its model's provider counts as far as that is known."""
    weighed = exchange.dialect.estimate(exchange.body)
    if not exchange.targets:
        return weighed
    target = exchange.targets[0]
    return exchange.house.estimates.mended(target.provider.name, target.model, weighed)


async def _counted_upstream(exchange: Exchange, target: Target) -> bool:
    try:
        await _send(exchange, target)
        head = exchange.head
        if head is None or head.status in CANNOT_COUNT or head.status >= 500:
            return False
        await _judge(exchange, target.provider)
    except UpstreamError as error:
        exchange.error = str(error)
        return False
    return True


def _answer_locally(exchange: Exchange, target: Target) -> None:
    stream = exchange.relay == "stream"
    pace = target.provider.settings.pace
    exchange.body_mode = b"verbatim"
    if exchange.operation == "embed":
        exchange.source = source = local.demo_embeddings(exchange.dialect, exchange.body, exchange.path)
        exchange.head = read_head(source.head(), target.provider)
        return
    reply = local.demo_reply(exchange.dialect, exchange.body, exchange.path, stream=stream, pace=pace)
    exchange.source = reply
    exchange.head = read_head(reply.head(), target.provider)
    exchange.connected_at = exchange.sent_at = exchange.head_at = exchange.house.clock()
    expect(exchange, target.provider.settings.timeouts.idle)


# Encode.


def _request(exchange: Exchange, target: Target, door: Door) -> tuple[bytes, bytes]:
    """What is sent first, and what after it: a small body leaves with its head. Raises Refused, Malformed."""
    is_sealed = crossing.holds_seal(exchange)
    if crossing.passes(exchange, target, is_sealed=is_sealed):
        body, path = _passed(exchange, target, is_sealed=is_sealed)
        fields, query = _fields(exchange, target.provider, door), exchange.query
        asked = UNENCODED if exchange.relay == "stream" else codings.acceptable(exchange.offered_codings)
    else:
        letter = _carried(exchange, target)
        body, path, fields, query, asked = letter.body, letter.path, letter.fields, letter.query, UNENCODED
    place = door.target(path)
    if query:
        place = b"%b?%b" % (place, query)
    length = len(body)
    with_head, after = (body, b"") if length < JOIN_LIMIT else (b"", body)
    request = b"POST %b HTTP/1.1\r\n%b%baccept-encoding: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        place,
        door.constant,
        fields,
        asked,
        length,
        with_head,
    )
    return request, after


def _passed(exchange: Exchange, target: Target, *, is_sealed: bool) -> tuple[bytes, str]:
    """The body as it came but for the model's name, and the path, which in some dialects holds it too."""
    peek, path = exchange.peek, exchange.path
    assert peek is not None
    dialect, renamed = exchange.dialect, target.model != peek.model
    if renamed and dialect.path_names_model:
        assert exchange.operation != "models"
        assert exchange.operation != "none"
        path = dialect.locate(exchange.operation, target.model, exchange.relay == "stream")
    if is_sealed:
        return crossing.relieved(exchange, target), path
    exchange.body_mode = b"model-span" if renamed else b"verbatim"
    return dialect.rename(exchange.body, target.model) if renamed else exchange.body, path


def _fields(exchange: Exchange, provider: Provider, door: Door) -> bytes:
    fields = exchange.fields
    if door.overridden:
        fields = fields_of([pair for pair in exchange.forward if pair[0] not in door.overridden])
    if provider.settings.credential == "passthrough":
        fields += _own_credential(exchange, provider)
    return fields


def _carried(exchange: Exchange, target: Target) -> Letter:
    """The request in the target's dialect. Raises Refused (401) where only a client's own login could go."""
    provider = target.provider
    if provider.settings.credential == "passthrough":
        words = (
            f"provider `{provider.name}` takes the client's own credential, which a client of "
            f"{exchange.dialect.name} does not have: give this provider a key of its own"
        )
        raise Refused(Fault("authentication", 401, words, code="missing_api_key"))
    if exchange.operation == "embed":
        return crossing.carry_embedding(exchange, target)
    return crossing.carry(exchange, target)


def _own_credential(exchange: Exchange, provider: Provider) -> bytes:
    """The client's own credential, for the provider that may have it. Raises Refused (401)."""
    pairs = [pair for pair in exchange.credentials if pair[0] in CREDENTIALS]
    if not pairs:
        words = f"provider `{provider.name}` takes the client's own credential, and this request carries none"
        raise Refused(Fault("authentication", 401, words, code="missing_api_key"))
    return fields_of(pairs)


# Send.


async def _send(exchange: Exchange, target: Target) -> None:
    """Set the exchange's source and head."""
    provider, peek = target.provider, exchange.peek
    assert peek is not None
    door = provider.doors[target.dialect.name]
    request, rest = _request(exchange, target, door)
    limit = _first_byte_limit(exchange, provider.settings.timeouts, peek)
    wire = door.pool.take(exchange.house.clock()) or await _open(exchange, door.pool)
    while True:
        exchange.source = exchange.wire = wire
        exchange.pool = door.pool
        exchange.connected_at = exchange.sent_at = exchange.house.clock()
        wire.send(request, rest)
        expect(exchange, limit)
        try:
            found = await _head(exchange, wire)
            break
        except UpstreamError as error:
            if not _unread(wire, error) or (not wire.reused and not _may_try_again(exchange)):
                raise
            exchange.house.journal.say(
                "debug", f"id={exchange.request_id.decode()} was closed unread by {provider.name}: again"
            )
        exchange.house.give_back(exchange)
        wire = await _open(exchange, door.pool)
    exchange.head_at = exchange.heard_at = exchange.house.clock()
    exchange.head = read_head(found, provider)
    exchange.upstream_id = exchange.head.upstream_id
    if exchange.shown is not None or exchange.embedding is not None:
        crossing.strip(exchange.head)


async def _head(exchange: Exchange, wire: Wire) -> Head:
    while (head := wire.head()) is None:
        if await wire.wait():
            await attend(exchange)
    return head


def _first_byte_limit(exchange: Exchange, timeouts: Timeouts, peek: Peek) -> float:
    """A whole reply's head comes when all of it is made; a stream's when it begins."""
    if exchange.relay != "stream":
        return timeouts.whole
    return timeouts.first_byte_thinking if peek.thinking else timeouts.first_byte


def _unread(wire: Wire, error: UpstreamError) -> bool:
    """Closed by the upstream before it answered a byte: nobody has seen anything of a reply."""
    return not wire.heard and error.phase == "head" and error.cause in ("closed", "reset")


def _may_try_again(exchange: Exchange) -> bool:
    """Once more for a request, and for a share of all of them; a stale connection is no try."""
    if exchange.attempts > 1 or not exchange.house.retries.take():
        return False
    exchange.attempts += 1
    return True


async def _open(exchange: Exchange, pool: Pool) -> Wire:
    """A new connection, in a task of its own so that a client that leaves can end it."""
    task: asyncio.Task[Wire] = asyncio.get_running_loop().create_task(pool.open())
    exchange.dialling = task
    exchange.house.journal.say("debug", f"id={exchange.request_id.decode()} opens a connection")
    try:
        wire = await task
    except asyncio.CancelledError:
        if task.done() and not task.cancelled() and task.exception() is None:
            pool.drop(task.result())  # it was open a moment before we were told to stop
        if exchange.interrupted is not None:
            raise exchange.interrupted from None
        raise
    finally:
        exchange.dialling = None
    if exchange.interrupted is not None:
        pool.drop(wire)
        raise exchange.interrupted
    return wire


# Judge.


def _judged_at_once(exchange: Exchange) -> bool:
    """Judge a good reply that has arrived in one piece with its head, as most small ones do."""
    head, source = exchange.head, exchange.source
    assert head is not None
    assert source is not None
    if exchange.relay == "stream" or not 200 <= head.status < 300 or not source.complete():
        return False
    _judge_whole(exchange, head, source.pull() or b"")
    return True


async def _judge(exchange: Exchange, provider: Provider) -> None:
    head = exchange.head
    assert head is not None
    if head.status >= 400:
        await _judge_error(exchange, provider, head)
    elif not 200 <= head.status < 300:
        raise judgement.unfit(provider.name, head, time.time())
    elif exchange.relay == "stream":
        await _judge_stream(exchange, provider, head)
    else:
        _judge_whole(exchange, head, await _collect(exchange))


async def _judge_stream(exchange: Exchange, provider: Provider, head: ReplyHead) -> None:
    expect(exchange, provider.settings.timeouts.idle)
    if head.coding:
        assert exchange.source is not None
        exchange.source = codings.DecodedSource(exchange.source, codings.decoder(head.coding))
    tap = exchange.tap = exchange.dialect.tap() if exchange.shown is None else await _cross(exchange, head)
    exchange.first = await hear(exchange)
    if tap.garbled:
        raise _no_stream(head)
    if not exchange.first:
        raise UpstreamError("body", "truncated", "it ended its stream before saying anything")
    tap.feed(exchange.first)
    if tap.garbled:
        raise _no_stream(head)
    if exchange.shown is not None and tap.fault is not None:
        # Nothing was shown yet: the client gets the status it recovers from.
        raise judgement.told(exchange.dialect.name, tap.fault, 0)


async def _cross(exchange: Exchange, head: ReplyHead) -> Tap:
    """What translates the stream, or tells the whole reply that came in its place as one."""
    if b"json" not in head.media or b"ndjson" in head.media:
        return crossing.show_stream(exchange)
    try:
        return crossing.show_whole_as_stream(exchange, await _collect(exchange))
    except BrokenOff as error:
        raise judgement.told(exchange.dialect.name, error.fault, 0) from error
    except Malformed as error:
        raise _no_stream(head) from error


def _no_stream(head: ReplyHead) -> UpstreamError:
    words = f"it answered {head.status} with {judgement.shown(head.media)}, which is no event stream"
    return UpstreamError("body", "garbage", words)


def _judge_whole(exchange: Exchange, head: ReplyHead, body: bytes) -> None:
    """Read the usage, which only a reply of the dialect has. Raises UpstreamError."""
    exchange.first, plain = _decoded(exchange, head, body)
    try:
        if exchange.operation == "count_tokens":
            judgement.must_be_object(plain)
        elif exchange.operation == "embed":
            crossing.show_embedding(exchange, plain)
        elif exchange.shown is None:
            exchange.usage = exchange.dialect.read_usage(plain)
        else:
            crossing.show_whole(exchange, plain)
    except BrokenOff as error:
        raise judgement.told(exchange.dialect.name, error.fault, 0) from error
    except Malformed as error:
        dialect = exchange.dialect if exchange.target is None else exchange.target.dialect
        words = (
            f"it answered {head.status} with {judgement.shown(head.media)}, which is no {dialect.name} reply"
        )
        raise UpstreamError("body", "garbage", words) from error


async def _judge_error(exchange: Exchange, provider: Provider, head: ReplyHead) -> None:
    """An upstream's error: its own words pass, unless it is about our key or is no error of an API."""
    exchange.relay = "whole"
    raw, plain = _decoded(exchange, head, await _collect(exchange))
    clean = provider.redact(plain)
    if clean is not plain:
        raw, plain, exchange.coded = clean, clean, False
    assert exchange.target is not None
    fault = exchange.target.dialect.read_error(head.status, plain)
    # Google says 400 to a wrong key, and only its details say why.
    if provider.settings.credential == "key" and (head.status == 401 or _is_of_key(fault)):
        raise judgement.own_key_refused(provider.name, head.status)
    exchange.error = fault.message if fault is not None else f"it answered {head.status}"
    if head.status in judgement.WAITS:
        exchange.retry_after = judgement.passed_after(head.headers, fault, time.time())
    # An error in a list, as Google has it in streams without events, is read and told as one.
    crossed = exchange.shown is not None or exchange.embedding is not None or not judgement.is_object(plain)
    if exchange.head_sent or crossed:
        if fault is None:
            raise judgement.unfit(provider.name, head, time.time())
        raise judgement.told(exchange.dialect.name, fault, judgement.said_after(head.headers, time.time()))
    exchange.first = raw


def _is_of_key(fault: Fault | None) -> bool:
    return fault is not None and fault.kind == "authentication"


async def _collect(exchange: Exchange) -> bytes:
    """The whole body. Raises UpstreamError."""
    pieces, size = [], 0
    while piece := await hear(exchange):
        pieces.append(piece)
        size += len(piece)
        if size > codings.MAX_DECODED:
            raise UpstreamError("body", "garbage", f"its reply is larger than {codings.MAX_DECODED} bytes")
    return b"".join(pieces)


def _decoded(exchange: Exchange, head: ReplyHead, body: bytes) -> tuple[bytes, bytes]:
    """A whole body as it is to be relayed, and as it reads."""
    if not head.coding:
        return body, body
    plain = codings.decoder(head.coding).feed(body)
    exchange.coded = codings.offers(exchange.offered_codings, head.coding)
    return (body if exchange.coded else plain), plain
