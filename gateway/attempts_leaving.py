"""Before a warm target or key is left: whether to wait for it, and the waiting.

Decided once for a request. Where something else is tried first, or the conversation is cold here, nothing is.
"""

import time

from gateway import judgement
from gateway.credentials import NONE
from gateway.decision import also
from gateway.failure import Failure
from gateway.leaving import Stay, decide_leaving
from gateway.settings import Price
from gateway.state import Exchange
from gateway.waiting import Place, wait


async def waited(exchange: Exchange, seconds: float | None, there: Price | None) -> bool:
    """Wait for the target of the exchange, if that is better than what it costs `there`; whether it was.

    `seconds` until it is back, None where that is not known. Raises what interrupted the exchange.
    """
    pin, target, house = exchange.pin, exchange.target, exchange.house
    if pin is None or exchange.leaving or seconds is None:
        return False
    assert target is not None
    now, seat, policy = house.clock(), exchange.seat, house.settings.failure
    tokens = pin.tokens(target.where, NONE if seat is None else seat.key, now)
    if not tokens:
        return False
    latest = exchange.planned_at + policy.deadline - now
    if exchange.deadline:
        latest = min(latest, exchange.deadline - now)
    stay = Stay(seconds=seconds, latest=latest, tokens=tokens, here=target.price, there=there)
    leaving = decide_leaving(stay, policy)
    exchange.leaving = leaving.words()
    exchange.decision = also(exchange.decision, exchange.leaving)
    house.tallies.leaving(target.provider.name, waited=leaving.wait)
    if leaving.wait:
        await wait(exchange, Place(), now + seconds)
    return leaving.wait


def back_in(exchange: Exchange, failure: Failure) -> float | None:
    """When the target is back, where that may be waited for: it was throttled, and said so."""
    return said(exchange, failure) if failure.kind == "throttled" and exchange.pin is not None else None


def said(exchange: Exchange, failure: Failure) -> float | None:
    """When the provider said to come back after a 429, in seconds from now; None where it did not."""
    headers = exchange.head.headers if exchange.head is not None else []
    seconds = judgement.said_rest(headers, time.time())
    if seconds is None and failure.fault is not None and failure.fault.retry_after:
        return float(failure.fault.retry_after)
    return seconds
