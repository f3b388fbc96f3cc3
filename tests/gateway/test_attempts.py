"""A kept connection that turns out to be stale: replaced once, and on no other condition."""

import asyncio
import itertools

import pytest

from gateway.house import House
from gateway.upstream_pool import Pool
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import cancelled_at, in_loop, until
from tests.gateway.wires import seen
from tests.upstream.exchange import Exchange
from tests.upstream.replies import events
from tests.upstream.scripts import head, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, CloseOnNext, Reset, Script, Send

REPLY = b'{"type":"message","usage":{"input_tokens":1,"output_tokens":1}}'
GOOD = whole(REPLY)


async def post(house: House, exchange: Exchange, *, streamed: bool = False) -> Client:
    """What comes of one request."""
    body = b'{"model":"ant/x","stream":%b,"messages":[]}' % (b"true" if streamed else b"false")
    return await Client(body=body, headers=[(b"baggage", exchange.name.encode())]).ask(house)


def pool_of(house: House) -> Pool:
    """The connections of the one provider."""
    return house.providers["ant"].doors["anthropic-messages"].pool


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_a_stale_connection_is_replaced(alone: Upstream, streamed: bool) -> None:
    """Closed exactly when the next request arrives: the client sees nothing of it."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        assert (await post(house, alone.plays((*GOOD, CloseOnNext())))).status == 200
        exchange = alone.plays(stream(events("anthropic-messages")) if streamed else GOOD)
        client = await post(house, exchange, streamed=streamed)
        assert (client.status, client.header(b"x-penstock-attempts")) == (200, b"1")
        assert [request.connection for request in exchange.requests] == [1, 2]
        assert pool_of(house).counts() == (1, 1)


@pytest.mark.parametrize("ending", [Close(), Reset()], ids=["closed", "reset"])
@in_loop
async def test_a_connection_closed_while_idle_is_never_used(alone: Upstream, ending: Close | Reset) -> None:
    """What is known to be closed is not even tried."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        await post(house, alone.plays((*GOOD, ending)))
        await until(lambda: pool_of(house).counts() == (0, 0) or not alone.connections)
        exchange = alone.plays(GOOD)
        assert (await post(house, exchange)).status == 200
        assert len(exchange.requests) == 1


@in_loop
async def test_it_is_replaced_only_once(alone: Upstream) -> None:
    """With ten stale connections the next is a fresh one; it is tried twice, and then its failure is told."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        dying = alone.plays((*GOOD, CloseOnNext()))
        await asyncio.gather(*(post(house, dying) for _ in range(10)))
        exchange = alone.plays((Close(),))
        assert (await post(house, exchange)).status == 502
        assert len(exchange.requests) == 3
        assert [request.number for request in exchange.requests[1:]] == [1, 1]


@pytest.mark.parametrize("ending", [Close(), Reset()], ids=["closed", "reset"])
@in_loop
async def test_a_fresh_connection_is_tried_once_more(alone: Upstream, ending: Close | Reset) -> None:
    """An upstream that closes before it answers a byte is asked again: once, and then the client is told."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        answered = alone.plays((ending,), GOOD)
        client = await post(house, answered)
        assert (client.status, client.header(b"x-penstock-attempts")) == (200, b"2")
        refused = alone.plays((ending,))
        client = await post(house, refused)
        assert (client.status, client.header(b"x-penstock-attempts")) == (502, b"2")
        # The connection that was kept after the good reply turned out stale: it is beside the two tries.
        assert (len(answered.requests), len(refused.requests)) == (2, 3)


@in_loop
async def test_a_provider_that_fails_is_not_asked_twice_as_often(alone: Upstream) -> None:
    """Further tries are a share of the traffic: of 100 requests that all fail, some 30 are sent twice."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        exchange = alone.plays((Close(),))
        for _ in range(100):
            assert (await post(house, exchange)).status == 502
        assert 110 <= len(exchange.requests) <= 130


STARTED: dict[str, Script] = {
    "half a body": (Send(head(200, {"content-length": "99"}) + b"{"), Close()),
    "a whole head": (Send(head(200, {"content-length": "99"})), Close()),
    "no HTTP": (Send(b"what?\r\n\r\n"), Close()),
}


@pytest.mark.parametrize("kind", STARTED)
@in_loop
async def test_a_reply_that_has_begun_is_not_asked_for_again(alone: Upstream, kind: str) -> None:
    """After the head of a reply on a kept connection, the upstream has done the work."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        exchange = alone.plays(GOOD, STARTED[kind])
        assert (await post(house, exchange)).status == 200
        assert (await post(house, exchange)).status == 502
        assert [request.number for request in exchange.requests] == [1, 2]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@in_loop
async def test_cancelling_at_every_await_leaves_nothing(alone: Upstream, streamed: bool) -> None:
    """Wherever a request is cancelled, its permit and its connection are given back, once."""
    async with open_house(settings(provider("ant", alone.address))) as house:
        for suspension in itertools.count(1):
            exchange = alone.plays(stream(events("anthropic-messages")) if streamed else GOOD)
            if not await cancelled_at(suspension, post(house, exchange, streamed=streamed)):
                break
            assert house.admission.inside == 0
            opened, idle = pool_of(house).counts()
            assert opened == idle
            pool_of(house).close()
            await seen(alone, 0)
        assert suspension > 2
