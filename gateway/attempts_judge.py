"""Whether what a target answers is worth showing: a whole reply of its dialect, or a stream begun as one.

An error of an API is no reply, but may be the answer: its own words are laid ready, and what failed is told.
"""

import time
from typing import Final

from adapters.dialect import Tap
from adapters.events import BrokenOff
from adapters.fault import Fault, Malformed
from gateway import codings, crossing, judgement
from gateway.attempts_opening import hold
from gateway.errors import Refused, UpstreamError
from gateway.failure import Failure, of_reply
from gateway.heads import ReplyHead
from gateway.provider import Provider
from gateway.silence import expect, hear
from gateway.state import Exchange

# The status of an error under a good one: its words alone say what it is, as in the middle of a stream.
UNSAID: Final = 0


def judged_at_once(exchange: Exchange) -> bool:
    """Judge a good reply that has arrived in one piece with its head, as most small ones do."""
    head, source = exchange.head, exchange.source
    assert head is not None
    assert source is not None
    if exchange.relay == "stream" or not 200 <= head.status < 300 or not source.complete():
        return False
    _judge_whole(exchange, head, source.pull() or b"")
    return True


async def judge(exchange: Exchange, provider: Provider) -> Failure | None:
    """Set the first bytes, and tell what failed where they are an error's. Raises UpstreamError, Refused."""
    head = exchange.head
    assert head is not None
    if head.status >= 400:
        return await _judge_error(exchange, provider, head)
    if not 200 <= head.status < 300:
        raise judgement.unfit(provider.name, head, time.time())
    if exchange.relay == "stream":
        await _judge_stream(exchange, head)
    else:
        _judge_whole(exchange, head, await _collect(exchange))
    return None


async def _judge_stream(exchange: Exchange, head: ReplyHead) -> None:
    assert exchange.target is not None
    expect(exchange, exchange.target.timeouts.idle)
    if head.coding:
        assert exchange.source is not None
        exchange.source = codings.DecodedSource(exchange.source, codings.decoder(head.coding))
    tap = exchange.dialect.tap() if exchange.shown is None else await _cross(exchange, head)
    if not exchange.others:
        # While an opening is held nothing of the stream is said: signs of life are the dialect's then.
        exchange.tap = tap
    exchange.first = await hear(exchange)
    if not exchange.first and not tap.garbled:
        raise UpstreamError("body", "truncated", "it ended its stream before saying anything")
    if not tap.garbled:
        tap.feed(exchange.first)
    if tap.garbled:
        tap = await _whole_instead(exchange, head)
    if exchange.others:
        exchange.usage = tap.usage
        await hold(exchange, tap)
    elif exchange.shown is not None and tap.fault is not None:
        # Nothing was shown yet: the client gets the status it recovers from.
        raise judgement.told(exchange.dialect.name, tap.fault, 0)


async def _cross(exchange: Exchange, head: ReplyHead) -> Tap:
    """What translates the stream, or tells the whole reply that came in its place as one."""
    if b"json" not in head.media or b"ndjson" in head.media:
        return crossing.show_stream(exchange)
    return _told_as_stream(exchange, head, await _collect(exchange))


async def _whole_instead(exchange: Exchange, head: ReplyHead) -> Tap:
    """What tells a whole reply that a provider of the client's dialect gave in the place of a stream."""
    whole = exchange.first + (await _collect(exchange) if b"json" in head.media else b"")
    tap = _told_as_stream(exchange, head, whole)
    if not exchange.others:
        exchange.tap = tap
    exchange.first = await hear(exchange)
    tap.feed(exchange.first)
    return tap


def _told_as_stream(exchange: Exchange, head: ReplyHead, body: bytes) -> Tap:
    try:
        if exchange.shown is None:
            exchange.shown = crossing.as_asked(exchange)
        return crossing.show_whole_as_stream(exchange, body)
    except BrokenOff as error:
        raise judgement.told(exchange.dialect.name, error.fault, 0) from error
    except Malformed as error:
        raise _hidden_error(exchange, head, body) or _no_stream(head) from error


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
        raise _hidden_error(exchange, head, plain) or _no_reply(exchange, head) from error


def _no_reply(exchange: Exchange, head: ReplyHead) -> UpstreamError:
    dialect = exchange.dialect if exchange.target is None else exchange.target.dialect
    words = f"it answered {head.status} with {judgement.shown(head.media)}, which is no {dialect.name} reply"
    return UpstreamError("body", "garbage", words)


def _hidden_error(exchange: Exchange, head: ReplyHead, body: bytes) -> Refused | None:
    """An error of the API under a good status, as some providers send it: told as what it says it is."""
    target = exchange.target
    assert target is not None
    provider = target.provider
    fault = target.dialect.read_error(UNSAID, provider.redact(body))
    if fault is None:
        return None
    if provider.settings.credential == "key" and _is_of_key(fault):
        return judgement.own_key_refused(provider.name, head.status)
    return judgement.told(exchange.dialect.name, fault, judgement.said_after(head.headers, time.time()))


async def _judge_error(exchange: Exchange, provider: Provider, head: ReplyHead) -> Failure:
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
    return of_reply(head.status, fault)


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
