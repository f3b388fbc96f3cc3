"""What is told of now: one snapshot a second for all who look, and nothing at all while nobody does."""

import asyncio
import json
import time
from contextlib import aclosing
from typing import Any

import msgspec

from gateway.caller import Caller, Scope
from gateway.edge.console.live import Live
from gateway.edge.console.snapshot import Sampler
from gateway.house import House
from gateway.settings import LimitSettings, Settings
from tests.gateway.indoors import STREAM, Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until


def told(event: bytes) -> tuple[str, Any]:
    """The name of an event, and what it says."""
    name, data = event.decode().strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def slow() -> Settings:
    """Settings whose demo takes its time."""
    demo = msgspec.structs.replace(settings().providers[0], pace=0.02)
    return msgspec.structs.replace(settings(), providers=(demo,))


@in_loop
async def test_a_second_tells_what_happened_in_it() -> None:
    """Requests and tokens are told by the second since the last snapshot, not since the start."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        await Client().ask(house)
        sampler = Sampler(house)
        for _ in range(4):
            await Client().ask(house)
        clock.move(2)
        found = sampler.snapshot()
        assert (found.second.requests, found.totals.requests) == (2.0, 5.0)
        assert found.second.output > 0
        clock.move(1)
        assert sampler.snapshot().second.requests == 0


@in_loop
async def test_requests_under_way_are_seen_and_then_their_ends() -> None:
    """A stream is in the list while it runs, with where it goes, and among those that ended after it."""
    async with open_house(slow()) as house:
        live = Live(house)
        async with aclosing(live.watch()) as events:
            await anext(events)
            client = Client(body=STREAM)
            asking = asyncio.create_task(client.ask(house))
            await until(lambda: len(client.pieces) > 2)
            live.tick()
            seen = Sampler(house).snapshot()
            assert [(one.asked, one.target, one.state) for one in seen.running] == [
                ("demo", "demo/demo", "streaming")
            ]
            await asking
            ended = Sampler(house).snapshot()
            assert (ended.running, [one.asked for one in ended.ended]) == ([], ["demo"])
            assert ended.ended[0].status == 200


@in_loop
async def test_all_pages_share_one_snapshot() -> None:
    """However many look, one snapshot is taken and spelled, and all hear the same bytes."""
    async with open_house(settings()) as house:
        live = Live(house, pause=3600)
        async with aclosing(live.watch()) as one, aclosing(live.watch()) as other:
            for events in (one, other):
                assert told(await anext(events))[0] == "past"
                assert told(await anext(events))[0] == "now"
            waiting = [asyncio.create_task(_next(events)) for events in (one, other)]
            await asyncio.sleep(0)
            live.tick()
            first, second = await asyncio.gather(*waiting)
            assert first is second
            assert live.viewers == 2
        assert live.viewers == 0
        await _ended(live)


@in_loop
async def test_nothing_is_kept_while_nobody_looks() -> None:
    """Before the first page and after the last, requests leave no line and no timer runs."""
    async with open_house(settings()) as house:
        live = Live(house, pause=0.001)
        await Client().ask(house)
        assert house.tallies.recent is None
        async with aclosing(live.watch()) as events:
            await anext(events)
            await Client().ask(house)
            assert recent(house) == ["demo"]
        await until(lambda: house.tallies.recent is None)


@in_loop
async def test_a_worker_that_leaves_ends_the_stream() -> None:
    """No page keeps a gateway from ending."""
    async with open_house(settings()) as house:
        live = Live(house, pause=0.001)
        async with aclosing(live.watch()) as events:
            for _ in range(4):
                await anext(events)
            house.admission.closing = True
            left = [event async for event in events]
        assert len(left) < 4
        await until(lambda: house.tallies.recent is None)


@in_loop
async def test_breakers_and_limits_are_told() -> None:
    """Targets that are left alone come first, and limits from half of them on, by whose they are."""
    given = settings(provider("away", "http://127.0.0.1:9"), models={"m": tiers("away/x", "demo/demo-1")})
    given = msgspec.structs.replace(given, limits=LimitSettings(requests_per_minute=4))
    async with open_house(given) as house:
        house.breakers.of("away", "x").trip(house.clock())
        await _ask(house, 1)
        assert Sampler(house).snapshot().near == []
        await _ask(house, 2)
        found = Sampler(house).snapshot()
        assert (found.places[0].provider, found.places[0].breaker) == ("away", "open")
        assert [(one.who, one.kind, one.taken, one.limit) for one in found.near] == [
            ("everybody", "requests a minute", 3, 4)
        ]


@in_loop
async def test_a_busy_second_costs_less_than_a_hundredth_of_it() -> None:
    """With 40 streams, 200 targets and 300 limited callers a snapshot takes less than 10 ms of a core."""
    given = msgspec.structs.replace(slow(), limits=LimitSettings(requests_per_minute=10**6))
    async with open_house(given) as house:
        for number in range(200):
            house.breakers.of("demo", f"m{number}")
        for number in range(300):
            scope = Scope(f"key:{number}", LimitSettings(requests_per_minute=1))
            account = (
                house.limits.account(Caller(name=str(number), scopes=(scope,))) if house.limits else None
            )
            assert account is not None
            account.gauges[0].window.add(house.clock(), 1)
        clients = [Client(body=STREAM) for _ in range(40)]
        asking = [asyncio.create_task(client.ask(house)) for client in clients]
        await until(lambda: all(client.pieces for client in clients))
        live = Live(house)
        began = time.process_time()
        for _ in range(20):
            live.tick()
        spent = time.process_time() - began
        await asyncio.gather(*asking)
    assert spent / 20 < 0.01


def recent(house: House) -> list[str]:
    """The models of the requests that have just ended."""
    return [line.model for line in house.tallies.recent or ()]


async def _ask(house: House, count: int) -> None:
    for _ in range(count):
        await Client().ask(house)


async def _next(events: Any) -> bytes:
    found: bytes = await anext(events)
    return found


async def _ended(live: Live) -> None:
    """The task that waits for its next second is not waited for by anybody: it is ended here."""
    task = live._task  # noqa: SLF001
    assert task is not None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
