"""One slow tick for all exchanges: nobody else in the house keeps a timer per request.

Most exchanges are over before the second tick and cost a place in a set. One that lives longer gets
a watch on its client, whose departure must close the upstream within 100 ms (feature F8), and is
woken when its `wake_at` has come: a limit passed, or a sign of life is due.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from gateway.errors import ClientGone
from gateway.lateness import Lateness

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.house import House
    from gateway.scheduling import Scheduling
    from gateway.state import Exchange

TICK: Final = 0.02  # seconds; an exchange is watched after one to two of them
SWEEP: Final = 5  # ticks between two looks at everybody's `wake_at`


class Alarm:
    """Something to be done at a time of the house's clock."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call = call


class Timekeeper:
    """Ticks while anybody is inside."""

    __slots__ = (
        "_alarms",
        "_clock",
        "_due",
        "_fresh",
        "_loop",
        "_ticking",
        "_ticks",
        "_young",
        "active",
        "lateness",
        "scheduling",
    )

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarms: set[Alarm] = set()
        self._fresh: set[Exchange] = set()
        self._young: set[Exchange] = set()
        self._ticking = False
        self._ticks = 0
        self._due = 0.0
        self.lateness = Lateness()
        # Only where the process is a worker: its threads are ours to arrange.
        self.scheduling: Scheduling | None = None
        self.active: set[Exchange] = set()

    def enrol(self, exchange: Exchange) -> None:
        """From now on this exchange is looked after, until it is closed."""
        self._fresh.add(exchange)
        if not self._ticking:
            self._ticking = True
            self._loop = self._loop or asyncio.get_running_loop()
            self._wind(self._clock())

    def dismiss(self, exchange: Exchange) -> None:
        """The exchange is closed: nobody has to look after it any more."""
        self._fresh.discard(exchange)
        self._young.discard(exchange)
        self.active.discard(exchange)

    def accompany(self, exchange: Exchange) -> None:
        """Wake this one as well, until it is dismissed; its client is watched by another."""
        self.active.add(exchange)

    def call_at(self, when: float, call: Callable[[], None]) -> Alarm:
        """Have something done when its time has come, to a tenth of a second, while somebody is inside."""
        alarm = Alarm(when, call)
        self._alarms.add(alarm)
        return alarm

    def call_off(self, alarm: Alarm) -> None:
        """It is not to be done any more, if it was not done yet."""
        self._alarms.discard(alarm)

    def inside(self) -> list[Exchange]:
        """Those who are looked after."""
        return [*self._fresh, *self._young, *self.active]

    def houses(self) -> set[House]:
        """The houses that those who are looked after have entered: one, unless it was refurnished."""
        return {exchange.house for exchange in (*self._fresh, *self._young, *self.active)}

    def sweep(self, now: float) -> None:
        """Wake everybody whose time has come."""
        for alarm in [one for one in self._alarms if one.when <= now] if self._alarms else ():
            self._alarms.discard(alarm)
            alarm.call()
        for exchange in self.active:
            if exchange.source is not None and 0 < exchange.wake_at <= now:
                exchange.source.nudge()

    def interrupt_all(self, reason: Exception) -> None:
        """End every exchange that is under way, each with the same words."""
        for exchange in [*self._fresh, *self._young, *self.active]:
            interrupt(exchange, reason)

    def _tick(self) -> None:
        assert self._loop is not None
        now = self._clock()
        self.lateness.note(now - self._due, now)
        # While its body is being read nobody else may receive: a watch would swallow pieces of it.
        ripe = [exchange for exchange in self._young if exchange.body_at]
        for exchange in ripe:
            exchange.watcher = self._loop.create_task(watch(exchange))
        self.active.update(ripe)
        self._young.difference_update(ripe)
        self._young |= self._fresh
        self._fresh.clear()
        self._ticks += 1
        if self._ticks % SWEEP == 0:
            self.sweep(now)
        if self.scheduling is not None:
            self.scheduling.look(now)
        self._ticking = bool(self._young or self.active)
        if self._ticking:
            self._wind(self._clock())

    def _wind(self, now: float) -> None:
        assert self._loop is not None
        self._due = now + TICK
        self._loop.call_later(TICK, self._tick)


async def watch(exchange: Exchange) -> None:
    """Wait for the client to leave; then end what is being waited for upstream."""
    while True:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            break
    if not exchange.closed:
        interrupt(exchange, ClientGone())


def interrupt(exchange: Exchange, reason: Exception) -> None:
    """End what the exchange waits for upstream: it wakes up and raises the reason."""
    exchange.interrupted = reason
    if exchange.dialling is not None:
        exchange.dialling.cancel()
    if exchange.source is not None:
        exchange.source.nudge()
