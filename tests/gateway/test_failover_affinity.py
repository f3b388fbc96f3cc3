"""Conversations that stay where they are, and what it takes to move them: over real requests."""

import asyncio
from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.settings import FailureSettings, LogSettings, Price, Route, Settings, Share, Tier
from tests.gateway.failing import EVENTS, MESSAGES, no, tried
from tests.gateway.indoors import AT_ONCE, Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.exchange import Exchange
from tests.upstream.replies import fixture
from tests.upstream.scripts import stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

TURNS = Route((Tier((Share("one/x"), Share("two/y")), "round_robin"),))
KEYS = ("sk-a-0001", "sk-b-0002", "sk-c-0003")
THREE = Price(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_000_000)


def given(
    upstream: Upstream, route: Route = TURNS, failure: FailureSettings = AT_ONCE, **more: Any
) -> Settings:
    """Providers `one` and `two`, and `pool` with three keys; `m` leads along a route."""
    at = upstream.address
    found = settings(
        provider("one", f"{at}/one"),
        provider("two", f"{at}/two"),
        provider("pool", f"{at}/pool", api_key=KEYS[0], api_keys=KEYS),
        models={"m": route, "n": route},
        failure=failure,
    )
    return msgspec.structs.replace(found, **more)


def warm(tokens: int) -> Script:
    """A reply that read so much from the prompt cache."""
    reply = msgspec.json.decode(fixture(MESSAGES, "plain.json"))
    reply["usage"] = {"input_tokens": 9, "output_tokens": 9, "cache_read_input_tokens": tokens}
    return whole(msgspec.json.encode(reply))


def client(
    exchange: Exchange, session: str = "s1", *, asked: str = "hi", model: str = "m", **body: Any
) -> Client:
    """A request of a conversation, known by its session, or where that is empty by what it asks first."""
    headers = [(b"baggage", exchange.name.encode())]
    if session:
        headers.append((b"x-session-id", session.encode()))
    turn = {"role": "user", "content": asked}
    sent = {"model": model, "max_tokens": 9, "messages": [turn], **body}
    return Client("/v1/messages", body=msgspec.json.encode(sent), headers=headers)


async def ask(house: House, exchange: Exchange, session: str = "s1", **how: Any) -> str:
    """Which provider answers, or with which key of the pool."""
    reply = await client(exchange, session, **how).ask(house)
    assert reply.status == 200, reply.body
    if exchange.requests and (key := exchange.requests[-1].header("x-api-key")) in KEYS:
        return f"pool {KEYS.index(str(key))}"
    return (reply.header(b"x-penstock-provider") or b"").decode()


# Who stays.


@in_loop
async def test_a_conversation_stays_and_others_spread(alone: Upstream) -> None:
    """Each session keeps the target it began with; new ones go on in turn."""
    async with open_house(given(alone)) as house:
        exchange = alone.plays(warm(10))
        served = {name: [await ask(house, exchange, name) for _ in range(3)] for name in ("a", "b")}
        assert {name: len(set(found)) for name, found in served.items()} == {"a": 1, "b": 1}
        assert len({await ask(house, exchange, f"n{number}") for number in range(4)}) == 2


@in_loop
async def test_without_a_session_the_opening_tells(alone: Upstream) -> None:
    """Same system prompt and same first turn: the same conversation, whatever has been said since."""
    async with open_house(given(alone)) as house:
        exchange = alone.plays(warm(10))
        first = await ask(house, exchange, "", asked="first")
        other = await ask(house, exchange, "", asked="other")
        assert first != other
        assert await ask(house, exchange, "", asked="first") == first


@in_loop
async def test_affinity_is_an_option(alone: Upstream) -> None:
    """Off: every request is a new one."""
    route = Route((Tier((Share("one/x"), Share("two/y")), "round_robin", affinity=False),))
    async with open_house(given(alone, route)) as house:
        exchange = alone.plays(warm(10))
        assert [await ask(house, exchange) for _ in range(4)] == ["one", "two"] * 2
        assert len(house.affinity.pins) == 0


@in_loop
async def test_a_conversation_keeps_its_key(alone: Upstream) -> None:
    """One provider with three keys: each session has one of them."""
    async with open_house(given(alone, tiers("pool/z"))) as house:
        exchange = alone.plays(warm(10))
        served = [[await ask(house, exchange, name) for _ in range(3)] for name in "abc"]
        assert served == [[f"pool {place}"] * 3 for place in range(3)]


@in_loop
async def test_models_agents_and_sessions_are_told_apart(alone: Upstream) -> None:
    """The small model that an agent asks beside, and its subagents, are conversations of their own."""
    async with open_house(given(alone)) as house:
        exchange = alone.plays(warm(10))
        await ask(house, exchange)
        await ask(house, exchange, model="n")
        beside = client(exchange)
        beside.scope["headers"].append((b"x-claude-code-agent-id", b"explore"))
        await beside.ask(house)
        assert len(house.affinity.pins) == 3


@in_loop
async def test_after_an_hour_it_begins_anew(alone: Upstream) -> None:
    """Nobody's cache lasts longer."""
    clock = Clock()
    async with open_house(given(alone), clock) as house:
        exchange = alone.plays(warm(10))
        first = await ask(house, exchange)
        clock.move(3600)
        assert await ask(house, exchange) == first
        clock.move(3601)
        assert await ask(house, exchange) != first


@in_loop
async def test_one_target_and_one_key_remember_nothing(alone: Upstream) -> None:
    """Where there is nothing to choose nothing is kept."""
    async with open_house(given(alone, tiers("one/x"))) as house:
        await ask(house, alone.plays(warm(10)))
        assert len(house.affinity.pins) == 0


# Who comes back.


@pytest.mark.parametrize(("elsewhere", "comes_back"), [(0, True), (60_000, False)])
@in_loop
async def test_a_pin_outlasts_a_failure(alone: Upstream, elsewhere: int, *, comes_back: bool) -> None:
    """One request goes elsewhere; the next comes back while more is warm at home, and else stays."""
    async with open_house(given(alone)) as house:
        home = await ask(house, alone.plays(warm(50_000)))
        away = await ask(house, alone.plays(no(529), no(529), warm(elsewhere)))
        assert away != home
        assert await ask(house, alone.plays(warm(50_000))) == (home if comes_back else away)


@in_loop
async def test_a_cold_home_is_not_come_back_to(alone: Upstream) -> None:
    """Five minutes later its cache holds nothing any more."""
    clock = Clock()
    async with open_house(given(alone), clock) as house:
        home = await ask(house, alone.plays(warm(50_000)))
        clock.move(1)
        away = await ask(house, alone.plays(no(529), no(529), warm(0)))
        clock.move(300)
        assert away != home
        assert await ask(house, alone.plays(warm(0))) == away


@in_loop
async def test_a_key_outlasts_its_rest(alone: Upstream) -> None:
    """While it is throttled another key is taken; then the conversation has its own again."""
    clock = Clock()
    always = FailureSettings(pause=0.0, leaving="always")
    async with open_house(given(alone, tiers("pool/z"), always), clock) as house:
        exchange = alone.plays(warm(50_000), no(429, retry_after="30"), warm(0))
        assert await ask(house, exchange) == "pool 0"
        assert await ask(house, exchange) == "pool 1"
        clock.move(30)
        assert await ask(house, exchange) == "pool 0"


@in_loop
async def test_the_order_of_tiers_is_not_turned(alone: Upstream) -> None:
    """A conversation that had to go to the second tier goes back to the first, warm or not."""
    async with open_house(given(alone, tiers("one/x", "two/y"))) as house:
        assert await ask(house, alone.plays(no(529), no(529), warm(90_000))) == "two"
        assert await ask(house, alone.plays(warm(0))) == "one"


# The price of leaving.


async def throttled(house: House, upstream: Upstream, clock: Clock, wait: float) -> Exchange:
    """The second request of a conversation: throttled at home, and the time to wait passes."""
    exchange = upstream.plays(no(429, retry_after="5"), warm(9))
    asking = asyncio.ensure_future(client(exchange).ask(house))
    await until(lambda: asking.done() or (exchange.requests and _waits(house)))
    if not asking.done():
        clock.move(wait)
        house.timekeeper.sweep(clock())
    assert (await asking).status == 200
    return exchange


def _waits(house: House) -> bool:
    return any(one.leaving and one.source is not None for one in house.timekeeper.active)


POLICIES: dict[str, tuple[FailureSettings, dict[str, Price], int, bool]] = {
    "dear to leave": (FailureSettings(), {"*/*": THREE}, 50_000, True),
    "cheap to leave": (FailureSettings(), {"*/*": THREE}, 10_000, False),
    "cheaper there": (
        FailureSettings(),
        {"one/*": THREE, "two/*": msgspec.structs.replace(THREE, input=300_000)},
        50_000,
        False,
    ),
    "worth it in tokens": (FailureSettings(), {}, 10_000, True),
    "not worth it in tokens": (FailureSettings(), {}, 9_999, False),
    "always": (FailureSettings(leaving="always"), {"*/*": THREE}, 50_000, False),
    "never": (FailureSettings(leaving="never"), {"*/*": THREE}, 100, True),
    "too long": (FailureSettings(wait_at_most=4.0), {"*/*": THREE}, 50_000, False),
    "cold": (FailureSettings(leaving="never"), {"*/*": THREE}, 0, False),
}


@pytest.mark.parametrize("name", POLICIES)
@in_loop
async def test_the_price_of_leaving(alone: Upstream, name: str) -> None:
    """A throttled home is waited for and asked once more, or the next target is: by policy and sum."""
    policy, prices, tokens, stays = POLICIES[name]
    clock = Clock()
    async with open_house(given(alone, tiers("one/x", "two/y"), policy, prices=prices), clock) as house:
        assert await ask(house, alone.plays(warm(tokens))) == "one"
        exchange = await throttled(house, alone, clock, 5)
        assert tried(exchange) == (["one", "one"] if stays else ["one", "two"])
        decided = [(labels.decision, count) for labels, count in house.tallies.leavings.items()]
        weighed = policy.leaving != "always" and tokens
        assert decided == ([("wait" if stays else "leave", 1)] if weighed else [])


@in_loop
async def test_nobody_waits_twice(alone: Upstream) -> None:
    """A home that is throttled again after the wait is left."""
    clock = Clock()
    async with open_house(given(alone, tiers("one/x", "two/y")), clock) as house:
        await ask(house, alone.plays(warm(50_000)))
        exchange = alone.plays(*[no(429, retry_after="5")] * 2, warm(9))
        asking = asyncio.ensure_future(client(exchange).ask(house))
        await until(lambda: _waits(house))
        clock.move(5)
        house.timekeeper.sweep(clock())
        assert (await asking).header(b"x-penstock-provider") == b"two"
        assert tried(exchange) == ["one", "one", "two"]


@in_loop
async def test_a_throttled_key_is_waited_for_too(alone: Upstream) -> None:
    """Another key of the provider has another cache: it is left by the same sum."""
    clock = Clock()
    async with open_house(given(alone, tiers("pool/z")), clock) as house:
        await ask(house, alone.plays(warm(50_000)))
        exchange = await throttled(house, alone, clock, 5)
        assert [request.header("x-api-key") for request in exchange.requests] == [KEYS[0]] * 2
        keys = house.providers["pool"].credentials
        assert keys is not None
        assert keys.states(clock()) == ["well"] * 3


@in_loop
async def test_a_key_known_to_rest_is_waited_for_before_it_is_asked(alone: Upstream) -> None:
    """What another request was told is known: nothing is asked until the key is back."""
    clock = Clock()
    async with open_house(given(alone, tiers("pool/z")), clock) as house:
        assert await ask(house, alone.plays(warm(50_000))) == "pool 0"
        keys = house.providers["pool"].credentials
        assert keys is not None
        keys.throttle(0, clock(), 5)
        exchange = alone.plays(warm(9))
        asking = asyncio.ensure_future(client(exchange).ask(house))
        await until(lambda: _waits(house))
        assert exchange.requests == []
        clock.move(5)
        house.timekeeper.sweep(clock())
        assert (await asking).status == 200
        assert exchange.request.header("x-api-key") == KEYS[0]


@in_loop
async def test_a_client_that_leaves_ends_the_wait(alone: Upstream) -> None:
    """Nobody is asked for it any more."""
    clock = Clock()
    async with open_house(given(alone, tiers("one/x", "two/y")), clock) as house:
        await ask(house, alone.plays(warm(50_000)))
        exchange = alone.plays(no(429, retry_after="5"), warm(9))
        leaving = client(exchange)
        asking = asyncio.ensure_future(leaving.ask(house))
        await until(lambda: _waits(house))
        leaving.leave()
        await asking
        assert (leaving.messages, tried(exchange)) == ([], ["one"])


@in_loop
async def test_a_stream_that_waits_says_that_it_is_alive(alone: Upstream) -> None:
    """Its signs of life go on, and the reply comes behind them."""
    clock = Clock()
    patient = FailureSettings(wait_at_most=60.0)
    async with open_house(given(alone, tiers("one/x", "two/y"), patient), clock) as house:
        await ask(house, alone.plays(warm(200_000)))
        exchange = alone.plays(no(429, retry_after="20"), stream(EVENTS))
        waiting = client(exchange, stream=True)
        asking = asyncio.ensure_future(waiting.ask(house))
        await until(lambda: _waits(house))
        clock.move(15)
        house.timekeeper.sweep(clock())
        await until(lambda: waiting.pieces)
        assert b"ping" in waiting.body
        clock.move(5)
        house.timekeeper.sweep(clock())
        await asking
        assert tried(exchange) == ["one", "one"]


@in_loop
async def test_the_decision_is_in_the_log(alone: Upstream, capfd: pytest.CaptureFixture[str]) -> None:
    """With its sum."""
    clock = Clock()
    log = LogSettings(format="json")
    route = tiers("one/x", "two/y")
    async with open_house(given(alone, route, prices={"*/*": THREE}, log=log), clock) as house:
        await ask(house, alone.plays(warm(50_000)))
        await throttled(house, alone, clock, 5)
    said = '"leaving":"waited: 50000 tokens warm, 5s to wait, leaving $0.135000, waiting $0.050000"'
    assert said in capfd.readouterr().err
