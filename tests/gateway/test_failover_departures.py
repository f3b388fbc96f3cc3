"""A client that leaves in the middle of failing over: permit, turn, probe and connection are given back.

Both targets are half-open when it asks, so that every try is a probe; each provider takes one request at a
time. Afterwards each is asked again, and by the next request, as if nobody had been there.
"""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from gateway.errors import ClientGone
from gateway.house import House
from gateway.settings import FailureSettings, Settings
from gateway.upstream import Wire
from tests.gateway.failing import EVENTS, GOOD, MESSAGES, ask, client_of, failing, no, tried
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.wires import seen
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang, Script

REST = 30.0
SLOW = FailureSettings(pause=3600.0, rest=REST, queue=3600.0)
Seen = Callable[[House, Exchange, Client], object]


class Moment(msgspec.Struct, frozen=True):
    """When the client leaves: what the upstream does until then, and how it is known that it is now."""

    scripts: tuple[Script, ...]
    comes: Seen
    streamed: bool = False
    asked: tuple[str, ...] = ("one",)


def silent(count: int) -> Seen:
    """So many requests have come, and the last of them is waited for."""
    return lambda _, exchange, __: len(exchange.requests) == count


def heads(count: int) -> Seen:
    """A head has come behind so many requests."""
    return lambda house, exchange, _: (
        len(exchange.requests) == count and any(one.head_at for one in house.timekeeper.active)
    )


def rests(house: House, exchange: Exchange, client: Client) -> bool:
    """The request waits between two tries."""
    del exchange, client
    return any(one.dialling is not None and one.failed for one in house.timekeeper.active)


def shown(house: House, exchange: Exchange, client: Client) -> bool:
    """Something was said to the client."""
    del house, exchange
    return bool(client.pieces)


BOTH = ("one", "two")
HELD = (*begun(EVENTS[:2]), Hang())
MOMENTS = {
    "waiting for the first": Moment(((Hang(),),), silent(1)),
    "waiting for the second": Moment((no(429), (Hang(),)), silent(2), asked=BOTH),
    "resting between two tries": Moment((no(529),), rests),
    "holding the first's opening": Moment((HELD,), heads(1), streamed=True),
    "holding the second's opening": Moment((no(429), HELD), heads(2), streamed=True, asked=BOTH),
    "hearing the first": Moment(((*begun(EVENTS[:5]), Hang()),), shown, streamed=True),
    "hearing the second": Moment((no(429), (*begun(EVENTS[:5]), Hang())), shown, streamed=True, asked=BOTH),
    "reading an error": Moment(((*begun([b'{"type":'], 500), Hang()),), heads(1)),
}


def narrow(upstream: Upstream) -> Settings:
    """Two providers that take one request at a time, in a house that is slow to try again."""
    given = failing(upstream, failure=SLOW)
    providers = tuple(
        msgspec.structs.replace(one, concurrency=1) if one.base_urls else one for one in given.providers
    )
    return msgspec.structs.replace(given, providers=providers)


def half_open(house: House, clock: Clock) -> None:
    """Both targets have failed too often, and rested."""
    for target in (("one", "x"), ("two", "y")):
        for _ in range(10):
            house.breakers.of(*target).bad(clock(), 1.0)
    clock.move(REST)


async def as_before(house: House, alone: Upstream, clock: Clock) -> None:
    """Nobody is inside, no connection is held, and both targets are there for the next request."""
    await until(lambda: house.admission.inside == 0)
    for name in BOTH:
        opened, idle = house.providers[name].doors[MESSAGES].pool.counts()
        assert opened == idle
    clock.move(REST)
    exchange = alone.plays(no(429), GOOD)
    assert (await ask(house, exchange)).status == 200
    assert tried(exchange) == list(BOTH)
    for name in BOTH:
        house.providers[name].doors[MESSAGES].pool.close()
    await seen(alone, 0)


@pytest.mark.parametrize("name", MOMENTS)
@in_loop
async def test_leaving_gives_everything_back(alone: Upstream, name: str) -> None:
    """Whatever is waited for, the client's departure ends it, and nothing is held against a target."""
    moment, clock = MOMENTS[name], Clock()
    async with open_house(narrow(alone), clock, chance=lambda: 1.0) as house:
        half_open(house, clock)
        exchange = alone.plays(*moment.scripts)
        client = client_of(exchange, streamed=moment.streamed)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: moment.comes(house, exchange, client))
        client.leave()
        await asking
        assert tuple(tried(exchange)) == moment.asked
        assert not client.ended
        await as_before(house, alone, clock)


@pytest.mark.parametrize("place", [0, 1])
@in_loop
async def test_leaving_while_a_connection_is_opened(alone: Upstream, place: int) -> None:
    """The dial is given up, to the first target or to the second."""
    clock, dialling = Clock(), asyncio.Event()

    async def dial(wire: Wire) -> None:
        del wire
        dialling.set()
        await asyncio.Event().wait()

    async with open_house(narrow(alone), clock) as house:
        half_open(house, clock)
        pool = house.providers[BOTH[place]].doors[MESSAGES].pool
        ordinary, pool.dial = pool.dial, dial
        exchange = alone.plays(no(429))
        client = client_of(exchange)
        asking = asyncio.ensure_future(client.ask(house))
        await dialling.wait()
        # A client is watched from its second tick on; what it does is what the watch then does.
        house.timekeeper.interrupt_all(ClientGone())
        await asking
        assert client.messages == []
        pool.dial = ordinary
        await as_before(house, alone, clock)


@in_loop
async def test_leaving_the_line_of_the_second_target(alone: Upstream) -> None:
    """Whoever waits for a turn and leaves makes room for those behind."""
    clock = Clock()
    async with open_house(narrow(alone), clock) as house:
        half_open(house, clock)
        taking = alone.plays(no(429), (Gate(), *GOOD))
        first = asyncio.ensure_future(ask(house, taking))
        await until(lambda: len(taking.requests) == 2)
        clock.move(REST)
        waiting = alone.plays(no(429), GOOD)
        client = client_of(waiting)
        asking = asyncio.ensure_future(client.ask(house))
        turns = house.providers["two"].turns
        assert turns is not None
        await until(lambda: turns.waiting == 1 and house.timekeeper.active)
        client.leave()
        await asking
        assert (tried(waiting), client.messages) == (["one"], [])
        taking.release()
        assert (await first).status == 200
        await as_before(house, alone, clock)
