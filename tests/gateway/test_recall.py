"""Replies that need not be asked for, in a house whose clock the test moves; over sockets in tests/path."""

import asyncio
from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.replies_rules import FOREVER, Wish, wish
from gateway.settings import CacheSettings, Caching, FailureSettings, KeySettings, Settings
from gateway.state import Pair
from tests.gateway.failing import EVENTS, GOOD, MESSAGES, client_of, failing, no, tried
from tests.gateway.indoors import Client, open_house, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.replies import fixture
from tests.upstream.scripts import begun, chunk, stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang, Script, Send

PLAIN = fixture(MESSAGES, "plain.json")


def caching(given: Settings | None = None, **said: Any) -> Settings:
    """Settings with a cache."""
    cache = CacheSettings(usual=Caching(**{"responses": "on", **said}))
    return msgspec.structs.replace(given or settings(), cache=cache)


def body(words: str = "hi", **fields: Any) -> bytes:
    """A request to the demo provider that leaves nothing to chance."""
    turn = {"role": "user", "content": words}
    asked = {"model": "demo", "max_tokens": 9, "temperature": 0, "messages": [turn], **fields}
    return msgspec.json.encode(asked)


async def ask(house: House, request: bytes = b"", *headers: Pair) -> bytes | None:
    """What a request is told of the cache."""
    client = await Client(body=request or body(), headers=list(headers)).ask(house)
    assert client.status == 200
    return client.header(b"x-penstock-cache")


@in_loop
async def test_a_reply_grows_old_by_the_clock() -> None:
    """It says its age in whole seconds, is given until its time is over, and is asked for anew then."""
    clock = Clock()
    async with open_house(caching(ttl=300.0), clock) as house:
        assert await ask(house) == b"miss"
        clock.move(299.5)
        client = await Client(body=body()).ask(house)
        assert (client.header(b"x-penstock-cache"), client.header(b"age")) == (b"hit", b"299")
        clock.move(0.5)
        assert await ask(house) == b"miss"
        assert await ask(house) == b"hit"


@in_loop
async def test_a_client_may_say_how_old() -> None:
    """`max-age` lets a younger reply through, and asks for an older one anew."""
    clock = Clock()
    async with open_house(caching(), clock) as house:
        await ask(house)
        clock.move(10.0)
        assert await ask(house, body(), (b"cache-control", b"max-age=10")) == b"hit"
        assert await ask(house, body(), (b"cache-control", b"max-age=9")) == b"miss"
        assert await ask(house, body(), (b"cache-control", b"max-age=9")) == b"hit"


@in_loop
async def test_write_only_and_read_only() -> None:
    """What is only written is there for who reads; who only reads leaves nothing."""
    clock = Clock()
    async with open_house(caching(responses="write"), clock) as writing:
        assert [await ask(writing) for _ in range(2)] == [b"miss", b"miss"]
        assert writing.caches()["responses"].figures().entries == 1
    async with open_house(caching(responses="read"), clock) as reading:
        assert [await ask(reading) for _ in range(2)] == [b"miss", b"miss"]
        assert reading.caches()["responses"].figures().entries == 0


@in_loop
async def test_another_credential_does_not_hit() -> None:
    """Where everybody is the local caller, what goes on to a provider tells clients apart."""
    async with open_house(caching()) as house:
        mine: Pair = (b"authorization", b"Bearer sk-ant-mine")
        assert await ask(house, body(), mine) == b"miss"
        assert await ask(house, body(), (b"authorization", b"Bearer sk-ant-yours")) == b"miss"
        assert await ask(house) == b"miss"
        assert await ask(house, body(), mine) == b"hit"


@in_loop
async def test_bytes_of_replies_are_bounded() -> None:
    """The oldest goes when the next would be too much; what is held is never more than allowed."""
    given = caching()
    cache = msgspec.structs.replace(given.cache, max_bytes=2500)
    async with open_house(msgspec.structs.replace(given, cache=cache)) as house:
        for words in ("one", "two", "three"):
            assert await ask(house, body(words)) == b"miss"
        assert await ask(house, body("three")) == b"hit"
        assert await ask(house, body("one")) == b"miss"
        assert (house.caches()["responses"].figures().bytes or 0) <= 2500


@in_loop
async def test_what_another_target_said_is_not_kept(alone: Upstream) -> None:
    """When the first target is well again it is asked, and what it says is kept."""
    settings_of = caching(failing(alone, failure=FailureSettings(tries_per_target=1)), force=True)
    async with open_house(settings_of) as house:
        exchange = alone.plays(no(500), GOOD, GOOD)
        for cache in (b"miss", b"miss", b"hit"):
            client = await client_of(exchange).ask(house)
            assert (client.status, client.header(b"x-penstock-cache")) == (200, cache)
        assert tried(exchange) == ["one", "two", "one"]


@in_loop
async def test_a_hit_needs_no_target_that_is_well(alone: Upstream) -> None:
    """What is kept is given while its provider is away, without a try."""
    async with open_house(caching(failing(alone), force=True)) as house:
        exchange = alone.plays(GOOD, no(500))
        assert (await client_of(exchange).ask(house)).status == 200
        client = await client_of(exchange).ask(house)
        assert (client.status, client.header(b"x-penstock-attempts")) == (200, b"0")
        assert len(exchange.requests) == 1


@in_loop
async def test_counts_are_not_cached() -> None:
    """A count of tokens knows no cache."""
    async with open_house(caching(force=True)) as house:
        for _ in range(2):
            client = await Client("/v1/messages/count_tokens", body()).ask(house)
            assert (client.status, client.header(b"x-penstock-cache")) == (200, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Wish(reads=True, writes=True, shares=True)),
        ([(b"cache-control", b"no-cache")], Wish(writes=True)),
        ([(b"cache-control", b"max-age=5, no-store")], Wish(most_age=5.0)),
        ([(b"cache-control", b"Max-Age=soon")], Wish(reads=True, writes=True, shares=True, most_age=0.0)),
        (
            [(b"cache-control", b"only-if-cached"), (b"cache-control", b'max-age="7"')],
            Wish(reads=True, writes=True, shares=True, most_age=7.0, only=True),
        ),
        ([(b"x-penstock-cache", b" Off ")], Wish()),
        ([(b"x-penstock-cache", b"refresh")], Wish(writes=True)),
    ],
    ids=str,
)
def test_what_a_client_wishes(headers: list[Pair], expected: Wish) -> None:
    """Each directive takes something away, in any spelling; none adds anything."""
    assert wish(Caching(responses="on", coalesce=True), headers, reconnects=False) == expected
    nothing = wish(Caching(), headers, reconnects=False)
    assert (nothing.reads, nothing.writes, nothing.shares) == (False, False, False)
    assert expected.most_age <= FOREVER


# Calls that are shared.

# A target without another after it: its opening is not held.
ALONE = tiers("one/x")


def halted() -> Script:
    """A stream that waits in its middle."""
    return (*begun(EVENTS[:3]), Gate(), *(Send(chunk(event)) for event in EVENTS[3:]))


@in_loop
async def test_a_closed_house_ends_what_is_shared(alone: Upstream) -> None:
    """A call nobody listens to any more is ended with its house, whatever its grace."""
    given = failing(alone, ALONE, failure=FailureSettings(reconnect=60.0))
    exchange = alone.plays((*begun(EVENTS[:3]), Hang()))
    async with open_house(given) as house:
        assert house.replies is not None
        client = client_of(exchange, streamed=True)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: len(client.pieces) > 0)
        client.leave()
        await asking
        assert house.replies.sharing.count == 1
    await until(exchange.left.is_set)


@in_loop
async def test_who_is_told_to_leave_is_told_in_band(alone: Upstream) -> None:
    """When the time to drain is over, everybody who shares a call hears that, and the call is ended."""
    given = caching(failing(alone, ALONE, drain=0.0), responses="off", coalesce=True)
    exchange = alone.plays(halted())
    async with open_house(given) as house:
        clients = [client_of(exchange, streamed=True) for _ in range(3)]
        asking = [asyncio.ensure_future(client.ask(house)) for client in clients]
        await until(lambda: all(client.pieces for client in clients))
        house.leave()
        await asyncio.gather(*asking)
        assert all(b"shutting down" in client.body and client.ended for client in clients)
    assert len(exchange.requests) == 1


@in_loop
async def test_a_kept_reply_of_a_shared_call_hits(alone: Upstream) -> None:
    """What several clients shared is kept as what one was told."""
    async with open_house(caching(failing(alone), coalesce=True, force=True)) as house:
        exchange = alone.plays(stream(EVENTS))
        clients = await asyncio.gather(*(client_of(exchange, streamed=True).ask(house) for _ in range(3)))
        assert {client.body for client in clients} == {b"".join(EVENTS)}
        after = await client_of(exchange, streamed=True).ask(house)
        assert (after.header(b"x-penstock-cache"), after.body) == (b"hit", b"".join(EVENTS))
        assert len(exchange.requests) == 1


@in_loop
async def test_each_client_has_a_permit(alone: Upstream) -> None:
    """Who shares a call is inside like everybody else: where there is no room it is told so."""
    given = caching(failing(alone, ALONE, max_inside=2), responses="off", coalesce=True)
    exchange = alone.plays(halted())
    async with open_house(given) as house:
        clients = [client_of(exchange, streamed=True) for _ in range(2)]
        asking = [asyncio.ensure_future(client.ask(house)) for client in clients]
        await until(lambda: all(client.pieces for client in clients))
        assert (await client_of(exchange, streamed=True).ask(house)).status == 503
        for client in clients:
            client.leave()
        await asyncio.gather(*asking)
        assert house.replies is not None
        assert house.replies.sharing.count == 0
    await until(exchange.left.is_set)


def test_without_a_word_there_is_nothing() -> None:
    """A house that caches and shares nothing has nothing to look in."""
    assert House(settings()).replies is None
    assert "responses" not in House(settings()).caches()


@in_loop
async def test_only_so_many_calls_go_on_for_nobody(alone: Upstream) -> None:
    """Who asks and leaves over and over has a hundred calls that wait for him, and no more."""
    given = failing(alone, ALONE, failure=FailureSettings(reconnect=60.0))
    exchange = alone.plays((Hang(),))
    async with open_house(given) as house:
        assert house.replies is not None
        clients = [client_of(exchange, body=body(str(number), model="m")) for number in range(103)]
        asking = [asyncio.ensure_future(client.ask(house)) for client in clients]
        await until(lambda: house.admission.inside == 103)
        for client in clients:
            client.leave()
        await asyncio.gather(*asking)
        assert house.replies.sharing.count == 100


def test_a_name_given_to_somebody_else_brings_no_replies() -> None:
    """With the key of another behind a caller's name, what that caller was told is forgotten."""
    cached = caching()
    ann, eve = (
        msgspec.structs.replace(cached, keys=(KeySettings("ann", sign * 32),)) for sign in (b"a", b"e")
    )
    assert House(ann).refurnished(eve).replies is not None
    before = House(ann)
    assert before.refurnished(eve).replies is not before.replies
    assert before.refurnished(ann).replies is before.replies
