"""Whatever becomes of many requests at once, nothing they held stays behind: turns, keys, loads."""

import asyncio
import random

import pytest

from gateway.house import House
from gateway.settings import FailureSettings, Route, Settings, Share, Tier, Timeouts
from tests.gateway.failing import EVENTS, GOOD, no
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.test_failover_affinity import client
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Reset, Script

SHORT = Timeouts(first_byte=20.0, whole=20.0, idle=20.0)
KEYS = ("sk-a-0001", "sk-b-0002", "sk-c-0003")
FATES: dict[str, Script] = {
    "well": GOOD,
    "slow": (Gate(), *GOOD),
    "a stream": stream(EVENTS),
    "cut": (*begun(EVENTS[:3]), Close()),
    "reset": (Reset(),),
    "refused": no(401),
    "forbidden": no(403),
    "throttled": no(429, retry_after="3"),
    "throttled and silent of it": no(429),
    "sick": no(529),
    "wrong": no(400),
    "silent": (Hang(),),
}


def crowded(upstream: Upstream) -> Settings:
    """Two providers of three keys that take two requests at once, and the busier is asked last."""
    at = upstream.address
    pools = [
        provider(name, f"{at}/{name}", api_key=KEYS[0], api_keys=KEYS, concurrency=2, timeouts=SHORT)
        for name in ("one", "two")
    ]
    route = Route((Tier((Share("one/x"), Share("two/y")), "least_busy"),))
    return settings(*pools, models={"m": route}, failure=FailureSettings(pause=0.0, credential_rest=30.0))


def held(house: House) -> dict[str, int]:
    """What is held at this moment."""
    providers = [house.providers[name] for name in ("one", "two")]
    return {
        "turns": sum(one.turns.inside + one.turns.waiting for one in providers if one.turns is not None),
        "probes": sum(
            key.probing for one in providers if one.credentials is not None for key in one.credentials.all
        ),
        "under way": sum(load.inside for load in house.loads.kept.values()),
        "inside": house.admission.inside,
    }


async def _move_on(house: House, clock: Clock, asking: list[asyncio.Task[Client]]) -> None:
    """Let time pass until all have been answered."""
    while not all(task.done() for task in asking):
        clock.move(7)
        house.timekeeper.sweep(clock())
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("seed", range(6))
@in_loop
async def test_nothing_stays_behind(alone: Upstream, seed: int) -> None:
    """Forty requests of ten conversations, each with a fate of its own, and every fifth client leaves."""
    chance, clock = random.Random(seed), Clock()  # noqa: S311  # nothing secret
    async with open_house(crowded(alone), clock, chance=chance.random) as house:
        exchanges = [alone.plays(*chance.choices(list(FATES.values()), k=3), GOOD) for _ in range(40)]
        clients = [
            client(exchange, f"s{place % 10}", stream=chance.random() < 0.5)
            for place, exchange in enumerate(exchanges)
        ]
        asking = [asyncio.get_running_loop().create_task(one.ask(house)) for one in clients]
        await until(lambda: house.timekeeper.active or all(task.done() for task in asking))
        for exchange in exchanges:
            exchange.release(3)
        for one in clients[::5]:
            one.leave()
        await _move_on(house, clock, asking)
        assert held(house) == {"turns": 0, "probes": 0, "under way": 0, "inside": 0}
        outcomes = [tally.outcomes for tally in house.tallies.requests.values()]
        assert sum(sum(counts) for counts in outcomes) == 40
