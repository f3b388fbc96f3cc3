"""A row of the ledger for every try, whatever became of it (feature G10).

    useful     its reply was said to its end
    retried    it failed, and the same target was asked again: with another key, after a pause, or mended
    fallback   it failed, and another target was asked
    aborted    it came to nothing: the client left, a rival was quicker, or it was the last that failed

So spend = useful + retried + fallback + aborted. What became of a try is known when it ends; why it was made
in vain only when the next begins, so that what failed waits on its exchange until then. Loaded only where a
store is configured: the path asks the house for it.

Tokens are those the upstream told. Where it did not, or not all, they are estimated, and the row says so.
"""

import itertools
import os
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import msgspec

from adapters.events import Usage
from gateway.decision import without
from gateway.estimates import PLAIN, bytes_a_token
from gateway.failure import TIMEOUT_WEIGHT, Failure
from gateway.plan import Target
from gateway.prices import cost
from gateway.redaction import redact
from gateway.state import Exchange, Outcome, weighed
from store.rows import Attempt
from store.writer import Ledger

LONGEST_NAME: Final = 200
# What a subagent says of the agent that called it.
PARENTS: Final = frozenset((b"x-claude-code-parent-agent-id", b"x-codex-parent-thread-id"))
# All numbers of rows have as many digits: the hundreds, and what stands behind them.
FIRST: Final = 10**8
ENDS: Final = tuple(f"{number:02}" for number in range(100))
NOTHING: Final = Usage()


class Booking:
    """Of one worker."""

    __slots__ = ("_ends", "_head", "_hundreds", "_ledger", "_start")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # An id is this worker's start, by time and by chance, and a number: it is unique and grows, as a UUID
        # of version 7 does, for one object and not eight.
        self._start = f"{time.time_ns() // 1_000_000:012x}{os.urandom(5).hex()}"
        self._hundreds = itertools.count(FIRST)
        self._head = ""
        self._ends: Iterator[str] = iter(())

    def begun(self, exchange: Exchange, target: Target) -> None:
        """A try begins: the one before it failed for that."""
        past = exchange.past
        if past is not None:
            same = past.provider == target.provider.name and past.model == target.model
            self._ledger.put(msgspec.structs.replace(past, cause="retried" if same else "fallback"))
            exchange.past = None
        exchange.tried_at = exchange.house.clock()

    def failed(self, exchange: Exchange, failure: Failure) -> None:
        """The try failed: what is known of it waits for what comes next."""
        if exchange.tried_at:
            exchange.past = self._row(exchange, "aborted", "error", _used(exchange, failure))
            exchange.tried_at = 0.0

    def overtaken(self, exchange: Exchange) -> None:
        """Another was quicker, or has something good where this has failed."""
        past, exchange.past = exchange.past, None
        if exchange.tried_at:
            past = self._row(exchange, "aborted", "overtaken", _used(exchange, None))
            exchange.tried_at = 0.0
        elif past is not None:
            past = msgspec.structs.replace(past, cause="fallback")
        if past is not None:
            self._ledger.put(past)

    def closed(self, exchange: Exchange) -> None:
        """The exchange is over, and its last try with it, if it had any."""
        past = exchange.past
        if past is None:
            if not exchange.tried_at:
                return
            outcome = _outcome(exchange)
            if outcome == "complete":
                past = self._row(exchange, "useful", outcome, _told(exchange))
            else:
                past = self._row(exchange, "aborted", outcome, _used(exchange, None))
        self._ledger.put(past)

    def _next_id(self) -> str:
        end = next(self._ends, None)
        if end is None:
            self._head = f"{self._start}{next(self._hundreds)}"
            self._ends = iter(ENDS)
            end = next(self._ends)
        return self._head + end

    def _row(self, exchange: Exchange, cause: str, outcome: str, used: tuple[Usage, bool]) -> Attempt:
        """Made in one call: what every try has."""
        house, caller, target, peek = exchange.house, exchange.caller, exchange.target, exchange.peek
        assert target is not None
        assert peek is not None
        usage, estimated = used
        price = target.price
        # What the reply cost that counts was found when its tokens were counted.
        paid = exchange.cost if exchange.closed and usage is exchange.usage else cost(usage, price)
        if exchange.closed:
            exchange.cost = paid  # so that the log says what the ledger does, where that is estimated, too
        if paid:
            # So that the metric is the sum of the ledger.
            house.tallies.token(target.provider.name, target.model).cost += paid
        now, first = house.calendar(), exchange.first_byte_at
        since = now - house.clock()
        return Attempt(
            id=self._next_id(),
            exchange=exchange.request_id.decode(),
            attempt=exchange.attempts,
            began=int((since + exchange.tried_at) * 1000),
            first_byte=int((since + first) * 1000) if first else 0,
            ended=int(now * 1000),
            key_id=caller.key_id,
            user_id=caller.user_id,
            project_id=caller.project_id,
            team_id=caller.team_id,
            organisation_id=caller.organisation_id,
            session=_words(exchange.session) if exchange.session else "",
            agent=_words(exchange.agent) if exchange.agent else "",
            parent_agent=_parent(exchange) if exchange.agent else "",
            dialect=exchange.dialect.name,
            provider=target.provider.name,
            credential=exchange.seat.key + 1 if exchange.seat is not None else 0,
            asked=peek.model[:LONGEST_NAME],
            model=target.model[:LONGEST_NAME],
            cause=cause,
            outcome=outcome,
            status=exchange.head.status if exchange.head is not None else 0,
            streamed=exchange.relay == "stream",
            estimated=estimated,
            input=usage.input,
            cache_read=usage.cache_read,
            cache_write_5m=usage.cache_write_5m,
            cache_write_1h=usage.cache_write_1h,
            output=usage.output,
            reasoning=usage.reasoning,
            cost=paid or 0,
            price="" if price is None else price.source,
            decision=exchange.decision if not exchange.left_out else _chosen(exchange),
            charges=house.limits.charge(exchange, target, usage, paid) if house.limits is not None else (),
        )


@lru_cache(1024)
def _words(said: bytes) -> str:
    """A client's name for a conversation or an agent, which comes with each of its requests."""
    return redact(said[:LONGEST_NAME].decode("latin-1"))


def _parent(exchange: Exchange) -> str:
    return next((_words(value) for name, value in exchange.scope["headers"] if name in PARENTS), "")


def _chosen(exchange: Exchange) -> str:
    """Why a request goes where it does from whose plan targets were left out: its first try says so."""
    first = exchange.attempts == 1
    return without(exchange.decision, exchange.left_out) if first else exchange.decision


def _outcome(exchange: Exchange) -> Outcome:
    """How the reply ended. A call that was cancelled under everybody has nothing to say of it."""
    tap = exchange.tap
    said = exchange.first_byte_at and (tap is None or tap.ended)
    return "error" if exchange.outcome == "complete" and not said else exchange.outcome


# What was used, and whether that is estimated.


def _told(exchange: Exchange) -> tuple[Usage, bool]:
    """Of a reply that was said to its end."""
    usage = exchange.usage
    if usage is not None and _tells(usage):
        return usage, False
    if exchange.operation == "forward":
        return NOTHING, False
    return _completed(exchange, usage or NOTHING), True


def _used(exchange: Exchange, failure: Failure | None) -> tuple[Usage, bool]:
    """Of a reply that was not: it failed, or was left (no failure) by the client, by a rival or by us.

    An upstream that fails by itself has used what it told. One that was left, or for which nobody waited any
    more, has read the request, and goes on for a while with what it says.
    """
    tap, head = exchange.tap, exchange.head
    usage = exchange.usage or (tap.usage if tap is not None else NOTHING)
    sent = exchange.sent_at >= exchange.tried_at
    whole = exchange.relay != "stream" or (tap is not None and tap.ended)
    if not sent or exchange.operation == "forward" or (head is not None and head.status >= 400):
        return usage, False
    if _tells(usage) and whole:
        return usage, False
    left = failure is None or failure.weight == TIMEOUT_WEIGHT
    if not left and not _tells(usage) and not exchange.first_byte_at:
        return usage, False
    return _completed(exchange, usage), True


def _tells(usage: Usage) -> bool:
    return bool(usage.output or usage.read)


def _completed(exchange: Exchange, usage: Usage) -> Usage:
    """What was told, and an estimate of what was not."""
    return msgspec.structs.replace(
        usage,
        input=usage.input if usage.read else _read(exchange),
        output=max(usage.output, _said(exchange)),
    )


def _read(exchange: Exchange) -> int:
    """About how many tokens the request has. Of a long stream's body only the length is left."""
    house, target = exchange.house, exchange.target
    assert target is not None
    weight = weighed(exchange) if exchange.weight or exchange.body else exchange.bytes_in // PLAIN
    return house.estimates.mended(target.provider.name, target.model, weight)


def _said(exchange: Exchange) -> int:
    """About how many tokens the client has seen."""
    if not exchange.first_byte_at or exchange.operation == "embed":
        return 0
    return exchange.bytes_out // bytes_a_token(exchange.dialect.name, exchange.relay)
