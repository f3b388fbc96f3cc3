"""One try after another until the first bytes worth showing are in hand: encode, send, judge.

Nothing here has been shown to the client yet, so whatever fails may still be tried elsewhere. A
whole reply is worth showing when all of it has arrived and is what its dialect says; a stream when
it has begun as one. What comes after a try that failed is decided in `failure.py` and done in
`attempts_course.py`; a kept connection that turns out to be stale is replaced beside that.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.dialect import Peek
from adapters.fault import Malformed
from gateway import attempts_place as places
from gateway import attempts_seat as seats
from gateway import attempts_trial as trial
from gateway import crossing, judgement, local
from gateway.affinity import settle
from gateway.attempts_course import Course
from gateway.attempts_encode import request_for
from gateway.attempts_hedge import hedged, hedges
from gateway.attempts_judge import judge, judged_at_once
from gateway.attempts_recourse import refusal_in
from gateway.errors import Refused, UpstreamError
from gateway.failure import of_error
from gateway.heads import ReplyHead, read_head
from gateway.plan import Target
from gateway.settings import Timeouts
from gateway.silence import attend, expect
from gateway.state import Exchange, Work, weighed
from gateway.upstream import Head, Wire
from gateway.upstream_pool import Pool

# What a target without count_tokens answers; the count is then estimated here (feature I2).
CANNOT_COUNT: Final = frozenset((404, 405, 501))


def first_good_attempt(exchange: Exchange) -> Awaitable[None]:
    """Set source, head and first bytes. Raises Refused, UpstreamError, or what interrupted the exchange."""
    exchange.house.retries.earn()
    aside = ASIDE.get(exchange.operation)
    if aside is not None:
        return aside(exchange)
    # One target, as nearly every plan has, pays for no course unless it fails.
    if len(exchange.targets) == 1 and exchange.targets[0].recourse is None:
        return _try_each(exchange, None)
    course = Course(exchange)
    return hedged(exchange, course, _try_each) if hedges(exchange) else _try_each(exchange, course)


async def _try_each(exchange: Exchange, course: Course | None) -> None:
    target: Target | None = exchange.targets[0] if course is None else course.next()
    while target is not None:
        exchange.target = target
        error = None
        try:
            if target.guarded:
                await seats.take(exchange, target)
            exchange.attempts += 1
            trial.begin(exchange, target)
            if target.provider.local:
                _answer_locally(exchange, target)
            else:
                await _send(exchange, target)
            failed = None if judged_at_once(exchange) else await judge(exchange, target.provider)
        except (UpstreamError, Refused, Malformed) as caught:
            if exchange.interrupted is not None:
                raise
            error, failed = caught, of_error(caught)
        if failed is None and target.recourse is not None:
            failed = refusal_in(exchange)
        if failed is None:
            if target.guarded or exchange.pin is not None:
                _remember(exchange)
            break
        course = course or Course(exchange)
        target = await course.go_on(failed, error)
    _let_go_of_body(exchange)


async def _forward(exchange: Exchange) -> None:
    """Any path of a provider: asked once, and whatever is answered is the answer."""
    exchange.target = target = exchange.targets[0]
    if target.provider.local:
        raise Refused(judgement.no_such_path(target.provider.name))
    if target.guarded:
        await seats.take(exchange, target)
    exchange.attempts += 1
    trial.begin(exchange, target)
    await _send(exchange, target)
    expect(exchange, target.timeouts.idle)


def _remember(exchange: Exchange) -> None:
    """The try went well: for the keys of the target, and for where the conversation lives."""
    if exchange.seat is not None:
        seats.good(exchange)
    if exchange.pin is not None:
        settle(exchange, exchange.pin)


def _let_go_of_body(exchange: Exchange) -> None:
    """A reply is in hand: a large body must not be held for as long as a stream goes on."""
    target = exchange.target
    assert target is not None
    if exchange.operation == "generate" and exchange.house.estimates.weighs(
        target.provider.name, target.model
    ):
        exchange.estimated = weighed(exchange)
    exchange.body = b""


async def _count(exchange: Exchange) -> None:
    """Asked of the upstream where there is one that can count, else estimated: never worth an error."""
    exchange.attempts += 1
    for target in exchange.targets:
        exchange.target, exchange.seat = target, None
        passes = target.dialect is exchange.dialect and not target.provider.local
        if passes and await _counted_upstream(exchange, target):
            return
        exchange.house.give_back(exchange)
    exchange.head = ReplyHead(200, [], media=b"application/json")
    exchange.first = exchange.dialect.write_count(_estimate(exchange))


def _estimate(exchange: Exchange) -> int:
    """About how many tokens the request has, as its model's provider counts as far as that is known."""
    weight = weighed(exchange)
    if not exchange.targets:
        return weight
    target = exchange.targets[0]
    return exchange.house.estimates.mended(target.provider.name, target.model, weight)


async def _counted_upstream(exchange: Exchange, target: Target) -> bool:
    try:
        if target.guarded:
            seats.take_for_count(exchange, target)
        await _send(exchange, target)
        head = exchange.head
        if head is None or head.status in CANNOT_COUNT or head.status >= 500:
            return False
        await judge(exchange, target.provider)
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
    expect(exchange, target.timeouts.idle)


# Send.


async def _send(exchange: Exchange, target: Target) -> None:
    """Set the exchange's source and head."""
    provider, peek = target.provider, exchange.peek
    assert peek is not None
    door = provider.doors[target.dialect.name]
    request, rest = request_for(exchange, target, door)
    limit = _first_byte_limit(exchange, target.timeouts, peek)
    pool = door.pool if exchange.seat is None else door.pools[exchange.seat.key]
    if pool.turns is not None:
        await places.take(exchange, target, pool.turns)
    # What was closed under a request may not be the only one: the next try is on a new connection.
    kept = None if exchange.again else pool.take(exchange.house.clock())
    wire = kept or await _open(exchange, pool)
    while True:
        exchange.source = exchange.wire = wire
        exchange.pool = pool
        exchange.connected_at = exchange.sent_at = exchange.house.clock()
        wire.send(request, rest)
        expect(exchange, limit)
        try:
            found = await _head(exchange, wire)
            break
        except UpstreamError as error:
            error.unread = _unread(wire, error)
            if not error.unread or not wire.reused:
                raise
            exchange.house.journal.say(
                "debug", f"id={exchange.request_id.decode()} was closed unread by {provider.name}: again"
            )
        exchange.house.give_back(exchange)
        if pool.turns is not None:
            await places.take(exchange, target, pool.turns)
        wire = await _open(exchange, pool)
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
    limit = timeouts.first_byte_thinking if peek.thinking else timeouts.first_byte
    if exchange.relay != "stream":
        limit = timeouts.whole
    if exchange.deadline:
        limit = max(0.0, min(limit, exchange.deadline - exchange.house.clock()))
    return limit


def _unread(wire: Wire, error: UpstreamError) -> bool:
    """Closed by the upstream before it answered a byte: nobody has seen anything of a reply."""
    return not wire.heard and error.phase == "head" and error.cause in ("closed", "reset")


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
        else:
            pool.leave()
        if exchange.interrupted is not None:
            raise exchange.interrupted from None
        raise
    except Exception:
        pool.leave()
        raise
    finally:
        exchange.dialling = None
    if exchange.interrupted is not None:
        pool.drop(wire)
        raise exchange.interrupted
    return wire


# What is asked once, or not at all, and has a way of its own.
ASIDE: Final[dict[Work, Callable[[Exchange], Awaitable[None]]]] = {
    "count_tokens": _count,
    "forward": _forward,
}
