"""Hedging: another target is asked beside a slow one, the first with content wins, the other is let go of."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from gateway.breaker import Breaker
from gateway.house import House
from gateway.settings import Recourse, Route, Settings, Share, Tier
from tests.gateway.failing import CHAT_EVENTS, EVENTS, GOOD, MESSAGES, client_of, failing, no, tried
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.exchange import Exchange
from tests.upstream.replies import fixture
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script

DELAY = 2.0
STREAM = stream(EVENTS)
# What a stream says before there is anything to show, and then nothing.
SILENT: Script = (*begun(EVENTS[:2]), Hang())


def route(*leads: str, **recourse: Any) -> Route:
    """Targets in order, of which the next is asked as well after a while."""
    return Route(tuple(Tier((Share(lead),), recourse=Recourse(hedge=DELAY, **recourse)) for lead in leads))


def hedging(upstream: Upstream, *leads: str, **more: Any) -> Settings:
    """Providers as in `failing`, raced."""
    return failing(upstream, route(*leads or ("one/x", "two/y")), **more)


class Race:
    """One request under way in a house whose clock stands."""

    def __init__(self, house: House, clock: Clock, exchange: Exchange, *, streamed: bool) -> None:
        self.house = house
        self.clock = clock
        self.exchange = exchange
        self.client = client_of(exchange, streamed=streamed)
        self.asking = asyncio.ensure_future(self.client.ask(house))

    async def hedge(self, asked: int = 2) -> None:
        """Let the first be asked, and so much time pass that the next is, too."""
        await until(lambda: self.exchange.requests and self.house.timekeeper.active)
        await self.pass_time(DELAY)
        await until(lambda: len(self.exchange.requests) == asked)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and whoever waits for it know."""
        self.clock.move(seconds)
        self.house.timekeeper.sweep(self.clock())
        await asyncio.sleep(0)


@asynccontextmanager
async def racing(
    upstream: Upstream, *scripts: Script, streamed: bool = True, given: Settings | None = None
) -> AsyncIterator[Race]:
    """A request that these scripts answer."""
    clock = Clock()
    async with open_house(given or hedging(upstream), clock) as house:
        yield Race(house, clock, upstream.plays(*scripts), streamed=streamed)
    assert house.timekeeper.active == set()


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@in_loop
async def test_the_next_wins(alone: Upstream, *, streamed: bool) -> None:
    """The first shows nothing: the next does, and is all the client sees; the first is closed."""
    slow, good = (SILENT, STREAM) if streamed else ((Hang(),), GOOD)
    async with racing(alone, slow, good, streamed=streamed) as race:
        await race.hedge()
        client = await race.asking
        assert tried(race.exchange) == ["one", "two"]
        full = b"".join(EVENTS) if streamed else fixture(MESSAGES, "plain.json")
        assert (client.status, client.body, client.ended) == (200, full, True)
        assert client.header(b"x-penstock-provider") == b"two"
        assert client.header(b"x-penstock-attempts") == b"2"
        await until(race.exchange.left.is_set)
        assert race.house.tallies.hedges == {("two", "won"): 1}


@in_loop
async def test_the_first_wins(alone: Upstream) -> None:
    """It comes to show something after all: the other, which does not, is closed and says nothing."""
    async with racing(alone, (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:]), SILENT) as race:
        await race.hedge()
        race.exchange.release()
        client = await race.asking
        assert client.body == b"".join(EVENTS)
        assert client.header(b"x-penstock-provider") == b"one"
        await until(race.exchange.left.is_set)
        assert race.house.tallies.hedges == {("two", "lost"): 1}


@in_loop
async def test_a_quick_first_has_no_rival(alone: Upstream) -> None:
    """Nobody else is asked before the time is up, and no alarm is left behind."""
    async with racing(alone, STREAM, STREAM) as race:
        assert (await race.asking).status == 200
        await race.pass_time(DELAY)
        assert tried(race.exchange) == ["one"]
        assert race.house.tallies.hedges == {}


@in_loop
async def test_a_loser_is_nobodys_failure(alone: Upstream) -> None:
    """Neither breaker hears of it, and a place for a probe is given back."""
    async with racing(alone, SILENT, STREAM) as race:
        first, second = race.house.router.plan(MESSAGES, "m")
        trip(first.breaker, race.clock)
        trip(second.breaker, race.clock)
        race.clock.move(31)
        await race.hedge()
        await race.asking
        assert first.breaker.ready(race.clock())
        assert first.breaker.state(race.clock()) == second.breaker.state(race.clock()) == "half_open"
        second.breaker.good(race.clock())
        assert second.breaker.closed


def trip(breaker: Breaker, clock: Clock) -> None:
    """Open a breaker."""
    for _ in range(10):
        breaker.bad(clock(), 1.0)


@in_loop
async def test_a_rival_that_fails(alone: Upstream) -> None:
    """The first goes on as if it had never been; its failure is written in the log."""
    async with racing(alone, (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:]), no(529)) as race:
        await race.hedge()
        await until(lambda: len(race.house.timekeeper.active) == 1)
        race.exchange.release()
        client = await race.asking
        assert (client.status, client.body) == (200, b"".join(EVENTS))
        assert race.house.tallies.hedges == {("two", "failed"): 1}


@in_loop
async def test_a_rival_that_fails_after_its_head(alone: Upstream) -> None:
    """A 200 that turns out to be none has not won, whenever the first comes to its end."""
    garbage = (*begun(EVENTS[:1]), *begun([b"event: error\ndata: {}\n\n"])[1:], Close())
    async with racing(alone, (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:]), garbage) as race:
        await race.hedge()
        await until(lambda: len(race.house.timekeeper.active) == 1)
        race.exchange.release()
        client = await race.asking
        assert (client.status, client.body) == (200, b"".join(EVENTS))
        assert race.house.tallies.hedges == {("two", "failed"): 1}


@in_loop
async def test_a_first_that_fails(alone: Upstream) -> None:
    """With nobody else left its rival is waited for, and wins."""
    cut = (*begun(EVENTS[:2]), Gate(), Close())
    late = (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:])
    given = hedging(alone)
    given = msgspec.structs.replace(given, failure=msgspec.structs.replace(given.failure, tries_per_target=1))
    async with racing(alone, cut, late, given=given) as race:
        await race.hedge()
        race.exchange.release()
        await until(lambda: len(race.house.tallies.failovers) == 0 and race.exchange.finished.is_set())
        race.exchange.release()
        client = await race.asking
        assert (client.status, client.body) == (200, b"".join(EVENTS))
        assert client.header(b"x-penstock-provider") == b"two"


@in_loop
async def test_both_fail(alone: Upstream) -> None:
    """The client hears the answer of the first's course."""
    given = hedging(alone)
    given = msgspec.structs.replace(given, failure=msgspec.structs.replace(given.failure, tries_per_target=1))
    busy = (Gate(), *no(529, "first"))
    async with racing(alone, busy, no(503, "second"), given=given) as race:
        await race.hedge()
        await until(lambda: len(race.house.timekeeper.active) == 1)
        race.exchange.release()
        client = await race.asking
        assert (client.status, client.json()["error"]["message"]) == (529, "first")


@in_loop
async def test_the_course_goes_on_beside_its_rival(alone: Upstream) -> None:
    """A first that fails goes to a third target while the second is asked by the rival alone."""
    given = hedging(alone, "one/x", "two/y", "three/z")
    given = msgspec.structs.replace(given, failure=msgspec.structs.replace(given.failure, tries_per_target=1))
    async with racing(alone, (Gate(), *no(529)), SILENT, STREAM, given=given) as race:
        await race.hedge()
        race.exchange.release()
        client = await race.asking
        assert (tried(race.exchange), client.body) == (["one", "two", "three"], b"".join(EVENTS))
        assert race.house.tallies.hedges == {("two", "lost"): 1}


@in_loop
async def test_a_client_that_leaves_ends_both(alone: Upstream) -> None:
    """Both connections are closed, and it is nobody's failure."""
    async with racing(alone, SILENT, SILENT) as race:
        await race.hedge()
        race.client.leave()
        await race.asking
        await until(race.exchange.left.is_set)
        assert race.client.messages == []
        doors = [door for name in ("one", "two") for door in race.house.providers[name].doors.values()]
        assert [door.pool.counts() for door in doors] == [(0, 0), (0, 0)]


@in_loop
async def test_a_rival_never_speaks_to_the_client(alone: Upstream) -> None:
    """While both are silent the client hears one sign of life at a time."""
    async with racing(alone, SILENT, STREAM, given=hedging(alone, sign_of_life=1.0)) as race:
        await until(lambda: race.exchange.requests and race.house.timekeeper.active)
        await race.pass_time(1.5)
        await until(lambda: len(race.client.pieces) == 1)
        await race.pass_time(0.5)
        client = await race.asking
        ping, *rest = client.pieces
        assert b"ping" in ping
        assert b"".join(rest) == b"".join(EVENTS)
        assert len([one for one in client.messages if one["type"] == "http.response.start"]) == 1


@in_loop
async def test_a_rival_may_speak_another_api(alone: Upstream) -> None:
    """What it says is translated, as always."""
    async with racing(alone, SILENT, stream(CHAT_EVENTS), given=hedging(alone, "one/x", "chat/c")) as race:
        await race.hedge()
        client = await race.asking
        assert client.header(b"x-penstock-body") == b"rewritten(translation)"
        assert b"message_stop" in client.body
        assert race.house.tallies.token("chat", "c").output > 0


@in_loop
async def test_no_rival_without_a_budget(alone: Upstream) -> None:
    """Where the tries of the house are spent, a slow target is waited for."""
    async with racing(alone, (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:]), STREAM) as race:
        await until(lambda: race.exchange.requests and race.house.timekeeper.active)
        while race.house.retries.take():
            pass
        await race.pass_time(DELAY)
        race.exchange.release()
        assert (await race.asking).status == 200
        assert tried(race.exchange) == ["one"]


@in_loop
async def test_no_rival_for_one_target(alone: Upstream) -> None:
    """There is nobody to ask; so it is where the others are left alone."""
    late = (*begun(EVENTS[:2]), Gate(), *stream(EVENTS[2:])[1:])
    for leads, tripped in ((("one/x",), ""), (("one/x", "two/y"), "two")):
        async with racing(alone, late, STREAM, given=hedging(alone, *leads)) as race:
            if tripped:
                trip(race.house.breakers.of(tripped, "y"), race.clock)
            await until(lambda: race.exchange.requests and race.house.timekeeper.active)
            await race.pass_time(DELAY)
            race.exchange.release()
            assert (await race.asking).status == 200
            assert tried(race.exchange) == ["one"]


@in_loop
async def test_a_count_and_an_embedding_have_no_rival(alone: Upstream) -> None:
    """Only what a model says is raced for."""
    async with open_house(hedging(alone)) as house:
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        client = await Client("/v1/messages/count_tokens", body).ask(house)
        assert client.status == 200
