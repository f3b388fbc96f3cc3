"""What is retried and what is let go when things happen at the same moment."""

import asyncio

import pytest

from gateway.errors import ClientGone
from gateway.timekeeper import interrupt
from gateway.upstream import Wire
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import in_loop, until
from tests.gateway.test_attempts import GOOD, pool_of, post
from tests.upstream.scripts import head
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Reset, Send


@pytest.mark.parametrize(
    "first", [head(200, {"a": "b"})[:20], head(103, {"link": "</a>"})], ids=["half", "103"]
)
@pytest.mark.parametrize("ending", [Close(), Reset()], ids=["closed", "reset"])
@in_loop
async def test_a_head_that_has_begun_is_not_asked_for_again(
    alone: Upstream, first: bytes, ending: Close | Reset
) -> None:
    """A kept connection on which any byte of a reply came is not stale: the request was read."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        exchange = alone.plays(GOOD, (Send(first), Gate(), ending), GOOD)
        assert (await post(house, exchange)).status == 200
        asking = asyncio.ensure_future(post(house, exchange))
        await until(lambda: len(exchange.requests) == 2)
        exchange.release()
        assert (await asking).status == 502
        assert len(exchange.requests) == 2


@in_loop
async def test_cancelled_when_the_dial_is_done(alone: Upstream) -> None:
    """A request cancelled at the moment its connection is open leaves none behind."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        pool = pool_of(house)
        dial = pool.dial

        async def dial_and_cancel(wire: Wire) -> None:
            await dial(wire)
            asyncio.get_running_loop().call_soon(asking.cancel)

        pool.dial = dial_and_cancel
        asking = asyncio.ensure_future(post(house, alone.plays(GOOD)))
        await asyncio.wait([asking])
        assert asking.cancelled()
        assert pool.counts() == (0, 0)


@in_loop
async def test_left_when_the_dial_is_done(alone: Upstream) -> None:
    """A client that leaves at the moment its connection is open is not waited for."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        pool = pool_of(house)
        dial = pool.dial
        exchange = alone.plays((Hang(),))
        client = Client(
            body=b'{"model":"ant/x","messages":[]}', headers=[(b"baggage", exchange.name.encode())]
        )

        async def dial_and_leave(wire: Wire) -> None:
            await until(lambda: house.timekeeper.active)
            await dial(wire)
            (one,) = house.timekeeper.active
            asyncio.get_running_loop().call_soon(interrupt, one, ClientGone())

        pool.dial = dial_and_leave
        asking = asyncio.ensure_future(client.ask(house))
        done, _ = await asyncio.wait([asking], timeout=2)
        asking.cancel()
        assert done
