"""What lives as long as a worker: it opens and closes, and leaves nothing behind."""

import asyncio
import threading

from gateway.house import HOUSEKEEPING, House
from tests.gateway.indoors import MESSAGE, Client, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.wires import seen
from tests.upstream.scripts import whole
from tests.upstream.server import Upstream

REPLY = b'{"type":"message","usage":{"input_tokens":1,"output_tokens":1}}'
ASK = b'{"model":"ant/x","messages":[]}'


def asking(upstream: Upstream) -> Client:
    """A client that is well answered."""
    exchange = upstream.plays(whole(REPLY))
    return Client(body=ASK, headers=[(b"baggage", exchange.name.encode())])


@in_loop
async def test_a_closed_house_holds_nothing(alone: Upstream) -> None:
    """Connections, tasks and threads are as they were before it was built."""
    threads = threading.active_count()
    house = House(settings(provider("ant", alone.address)))
    house.open()
    assert (await asking(alone).ask(house)).status == 200
    await seen(alone, 1)
    await house.close()
    await seen(alone, 0)
    assert house.admission.inside == 0
    assert len(asyncio.all_tasks()) == 1
    assert threading.active_count() <= threads + 1


@in_loop
async def test_closing_a_house_that_was_never_used() -> None:
    """Open or not, it closes; twice as well."""
    house = House(settings(provider("ant", "http://127.0.0.1:9")))
    await house.close()
    house = House(settings())
    house.open()
    await house.close()
    await house.close()


@in_loop
async def test_idle_connections_expire_by_its_clock(alone: Upstream) -> None:
    """What has been idle for longer than is kept is closed by housekeeping, and not before."""
    clock = Clock()
    async with open_house(settings(provider("ant", alone.address)), clock) as house:
        assert (await asking(alone).ask(house)).status == 200
        house.open()
        assert house.providers["ant"].doors["anthropic-messages"].pool.counts() == (1, 1)
        clock.move(76.0)
        house.open()
        assert house.providers["ant"].doors["anthropic-messages"].pool.counts() == (0, 0)
        await seen(alone, 0)
        assert HOUSEKEEPING < 75.0


@in_loop
async def test_a_leaving_house_lets_nobody_in(alone: Upstream) -> None:
    """A connection kept alive that brings one more request is told to go, and when to come back."""
    async with open_house(settings(provider("ant", alone.address), drain=1000.0)) as house:
        house.leave()
        house.leave()
        for body in (MESSAGE, ASK):
            client = await Client(body=body).ask(house)
            assert (client.status, client.header(b"connection")) == (503, b"close")
        assert alone.requests == []


@in_loop
async def test_a_broken_exchange_costs_its_connection_only(alone: Upstream) -> None:
    """An exchange that ends badly gives its permit and its connection back like any other."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        exchange = alone.plays(whole(b"no reply of any dialect"))
        client = Client(body=ASK, headers=[(b"baggage", exchange.name.encode())])
        assert (await client.ask(house)).status == 502
        assert house.admission.inside == 0
        opened, idle = house.providers["ant"].doors["anthropic-messages"].pool.counts()
        assert opened == idle
        await until(lambda: not house.timekeeper.active)
