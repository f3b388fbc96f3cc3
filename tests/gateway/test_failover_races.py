"""Leaving and cancelling anywhere between two tries: everything is given back, and the upstream is closed."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from gateway.admission import CLOSING
from gateway.breaker import Breaker
from gateway.errors import ClientGone, Refused
from gateway.house import House
from gateway.settings import FailureSettings
from gateway.upstream import Wire
from tests.gateway.failing import EVENTS, GOOD, MESSAGES, ask, client_of, failing, no, tried
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import cancelled_at, in_loop, until
from tests.gateway.wires import seen
from tests.upstream.scripts import begun, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Hang

LONG = FailureSettings(pause=3600.0)


def counts(house: House, name: str) -> tuple[int, int]:
    """The connections of a provider: open, and idle."""
    return house.providers[name].doors[MESSAGES].pool.counts()


def is_resting(house: House) -> bool:
    """Whether the one request waits and has no connection."""
    return any(one.dialling is not None and one.failed for one in house.timekeeper.active)


async def resting(house: House, client: Client) -> asyncio.Future[Client]:
    """A request that waits between two tries, for an hour."""
    asking = asyncio.ensure_future(client.ask(house))
    await until(lambda: is_resting(house))
    return asking


@in_loop
async def test_leaving_between_two_tries(alone: Upstream) -> None:
    """The wait ends at once: no further try, no permit, no connection, and nobody's failure."""
    async with open_house(failing(alone, failure=LONG), chance=lambda: 1.0) as house:
        exchange = alone.plays(no(529))
        client = client_of(exchange)
        asking = await resting(house, client)
        client.leave()
        await asking
        assert (len(exchange.requests), client.messages) == (1, [])
        assert house.admission.inside == 0
        assert counts(house, "one") == (1, 1)


@in_loop
async def test_closing_between_two_tries(alone: Upstream) -> None:
    """A house that must close tells the client so, and waits for no try."""
    async with open_house(failing(alone, failure=LONG), chance=lambda: 1.0) as house:
        client = client_of(alone.plays(no(529)))
        asking = await resting(house, client)
        house.timekeeper.interrupt_all(Refused(CLOSING))
        await asking
        assert client.status == 503
        assert client.json()["error"]["message"] == CLOSING.message


class Farewell(Breaker):
    """A breaker that hears of a failure at the moment the client leaves."""

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self._leave = leave

    def bad(self, now: float, weight: float) -> None:
        """Count it, and let the client leave."""
        super().bad(now, weight)
        self._leave()


@pytest.mark.parametrize("status", [429, 529])
@in_loop
async def test_leaving_as_a_failure_is_heard(alone: Upstream, status: int) -> None:
    """A departure that comes together with the answer is not lost on the way to the next try."""
    async with open_house(failing(alone, failure=LONG), chance=lambda: 1.0) as house:
        house.breakers._kept["one", "x"] = Farewell(  # noqa: SLF001  # the one moment between two waits
            lambda: house.timekeeper.interrupt_all(ClientGone())
        )
        exchange = alone.plays(no(status), (Hang(),))
        client = await ask(house, exchange)
        assert (len(exchange.requests), client.messages) == (1, [])


@in_loop
async def test_leaving_as_the_pause_begins(alone: Upstream) -> None:
    """A departure at the moment the pause is drawn is seen when it is over."""
    house: House

    def leave() -> float:
        house.timekeeper.interrupt_all(ClientGone())
        return 0.0

    async with open_house(failing(alone), chance=leave) as house:
        exchange = alone.plays(no(529))
        client = await ask(house, exchange)
        assert (len(exchange.requests), client.messages) == (1, [])


@in_loop
async def test_leaving_during_a_second_connect(alone: Upstream) -> None:
    """The dial to the next target is given up, and leaves no connection."""
    async with open_house(failing(alone)) as house:
        pool = house.providers["two"].doors[MESSAGES].pool
        dialling = asyncio.Event()

        async def dial(wire: Wire) -> None:
            del wire
            dialling.set()
            await asyncio.Event().wait()

        pool.dial = dial
        exchange = alone.plays(no(429))
        client = client_of(exchange)
        asking = asyncio.ensure_future(client.ask(house))
        await dialling.wait()
        client.leave()
        await asking
        assert client.messages == []
        assert counts(house, "two") == (0, 0)


@in_loop
async def test_leaving_while_the_second_is_silent(alone: Upstream) -> None:
    """The second upstream is closed as the first would be."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(no(429), (Hang(),))
        client = client_of(exchange)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: len(exchange.requests) == 2)
        client.leave()
        await asking
        await until(exchange.left.is_set)
        assert counts(house, "two") == (0, 0)


@in_loop
async def test_leaving_while_an_opening_is_held(alone: Upstream) -> None:
    """Nothing was shown, nothing is tried elsewhere, and the upstream is closed."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays((*begun(EVENTS[:2]), Hang()))
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: any(one.head_at for one in house.timekeeper.active))
        client.leave()
        await asking
        await until(exchange.left.is_set)
        assert (tried(exchange), client.messages) == (["one"], [])
        assert counts(house, "one") == (0, 0)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_cancelling_at_every_await_leaves_nothing(alone: Upstream, streamed: bool) -> None:
    """Wherever a request with three tries is cancelled, permit, probe and connections are given back."""
    async with open_house(failing(alone)) as house:
        broken = (*begun(EVENTS[:2]), Close()) if streamed else no(529)
        for suspension in itertools.count(1):
            exchange = alone.plays(broken, broken, stream(EVENTS) if streamed else GOOD)
            house.breakers.of("one", "x").good(house.clock() + 3600 * suspension)
            if not await cancelled_at(suspension, ask(house, exchange, streamed=streamed)):
                break
            assert house.admission.inside == 0
            for name in ("one", "two"):
                opened, idle = counts(house, name)
                assert opened == idle
                house.providers[name].doors[MESSAGES].pool.close()
            await seen(alone, 0)
        assert suspension > 5
        assert tried(exchange)[-1] == "two"
