"""A seat at a target whose provider is not simply asked: a turn there, and which of its keys a try takes.

A turn is waited for in order, and kept until the last byte of the reply.

A 401, 402 or 429 is held against the key it was said to, and the same target is tried with the next. A 403
may be about the request as well: it is held against a key only when another was let through with the same.
"""

import msgspec

from adapters.fault import Fault
from gateway import attempts_leaving as leaving
from gateway import judgement
from gateway.credentials import NONE, Credentials
from gateway.errors import Refused
from gateway.failure import OWN_KEY, Failure
from gateway.plan import Target
from gateway.seat import Seat
from gateway.state import Exchange
from gateway.turns import Turns
from gateway.waiting import Place, wait

FORBIDDEN = 403


async def take(exchange: Exchange, target: Target) -> None:
    """Take a seat for one try.

    Raises Refused: 503 where no turn came in time, 502 where every key is dead, 429 where all of them rest;
    and what interrupted the exchange.
    """
    seat = exchange.seat
    if seat is None or seat.provider is not target.provider:
        seat = exchange.seat = Seat(target.provider)
    turns, keys = target.provider.turns, target.provider.credentials
    if turns is not None and not seat.turn:
        if not turns.take():
            await _wait_for_turn(exchange, target, turns)
        seat.turn = True
    if target.load is not None and seat.load is None:
        seat.load = target.load
        seat.load.inside += 1
    if keys is not None:
        if exchange.pin is not None:
            await _wait_for_own_key(exchange, seat, keys)
        _take_key(exchange, seat, keys)


async def _wait_for_turn(exchange: Exchange, target: Target, turns: Turns) -> None:
    """Wait in line for as long as is allowed; whoever leaves the line leaves no hole in it."""
    house, provider = exchange.house, target.provider.name
    began, patience, place = house.clock(), house.settings.failure.queue, Place()
    turns.queue(place)
    called = False
    try:
        called = await wait(exchange, place, began + patience)
    finally:
        house.tallies.waited(provider, house.clock() - began, served=called)
        if not called:
            turns.give_up(place)
    if not called:
        words = (
            f"provider `{provider}`: it is asked {turns.limit} requests at a time here, and none of them was "
            f"done within {patience:g} seconds; ask again later"
        )
        raise Refused(
            Fault("overloaded", 503, words, code="provider_busy", retry_after=judgement.RETRY_DEFAULT)
        )


async def _wait_for_own_key(exchange: Exchange, seat: Seat, keys: Credentials) -> None:
    """A throttled key that holds the conversation's prompt cache may be worth waiting for."""
    now, own = exchange.house.clock(), _own_key(exchange)
    if own == NONE or own in seat.tried or keys.all[own].state(now) != "resting":
        return
    if exchange.others or any(key.ready(now) for key in keys.all):
        assert exchange.target is not None
        seat.key = own
        await leaving.waited(exchange, keys.all[own].rests_until - now, exchange.target.price)


def _own_key(exchange: Exchange) -> int:
    pin, target = exchange.pin, exchange.target
    assert target is not None
    keys = target.provider.credentials
    if pin is None or keys is None:
        return NONE
    own = pin.key(target.where, exchange.house.clock())
    # A request that began before the configuration changed may have left the place of a key that is gone.
    return own if own < len(keys.all) else NONE


def _take_key(exchange: Exchange, seat: Seat, keys: Credentials) -> None:
    now = exchange.house.clock()
    seat.key = keys.pick(now, seat.tried, _own_key(exchange))
    if seat.key == NONE:
        raise _refusal(seat.provider.name, keys, now)
    seat.probe = keys.all[seat.key].probing


def _refusal(provider: str, keys: Credentials, now: float) -> Refused:
    back_in = keys.back_at() - now
    if back_in == float("inf"):
        return judgement.keys_exhausted(provider, len(keys.all))
    seconds = judgement.whole(back_in)
    words = f"provider `{provider}`: all {len(keys.all)} keys are throttled or refused; ask again later"
    return Refused(Fault("rate_limited", 429, words, code="credentials_resting", retry_after=seconds))


def rotated(exchange: Exchange, failure: Failure, error: Exception | None) -> bool:
    """Hold an answer against the key it was given to; whether another key is ready for the same target."""
    seat = exchange.seat
    if seat is None or seat.key == NONE or failure.kind not in ("credential", "throttled"):
        return False
    keys, now = seat.provider.credentials, exchange.house.clock()
    assert keys is not None
    seat.tried |= {seat.key}
    if failure.kind == "throttled":
        keys.throttle(seat.key, now, leaving.said(exchange, failure))
    elif _may_be_of_the_request(exchange, failure):
        seat.suspects |= {seat.key}
        keys.free(seat.key)
    else:
        keys.refuse(seat.key, now)
    seat.probe = False
    another = any(key.ready(now) for place, key in enumerate(keys.all) if place not in seat.tried)
    if not another and failure.kind == "throttled":
        _tell_earliest(exchange, error, judgement.whole(keys.back_at() - now))
    return another


def _may_be_of_the_request(exchange: Exchange, failure: Failure) -> bool:
    """A 403 that is not plainly about the key: a model or a region that this request may not have."""
    fault = failure.fault
    if fault is not None and fault.code == OWN_KEY:
        return False
    forbidden = exchange.head is not None and exchange.head.status == FORBIDDEN
    return forbidden or (fault is not None and fault.kind == "permission")


def _tell_earliest(exchange: Exchange, error: Exception | None, seconds: int) -> None:
    """All keys are throttled: the client hears when the first of them is back, not the last."""
    exchange.retry_after = exchange.retry_after and seconds
    if isinstance(error, Refused) and error.fault.retry_after is not None:
        error.fault = msgspec.structs.replace(error.fault, retry_after=seconds)


def forgive(exchange: Exchange) -> None:
    """The key of the last try has been waited for, and may be asked with again."""
    seat = exchange.seat
    assert seat is not None
    seat.tried -= {seat.key}


def take_for_count(exchange: Exchange, target: Target) -> None:
    """A seat to ask for a count with: any key that is well will do, and nothing is learned of it."""
    seat = exchange.seat = Seat(target.provider)
    seat.key = target.provider.key_at(exchange.house.clock())


def good(exchange: Exchange) -> None:
    """The try went well: with this key, and so the others were refused for what they are."""
    seat, now = exchange.seat, exchange.house.clock()
    assert seat is not None
    if seat.load is not None and exchange.wire is not None:
        seat.load.heard(now - exchange.sent_at)
    keys = seat.provider.credentials
    if keys is None:
        return
    keys.good(seat.key, now)
    seat.probe = False
    for place in seat.suspects:
        keys.refuse(place, now)


def leave(seat: Seat) -> None:
    """The try is over: what it held is given back; a second time does nothing."""
    if seat.load is not None:
        seat.load.inside -= 1
        seat.load = None
    if seat.turn:
        seat.turn = False
        assert seat.provider.turns is not None
        seat.provider.turns.leave()
    if seat.probe:
        seat.probe = False
        assert seat.provider.credentials is not None
        seat.provider.credentials.free(seat.key)
