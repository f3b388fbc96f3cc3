"""A provider that takes only so many requests at once: who waits, how long, and that each turn comes back."""

import asyncio
from typing import Any

import pytest

from gateway.house import House
from gateway.settings import FailureSettings, Settings
from gateway.turns import Turns
from tests.gateway.failing import EVENTS, GOOD, client_of, no, tried
from tests.gateway.indoors import AT_ONCE, Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Hang, Script

HELD: Script = (Gate(), *GOOD)


def narrow(upstream: Upstream, *leads: str, failure: FailureSettings = AT_ONCE, **server: Any) -> Settings:
    """A provider `one` that takes a request at a time, and `two`; `m` leads to the first, or these."""
    at = upstream.address
    return settings(
        provider("one", f"{at}/one", concurrency=1, api_keys=("sk-a-0001", "sk-b-0002")),
        provider("two", f"{at}/two"),
        models={"m": tiers(*(leads or ("one/x",)))},
        failure=failure,
        **server,
    )


def turns_of(house: House) -> Turns:
    """The turns of the first provider."""
    turns = house.providers["one"].turns
    assert turns is not None
    return turns


def asking(house: House, exchange: Exchange, **how: Any) -> tuple[Client, asyncio.Task[Client]]:
    """A client, and its request under way."""
    client = client_of(exchange, **how)
    return client, asyncio.get_running_loop().create_task(client.ask(house))


async def occupied(house: House, upstream: Upstream) -> tuple[Exchange, asyncio.Task[Client]]:
    """The only turn is taken, until the exchange is released."""
    held = upstream.plays(HELD)
    _, task = asking(house, held)
    await until(lambda: held.requests)
    return held, task


@in_loop
async def test_they_go_one_after_another_in_order(alone: Upstream) -> None:
    """Three at once: each is asked when the one before has had its last byte."""
    async with open_house(narrow(alone)) as house:
        held, first = await occupied(house, alone)
        second, third = alone.plays(HELD), alone.plays(GOOD)
        tasks = [asking(house, each)[1] for each in (second, third)]
        await until(lambda: turns_of(house).waiting == 2)
        assert not second.requests
        held.release()
        await until(lambda: second.requests)
        assert (first.done(), third.requests, turns_of(house).waiting) == (True, [], 1)
        second.release()
        assert [(await task).status for task in tasks] == [200, 200]
        assert turns_of(house).inside == 0


@in_loop
async def test_a_stream_keeps_its_turn_to_its_last_byte(alone: Upstream) -> None:
    """While the events of one come the other waits."""
    async with open_house(narrow(alone)) as house:
        flowing = alone.plays((*begun(EVENTS[:3]), Gate(), *begun(EVENTS[3:])[1:], Close()))
        client, streaming = asking(house, flowing, streamed=True)
        await until(lambda: client.pieces)
        waiting = alone.plays(GOOD)
        _, task = asking(house, waiting)
        await until(lambda: turns_of(house).waiting)
        assert not waiting.requests
        flowing.release()
        await streaming
        assert (await task).status == 200


@in_loop
async def test_who_waits_too_long_is_told_to_come_back(alone: Upstream) -> None:
    """After `failure.queue` it is a 503 with a time, and nothing was asked."""
    clock = Clock()
    async with open_house(narrow(alone, failure=FailureSettings(queue=5.0)), clock) as house:
        held, first = await occupied(house, alone)
        late = alone.plays(GOOD)
        client, task = asking(house, late)
        await until(lambda: len(house.timekeeper.active) == 2)
        clock.move(4.9)
        house.timekeeper.sweep(clock())
        await asyncio.sleep(0)
        assert turns_of(house).waiting == 1
        clock.move(0.1)
        house.timekeeper.sweep(clock())
        await task
        assert (client.status, client.header(b"retry-after"), late.requests) == (503, b"5", [])
        assert b"1 requests at a time" in client.body
        assert turns_of(house).waiting == 0
        held.release()
        await first
        assert turns_of(house).inside == 0
        assert [*house.tallies.waits] == [("one", "no")]


@in_loop
async def test_after_the_wait_the_next_target_is_asked(alone: Upstream) -> None:
    """With another target left the request goes on there; that is not the first one's failure."""
    clock = Clock()
    async with open_house(narrow(alone, "one/x", "two/y"), clock) as house:
        held, first = await occupied(house, alone)
        late = alone.plays(GOOD)
        client, task = asking(house, late)
        await until(lambda: len(house.timekeeper.active) == 2)
        clock.move(10)
        house.timekeeper.sweep(clock())
        await task
        assert (client.status, tried(late), client.header(b"x-penstock-attempts")) == (200, ["two"], b"1")
        held.release()
        await first


@in_loop
async def test_without_patience_the_next_target_is_asked_at_once(alone: Upstream) -> None:
    """`queue = 0`: what has no room overflows."""
    at_once = FailureSettings(queue=0.0, pause=0.0)
    async with open_house(narrow(alone, "one/x", "two/y", failure=at_once)) as house:
        held, first = await occupied(house, alone)
        late = alone.plays(GOOD)
        assert (await client_of(late).ask(house)).status == 200
        assert tried(late) == ["two"]
        held.release()
        await first


@in_loop
async def test_a_client_that_leaves_gives_up_its_place(alone: Upstream) -> None:
    """Nobody is asked for it, and the one behind moves up."""
    async with open_house(narrow(alone)) as house:
        held, first = await occupied(house, alone)
        gone, behind = alone.plays(GOOD), alone.plays(GOOD)
        client, leaving = asking(house, gone)
        _, task = asking(house, behind)
        await until(lambda: len(house.timekeeper.active) == 3)
        client.leave()
        await leaving
        assert (turns_of(house).waiting, client.messages) == (1, [])
        held.release()
        assert ((await task).status, (await first).status, gone.requests) == (200, 200, [])


@in_loop
async def test_one_that_waits_says_that_it_is_alive(alone: Upstream) -> None:
    """A stream in the line gets its signs of life, and then its reply behind them."""
    clock = Clock()
    async with open_house(narrow(alone, failure=FailureSettings(queue=60.0)), clock) as house:
        held, first = await occupied(house, alone)
        client, task = asking(house, alone.plays(stream(EVENTS)), streamed=True)
        await until(lambda: len(house.timekeeper.active) == 2)
        clock.move(15)
        house.timekeeper.sweep(clock())
        await until(lambda: client.pieces)
        assert b"ping" in client.body
        held.release()
        await task
        assert client.body.endswith(EVENTS[-1])
        await first


EXITS: dict[str, tuple[Script, ...]] = {
    "a reply": (GOOD,),
    "an error": (no(400),),
    "another key": (no(429), GOOD),
    "no key left": (no(401),),
    "a broken stream": ((*begun(EVENTS[:3]), Close()),),
}


@pytest.mark.parametrize("exit_", EXITS)
@in_loop
async def test_every_turn_comes_back(alone: Upstream, exit_: str) -> None:
    """However a request ends, the next one finds its turn free."""
    async with open_house(narrow(alone)) as house:
        await client_of(alone.plays(*EXITS[exit_]), streamed="stream" in exit_).ask(house)
        assert (turns_of(house).inside, turns_of(house).waiting) == (0, 0)


@in_loop
async def test_the_turn_of_one_that_left_comes_back(alone: Upstream) -> None:
    """A client that leaves in the middle of a reply frees its turn for who waits."""
    async with open_house(narrow(alone)) as house:
        client, leaving = asking(house, alone.plays((Hang(),)))
        await until(lambda: house.timekeeper.active)
        waiting = alone.plays(GOOD)
        _, task = asking(house, waiting)
        await until(lambda: turns_of(house).waiting)
        client.leave()
        await leaving
        assert ((await task).status, turns_of(house).inside) == (200, 0)


@in_loop
async def test_closing_the_house_ends_the_wait(alone: Upstream) -> None:
    """When the time to drain is over, those in the line are told like all others."""
    async with open_house(narrow(alone, drain=0.0)) as house:
        _, first = await occupied(house, alone)
        client, task = asking(house, alone.plays(GOOD))
        await until(lambda: turns_of(house).waiting)
        house.leave()
        await task
        await first
        assert (client.status, turns_of(house).waiting, turns_of(house).inside) == (503, 0, 0)


@in_loop
async def test_a_key_rotates_within_one_turn(alone: Upstream) -> None:
    """A request that goes on to the next key does not go to the end of the line."""
    async with open_house(narrow(alone)) as house:
        rotating = alone.plays((Gate(), *no(429)), GOOD)
        _, first = asking(house, rotating)
        await until(lambda: rotating.requests)
        behind = alone.plays(HELD)
        _, second = asking(house, behind)
        await until(lambda: turns_of(house).waiting)
        rotating.release()
        assert (await first).status == 200
        behind.release()
        assert (await second).status == 200


@in_loop
async def test_the_door_closes_when_too_many_are_inside(alone: Upstream) -> None:
    """Beyond `server.max_inside` a request is a 503 in the client's API, with a time to come back."""
    async with open_house(narrow(alone, max_inside=1)) as house:
        held, first = await occupied(house, alone)
        client = await client_of(alone.plays(GOOD)).ask(house)
        assert (client.status, client.header(b"retry-after")) == (503, b"1")
        assert client.json()["error"]["type"] == "overloaded_error"
        held.release()
        assert (await first).status == 200
        assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200
