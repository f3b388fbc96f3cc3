"""A provider with several keys: which is asked with, when the next takes over, what the client hears."""

import asyncio
from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.settings import FailureSettings, LogSettings, Settings
from tests.gateway.failing import CHAT, GOOD, MESSAGES, client_of, no
from tests.gateway.indoors import AT_ONCE, Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.upstream.exchange import Exchange
from tests.upstream.replies import fixture
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Gate, Hang

KEYS = ("sk-pool-first-0001", "sk-pool-second-0002", "sk-pool-third-0003")


def pooled(upstream: Upstream, *leads: str, failure: FailureSettings = AT_ONCE, keys: int = 3) -> Settings:
    """A provider `pool` with several keys, and `two` with one; `m` leads to the first, or along these.

    Requests take keys in turn, whichever conversation they are of.
    """
    at, given = upstream.address, KEYS[:keys]
    return settings(
        provider("pool", f"{at}/pool", api_key=given[0], api_keys=given),
        provider("two", f"{at}/two"),
        models={"m": tiers(*(leads or ("pool/x",)), affinity=False)},
        failure=failure,
    )


def used(exchange: Exchange) -> list[int]:
    """The places of the keys that were asked with, in order; another provider's key is none."""
    keys = [request.header("x-api-key") for request in exchange.requests]
    return [KEYS.index(key) if key in KEYS else -1 for key in keys]


async def ask(house: House, exchange: Exchange, **how: Any) -> Client:
    """What comes of one request for `m`."""
    return await client_of(exchange, **how).ask(house)


def states(house: House) -> list[str]:
    """What each key of the pool is."""
    keys = house.providers["pool"].credentials
    assert keys is not None
    return list(keys.states(house.clock()))


@in_loop
async def test_requests_take_keys_in_turn(alone: Upstream) -> None:
    """Each request is asked with the next key."""
    async with open_house(pooled(alone)) as house:
        exchange = alone.plays(GOOD)
        for _ in range(4):
            await ask(house, exchange)
        assert used(exchange) == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("status", "kind", "state"),
    [(401, "credential", "dead"), (402, "credential", "dead"), (429, "throttled", "resting")],
)
@in_loop
async def test_a_refused_key_rotates_at_the_same_target(
    alone: Upstream, status: int, kind: str, state: str
) -> None:
    """The next key takes over at once, no try at another target is spent, and later requests know."""
    async with open_house(pooled(alone, "pool/x", "two/y")) as house:
        exchange = alone.plays(no(status), GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.body) == (200, fixture(MESSAGES, "plain.json"))
        assert client.header(b"x-penstock-attempts") == b"2"
        assert (used(exchange), states(house)) == ([0, 1], [state, "well", "well"])
        assert list(house.tallies.rotations.values()) == [1]
        assert next(iter(house.tallies.rotations)) == ("pool", kind)
        assert house.tallies.failovers == {}
        for _ in range(2):
            await ask(house, exchange)
        assert used(exchange) == [0, 1, 2, 1]


@in_loop
async def test_a_forbidden_request_costs_no_key(alone: Upstream) -> None:
    """A 403 to every key is about the request: it is told as it came, and all keys stay well."""
    async with open_house(pooled(alone)) as house:
        exchange = alone.plays(no(403, "not for this project"))
        client = await ask(house, exchange)
        assert (client.status, client.json()["error"]["message"]) == (403, "not for this project")
        assert (used(exchange), states(house)) == ([0, 1, 2], ["well"] * 3)


@in_loop
async def test_a_forbidden_key_is_known_by_one_that_is_let_through(alone: Upstream) -> None:
    """A 403 to one key and a reply to another with the same request: the first is dead."""
    async with open_house(pooled(alone)) as house:
        exchange = alone.plays(no(403), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert states(house) == ["dead", "well", "well"]


@in_loop
async def test_all_keys_dead_is_an_error_of_its_own(alone: Upstream) -> None:
    """A 502 that no client takes for its own 401; then nobody asks until they have rested."""
    clock = Clock()
    async with open_house(pooled(alone), clock) as house:
        exchange = alone.plays(*[no(401)] * 3, GOOD)
        for attempts in (b"3", b"0"):
            client = await ask(house, exchange)
            assert (client.status, client.header(b"x-should-retry")) == (502, b"false")
            assert client.header(b"x-penstock-attempts") in (attempts, None)
            assert "`pool`" in client.json()["error"]["message"]
        assert used(exchange) == [0, 1, 2]
        assert not any(key.encode() in client.body for key in KEYS)
        clock.move(300)
        assert (await ask(house, exchange)).status == 200
        assert states(house).count("dead") == 2


@in_loop
async def test_an_openai_client_reads_the_code(alone: Upstream) -> None:
    """F14 by its name, in the other dialect too."""
    async with open_house(pooled(alone, keys=2)) as house:
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        for _ in range(2):
            client = await ask(house, alone.plays(no(401)), path="/v1/chat/completions", body=body)
            assert client.status == 502
            assert client.json()["error"]["code"] == "upstream_credentials_exhausted"


@in_loop
async def test_how_long_a_dead_key_rests_is_an_option(alone: Upstream) -> None:
    """With `credential_rest` at nothing the key is probed by the next request that has its turn."""
    at_once = FailureSettings(pause=0.0, credential_rest=0.0)
    async with open_house(pooled(alone, failure=at_once, keys=2)) as house:
        exchange = alone.plays(no(401))
        for _ in range(2):
            assert (await ask(house, exchange)).status == 502
        assert used(exchange) == [0, 1, 0, 1]


@in_loop
async def test_all_keys_throttled_is_told_with_the_first_to_be_back(alone: Upstream) -> None:
    """The earliest time of all keys, at first and from memory; then that key is asked with again."""
    clock = Clock()
    async with open_house(pooled(alone, keys=2), clock) as house:
        exchange = alone.plays(no(429, retry_after="7"), no(429, retry_after="50"), GOOD)
        first = await ask(house, exchange)
        assert (first.status, first.header(b"retry-after")) == (429, b"7")
        clock.move(2)
        second = await ask(house, exchange)
        assert (second.status, second.header(b"retry-after")) == (429, b"5")
        assert used(exchange) == [0, 1]
        clock.move(5)
        assert (await ask(house, exchange)).status == 200
        assert used(exchange) == [0, 1, 0]


@in_loop
async def test_a_pool_that_rests_is_passed_over(alone: Upstream) -> None:
    """While no key is ready the next target is asked at once, and the breaker hears nothing of it."""
    async with open_house(pooled(alone, "pool/x", "two/y", keys=2)) as house:
        exchange = alone.plays(*[no(429)] * 2, GOOD)
        for _ in range(2):
            client = await ask(house, exchange)
            assert (client.status, client.header(b"x-penstock-provider")) == (200, b"two")
        assert used(exchange) == [0, 1, -1, -1]
        assert client.header(b"x-penstock-attempts") == b"1"
        assert house.breakers.of("pool", "x").closed


@in_loop
async def test_rotations_are_no_tries_of_a_request(alone: Upstream) -> None:
    """With one try in all every key may still be asked with once, and no budget pays for it."""
    async with open_house(pooled(alone, failure=FailureSettings(tries=1))) as house:
        while house.retries.take():
            pass
        exchange = alone.plays(no(401), no(429), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert used(exchange) == [0, 1, 2]


@in_loop
async def test_a_sick_target_rotates_no_key(alone: Upstream) -> None:
    """A 529 is about the target: it is tried once more with whatever key has its turn, and none rests."""
    async with open_house(pooled(alone, "pool/x", "two/y")) as house:
        exchange = alone.plays(no(529), no(529), GOOD)
        assert (await ask(house, exchange)).status == 200
        assert states(house) == ["well"] * 3
        assert house.tallies.rotations == {}


@in_loop
async def test_a_probe_ended_by_the_client_is_given_back(alone: Upstream) -> None:
    """Whoever leaves in the middle of a probe proves nothing, and the next request may probe."""
    clock = Clock()
    async with open_house(pooled(alone, keys=2), clock) as house:
        await ask(house, alone.plays(no(401)))
        clock.move(300)
        silent = alone.plays((Hang(),))
        client = client_of(silent)
        asking = asyncio.ensure_future(client.ask(house))
        await until(lambda: silent.requests and house.timekeeper.active)
        client.leave()
        await asking
        exchange = alone.plays(GOOD)
        for _ in range(2):
            assert (await ask(house, exchange)).status == 200
        assert sorted(used(exchange)) == [0, 1]


@in_loop
async def test_one_request_at_a_time_probes(alone: Upstream) -> None:
    """While a dead key is being probed the others are told at once that there is none."""
    clock = Clock()
    async with open_house(pooled(alone, keys=2), clock) as house:
        await ask(house, alone.plays(no(401)))
        clock.move(300)
        probing = [alone.plays((Gate(), *GOOD)) for _ in range(3)]
        asking = [asyncio.ensure_future(ask(house, each)) for each in probing]
        await until(lambda: sum(len(each.requests) for each in probing) == 2)
        await until(lambda: any(task.done() for task in asking))
        for each in probing:
            each.release()
        assert sorted([(await task).status for task in asking]) == [200, 200, 502]


@in_loop
async def test_a_count_is_asked_with_a_key_that_is_well(alone: Upstream) -> None:
    """Counting tokens takes no turn and meets no dead key."""
    async with open_house(pooled(alone)) as house:
        await ask(house, alone.plays(no(401), GOOD))
        exchange = alone.plays(whole(b'{"input_tokens":5}'))
        client = await ask(house, exchange, path="/v1/messages/count_tokens")
        assert (client.json(), used(exchange)) == ({"input_tokens": 5}, [1])


@in_loop
async def test_no_key_of_the_pool_is_said_to_the_client(alone: Upstream) -> None:
    """A provider that quotes the key it was given, whichever it was, is cited without it."""
    async with open_house(pooled(alone)) as house:
        for key in KEYS:
            error = {"type": "error", "error": {"type": "invalid_request_error", "message": f"with {key}"}}
            exchange = alone.plays(whole(msgspec.json.encode(error), 400, {**JSON, "x-used": key}))
            client = await ask(house, exchange)
            assert client.json()["error"]["message"] == "with [redacted]"
            assert client.header(b"x-used") == b"[redacted]"


@in_loop
async def test_the_log_says_which_key_by_its_place(
    alone: Upstream, capfd: pytest.CaptureFixture[str]
) -> None:
    """Counted from one, and never the key itself."""
    given = msgspec.structs.replace(pooled(alone), log=LogSettings(format="json"))
    async with open_house(given) as house:
        await ask(house, alone.plays(no(401), GOOD))
    line = capfd.readouterr().err
    assert '"credential":2' in line
    assert not any(key in line for key in KEYS)


@in_loop
async def test_translated_requests_rotate_too(alone: Upstream) -> None:
    """A client of another API is none the wiser: the pool is asked with its next key."""
    async with open_house(pooled(alone)) as house:
        exchange = alone.plays(no(429, retry_after="3"), GOOD)
        body = b'{"model":"m","messages":[{"role":"user","content":"hi"}]}'
        client = await ask(house, exchange, path="/v1/chat/completions", body=body)
        assert (client.status, client.json()["object"]) == (200, "chat.completion")
        assert used(exchange) == [0, 1]
        assert house.providers["pool"].doors.keys() == {MESSAGES} != {CHAT}


@in_loop
async def test_a_probe_that_is_forbidden_is_given_back(alone: Upstream) -> None:
    """A 403 that may be about the request leaves the dead key free to be probed by the next."""
    clock = Clock()
    async with open_house(pooled(alone, keys=2), clock) as house:
        await ask(house, alone.plays(no(401)))
        clock.move(300)
        await ask(house, alone.plays(no(403)))
        assert (await ask(house, alone.plays(GOOD))).status == 200
