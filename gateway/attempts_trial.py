"""What the breaker of a target hears of each try at it: exactly one outcome, or that it has none.

A try is on trial from when it is begun until its reply is over: a stream that breaks has failed. Where the
client left, or the house failed, nothing is known, and only the place of the probe is given back.
"""

from gateway import attempts_seat as seats
from gateway.errors import UpstreamError
from gateway.failure import Failure, of_error, of_fault
from gateway.plan import Target
from gateway.state import Exchange


def begin(exchange: Exchange, target: Target) -> None:
    """A try begins."""
    if exchange.house.keeping is not None:
        exchange.house.keeping.booking.begun(exchange, target)
    exchange.trial = breaker = target.breaker
    if not breaker.closed:
        exchange.probe = breaker.probe(exchange.house.clock())


def failed(exchange: Exchange, failure: Failure) -> None:
    """The try failed; a target that refuses a request is well."""
    book(exchange, failure)
    trial = exchange.trial
    if trial is not None and failure.weight is not None:
        if failure.weight:
            trial.bad(exchange.house.clock(), failure.weight)
        else:
            trial.good(exchange.house.clock())
    over(exchange)


def ended(exchange: Exchange) -> None:
    """The reply has been said to its end, which may be an error in band."""
    trial, tap = exchange.trial, exchange.tap
    if trial is None:
        return
    if tap is not None and tap.fault is not None:
        failed(exchange, of_fault(tap.fault))
        return
    trial.good(exchange.house.clock())
    over(exchange)


def broke(exchange: Exchange, error: Exception) -> None:
    """The reply was not said to its end: only the provider's own failure is held against it."""
    if isinstance(error, UpstreamError):
        failed(exchange, of_error(error))


def book(exchange: Exchange, failure: Failure) -> None:
    """Write down what the try has used, where there is a ledger: it failed, whoever is to blame."""
    if exchange.house.keeping is not None:
        exchange.house.keeping.booking.failed(exchange, failure)


def over(exchange: Exchange) -> None:
    """The try is over, with or without an outcome."""
    if exchange.seat is not None:
        seats.leave(exchange.seat)
    acquit(exchange)


def acquit(exchange: Exchange) -> None:
    """Nothing is held against the target. The seat there is kept."""
    trial = exchange.trial
    if trial is not None:
        exchange.trial = None
        if exchange.probe:
            exchange.probe = False
            trial.free()
