"""Breakers on the path: which targets are passed over, what each end tells them, and who is a probe."""

import asyncio

import pytest

from gateway.breaker import Breaker
from gateway.house import House
from gateway.settings import FailureSettings
from tests.gateway.failing import EVENTS, GOOD, TOO_LONG, ask, client_of, failing, no, tried
from tests.gateway.indoors import open_house, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script

BUSY = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
ONCE = FailureSettings(tries_per_target=1, rest=30.0)


def breaker_of(house: House, provider: str = "one", model: str = "x") -> Breaker:
    """The breaker of a target."""
    return house.breakers.of(provider, model)


def trip(house: House, provider: str = "one", model: str = "x") -> None:
    """Open a breaker."""
    for _ in range(10):
        breaker_of(house, provider, model).bad(house.clock(), 1.0)


@in_loop
async def test_a_target_that_fails_is_passed_over(alone: Upstream) -> None:
    """After ten failures it is not asked any more while the other is well."""
    async with open_house(failing(alone, failure=ONCE)) as house:
        failing_one = alone.plays(*[script for _ in range(10) for script in (no(529), GOOD)])
        for _ in range(10):
            assert (await ask(house, failing_one)).status == 200
        exchange = alone.plays(GOOD)
        assert (await ask(house, exchange)).header(b"x-penstock-attempts") == b"1"
        assert tried(exchange) == ["two"]
        assert house.breakers.states(house.clock())["one", "x"] == "open"


@in_loop
async def test_with_all_open_all_are_asked(alone: Upstream) -> None:
    """No request is refused by breakers alone: they are tried in their order."""
    async with open_house(failing(alone)) as house:
        trip(house, "one", "x")
        trip(house, "two", "y")
        exchange = alone.plays(no(429), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two"]


@in_loop
async def test_an_open_one_is_the_last_resort(alone: Upstream) -> None:
    """When the others have failed, what was passed over is asked after all."""
    async with open_house(failing(alone)) as house:
        trip(house)
        exchange = alone.plays(no(429), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["two", "one"]


@in_loop
async def test_a_plan_of_one_target_is_never_passed_over(alone: Upstream) -> None:
    """There is nobody else, so it is asked; what becomes of it closes the breaker when it has rested."""
    clock = Clock()
    async with open_house(failing(alone, tiers("one/x"), ONCE), clock) as house:
        trip(house)
        exchange = alone.plays(GOOD)
        assert (await ask(house, exchange)).status == 200
        clock.move(31)
        for expected in ("half_open", "closed"):
            assert (await ask(house, exchange)).status == 200
            assert breaker_of(house).state(clock()) == expected


@in_loop
async def test_it_comes_back_by_two_probes(alone: Upstream) -> None:
    """After its rest one request is the probe and the others go elsewhere; two good ones close it."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        trip(house)
        clock.move(30)
        probing = alone.plays((Gate(), *GOOD))
        asking = asyncio.ensure_future(ask(house, probing))
        await until(lambda: probing.requests)
        beside = alone.plays(GOOD)
        await ask(house, beside)
        assert (tried(probing), tried(beside)) == (["one"], ["two"])
        probing.release()
        await asking
        assert breaker_of(house).state(clock()) == "half_open"
        again = alone.plays(GOOD)
        await ask(house, again)
        assert tried(again) == ["one"]
        assert breaker_of(house).state(clock()) == "closed"


@in_loop
async def test_a_probe_that_fails_lets_it_rest_again(alone: Upstream) -> None:
    """The request of the probe goes on to the next target, and nobody follows it."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        trip(house)
        clock.move(30)
        exchange = alone.plays(no(529), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two"]
        assert breaker_of(house).state(clock()) == "open"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_a_client_that_leaves_frees_the_probe(alone: Upstream, streamed: bool) -> None:
    """A departure is nobody's failure: the breaker stays as it was, and another probe may go in."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        trip(house)
        clock.move(30)
        exchange = alone.plays((*begun(EVENTS[:4]), Hang()) if streamed else (Hang(),))
        client = client_of(exchange, streamed=streamed)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: exchange.requests and (client.pieces or not streamed))
        assert not breaker_of(house).ready(clock())
        client.leave()
        await asking
        assert breaker_of(house).ready(clock())
        assert breaker_of(house).state(clock()) == "half_open"


ENDS: dict[str, tuple[Script, bool, float | None]] = {
    "a reply": (GOOD, False, 0.0),
    "a stream": (stream(EVENTS), True, 0.0),
    "a wrong request": (no(400), False, 0.0),
    "too long": (no(400, TOO_LONG), False, 0.0),
    "a dead key": (no(401), False, None),
    "throttled": (no(429), False, 0.5),
    "overloaded": (no(529), False, 1.0),
    "closed": ((Close(),), False, 1.0),
    "a stream that is cut": ((*begun(EVENTS[:4]), Close()), True, 1.0),
    "an error in a stream": (
        stream([*EVENTS[:4], BUSY]),
        True,
        1.0,
    ),
}


class Heard(Breaker):
    """A breaker that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[float] = []

    def good(self, now: float) -> None:
        """Keep it."""
        super().good(now)
        self.told.append(0.0)

    def bad(self, now: float, weight: float) -> None:
        """Keep it."""
        super().bad(now, weight)
        self.told.append(weight)


@pytest.mark.parametrize("end", ENDS)
@in_loop
async def test_each_end_is_told_once(alone: Upstream, end: str) -> None:
    """One outcome for each try, by its weight; nothing for what says nothing of the target."""
    script, streamed, weight = ENDS[end]
    async with open_house(failing(alone, tiers("one/x"), ONCE)) as house:
        heard = house.breakers._kept["one", "x"] = Heard()  # noqa: SLF001  # what it is told is the fact
        await ask(house, alone.plays(script), streamed=streamed)
        assert heard.told == ([] if weight is None else [weight])


@in_loop
async def test_a_timeout_weighs_most(alone: Upstream) -> None:
    """A target that says nothing for its time is held to be worse than one that says no."""
    clock = Clock()
    async with open_house(failing(alone, tiers("one/x")), clock) as house:
        heard = house.breakers._kept["one", "x"] = Heard()  # noqa: SLF001  # as above
        exchange = alone.plays((Hang(),))
        asking = asyncio.ensure_future(ask(house, exchange))
        await until(lambda: exchange.requests and house.timekeeper.active)
        clock.move(601)
        house.timekeeper.sweep(clock())
        assert (await asking).status == 504
        assert heard.told == [1.5]
