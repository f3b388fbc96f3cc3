"""The opening of a stream: held while another target is left, so that an error in it can still lead on."""

import asyncio

import pytest

from gateway.attempts_opening import MOST_BYTES, MOST_EVENTS
from gateway.house import House
from gateway.settings import Route
from tests.gateway.failing import CHAT_EVENTS, EVENTS, ask, client_of, failing, left, no, tried
from tests.gateway.indoors import open_house, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.scripts import LAST_CHUNK, begun, chunk, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Reset, Script, Send

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
BUSY = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
WRONG = b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"bad"}}\n\n'
CHAT_BUSY = b'data: {"error":{"message":"busy","type":"server_error","code":503}}\n\n'
GOOD = stream(EVENTS)
GOOD_CHAT = stream(CHAT_EVENTS)
OPENING = EVENTS[:2]  # the start of the message and of a block
ONE = tiers("one/x")
ROUTES = {"passthrough": tiers("one/x", "two/y"), "translation": tiers("chat/x", "one/y")}
OPENINGS = {"passthrough": OPENING, "translation": CHAT_EVENTS[:1]}
ERRORS = {"passthrough": BUSY, "translation": CHAT_BUSY}
either_way = pytest.mark.parametrize("way", ["passthrough", "translation"])


def last(*events: bytes) -> Script:
    """The last events of a stream, and its end."""
    return (*(Send(chunk(event)) for event in events), Send(LAST_CHUNK))


def test_the_opening_says_nothing_yet() -> None:
    """The recorded streams begin as these tests have it: nothing to show in the opening, then text."""
    assert b"content_block_start" in OPENING[-1]
    assert b"content_block_delta" not in b"".join(OPENING)
    assert any(b"content_block_delta" in event for event in EVENTS[2:4])


@either_way
@pytest.mark.parametrize("end", ["error", "close", "reset", "end"])
@in_loop
async def test_a_break_before_content_leads_on(alone: Upstream, way: str, end: str) -> None:
    """An error inside a 200, a cut, or a clean end that is none: once more, then on, and nobody sees."""
    opening = begun(OPENINGS[way])
    endings: dict[str, Script] = {
        "error": (*opening, *last(ERRORS[way])),
        "close": (*opening, Close()),
        "reset": (*opening, Gate(), Reset()),
        "end": (*opening, *last()),
    }
    async with open_house(failing(alone, ROUTES[way])) as house:
        exchange = alone.plays(endings[end], endings[end], GOOD)
        exchange.release(2)
        client = await ask(house, exchange, streamed=True)
        assert (client.status, client.body, client.ended) == (200, b"".join(EVENTS), True)
        first, second = (tier.shares[0].to.split("/")[0] for tier in ROUTES[way].tiers)
        assert tried(exchange) == [first, first, second]
        assert left(house) == {(first, "upstream"): 1}


@in_loop
async def test_a_wrong_request_inside_a_stream_stops(alone: Upstream) -> None:
    """An error in band is judged by its kind: one about the request is told, as a status."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays(stream([*OPENING, WRONG]), GOOD)
        client = await ask(house, exchange, streamed=True)
        assert (tried(exchange), client.status) == (["one"], 400)
        assert client.json()["error"]["message"] == "bad"


@either_way
@in_loop
async def test_after_content_nothing_switches(alone: Upstream, way: str) -> None:
    """What has been shown is never gone on with elsewhere: the stream ends with an error in band."""
    shown = EVENTS[:4] if way == "passthrough" else CHAT_EVENTS[:3]
    async with open_house(failing(alone, ROUTES[way])) as house:
        exchange = alone.plays((*begun(shown), Close()), GOOD)
        client = await ask(house, exchange, streamed=True)
        assert len(exchange.requests) == 1
        assert client.status == 200
        assert b"content_block_delta" in client.body
        assert b"event: error" in client.body
        assert b"message_stop" not in client.body


@in_loop
async def test_an_opening_is_held_until_there_is_content(alone: Upstream) -> None:
    """With another target left the client sees the first events together with the first words."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays((*begun(OPENING), Gate(), *last(*EVENTS[2:])))
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: has_begun(house))
        assert client.messages == []
        exchange.release()
        await until(lambda: client.pieces)
        assert client.pieces[0].startswith(b"".join(OPENING))
        assert b"content_block_delta" in client.pieces[0]
        await asking
        assert client.body == b"".join(EVENTS)


def has_begun(house: House) -> bool:
    """Whether the head of a stream is there."""
    return any(one.head_at for one in house.timekeeper.active)


@pytest.mark.parametrize("route", [ONE, tiers("two/y", "one/x")], ids=["only", "last"])
@in_loop
async def test_with_no_target_left_nothing_is_held(alone: Upstream, route: Route) -> None:
    """The only target, and the last: each event is shown as it comes."""
    async with open_house(failing(alone, route)) as house:
        held = (*begun(OPENING[:1]), Gate(), *last(*EVENTS[1:]))
        exchange = alone.plays(held) if route == ONE else alone.plays(no(429), held)
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: client.pieces)
        assert client.pieces == [OPENING[0]]
        exchange.release()
        await asking
        assert client.body == b"".join(EVENTS)


@pytest.mark.parametrize(
    "opening",
    [[OPENING[0], *[PING] * (MOST_EVENTS - 1)], [OPENING[0], b": " + b"x" * MOST_BYTES + b"\n\n"]],
    ids=["events", "bytes"],
)
@in_loop
async def test_what_is_held_is_bounded(alone: Upstream, opening: list[bytes]) -> None:
    """After 64 events or 256 KiB it is shown, content or none: an error after it is the client's."""
    async with open_house(failing(alone)) as house:
        exchange = alone.plays((*begun(opening), Gate(), *last(BUSY)), GOOD)
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: client.pieces)
        exchange.release()
        await asking
        assert len(exchange.requests) == 1
        assert client.body == b"".join([*opening, BUSY])


@in_loop
async def test_a_held_stream_is_alive_to_the_client(alone: Upstream) -> None:
    """A provider that only pings is no silence: the client is told of life by ourselves, and then led on."""
    clock = Clock()
    async with open_house(failing(alone, sign_of_life=15.0), clock) as house:
        pinging = (*begun([OPENING[0]]), Gate(), Send(chunk(PING)), Gate(), *last(BUSY))
        exchange = alone.plays(pinging, pinging, GOOD)
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: has_begun(house))
        clock.move(15.0)
        exchange.release()
        await until(lambda: client.pieces)
        assert client.body == house.router.plan("anthropic-messages", "m")[0].dialect.sign_of_life
        exchange.release(9)
        await asking
        assert tried(exchange) == ["one", "one", "two"]
        assert client.body.endswith(b"".join(EVENTS))
        assert client.header(b"x-penstock-provider") == b"one"


@in_loop
async def test_an_answer_after_a_sign_of_life_is_told_in_band(alone: Upstream) -> None:
    """What could have passed as it came, before a sign of life was told, is an event of it after that."""
    clock = Clock()
    async with open_house(failing(alone, sign_of_life=15.0), clock) as house:
        silent = (Gate(), *no(401))
        exchange = alone.plays(no(429, "busy"), silent)
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: len(exchange.requests) == 2 and house.timekeeper.active)
        clock.move(15.0)
        house.timekeeper.sweep(clock())
        await until(lambda: client.pieces)
        exchange.release()
        await asking
        assert client.status == 200
        assert b'"rate_limit_error"' in client.pieces[-1]
        assert b"busy" in client.pieces[-1]
        assert client.ended
