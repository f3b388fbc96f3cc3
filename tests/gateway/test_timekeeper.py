"""One tick for all: who is watched, who is woken, and that nobody is kept who is gone."""

import asyncio

import pytest

from gateway.edge.metrics import exposition
from gateway.timekeeper import TICK, Timekeeper
from tests.gateway.indoors import MESSAGE, Client, exchange_of, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.replies import events
from tests.upstream.scripts import stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang

STREAM = b'{"model":"ant/x","stream":true,"messages":[]}'
WHOLE = b'{"model":"ant/x","messages":[]}'


def carrying(exchange_name: str, body: bytes = STREAM) -> Client:
    """A client whose request names its script."""
    return Client(body=body, headers=[(b"baggage", exchange_name.encode())])


@in_loop
async def test_a_body_that_comes_slowly_is_read_whole() -> None:
    """A body whose pieces come over many ticks loses none of them to whoever watches for a departure."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        client = Client(body=())
        asking = asyncio.ensure_future(client.ask(house))
        for start in range(0, len(MESSAGE), 20):
            await _ticks(house.timekeeper, 3)
            client.arrive(MESSAGE[start : start + 20], more=start + 20 < len(MESSAGE))
        await asking
        assert client.status == 200


@in_loop
async def test_a_client_that_leaves_ends_the_upstream(replay: Upstream) -> None:
    """Before the head and in a stream, a departure closes the upstream connection; nothing more is said."""
    opening = stream(events("anthropic-messages")[:2])[:-1]
    for script in ((Hang(),), (*opening, Hang())):
        exchange = replay.plays(script)
        client = carrying(exchange.name)
        async with open_house(settings(provider("ant", replay.address))) as house:
            asking = asyncio.ensure_future(client.ask(house))
            await until(lambda: exchange.requests and (len(script) == 1 or client.pieces))  # noqa: B023
            client.leave()
            await asking
            await until(exchange.left.is_set)
            assert not client.ended
            (tally,) = house.tallies.requests.values()
            assert tally.durations.counts.count(1) == 1


@in_loop
async def test_a_client_that_leaves_before_its_body_is_whole() -> None:
    """A departure in the middle of a request is noticed by who reads it."""
    async with open_house(settings()) as house:
        client = Client(body=())
        client.arrive(MESSAGE[:10], more=True)
        asking = asyncio.ensure_future(client.ask(house))
        await _ticks(house.timekeeper, 3)
        client.leave()
        await asking
        assert client.messages == []


@in_loop
async def test_everybody_can_be_ended(replay: Upstream) -> None:
    """When the time to drain is over, who waits is told so, before the head and after it."""
    hanging = [
        replay.plays((Hang(),)),
        replay.plays((*stream(events("anthropic-messages")[:2])[:-1], Hang())),
    ]
    clients = [carrying(hanging[0].name, WHOLE), carrying(hanging[1].name)]
    async with open_house(settings(provider("ant", replay.address), drain=0.0)) as house:
        asking = [asyncio.ensure_future(client.ask(house)) for client in clients]
        await until(lambda: hanging[0].requests and clients[1].pieces)
        house.leave()
        await asyncio.gather(*asking)
        assert clients[0].status == 503
        assert clients[0].header(b"retry-after") == b"1"
        assert b"event: error" in clients[1].body
        assert clients[1].ended
        for exchange in hanging:
            await until(exchange.left.is_set)


@in_loop
async def test_nobody_is_kept_who_is_gone(replay: Upstream) -> None:
    """After all is over nobody is looked after, and the tick has stopped."""
    async with open_house(settings(provider("ant", replay.address))) as house:
        exchange = replay.plays((Gate(), *whole(b'{"type":"message","usage":{}}')))
        asking = asyncio.ensure_future(carrying(exchange.name, WHOLE).ask(house))
        await until(lambda: house.timekeeper.active)
        exchange.release()
        await asking
        assert not house.timekeeper.active


@in_loop
async def test_only_those_are_woken_whose_time_has_come() -> None:
    """A sweep nudges who is due, and nobody else."""
    clock = Clock()
    async with open_house(settings(), clock) as house:
        keeper = Timekeeper(clock)
        sources = []
        for wake_at in (0.0, 999.0, 1000.0, 1000.5):
            exchange = exchange_of(house, Client())
            exchange.wake_at = wake_at
            exchange.source = source = _Nudged()  # type: ignore[assignment]  # only its nudge is called
            sources.append(source)
            keeper.active.add(exchange)
        keeper.sweep(clock.now)
        assert [source.nudges for source in sources] == [0, 1, 1, 0]


@in_loop
async def test_a_tick_that_is_late_is_noticed(replay: Upstream) -> None:
    """By as much as a tick comes too late the loop was held up, and the metrics tell the longest."""
    clock = Clock()
    async with open_house(settings(provider("ant", replay.address)), clock) as house:
        exchange = replay.plays((Gate(), *whole(b'{"type":"message","usage":{}}')))
        asking = asyncio.ensure_future(carrying(exchange.name, WHOLE).ask(house))
        await until(lambda: exchange.requests)
        clock.now += 5.0
        await until(lambda: house.timekeeper.lateness.longest(clock()) > 1.0)
        exchange.release()
        await asking
        assert house.timekeeper.lateness.longest(clock()) == pytest.approx(5.0 - TICK)
        assert f"penstock_loop_held_up_seconds {5.0 - TICK}" in exposition(house).decode()


@in_loop
async def test_a_departure_while_dialling_ends_the_dial() -> None:
    """A client that leaves while a connection is being opened does not wait for it."""
    async with open_house(settings(provider("ant", "http://127.0.0.1:9"))) as house:
        dialling = asyncio.Event()

        async def dial(_: object) -> None:
            dialling.set()
            await asyncio.Event().wait()

        house.providers["ant"].doors["anthropic-messages"].pool.dial = dial
        client = Client(body=WHOLE)
        asking = asyncio.ensure_future(client.ask(house))
        await dialling.wait()
        client.leave()
        await asking
        assert client.messages == []


class _Nudged:
    def __init__(self) -> None:
        self.nudges = 0

    def nudge(self) -> None:
        """Count."""
        self.nudges += 1


async def _ticks(keeper: Timekeeper, count: int) -> None:
    """Let the keeper tick so often."""
    before = keeper._ticks  # noqa: SLF001  # no other way to see it tick
    await until(lambda: keeper._ticks >= before + count)  # noqa: SLF001
