"""The breaker over any history: one probe at a time, never stuck, and closed again by two good ones.

What it is told comes through `attempts_trial`, as on the path, and the clock is moved by hand.
"""

import asyncio
import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.fault import Fault, Malformed
from adapters.table import DIALECTS
from gateway import attempts_trial as trial
from gateway.breaker import GOOD_PROBES, Breaker
from gateway.errors import ClientGone, Refused, UpstreamError
from gateway.failure import of_error, of_fault, of_reply
from gateway.house import House
from gateway.plan import Target
from gateway.settings import FailureSettings
from gateway.state import Exchange
from tests.gateway.failing import EVENTS, GOOD, TOO_LONG, ask, client_of, failing, no, tried
from tests.gateway.indoors import Client, exchange_of, open_house, provider, settings
from tests.gateway.loops import Clock, cancelled_at, in_loop, until
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang, Script

REST = 30.0
ONCE = FailureSettings(tries_per_target=1, rest=REST, pause=0.0)
# How a try can end, as the path says it. `None`: it says nothing of the target.
ENDS: dict[str, tuple[Callable[[Exchange], None], bool | None]] = {
    "a reply": (trial.ended, True),
    "a wrong request": (lambda exchange: trial.failed(exchange, of_reply(400, None)), True),
    "a dead key": (lambda exchange: trial.failed(exchange, of_reply(401, None)), None),
    "throttled": (lambda exchange: trial.failed(exchange, of_reply(429, None)), False),
    "sick": (lambda exchange: trial.failed(exchange, of_reply(500, None)), False),
    "a timeout": (
        lambda exchange: trial.failed(exchange, of_error(UpstreamError("head", "timeout", "late"))),
        False,
    ),
    "not to be written": (lambda exchange: trial.failed(exchange, of_error(Malformed("no"))), None),
    "refused in words": (
        lambda exchange: trial.failed(exchange, of_fault(Fault("overloaded", 503, "busy"))),
        False,
    ),
    "a stream that is cut": (
        lambda exchange: trial.broke(exchange, UpstreamError("body", "truncated", "cut")),
        False,
    ),
    "the client left": (lambda exchange: trial.broke(exchange, ClientGone()), None),
    "the house failed": (lambda exchange: trial.broke(exchange, ZeroDivisionError()), None),
    "told to stop": (
        lambda exchange: trial.broke(exchange, Refused(Fault("overloaded", 503, "closing"))),
        None,
    ),
    "cancelled": (trial.over, None),
}
begins = some.just(("begin", 0.0, ""))
moves = some.tuples(some.just("move"), some.sampled_from((0.0, 0.5, 1.0, 29.9, REST, 61.0)), some.just(""))
ends = some.tuples(some.just("end"), some.floats(0, 1, exclude_max=True), some.sampled_from(list(ENDS)))


class Sweep:
    """A target, the tries that are under way at it, and the time."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.house = House(settings(provider("one", "http://127.0.0.1:9")), self.clock)
        self.breaker = Breaker(REST)
        messages = DIALECTS["anthropic-messages"]
        self.target = Target(self.house.providers["one"], "x", (), messages, self.breaker)
        self.under_way: list[Exchange] = []

    def begin(self) -> None:
        """A try goes in where one may; one that has no other target goes in all the same."""
        exchange = exchange_of(self.house, Client())
        trial.begin(exchange, self.target)
        self.under_way.append(exchange)

    def end(self, place: float, how: str) -> None:
        """One of those under way ends; whatever it was, `close` comes behind it."""
        if self.under_way:
            exchange = self.under_way.pop(int(place * len(self.under_way)))
            ENDS[how][0](exchange)
            trial.over(exchange)

    def holds(self) -> None:
        """What is true at any moment."""
        probes = sum(exchange.probe for exchange in self.under_way)
        assert probes <= 1
        now = self.clock()
        assert self.breaker.ready(now) == (self.breaker.closed or (self.rested and not probes))

    @property
    def rested(self) -> bool:
        """Whether it is not left alone any more."""
        return self.breaker.state(self.clock()) != "open"


@given(some.lists(some.one_of(begins, begins, moves, ends, ends), max_size=120))
def test_any_history_leaves_it_usable(history: list[tuple[str, float, str]]) -> None:
    """At each moment one probe at most; and once all is over, its rest and two good tries close it."""
    sweep = Sweep()
    for what, number, how in history:
        if what == "begin":
            sweep.begin()
        elif what == "move":
            sweep.clock.move(number)
        else:
            sweep.end(number, how)
        sweep.holds()
    while sweep.under_way:
        sweep.end(0.0, "cancelled")
        sweep.holds()
    sweep.clock.move(REST)
    for _ in range(GOOD_PROBES):
        assert sweep.breaker.ready(sweep.clock())
        sweep.begin()
        sweep.end(0.0, "a reply")
    assert sweep.breaker.closed


@pytest.mark.parametrize("how", ENDS)
def test_an_ended_probe_frees_its_place(how: str) -> None:
    """However a probe ends: a good one counts, a bad one lets it rest again, and any lets another in."""
    sweep = Sweep()
    for _ in range(10):
        sweep.breaker.bad(sweep.clock(), 1.0)
    sweep.clock.move(REST)
    sweep.begin()
    assert sweep.under_way[0].probe
    assert not sweep.breaker.ready(sweep.clock())
    sweep.end(0.0, how)
    good = ENDS[how][1]
    assert sweep.breaker.state(sweep.clock()) == ("open" if good is False else "half_open")
    assert sweep.breaker.ready(sweep.clock()) is (good is not False)
    sweep.clock.move(REST)
    for _ in range(GOOD_PROBES):
        sweep.begin()
        assert sweep.breaker.closed or sweep.under_way[0].probe
        sweep.end(0.0, "a reply")
    assert sweep.breaker.closed


# The same on the path: what an upstream does to a probe, and whether it lets the target rest again.
PROBES: dict[str, tuple[Script, bool, bool]] = {
    "a reply": (GOOD, False, False),
    "a stream": (stream(EVENTS), True, False),
    "a wrong request": (no(400), False, False),
    "too long": (no(400, TOO_LONG), False, False),
    "unknown there": (no(404), False, False),
    "a dead key": (no(401), False, False),
    "throttled": (no(429), False, True),
    "sick": (no(500), False, True),
    "overloaded": (no(529), False, True),
    "closed": ((Close(),), False, True),
    "cut in the opening": ((*begun(EVENTS[:1]), Close()), True, True),
    "cut in the middle": ((*begun(EVENTS[:5]), Close()), True, True),
}


def tripped(house: House) -> Breaker:
    """The breaker of the first target, opened."""
    breaker = house.breakers.of("one", "x")
    for _ in range(10):
        breaker.bad(house.clock(), 1.0)
    return breaker


async def comes_back(house: House, alone: Upstream, clock: Clock) -> None:
    """After its rest the first target is asked again, and two good replies close its breaker."""
    clock.move(REST)
    for _ in range(GOOD_PROBES):
        exchange = alone.plays(GOOD)
        await ask(house, exchange)
        assert tried(exchange) == ["one"]
    assert house.breakers.of("one", "x").closed


@pytest.mark.parametrize("what", PROBES)
@in_loop
async def test_whatever_a_probe_comes_to_the_target_comes_back(alone: Upstream, what: str) -> None:
    """On the path: the place of the probe is free, and the target is asked again when it has rested."""
    script, streamed, rests = PROBES[what]
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        breaker = tripped(house)
        clock.move(REST)
        last = stream(EVENTS) if streamed else GOOD
        exchange = alone.plays(script, last)
        await ask(house, exchange, streamed=streamed)
        assert tried(exchange)[0] == "one"
        assert breaker.state(clock()) == ("open" if rests else "half_open")
        await comes_back(house, alone, clock)


@in_loop
async def test_a_probe_that_is_silent_too_long(alone: Upstream) -> None:
    """A timeout ends it as any failure does."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        breaker = tripped(house)
        clock.move(REST)
        exchange = alone.plays((Hang(),), GOOD)
        asking = asyncio.ensure_future(ask(house, exchange))
        await until(lambda: exchange.requests and house.timekeeper.active)
        clock.move(601)
        house.timekeeper.sweep(clock())
        await asking
        assert breaker.state(clock()) == "open"
        await comes_back(house, alone, clock)


class Deaf(Client):
    """A client to whom nothing can be said: the house fails in the middle of it."""

    async def send(self, message: object) -> None:
        """Fail."""
        raise RuntimeError(f"nobody takes {message!r}"[:40])


@in_loop
async def test_a_house_that_fails_frees_the_probe(alone: Upstream) -> None:
    """An error of our own, met while the probe's reply is said, is not held against the target."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        breaker = tripped(house)
        clock.move(REST)
        exchange = alone.plays(stream(EVENTS))
        given = client_of(exchange, streamed=True)
        deaf = Deaf(body=msgspec.json.encode(STREAMED), headers=given.scope["headers"])
        with pytest.raises(RuntimeError):
            await deaf.ask(house)
        assert breaker.state(clock()) == "half_open"
        await comes_back(house, alone, clock)


STREAMED = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_a_probe_that_is_cancelled_anywhere(alone: Upstream, streamed: bool) -> None:
    """Wherever the request of a probe is cancelled, another may be the probe."""
    clock = Clock()
    async with open_house(failing(alone, failure=ONCE), clock) as house:
        for suspension in itertools.count(1):
            breaker = tripped(house)
            clock.move(REST)
            exchange = alone.plays(stream(EVENTS) if streamed else GOOD)
            if not await cancelled_at(suspension, ask(house, exchange, streamed=streamed)):
                break
            assert breaker.ready(clock())
            await comes_back(house, alone, clock)
            house.providers["one"].doors["anthropic-messages"].pool.close()
        assert suspension > 2
