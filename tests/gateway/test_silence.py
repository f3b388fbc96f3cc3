"""What a silence calls for, as a pure decision, and as an exchange lives through it with a clock in hand."""

import asyncio

import pytest

from gateway.errors import UpstreamError
from gateway.house import House
from gateway.settings import Timeouts
from gateway.silence import NEVER, attend, expect, judge
from tests.gateway.indoors import Client, exchange_of, open_house, provider, settings
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import begun
from tests.upstream.server import Upstream
from tests.upstream.steps import Hang


@pytest.mark.parametrize(
    ("now", "give_up_at", "sign_at", "verdict"),
    [
        (0.0, 10.0, 5.0, "wait"),
        (4.999, 10.0, 5.0, "wait"),
        (5.0, 10.0, 5.0, "sign"),
        (9.999, 10.0, 5.0, "sign"),
        (10.0, 10.0, 5.0, "give up"),
        (10.0, 10.0, 10.0, "give up"),
        (11.0, 10.0, 20.0, "give up"),
        (1e12, 1e13, NEVER, "wait"),
    ],
)
def test_the_decision(now: float, give_up_at: float, sign_at: float, verdict: str) -> None:
    """Before both times it waits; giving up stands above a sign of life."""
    assert judge(now, give_up_at, sign_at) == verdict


@in_loop
async def test_a_stream_says_signs_until_it_is_given_up() -> None:
    """Signs come at their interval, the head of the stream before the first; then the limit ends it."""
    clock, client = Clock(), Client()
    async with open_house(settings(sign_of_life=15.0), clock) as house:
        exchange = exchange_of(house, client)
        exchange.request_id, exchange.relay, exchange.sent_at = b"id", "stream", clock.now
        expect(exchange, 60.0)
        assert exchange.wake_at == clock.now + 15.0
        await attend(exchange)
        assert client.messages == []
        for count in (1, 2, 3):
            clock.move(15.0)
            await attend(exchange)
            assert (exchange.signs, len(client.pieces)) == (count, count)
        assert exchange.wake_at == 1060.0
        assert client.status == 200
        assert client.body == exchange.dialect.sign_of_life * 3
        clock.move(15.0)
        with pytest.raises(UpstreamError) as caught:
            await attend(exchange)
        assert (caught.value.phase, caught.value.cause) == ("head", "timeout")


@in_loop
async def test_a_whole_reply_is_waited_for_without_a_sign() -> None:
    """Before a whole reply nothing can be said: it has one limit for all of it, counted from its sending."""
    clock, client = Clock(), Client()
    async with open_house(settings(sign_of_life=1.0), clock) as house:
        exchange = exchange_of(house, client)
        exchange.sent_at = clock.now
        expect(exchange, 60.0)
        exchange.heard_at = exchange.head_at = clock.now + 50.0
        clock.move(59.0)
        await attend(exchange)
        assert client.messages == []
        clock.move(1.0)
        with pytest.raises(UpstreamError) as caught:
            await attend(exchange)
        assert (caught.value.phase, caught.value.cause) == ("body", "timeout")


@in_loop
async def test_a_silent_stream_of_a_real_upstream(replay: Upstream) -> None:
    """With the clock moved, a silent upstream is signed for, then ended in band and let go."""
    clock = Clock()
    far = provider("ant", replay.address, timeouts=Timeouts(first_byte=60.0))
    hanging = replay.plays((Hang(),))
    header = (b"baggage", hanging.name.encode())
    client = Client(body=b'{"model":"ant/x","stream":true,"messages":[]}', headers=[header])
    async with open_house(settings(far, sign_of_life=15.0), clock) as house:
        asking = _ask(client, house)
        await until(lambda: hanging.requests)
        clock.move(15.0)
        await until(lambda: client.pieces)
        clock.move(45.0)
        await asking
        assert client.status == 200
        assert client.ended
        assert client.body.startswith(b"event: ping")
        assert b"event: error" in client.body
        assert b"did not answer within 60 seconds" in client.body
        await until(hanging.left.is_set)


@in_loop
async def test_a_stream_that_spoke_has_its_limit_anew(replay: Upstream) -> None:
    """After a word the limit is the idle one, counted from that word."""
    clock = Clock()
    far = provider("ant", replay.address, timeouts=Timeouts(first_byte=60.0, idle=100.0))
    script = begun([b'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'])
    exchange = replay.plays((*script, Hang()))
    header = (b"baggage", exchange.name.encode())
    client = Client(body=b'{"model":"ant/x","stream":true,"messages":[]}', headers=[header])
    async with open_house(settings(far, sign_of_life=1000.0), clock) as house:
        asking = _ask(client, house)
        await until(lambda: client.pieces)
        clock.move(99.0)
        house.timekeeper.sweep(clock.now)
        assert not client.ended
        clock.move(1.0)
        await asking
        assert b"said nothing for 100 seconds" in client.body


def _ask(client: Client, house: House) -> asyncio.Task[Client]:
    return asyncio.get_running_loop().create_task(client.ask(house))
