"""Hedging, where a name asks for it: the next target is asked as well when the first shows nothing for long.

    the request itself   goes its ordinary course, which is not told of any of this
    its rival            a copy of it, asks one target the course lends it, and never speaks to the client

The first with content wins. Where that is the rival, the request is woken, and what the rival holds becomes
its own; where it is the request, the rival is. Whoever loses closes its connection, gives back what it took,
and is nobody's failure. A rival takes from the budget of tries, and there is one at most.
"""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Final

from adapters.fault import Malformed
from gateway import attempts_trial as trial
from gateway.attempts_course import Course
from gateway.decision import hedged as rival_of
from gateway.errors import Refused, UpstreamError
from gateway.redaction import redact
from gateway.silence import NEVER
from gateway.state import Exchange
from gateway.timekeeper import interrupt
from gateway.waiting import Place, wait

Run = Callable[[Exchange, Course], Awaitable[None]]

# What a try makes of an exchange: it moves from a rival that has won.
_OF_A_TRY: Final = (
    *("target", "decision", "source", "wire", "pool", "body_mode", "shown", "embedding"),
    *("estimated", "dropped"),
    *("trial", "probe", "seat", "head", "relay", "coded", "retry_after", "first", "error", "upstream_id"),
    *(
        "tried_at",
        "connected_at",
        "sent_at",
        "head_at",
        "tap",
        "held",
        "usage",
        "wake_at",
        "heard_at",
        "limit",
    ),
)


class Overtaken(Exception):
    """The other was first."""


class Rival:
    """What stands beside a request that may be overtaken. `course` is the request's own.

    `patience`: seconds until it starts.
    """

    __slots__ = ("_child", "_course", "_exchange", "_good", "_over", "_patience", "_place", "_run", "_task")

    def __init__(self, exchange: Exchange, course: Course, run: Run, patience: float) -> None:
        self._exchange = exchange
        self._run = run
        self._patience = patience
        self._course = course
        self._child: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._place: Place | None = None
        self._good = self._over = False

    def start(self) -> None:
        """The time is up: ask another target as well, where one is left and the budget allows it."""
        exchange = self._exchange
        if self._over or exchange.interrupted is not None:
            return
        target = self._course.lend()
        if target is None:
            return
        self._child = child = copy.copy(exchange)
        child.targets, child.part = (target,), "second"
        child.decision = rival_of(self._patience)
        child.target = child.source = child.wire = child.pool = child.shown = child.embedding = None
        child.trial = child.seat = child.head = child.tap = child.usage = child.watcher = child.dialling = (
            None
        )
        child.held, child.failed, child.first, child.error = [], (), b"", ""
        child.attempts = child.rotations = 0
        child.tried_at, child.past = 0.0, None
        child.probe = child.again = child.coded = child.head_sent = False
        child.relay = "stream" if exchange.peek is not None and exchange.peek.stream else "whole"
        exchange.house.timekeeper.accompany(child)
        self._task = asyncio.get_running_loop().create_task(self._ask(child))

    async def _ask(self, child: Exchange) -> None:
        """Run the copy to its first content, or to its failure; then tell the request, wherever that is."""
        try:
            await self._run(child, Course(child))
            self._good = _is_good(child)
        except (UpstreamError, Refused, Malformed, Overtaken):
            pass
        except Exception as error:  # noqa: BLE001  # nobody else would hear of it
            if error is not child.interrupted:
                words = f"id={child.request_id.decode()} its rival failed: {error!r}"
                child.house.journal.say("error", redact(words))
        child.house.timekeeper.dismiss(child)
        if self._place is not None:
            self._place.call()
        elif self.has_won and self._exchange.interrupted is None:
            interrupt(self._exchange, Overtaken())

    @property
    def has_won(self) -> bool:
        """Whether the rival has something good to show."""
        return self._good and self._child is not None and self._child.interrupted is None

    async def saves(self) -> bool:
        """Whether the rival has a good answer where the request has none; waits for it. Raises as `wait`."""
        exchange = self._exchange
        if isinstance(exchange.interrupted, Overtaken):
            exchange.interrupted = None
        elif exchange.interrupted is not None or self._task is None:
            return False
        elif not self._task.done():
            relay, exchange.relay = exchange.relay, "stream" if _streams(exchange) else "whole"
            self._place = Place()
            await wait(exchange, self._place, NEVER)
            exchange.relay = relay
        if not self.has_won:
            return False
        self._adopt()
        return True

    def _adopt(self) -> None:
        """What the rival holds is the request's own from here on."""
        exchange, child = self._exchange, self._child
        assert child is not None
        if exchange.target is not None and exchange.trial is not None:
            exchange.failed += (f"{exchange.target.provider.name}/{exchange.target.model[:100]} overtaken",)
        _book(exchange)
        trial.over(exchange)
        exchange.house.give_back(exchange)
        for name in _OF_A_TRY:
            setattr(exchange, name, getattr(child, name))
        self._account(child, "won")
        self._child = None
        exchange.body = b""

    async def end(self) -> None:
        """The request is decided: a rival that is still under way is ended, and what it took given back."""
        self._over = True
        child, task = self._child, self._task
        if child is None or task is None:
            return
        under_way = not task.done()
        if under_way:
            interrupt(child, Overtaken())
            await asyncio.wait([task])
        target = child.targets[0]
        lost = under_way or self._good
        if lost:
            self._exchange.failed += (f"{target.provider.name}/{target.model[:100]} overtaken",)
        self._account(child, "lost" if lost else "failed")
        child.attempts = self._exchange.attempts
        _book(child)
        trial.over(child)
        child.house.give_back(child)

    def _account(self, child: Exchange, outcome: str) -> None:
        exchange = self._exchange
        exchange.attempts += child.attempts
        exchange.rotations += child.rotations
        exchange.failed += child.failed
        exchange.house.tallies.hedge(child.targets[0].provider.name, outcome)


def _book(exchange: Exchange) -> None:
    """Write down what was used in vain, where there is a ledger."""
    if exchange.house.keeping is not None:
        exchange.house.keeping.booking.overtaken(exchange)


def _is_good(exchange: Exchange) -> bool:
    """Whether what a course came to without raising is a reply, and no error to be passed."""
    return exchange.head is not None and exchange.head.status < 400


def _streams(exchange: Exchange) -> bool:
    return exchange.peek is not None and exchange.peek.stream


def hedges(exchange: Exchange) -> bool:
    """Whether a request may get a rival: it wants a reply, and has another target."""
    recourse = exchange.targets[0].recourse
    if recourse is None or not recourse.hedge:
        return False
    return exchange.operation == "generate" and len(exchange.targets) > 1


async def hedged(exchange: Exchange, course: Course, run: Run) -> None:
    """Run a request to its first content or its rival's. Raises as an attempt does."""
    house = exchange.house
    recourse = exchange.targets[0].recourse
    assert recourse is not None
    exchange.part = "first"
    rival = Rival(exchange, course, run, recourse.hedge)
    alarm = house.timekeeper.call_at(house.clock() + recourse.hedge, rival.start)
    try:
        await run(exchange, course)
        if not _is_good(exchange):
            await rival.saves()
        elif isinstance(exchange.interrupted, Overtaken):
            # Both were good at the same moment.
            exchange.interrupted = None
    except Exception:
        if not await rival.saves():
            raise
    finally:
        house.timekeeper.call_off(alarm)
        await rival.end()
