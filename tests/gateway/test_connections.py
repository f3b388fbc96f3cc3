"""Connections by configuration: only so many, for each key its own, kept for so long, opened ahead."""

import asyncio
from typing import Any

import pytest

from gateway.house import House
from gateway.provider import Door
from gateway.settings import Connections, Settings, Timeouts
from tests.gateway.failing import CHAT, EVENTS, GOOD, MESSAGES, client_of, no, tried
from tests.gateway.indoors import Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.wires import seen
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Script

HELD: Script = (Gate(), *GOOD)
ONE = Connections(most=1)


def given(upstream: Upstream, connections: Connections, *leads: str, **more: Any) -> Settings:
    """A provider `one` with these connections, and `two`; `m` leads to the first, or these."""
    at = upstream.address
    return settings(
        provider("one", f"{at}/one", connections=connections, **more),
        provider("two", f"{at}/two"),
        models={"m": tiers(*(leads or ("one/x",)), affinity=False)},
    )


def door_of(house: House) -> Door:
    """The only door of the provider that has limits."""
    return house.providers["one"].doors[MESSAGES]


def asking(house: House, exchange: Exchange, **how: Any) -> tuple[Client, asyncio.Task[Client]]:
    """A client, and its request under way."""
    client = client_of(exchange, **how)
    return client, asyncio.get_running_loop().create_task(client.ask(house))


async def occupied(house: House, upstream: Upstream) -> tuple[Exchange, asyncio.Task[Client]]:
    """The only connection is taken, until the exchange is released."""
    held = upstream.plays(HELD)
    _, task = asking(house, held)
    await until(lambda: held.requests)
    return held, task


async def waited_in_vain(house: House, clock: Clock, task: asyncio.Task[Client]) -> None:
    """The time to connect passes for one that waits."""
    await until(lambda: door_of(house).figures().waiting == 1 and len(house.timekeeper.active) == 2)
    clock.move(4.9)
    house.timekeeper.sweep(clock())
    await asyncio.sleep(0)
    assert not task.done()
    clock.move(0.1)
    house.timekeeper.sweep(clock())
    await task


@in_loop
async def test_who_finds_all_in_use_waits_for_one(alone: Upstream) -> None:
    """Three at once over one connection, in their order."""
    async with open_house(given(alone, ONE)) as house:
        held, first = await occupied(house, alone)
        second, third = alone.plays(HELD), alone.plays(GOOD)
        tasks = [asking(house, each)[1] for each in (second, third)]
        await until(lambda: door_of(house).figures().waiting == 2)
        held.release()
        await until(lambda: second.requests)
        assert (first.done(), third.requests, door_of(house).figures().busy) == (True, [], 1)
        second.release()
        assert [(await task).status for task in tasks] == [200, 200]
        figures = door_of(house).figures()
        assert (figures.opened, figures.reused, figures.waiting, figures.idle) == (1, 2, 0, 1)
        assert {request.connection for request in alone.requests} == {1}


@in_loop
async def test_who_waits_as_long_as_connecting_may_take_is_told(alone: Upstream) -> None:
    """Then it is a 503 with a time, nothing was asked, and the breaker heard of nothing."""
    clock = Clock()
    async with open_house(given(alone, ONE), clock) as house:
        held, first = await occupied(house, alone)
        late = alone.plays(GOOD)
        client, task = asking(house, late)
        await waited_in_vain(house, clock, task)
        assert (client.status, client.header(b"retry-after"), late.requests) == (503, b"5", [])
        assert b"all 1 connections to it were in use for 5 seconds" in client.body
        assert client.json()["error"]["type"] == "overloaded_error"
        assert house.breakers.states(clock()).get(("one", "x"), "closed") == "closed"
        held.release()
        assert (await first).status == 200
        assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200


@in_loop
async def test_after_the_wait_the_next_target_is_asked(alone: Upstream) -> None:
    """With another target left the request goes on there."""
    clock = Clock()
    async with open_house(given(alone, ONE, "one/x", "two/y"), clock) as house:
        held, first = await occupied(house, alone)
        late = alone.plays(GOOD)
        client, task = asking(house, late)
        await waited_in_vain(house, clock, task)
        assert (client.status, tried(late)) == (200, ["two"])
        held.release()
        await first


@in_loop
async def test_a_client_that_leaves_gives_up_its_place(alone: Upstream) -> None:
    """Nobody is asked for it, and the one behind moves up."""
    async with open_house(given(alone, ONE)) as house:
        held, first = await occupied(house, alone)
        gone, behind = alone.plays(GOOD), alone.plays(GOOD)
        client, leaving = asking(house, gone)
        _, task = asking(house, behind)
        await until(lambda: len(house.timekeeper.active) == 3)
        client.leave()
        await leaving
        assert door_of(house).figures().waiting == 1
        held.release()
        assert ((await task).status, (await first).status, gone.requests) == (200, 200, [])


ENDS: dict[str, tuple[Script, ...]] = {
    "a reply": (GOOD,),
    "a stream": (stream(EVENTS),),
    "an error": (no(400),),
    "a broken stream": ((*begun(EVENTS[:3]), Close()),),
    "closed unread": ((Close(),), GOOD),
}


@pytest.mark.parametrize("end", ENDS)
@in_loop
async def test_every_place_comes_back(alone: Upstream, end: str) -> None:
    """However a request ends, the next one finds a place, and never are there two connections."""
    async with open_house(given(alone, ONE)) as house:
        for _ in range(2):
            await client_of(alone.plays(*ENDS[end]), streamed="stream" in end).ask(house)
        turns = door_of(house).pool.turns
        assert turns is not None
        assert (turns.inside, turns.waiting, door_of(house).figures().busy) == (0, 0, 0)
        assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200


@in_loop
async def test_the_place_of_who_could_not_connect_comes_back(alone: Upstream) -> None:
    """A failed connection is counted, and holds no place."""
    dead = provider("one", "http://127.0.0.1:1", connections=ONE, timeouts=Timeouts(connect=1.0))
    async with open_house(settings(dead, models={"m": "one/x"})) as house:
        for _ in range(2):
            assert (await client_of(alone.plays(GOOD)).ask(house)).status == 502
        assert (door_of(house).figures().failed, door_of(house).figures().opened) == (2, 0)


@in_loop
async def test_each_key_has_connections_of_its_own(alone: Upstream) -> None:
    """Two keys in turn are two connections, each used by one key alone; the limit is of each."""
    keys = ("sk-a-0001", "sk-b-0002")
    async with open_house(given(alone, ONE, api_key=keys[0], api_keys=keys)) as house:
        for _ in range(4):
            assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200
        assert [pool.counts() for pool in door_of(house).pools] == [(1, 1), (1, 1)]
        pairs = {(request.header("x-api-key"), request.connection) for request in alone.requests}
        assert len(pairs) == 2
        held = [await occupied(house, alone) for _ in keys]
        assert door_of(house).figures().busy == 2
        for exchange, task in held:
            exchange.release()
            await task


@pytest.mark.parametrize(("kept", "idle"), [(20.0, 0), (30.0, 1), (0.0, 0)])
@in_loop
async def test_an_idle_connection_is_kept_for_as_long_as_is_said(
    alone: Upstream, kept: float, idle: int
) -> None:
    """After 25 seconds it is there or closed; with 0 none is kept at all."""
    clock = Clock()
    async with open_house(given(alone, Connections(keep_alive=kept)), clock) as house:
        assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200
        assert door_of(house).figures().idle == (1 if kept else 0)
        clock.move(25.0)
        house.providers["one"].expire(clock())
        assert door_of(house).figures().idle == idle


@in_loop
async def test_some_are_opened_ahead(alone: Upstream) -> None:
    """They are there before anybody asks, are used first, and are made up for at the next look."""
    clock = Clock()
    async with open_house(given(alone, Connections(ahead=2)), clock) as house:
        await seen(alone, 2)
        await until(lambda: door_of(house).figures().idle == 2)
        held, task = await occupied(house, alone)
        figures = door_of(house).figures()
        assert (figures.opened, figures.reused, figures.idle) == (2, 1, 1)
        house.providers["one"].prepare(house.clock)
        await until(lambda: door_of(house).figures().idle == 2)
        held.release()
        assert (await task).status == 200
        clock.move(76.0)
        house.providers["one"].expire(clock())
        assert door_of(house).figures().idle == 0
        house.providers["one"].prepare(house.clock)
        await until(lambda: door_of(house).figures().idle == 2)


@in_loop
async def test_those_ahead_leave_room_for_requests(alone: Upstream) -> None:
    """With all but one in use only one is opened ahead; with all in use none."""
    async with open_house(given(alone, Connections(most=2, ahead=2))) as house:
        await until(lambda: door_of(house).figures().idle == 2)
        held = [await occupied(house, alone) for _ in range(2)]
        house.providers["one"].prepare(house.clock)
        figures = door_of(house).figures()
        assert (figures.open, figures.idle, figures.opened) == (2, 0, 2)
        for exchange, task in held:
            exchange.release()
            await task


@in_loop
async def test_one_that_was_closed_ahead_is_no_failure(alone: Upstream) -> None:
    """The upstream may close what nobody has used: it is not handed out, and another takes its place."""
    async with open_house(given(alone, Connections(ahead=1))) as house:
        await until(lambda: door_of(house).figures().idle == 1)
        pool = door_of(house).pool
        wire = pool.take(house.clock())
        assert wire is not None
        wire.data_received(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        assert not wire.reusable()
        pool.drop(wire)
        assert (await client_of(alone.plays(GOOD)).ask(house)).status == 200


@in_loop
async def test_nobody_there_is_asked_again_at_the_next_look() -> None:
    """A provider that is away makes nobody fail: one try a look, counted."""
    dead = provider("one", "http://127.0.0.1:1", CHAT, connections=Connections(ahead=3))
    async with open_house(settings(dead)) as house:
        door = house.providers["one"].doors[CHAT]
        await until(lambda: door.figures().failed == 1)
        house.providers["one"].prepare(house.clock)
        await until(lambda: door.figures().failed == 2)


@in_loop
async def test_a_retired_provider_opens_nothing_ahead(alone: Upstream) -> None:
    """Its idle ones are closed, and none takes their place."""
    async with open_house(given(alone, Connections(ahead=2))) as house:
        await until(lambda: door_of(house).figures().idle == 2)
        one = house.providers["one"]
        one.retire(house.clock())
        one.prepare(house.clock)
        await seen(alone, 0)
        assert door_of(house).figures().open == 0


@in_loop
async def test_closing_ends_what_is_being_opened_ahead(alone: Upstream) -> None:
    """A house that closes at once leaves no connection and no task."""
    async with open_house(given(alone, Connections(ahead=3))):
        pass
    await seen(alone, 0)
