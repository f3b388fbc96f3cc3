"""The course of a request that has more than one try: what was tried, what is next, which answer is told.

The answer is that of the last try, of those that are worth most to a client (`failure.py` says which).
"""

import asyncio
import itertools

import msgspec

from gateway import attempts_leaving as leaving
from gateway import attempts_seat as seats
from gateway import attempts_trial as trial
from gateway import judgement
from gateway.attempts_lessons import learn
from gateway.attempts_recourse import Way, open_ways, way_out
from gateway.decision import after, goes, past
from gateway.failure import Failure, Standing, next_step, pause
from gateway.plan import Target
from gateway.state import Exchange

# What an answer is made of that passes as it came, or is told as it was raised.
ANSWER = (
    "target",
    "body_mode",
    "dropped",
    "head",
    "relay",
    "coded",
    "retry_after",
    "first",
    "error",
    "upstream_id",
)


class _Answer(msgspec.Struct, frozen=True):
    """An answer that is kept while others are tried."""

    fields: dict[str, object]
    failure: Failure
    error: Exception | None


class Course:
    """One request's."""

    __slots__ = ("_answer", "_exchange", "_heeded", "_here", "_left", "_only", "_ways")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._only = len(exchange.targets) == 1
        # For a plan of one target without a recourse this is made when that has failed.
        self._left = [] if self._only and exchange.targets[0].recourse is None else list(exchange.targets)
        self._here = 1
        self._answer: _Answer | None = None
        self._heeded: set[str] = set()
        self._ways: set[Way] = set()

    def next(self) -> Target:
        """The next target: the first whose breaker lets it be tried, or else the first that is left."""
        left, target = self._left, self._first_left()
        if target is not left[0]:
            before = itertools.takewhile(lambda one: one is not target, left)
            self._exchange.decision = past(self._exchange.decision, map(_name, before))
        left.remove(target)
        self._here = 1
        self._exchange.seat = None
        # Who is raced is held as well: only content wins.
        self._exchange.others = bool(left) or open_ways(target, self._ways) or bool(self._exchange.part)
        return target

    def lend(self) -> Target | None:
        """A target for a rival, which alone asks it. None where none is well, or no try is left to spend."""
        house = self._exchange.house
        target = next((one for one in self._left if one.breaker.ready(house.clock())), None)
        if target is None or self._standing(taught=False).late or not house.retries.take():
            return None
        self._left.remove(target)
        return target

    def _first_left(self) -> Target:
        now = self._exchange.house.clock()
        return next((one for one in self._left if one.breaker.ready(now)), self._left[0])

    async def go_on(self, failure: Failure, error: Exception | None) -> Target | None:
        """The target of the next try; None when what the exchange holds is the answer.

        Raises the answer where it is an error, and what interrupted the exchange.
        """
        exchange = self._exchange
        house = exchange.house
        another_key = exchange.seat is not None and seats.rotated(exchange, failure, error)
        if another_key and not self._standing(taught=False).late:
            return await self._with_next_key(failure, error)
        target = self._note(failure)
        if exchange.interrupted is not None:
            # Told at the very moment the answer came: nobody else will wake who waits for the next one.
            raise exchange.interrupted
        failure, taught = learn(exchange, failure, self._heeded)
        step = next_step(failure, self._standing(taught=taught), house.settings.failure, house.retries.take)
        self._keep(failure, error)
        if step == "stop" and not self._turn_away(target):
            self._tell()
            return None
        back = leaving.back_in(exchange, failure)
        exchange.decision = after(_cause(exchange, failure))
        _forget(exchange)
        exchange.again = step == "again" and not taught
        if step == "next" and await leaving.waited(exchange, back, self._first_left().price):
            exchange.seat = None
            return target
        if step != "again":
            exchange.decision = goes("next" if step == "next" else "way out", exchange.decision)
            return self._leave(target, failure)
        exchange.decision = goes("mended" if taught else "again", exchange.decision)
        if taught:
            # It was not the target that failed, and so it is not spared.
            return target
        await _rest(exchange, pause(house.settings.failure, self._here, house.chance()))
        self._here += 1
        return target

    def _leave(self, target: Target, failure: Failure) -> Target | None:
        """Go on to the next target; the last of them may have been lent to a rival in the meantime."""
        if not self._left:
            self._tell()
            return None
        self._exchange.house.tallies.failover(target.provider.name, failure.kind)
        return self.next()

    def _turn_away(self, target: Target) -> bool:
        """Go on beyond the ordinary targets where the answer calls for it, whatever tries they have taken."""
        assert self._answer is not None
        if target.recourse is None or self._exchange.part == "second" or self._standing(taught=False).late:
            return False
        found = way_out(self._exchange, target, self._answer.failure, self._ways)
        if found:
            self._left, self._only = found, False
        return bool(found)

    async def _with_next_key(self, failure: Failure, error: Exception | None) -> Target:
        """The same target, which is well, with another of its keys: no try of those a request has."""
        exchange = self._exchange
        target = self._say(failure)
        trial.book(exchange, failure)
        trial.acquit(exchange)
        if exchange.interrupted is not None:
            raise exchange.interrupted
        self._keep(failure, error)
        back = leaving.back_in(exchange, failure)
        exchange.decision = after(_cause(exchange, failure))
        _forget(exchange)
        exchange.again = False
        exchange.rotations += 1
        if await leaving.waited(exchange, back, target.price):
            # The same key: it holds what the conversation has in the prompt cache.
            seats.forgive(exchange)
            return target
        exchange.house.tallies.rotation(target.provider.name, failure.kind)
        exchange.decision = goes("next key", exchange.decision)
        return target

    def _say(self, failure: Failure) -> Target:
        """For the log."""
        exchange = self._exchange
        target = exchange.target
        assert target is not None
        exchange.failed += (f"{_name(target)} {failure.cause}",)
        return target

    def _note(self, failure: Failure) -> Target:
        """Take down what failed: for the breaker, for the log, and for the tries to come."""
        trial.failed(self._exchange, failure)
        target = self._say(failure)
        if failure.kind == "credential":
            # A credential that is dead in this request is not tried again: not for another model either.
            name = target.provider.name
            self._left = [one for one in self._left if one.provider.name != name]
        return target

    def _standing(self, *, taught: bool) -> Standing:
        exchange = self._exchange
        now = exchange.house.clock()
        late = now - exchange.planned_at >= exchange.house.settings.failure.deadline
        late = late or 0 < exchange.deadline <= now
        tries = exchange.attempts - exchange.rotations
        return Standing(tries, self._here, self._only, len(self._left), late, taught)

    def _keep(self, failure: Failure, error: Exception | None) -> None:
        if self._answer is None or failure.worth >= self._answer.failure.worth:
            fields = {name: getattr(self._exchange, name) for name in ANSWER}
            self._answer = _Answer(fields, failure, error)

    def _tell(self) -> None:
        """Lay the answer ready."""
        exchange, answer = self._exchange, self._answer
        assert answer is not None
        for name, value in answer.fields.items():
            setattr(exchange, name, value)
        if answer.error is not None:
            raise answer.error
        if exchange.head_sent:
            # A later try was silent, and the client was told of life: what came before cannot pass any more.
            assert answer.failure.fault is not None
            raise judgement.told(exchange.dialect.name, answer.failure.fault, exchange.retry_after)


def _cause(exchange: Exchange, failure: Failure) -> str:
    """As the upstream said it: a client may be told of it by another status."""
    head = exchange.head
    return str(head.status) if head is not None and head.status >= 400 else failure.cause


def _name(target: Target) -> str:
    return f"{target.provider.name}/{target.model[:100]}"


def _forget(exchange: Exchange) -> None:
    """Make the exchange what it was before the try: nothing of that has been shown."""
    exchange.house.give_back(exchange)
    peek = exchange.peek
    assert peek is not None
    exchange.relay = "stream" if peek.stream and exchange.operation == "generate" else "whole"
    exchange.shown = exchange.embedding = exchange.head = exchange.tap = exchange.usage = None
    exchange.body_mode, exchange.dropped = b"none", ()
    exchange.coded, exchange.retry_after, exchange.head_at = False, 0, 0.0
    exchange.first = exchange.upstream_id = b""
    exchange.error = ""


async def _rest(exchange: Exchange, seconds: float) -> None:
    """Wait; a client that leaves ends it. Raises what interrupted the exchange."""
    waiting = asyncio.get_running_loop().create_task(asyncio.sleep(seconds))
    exchange.dialling = waiting
    try:
        await waiting
    except asyncio.CancelledError:
        if exchange.interrupted is not None:
            raise exchange.interrupted from None
        raise
    finally:
        exchange.dialling = None
    if exchange.interrupted is not None:
        raise exchange.interrupted
