"""Groups that begin with the least busy, the fastest or the cheapest, over real requests; limits by model."""

import asyncio

import pytest

from gateway.settings import Price, Route, Settings, Share, Tier
from tests.gateway.failing import EVENTS, GOOD, ask, client_of, failing, no, tried
from tests.gateway.indoors import AT_ONCE, SILENT, open_house
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang, Script

SHARES = (Share("one/x"), Share("two/y"))


def group(strategy: str) -> Route:
    """Two targets of equal rank, between which conversations move."""
    return Route((Tier(SHARES, strategy, affinity=False),))  # type: ignore[arg-type]  # a word of the list


@in_loop
async def test_the_least_busy_is_asked(alone: Upstream) -> None:
    """While two are under way at the first the next goes to the second; then it counts no more."""
    async with open_house(failing(alone, group("least_busy"))) as house:
        held = alone.plays((Gate(), *GOOD))
        tasks = [asyncio.ensure_future(ask(house, held)) for _ in range(3)]
        await until(lambda: len(held.requests) == 3)
        assert sorted(tried(held)) in (["one", "one", "two"], ["one", "two", "two"])
        behind = "two" if tried(held).count("one") == 2 else "one"
        exchange = alone.plays(GOOD)
        await ask(house, exchange)
        assert tried(exchange) == [behind]
        held.release(3)
        await asyncio.gather(*tasks)
        assert [load.inside for load in house.loads.kept.values()] == [0, 0]


ENDS: dict[str, tuple[Script, ...]] = {
    "an error": (no(400),),
    "failover": (no(429), GOOD),
    "a reply": (GOOD,),
}


@pytest.mark.parametrize("end", ENDS)
@in_loop
async def test_what_is_over_is_not_under_way(alone: Upstream, end: str) -> None:
    """However a request ends, nothing is left of it."""
    async with open_house(failing(alone, group("least_busy"))) as house:
        await ask(house, alone.plays(*ENDS[end]))
        assert [load.inside for load in house.loads.kept.values()] == [0, 0]


@in_loop
async def test_the_faster_is_asked(alone: Upstream) -> None:
    """Measured until there is something to show: who was slow is left to who was not."""
    clock = Clock()
    async with open_house(failing(alone, group("fastest")), clock, chance=lambda: 0.0) as house:
        slow = alone.plays((Gate(), *stream(EVENTS)))
        task = asyncio.ensure_future(ask(house, slow, streamed=True))
        await until(lambda: slow.requests)
        clock.move(3)
        slow.release()
        await task
        exchange = alone.plays(GOOD)
        for _ in range(3):
            await ask(house, exchange)
        assert (tried(slow), tried(exchange)) == (["one"], ["two"] * 3)


@in_loop
async def test_the_cheapest_is_asked(alone: Upstream) -> None:
    """And when it fails the next cheapest."""
    given = failing(alone, group("cheapest"))
    cheap, dear = (Price(input=one, output=one, cache_read=one, cache_write=one) for one in (1, 2))
    priced = Settings(
        providers=given.providers,
        models=given.models,
        failure=AT_ONCE,
        log=SILENT,
        prices={"one/*": dear, "two/y": cheap},
    )
    async with open_house(priced) as house:
        exchange = alone.plays(GOOD, no(429), GOOD)
        for _ in range(2):
            await ask(house, exchange)
        assert tried(exchange) == ["two", "two", "one"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_time_limits_of_a_model_are_its_own(alone: Upstream, *, streamed: bool) -> None:
    """Where `m` says how long to wait the provider's limit does not hold, and other models keep it."""
    clock = Clock()
    limits = {"whole": 5.0, "first_byte": 5.0}
    given = failing(alone, Route((Tier((Share("one/x"),), timeouts=limits),)))
    async with open_house(given, clock) as house:
        client = client_of(alone.plays((Hang(),)), streamed=streamed)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: house.timekeeper.active)
        clock.move(5)
        house.timekeeper.sweep(clock())
        await asking
        assert client.status == 504
        (target,) = house.router.plan("anthropic-messages", "one/x")
        assert (target.timeouts.whole, target.timeouts.idle) == (600.0, 120.0)


@in_loop
async def test_the_idle_limit_of_a_model_is_its_own(alone: Upstream) -> None:
    """Between two pieces of a stream it is the model's limit that holds."""
    clock = Clock()
    given = failing(alone, Route((Tier((Share("one/x"),), timeouts={"idle": 3.0}),)))
    async with open_house(given, clock) as house:
        client = client_of(alone.plays((*begun(EVENTS[:3]), Hang())), streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: client.pieces and house.timekeeper.active)
        clock.move(3)
        house.timekeeper.sweep(clock())
        await asking
        assert b"nothing for 3 seconds" in client.body
