"""Providers that are watched: asked for their models, and what their breakers hear of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from gateway.edge.metrics import exposition
from gateway.house import House
from gateway.settings import Settings
from tests.gateway.failing import GOOD, ask, failing, no, tried
from tests.gateway.indoors import open_house
from tests.gateway.loops import Clock, in_loop, until
from tests.path.house import closed_port
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang, Script
from tests.upstream.wire import Request

PROBE = 30.0
LIST = whole(b'{"data":[]}', 200, JSON)


class Listing:
    """How an upstream answers whoever asks for its models; requests go by their script."""

    def __init__(self, upstream: Upstream) -> None:
        self.answer: Script = LIST
        self.asked: list[Request] = []
        self._ordinary = upstream.default
        upstream.default = self

    def __call__(self, request: Request) -> Script:
        """The script for a request."""
        if request.method != "GET":
            return self._ordinary(request)
        self.asked.append(request)
        return self.answer


def watched(given: Settings, **more: Any) -> Settings:
    """The same settings, with provider `one` under watch."""
    one, *others = given.providers
    return msgspec.structs.replace(
        given, providers=(msgspec.structs.replace(one, probe=PROBE, **more), *others)
    )


@asynccontextmanager
async def watching(upstream: Upstream, **more: Any) -> AsyncIterator[tuple[House, Clock]]:
    """A house with one provider under watch, whose first probe is over, and its clock."""
    clock = Clock()
    async with open_house(watched(failing(upstream), **more), clock) as house:
        await over(house)
        yield house, clock


async def over(house: House) -> None:
    """The probe that is under way comes to its end."""
    await until(lambda: house.health.watched[0].probe is None)


async def next_probe(house: House, clock: Clock) -> None:
    """Let the next probe come, and end."""
    clock.move(PROBE)
    house.health.look(clock())
    await over(house)


@in_loop
async def test_it_is_asked_for_its_models_and_costs_nothing(alone: Upstream) -> None:
    """With its key, when the house opens and from then on as often as it is said; nobody else is asked."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        assert [(one.method, one.target) for one in listing.asked] == [("GET", "/one/v1/models")]
        assert "x-api-key" in dict(listing.asked[0].headers)
        clock.move(PROBE - 1)
        house.health.look(clock())
        assert house.health.watched[0].probe is None
        clock.move(1)
        house.health.look(clock())
        await over(house)
        assert len(listing.asked) == 2


@in_loop
async def test_a_second_failure_opens(alone: Upstream) -> None:
    """A model of a provider that is down twice is passed over, without a request that finds it out."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        await ask(house, alone.plays(GOOD))
        listing.answer = no(503)
        await next_probe(house, clock)
        exchange = alone.plays(GOOD)
        await ask(house, exchange)
        assert tried(exchange) == ["one"]
        await next_probe(house, clock)
        exchange = alone.plays(GOOD)
        await ask(house, exchange)
        assert tried(exchange) == ["two"]
        assert house.health.watched[0].counts == {"up": 1, "down": 2}


@in_loop
async def test_one_failure_counts_as_a_try(alone: Upstream) -> None:
    """Ten of them in a minute, with what requests have found, open a breaker as always."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        await ask(house, alone.plays(GOOD))
        breaker = house.breakers.of("one", "x")
        for _ in range(9):
            breaker.bad(clock(), 0.3)
        assert breaker.closed
        listing.answer = no(500)
        await next_probe(house, clock)
        assert not breaker.closed


@in_loop
async def test_an_answer_lets_one_in_at_once(alone: Upstream) -> None:
    """A breaker that is open does not rest any longer than until the provider is there."""
    Listing(alone)
    async with watching(alone) as (house, clock):
        breaker = house.breakers.of("one", "x")
        other = house.breakers.of("two", "y")
        clock.move(PROBE - 1)
        for one in (breaker, other):
            for _ in range(10):
                one.bad(clock(), 1.0)
        assert (breaker.state(clock()), other.state(clock())) == ("open", "open")
        clock.move(1)
        house.health.look(clock())
        await over(house)
        assert (breaker.state(clock()), other.state(clock())) == ("half_open", "open")


@pytest.mark.parametrize("status", [200, 401, 403, 404, 405, 429])
@in_loop
async def test_whoever_answers_is_there(alone: Upstream, status: int) -> None:
    """A list that is not given, or not to us, says that somebody is there to refuse it."""
    Listing(alone).answer = no(status)
    async with watching(alone) as (house, _):
        assert house.health.watched[0].up


@in_loop
async def test_nobody_listens(alone: Upstream) -> None:
    """A refused connection is a provider that is down; it is told once, and that it is up again, too."""
    nowhere = {"anthropic-messages": f"http://127.0.0.1:{closed_port()}"}
    async with watching(alone, base_urls=nowhere) as (house, clock):
        assert not house.health.watched[0].up
        await next_probe(house, clock)
        assert house.health.watched[0].failures == 2


@in_loop
async def test_one_that_is_silent(alone: Upstream) -> None:
    """It is waited for so long, and then it is down; nobody asks it a second time meanwhile."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        listing.answer = (Hang(),)
        house.health.patience = 0.01
        clock.move(PROBE)
        house.health.look(clock())
        clock.move(PROBE)
        house.health.look(clock())
        await over(house)
        assert (len(listing.asked), house.health.watched[0].failures) == (2, 1)


@in_loop
async def test_a_house_that_closes_ends_a_probe(alone: Upstream) -> None:
    """Nothing is left open that nobody waits for."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        listing.answer = (Hang(),)
        clock.move(PROBE)
        house.health.look(clock())
        await until(lambda: len(listing.asked) == 2)


@in_loop
async def test_nobody_is_watched_who_is_not_to_be(alone: Upstream) -> None:
    """Without the word no provider is asked for anything."""
    listing = Listing(alone)
    async with open_house(failing(alone)) as house:
        house.health.look(house.clock())
        await asyncio.sleep(0)
        assert (house.health.watched, listing.asked) == ((), [])


@in_loop
async def test_the_metrics_say_it(alone: Upstream) -> None:
    """Up or down, how long ago, and how often."""
    listing = Listing(alone)
    async with watching(alone) as (house, clock):
        listing.answer = no(502)
        await next_probe(house, clock)
        clock.move(3)
        text = exposition(house).decode()
        assert 'penstock_provider_up{provider="one"} 0.0' in text
        assert 'penstock_provider_probe_age_seconds{provider="one"} 3.0' in text
        assert 'penstock_provider_probes_total{outcome="down",provider="one"} 1.0' in text
