"""The connections to one address with one key: which is taken, which are kept, how many there may be.

Where their number is limited, whoever asks has a turn here from before it takes or opens one until that is
given back or dropped: no more are in use than there are turns, and one is opened only when none is idle, so
that no more are open either. Those opened ahead leave room for them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from gateway.errors import UpstreamError
from gateway.settings import Connections
from gateway.turns import Turns
from gateway.upstream import Wire

# How long a pool keeps idle connections that is to be closed: not at all, however little time has passed.
NEVER_KEPT: Final = -1.0
# A wire counts how often it was taken again, in numbers so small that they are no allocation (CPython keeps
# those up to 256); the pool takes them over in lots, where one number for all would be made anew each time.
LOT: Final = 200
ORDINARY: Final = Connections()


class Figures(msgspec.Struct, frozen=True):
    """What a pool says of itself: `busy`, `idle` and `waiting` now, the others since it was made."""

    busy: int
    idle: int
    waiting: int
    opened: int
    failed: int
    reused: int

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self.busy + self.idle


class Pool:
    """See the head of this file."""

    def __init__(self, dial: Callable[[Wire], Awaitable[None]], connections: Connections = ORDINARY) -> None:
        self.dial = dial
        self.turns = Turns(connections.most) if connections.most else None
        self.opened = self.failed = 0
        self._keep_alive = connections.keep_alive
        self._ahead = connections.ahead
        self._reused = 0
        self._idle: deque[Wire] = deque()
        self._open: set[Wire] = set()
        self._preparing: asyncio.Task[None] | None = None

    def take(self, now: float) -> Wire | None:
        """An idle connection that is still alive, or None."""
        while self._idle:
            wire = self._idle.pop()
            if wire.reusable() and now - wire.idle_since <= self._keep_alive:
                wire.reused += 1
                if wire.reused > LOT:
                    self._reused += LOT
                    wire.reused = 1
                return wire
            self._close(wire)
        return None

    async def open(self) -> Wire:
        """A new connection. Raises UpstreamError, phase connect."""
        turns = self.turns
        if turns is not None and self._idle and turns.inside + len(self._idle) > turns.limit:
            self._close(self._idle.popleft())  # who wants a new one is in the place of an idle one
        wire = Wire(asyncio.get_running_loop())
        try:
            await self.dial(wire)
        except UpstreamError:
            self.failed += 1
            raise
        self.opened += 1
        self._open.add(wire)
        return wire

    def give_back(self, wire: Wire, now: float) -> None:
        """Keep the connection when another request may follow on it, else close it."""
        if wire.reusable() and self._keep_alive > 0:
            wire.idle_since = now
            self._idle.append(wire)
            self.leave()
            return
        self.drop(wire)

    def put_aside(self, wire: Wire, now: float) -> None:
        """As `give_back`, from who opened it beside the requests, without a turn: no place is kept for it."""
        if self.turns is None:
            self.give_back(wire, now)
        else:
            self._close(wire)

    def drop(self, wire: Wire) -> None:
        """Close the connection at once."""
        self._close(wire)
        self.leave()

    def leave(self) -> None:
        """Whoever had a turn needs it no more: the connection is back, or none was opened."""
        if self.turns is not None:
            self.turns.leave()

    def prepare(self, clock: Callable[[], float]) -> None:
        """Open connections ahead, one after the other, until so many are idle as are to be."""
        if self._lacks() and (self._preparing is None or self._preparing.done()):
            self._preparing = asyncio.get_running_loop().create_task(self._prepare(clock))

    async def _prepare(self, clock: Callable[[], float]) -> None:
        while self._lacks():
            if self.turns is not None:
                self.turns.take()
            try:
                wire = await self.open()
            except UpstreamError:
                return  # counted; the next look begins again, and whoever asks meanwhile is told
            else:
                wire.rest()
                wire.idle_since = clock()
                self._idle.append(wire)
            finally:
                self.leave()

    def _lacks(self) -> bool:
        turns = self.turns
        room = turns is None or (turns.inside + len(self._idle) < turns.limit and not turns.waiting)
        return room and len(self._idle) < self._ahead

    def expire(self, now: float) -> None:
        """Close what has been idle for longer than is kept; drop what the upstream closed."""
        for wire in [
            wire for wire in self._idle if not wire.reusable() or now - wire.idle_since > self._keep_alive
        ]:
            self._idle.remove(wire)
            self._close(wire)

    def retire(self) -> None:
        """Nobody new comes here: what is given back is kept no more, and nothing is opened ahead."""
        self._keep_alive, self._ahead = NEVER_KEPT, 0

    def close(self) -> None:
        """Close every connection."""
        if self._preparing is not None:
            self._preparing.cancel()
        self._idle.clear()
        for wire in list(self._open):
            self._close(wire)

    def _close(self, wire: Wire) -> None:
        if wire in self._open:
            self._open.remove(wire)
            self._reused += wire.reused
        wire.abort()

    def counts(self) -> tuple[int, int]:
        """How many connections are open, and how many of them idle."""
        return len(self._open), len(self._idle)

    def figures(self) -> Figures:
        """What the pool does and has done."""
        idle = len(self._idle)
        return Figures(
            busy=len(self._open) - idle,
            idle=idle,
            waiting=0 if self.turns is None else self.turns.waiting,
            opened=self.opened,
            failed=self.failed,
            reused=self._reused + sum(wire.reused for wire in self._open),
        )
