"""Why each try was made, and why at its target: the words in the ledger, for every way to get there."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from gateway import decision
from gateway.configuration.loading import load
from gateway.settings import Price
from gateway.state import Pair
from tests.gateway.booking import keeping, rows
from tests.gateway.failing import GOOD, TOO_LONG, ask, failing, no
from tests.gateway.indoors import Client, open_house, provider, settings, tiers
from tests.gateway.loops import Clock, in_loop, until
from tests.gateway.test_attempts_lessons import REFUSAL
from tests.gateway.test_attempts_lessons import ask as ask_for_a_setting
from tests.gateway.test_failover_affinity import KEYS, THREE, client, given, throttled, warm
from tests.gateway.test_failover_breaker import trip
from tests.gateway.test_failover_hedge import SILENT, STREAM, hedging, racing
from tests.gateway.test_failover_recourse import houses, route
from tests.upstream.server import Upstream

ROUTES = """
[server]
discover = false
[providers.demo]
pace = "0s"
[providers.near]
like = "demo"
[store]
path = "kept.db"
[log]
level = "off"
[models]
plain = "near/demo-1"
"big-*" = "near"
"re:v[0-9]" = "near/demo-1"
list = ["near/demo-1", "demo/demo-2"]
[models.group]
strategy = "round_robin"
targets = ["near/demo-1", "demo/demo-2"]
[profiles.office]
models = { plain = "demo/demo-2" }
[[rules]]
when = { scenario = "background" }
use = "list"
"""
PLACES: dict[str, tuple[str, str, list[Pair], str]] = {
    "alias": ("/v1/messages", "plain", [], "alias models.plain"),
    "glob": ("/v1/messages", "big-1", [], 'glob models."big-*"'),
    "expression": ("/v1/messages", "v7", [], 'expression models."re:v[0-9]"'),
    "provider in the name": ("/v1/messages", "near/demo-9", [], "provider in the name"),
    "family": ("/v1/messages", "demo-7", [], "family"),
    "list": ("/v1/messages", "list", [], "alias models.list, in order"),
    "group": ("/v1/messages", "group", [], "alias models.group, round robin"),
    "profile": ("/route/office/v1/messages", "plain", [], "alias profiles.office.models.plain"),
    "rule": ("/v1/messages", "claude-haiku-4-5", [], "rule rules.0 (background), in order"),
    "path": ("/p/near/v1/messages", "demo-1", [], "provider in the path"),
    "header": (
        "/v1/messages",
        "plain",
        [(b"x-penstock-route", b"list")],
        "x-penstock-route, alias models.list, in order",
    ),
    "header, provider": (
        "/v1/messages",
        "plain",
        [(b"x-penstock-route", b"near/demo-1")],
        "x-penstock-route, provider in the name",
    ),
    "header, alone": (
        "/v1/messages",
        "list",
        [(b"x-penstock-fallback", b"off")],
        "alias models.list, in order; no fallback wanted",
    ),
}


async def decisions(folder: Path) -> list[str]:
    """What the rows of a ledger say, in order."""
    return [row.decision for row in await asyncio.to_thread(rows, folder)]


def requested(model: str, path: str = "/v1/messages", headers: list[Pair] | None = None) -> Client:
    """A small request for a model."""
    body = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return Client(path, msgspec.json.encode(body), headers=headers or [])


# What leads to a target.


@in_loop
async def test_every_way_to_a_target_has_its_words(tmp_path: Path) -> None:
    """By the table of names, a rule, a profile, a header, the path or the name itself."""
    (tmp_path / "penstock.toml").write_text(ROUTES)
    async with open_house(load(tmp_path / "penstock.toml", environment={}).settings) as house:
        for path, model, headers, _ in PLACES.values():
            asked = await requested(model, path, headers).ask(house)
            assert asked.status == 200, (model, asked.body)
    assert await decisions(tmp_path) == [said for *_, said in PLACES.values()]


@in_loop
async def test_without_a_table_the_only_provider_is_said(alone: Upstream, tmp_path: Path) -> None:
    """Where nothing is written down and one provider speaks what the client speaks."""
    one = keeping(settings(provider("one", f"{alone.address}/one")), tmp_path)
    async with open_house(msgspec.structs.replace(one, providers=one.providers[:1])) as house:
        await ask(house, alone.plays(GOOD))
    assert await decisions(tmp_path) == ["only provider"]


@in_loop
async def test_the_words_are_made_with_the_plan(alone: Upstream, tmp_path: Path) -> None:
    """Requests of one plan carry one text: none of them makes its own."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        for _ in range(2):
            await ask(house, alone.plays(GOOD))
        plan = house.router.plans.get(("", "anthropic-messages", "m", False))
        assert plan is not None
    assert await decisions(tmp_path) == [plan.why] * 2


# What puts a target first.


@in_loop
async def test_a_conversation_that_stays_says_so(alone: Upstream, tmp_path: Path) -> None:
    """Its first request is led by the strategy, those after by where it was."""
    async with open_house(keeping(given(alone), tmp_path)) as house:
        exchange = alone.plays(warm(10))
        for session in ("a", "b", "a"):
            await client(exchange, session).ask(house)
    led = "alias models.m, round robin"
    assert await decisions(tmp_path) == [led, led, f"{led}, where the conversation was"]


@in_loop
async def test_a_list_keeps_its_order_for_a_conversation(alone: Upstream, tmp_path: Path) -> None:
    """Where the order is as it is written nobody says that the conversation decided."""
    async with open_house(keeping(given(alone, tiers("one/x", "two/y")), tmp_path)) as house:
        exchange = alone.plays(warm(10))
        for _ in range(2):
            await client(exchange).ask(house)
    assert await decisions(tmp_path) == ["alias models.m, in order"] * 2


@in_loop
async def test_who_is_passed_over_is_named(alone: Upstream, tmp_path: Path) -> None:
    """A target whose breaker is open stands before the one that is asked."""
    async with open_house(keeping(failing(alone, tiers("one/x", "two/y", "three/z")), tmp_path)) as house:
        trip(house, "one", "x")
        trip(house, "two", "y")
        await ask(house, alone.plays(GOOD))
    assert await decisions(tmp_path) == ["alias models.m, in order; past one/x, two/y: breaker open"]


@in_loop
async def test_who_cannot_serve_is_named(tmp_path: Path) -> None:
    """What was left out of the plan is said of the first try, and not again of the next."""
    (tmp_path / "penstock.toml").write_text(ROUTES + '[capabilities."near/*"]\ncontext = 1\n')
    async with open_house(load(tmp_path / "penstock.toml", environment={}).settings) as house:
        await requested("list").ask(house)
    (said,) = await decisions(tmp_path)
    assert said.startswith("alias models.list, in order; without near/demo-1 holds 1 tokens, and this is")
    lacks = ["one/x cannot think"] * 100
    assert len(decision.without("alias m", lacks)) < 500


# What makes a request go on.


@in_loop
async def test_each_try_says_what_came_of_the_one_before(alone: Upstream, tmp_path: Path) -> None:
    """The same target again, then the next."""
    async with open_house(keeping(failing(alone), tmp_path)) as house:
        await ask(house, alone.plays(no(529), no(503), GOOD))
    assert await decisions(tmp_path) == ["alias models.m, in order", "again after 529", "next after 503"]


@in_loop
async def test_what_was_refused_and_left_out_is_mended(alone: Upstream, tmp_path: Path) -> None:
    """The same target without what it refuses."""
    async with open_house(keeping(failing(alone, tiers("one/x")), tmp_path)) as house:
        await ask_for_a_setting(house, alone.plays(no(400, REFUSAL), GOOD))
    assert await decisions(tmp_path) == ["alias models.m", "mended after 400"]


@in_loop
async def test_a_way_out_is_called_one(alone: Upstream, tmp_path: Path) -> None:
    """Where a conversation is too long for its ordinary targets."""
    async with open_house(keeping(houses(alone, route("one/x", too_long="three/z")), tmp_path)) as house:
        await ask(house, alone.plays(no(400, TOO_LONG), GOOD))
    assert await decisions(tmp_path) == ["alias models.m", "way out after 400"]


@in_loop
async def test_another_key_is_called_one(alone: Upstream, tmp_path: Path) -> None:
    """The same target with the next of its keys."""
    pool = provider("pool", f"{alone.address}/pool", api_key=KEYS[0], api_keys=KEYS)
    async with open_house(keeping(settings(pool, models={"m": "pool/z"}), tmp_path)) as house:
        await ask(house, alone.plays(no(401), GOOD))
    assert await decisions(tmp_path) == ["alias models.m", "next key after 401"]


SUMS: dict[str, tuple[int, str]] = {
    "waited": (50_000, "after 429; waited: 50000 tokens warm, 5s to wait, leaving $0.135000, waiting $"),
    "left": (10_000, "next after 429; left: 10000 tokens warm, 5s to wait, leaving $0.027000, waiting $"),
}


@pytest.mark.parametrize("name", SUMS)
@in_loop
async def test_the_price_of_leaving_is_told_with_its_sum(alone: Upstream, tmp_path: Path, name: str) -> None:
    """Where it decided: of the try that followed."""
    tokens, said = SUMS[name]
    clock = Clock()
    prices: dict[str, Price] = {"*/*": THREE}
    wanted = keeping(given(alone, tiers("one/x", "two/y"), prices=prices), tmp_path)
    async with open_house(wanted, clock) as house:
        await client(alone.plays(warm(tokens))).ask(house)
        await throttled(house, alone, clock, 5)
    first, again, then = await decisions(tmp_path)
    assert (first, again) == ("alias models.m, in order",) * 2
    assert then.startswith(said)


@in_loop
async def test_a_key_that_is_waited_for_is_told_with_its_sum(alone: Upstream, tmp_path: Path) -> None:
    """Also where the wait comes before the first try."""
    clock = Clock()
    async with open_house(keeping(given(alone, tiers("pool/z")), tmp_path), clock) as house:
        await client(alone.plays(warm(50_000))).ask(house)
        keys = house.providers["pool"].credentials
        assert keys is not None
        keys.throttle(0, clock(), 5)
        asking = asyncio.ensure_future(client(alone.plays(warm(9))).ask(house))
        await until(lambda: any(one.leaving for one in house.timekeeper.active))
        clock.move(5)
        house.timekeeper.sweep(clock())
        await asking
    _, said = await decisions(tmp_path)
    assert said == "alias models.m; waited: 50000 tokens warm, 5s to wait"


@in_loop
async def test_a_rival_says_that_it_is_one(alone: Upstream, tmp_path: Path) -> None:
    """The slow one keeps the words of its plan, and the row that counts has the rival's."""
    async with racing(alone, SILENT, STREAM, given=keeping(hedging(alone), tmp_path)) as race:
        await race.hedge()
        await race.asking
    found = await asyncio.to_thread(rows, tmp_path)
    assert [(row.provider, row.cause, row.decision) for row in found] == [
        ("one", "aborted", "alias models.m, in order"),
        ("two", "useful", "hedge after 2s without content"),
    ]
