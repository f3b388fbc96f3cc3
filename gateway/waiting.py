"""Waiting before an upstream is asked: for a turn, or for a time. The client hears that the gateway is alive.

Whoever waits stands where a wire would, so that the timekeeper and the client's departure wake it as they
wake those that wait for a reply.
"""

import asyncio

from gateway.silence import NEVER, attend, expect
from gateway.state import Exchange
from gateway.upstream import Head


class Place:
    """A place to wait in (a `Source` that has nothing to say)."""

    __slots__ = ("_loop", "_nudged", "_waiter", "called")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[bool] | None = None
        self._nudged = False
        self.called = False

    def head(self) -> Head | None:
        """Nothing was answered."""
        return None

    def pull(self) -> bytes | None:
        """Nothing has arrived."""
        return None

    def complete(self) -> bool:
        """It has no end of its own."""
        return False

    def at_end(self) -> bool:
        """It has no end of its own."""
        return False

    def abort(self) -> None:
        """Nothing is open."""

    def wait(self) -> asyncio.Future[bool]:
        """Done when it was called, or nudged."""
        self._waiter = waiter = self._loop.create_future()
        if self._nudged or self.called:
            self._nudged = False
            waiter.set_result(True)
        return waiter

    def nudge(self) -> None:
        """Wake whoever waits, now or next."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(True)
        else:
            self._nudged = True

    def call(self) -> None:
        """What was waited for is there."""
        self.called = True
        self.nudge()


async def wait(exchange: Exchange, place: Place, until: float) -> bool:
    """Wait until the place is called, or until a time of the house's clock; whether it was called.

    Raises what interrupted the exchange.
    """
    clock = exchange.house.clock
    exchange.source = place
    expect(exchange, NEVER)
    try:
        while not place.called and clock() < until:
            exchange.wake_at = min(exchange.wake_at, until)
            await place.wait()
            # What was waited so far is nobody's own time.
            exchange.connected_at = clock()
            await attend(exchange)
    finally:
        exchange.source = None
    return place.called
