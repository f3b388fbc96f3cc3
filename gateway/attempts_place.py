"""A place at a provider to which only so many connections may be open.

It is waited for in order, for as long as connecting may take, and held by the connection from before that is
taken or opened until it is back (`upstream_pool.py`).
"""

from gateway.errors import UpstreamError
from gateway.plan import Target
from gateway.state import Exchange
from gateway.turns import Turns
from gateway.waiting import Place, wait


async def take(exchange: Exchange, target: Target, turns: Turns) -> None:
    """Take a place. Raises UpstreamError where none came in time, and what interrupted the exchange."""
    if turns.take():
        return
    patience, place = target.timeouts.connect, Place()
    turns.queue(place)
    called = False
    try:
        called = await wait(exchange, place, exchange.house.clock() + patience)
    finally:
        if not called:
            turns.give_up(place)
    if not called:
        words = f"all {turns.limit} connections to it were in use for {patience:g} seconds; ask again later"
        raise UpstreamError("connect", "busy", words)
