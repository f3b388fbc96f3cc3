"""Targets that are known to be unable: left out before anything is sent, and named where nobody is left."""

from typing import Any

import msgspec
import pytest

from adapters.needs import Needs
from gateway.fitness import Fitness, fit
from gateway.house import House
from gateway.settings import Capabilities, Recourse, Route, Settings, Share, Tier
from tests.gateway.failing import GOOD, MESSAGES, TOO_LONG, failing, no, tried
from tests.gateway.indoors import Client, open_house
from tests.gateway.loops import in_loop
from tests.upstream.exchange import Exchange
from tests.upstream.server import Upstream

TOOL = {"name": "look", "input_schema": {"type": "object"}}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
BLIND = Capabilities(vision=False)
LONG = "word " * 40_000  # about 50 000 tokens


def knowing(
    upstream: Upstream, *leads: str, known: dict[str, Capabilities], recourse: Recourse | None = None
) -> Settings:
    """Settings with a plan of these targets for `m`, and what is known of the models of each provider."""
    found = Route(tuple(Tier((Share(lead),), recourse=recourse) for lead in leads))
    capabilities = {f"{name}/*": entry for name, entry in known.items()}
    return msgspec.structs.replace(failing(upstream, found), capabilities=capabilities)


async def ask(house: House, exchange: Exchange, text: str = "hi", *, beta: str = "", **said: Any) -> Client:
    """What comes of a request for `m` that says these things beside its words."""
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": text}], **said}
    headers = [(b"baggage", exchange.name.encode()), *([(b"anthropic-beta", beta.encode())] if beta else [])]
    return await Client(body=msgspec.json.encode(body), headers=headers).ask(house)


SAID: dict[str, tuple[Capabilities, dict[str, Any]]] = {
    "tools": (Capabilities(tools=False), {"tools": [TOOL]}),
    "vision": (BLIND, {"messages": [{"role": "user", "content": [IMAGE]}]}),
    "thinking": (Capabilities(thinking=False), {"thinking": {"type": "adaptive"}}),
    "context": (Capabilities(context=10_000), {"text": LONG}),
    "output": (Capabilities(output=100), {"max_tokens": 101}),
}


@pytest.mark.parametrize("missing", SAID)
@in_loop
async def test_who_cannot_serve_is_not_asked(alone: Upstream, missing: str) -> None:
    """The next target is asked at once, and it costs no try; other requests go to the first."""
    known, said = SAID[missing]
    async with open_house(knowing(alone, "one/x", "two/y", known={"one": known})) as house:
        exchange = alone.plays(GOOD, GOOD)
        client = await ask(house, exchange, **said)
        assert (client.status, client.header(b"x-penstock-attempts")) == (200, b"1")
        await ask(house, exchange)
        assert tried(exchange) == ["two", "one"]
        assert house.tallies.left_out == {("one", missing): 1}


@in_loop
async def test_what_nobody_knows_is_expected(alone: Upstream) -> None:
    """A model of which nothing is said is asked; so is one that is said to be able."""
    async with open_house(
        knowing(alone, "one/x", "two/y", known={"two": BLIND, "one": Capabilities(vision=True)})
    ) as house:
        exchange = alone.plays(GOOD)
        await ask(house, exchange, messages=SAID["vision"][1]["messages"])
        assert tried(exchange) == ["one"]


@in_loop
async def test_nobody_can(alone: Upstream) -> None:
    """A 400 in the client's API that names what each of them lacks; nobody is asked."""
    known = {"one": BLIND, "two": Capabilities(vision=False, tools=False)}
    async with open_house(knowing(alone, "one/x", "two/y", known=known)) as house:
        exchange = alone.plays(GOOD)
        client = await ask(house, exchange, tools=[TOOL], messages=SAID["vision"][1]["messages"])
        assert (client.status, exchange.requests) == (400, [])
        assert client.json()["error"]["message"] == (
            "no target of `m` can serve this request: one/x cannot look at images; "
            "two/y cannot use tools and cannot look at images"
        )


@in_loop
async def test_too_long_for_all(alone: Upstream) -> None:
    """The client hears the words it makes its conversation shorter by, with the largest window there is."""
    known = {"one": Capabilities(context=8_000), "two": Capabilities(context=16_000)}
    async with open_house(knowing(alone, "one/x", "two/y", known=known)) as house:
        exchange = alone.plays(GOOD)
        client = await ask(house, exchange, LONG)
        message = client.json()["error"]["message"]
        assert client.status == 400
        assert message.startswith("prompt is too long: 5")
        assert message.endswith("tokens > 16000 maximum")


@in_loop
async def test_too_long_for_all_but_the_way_out(alone: Upstream) -> None:
    """Where a name says where a long conversation goes, it goes there at once."""
    known = {"one": Capabilities(context=8_000), "two": Capabilities(context=16_000)}
    given = knowing(alone, "one/x", "two/y", known=known, recourse=Recourse(too_long="three/z"))
    async with open_house(given) as house:
        exchange = alone.plays(GOOD)
        assert (await ask(house, exchange, LONG)).status == 200
        assert tried(exchange) == ["three"]


@in_loop
async def test_a_margin_is_left(alone: Upstream) -> None:
    """An estimate a little over the window is not taken for certain."""
    async with open_house(
        knowing(alone, "one/x", "two/y", known={"one": Capabilities(context=50_000)})
    ) as house:
        exchange = alone.plays(GOOD, GOOD)
        await ask(house, exchange, "word " * 42_000)
        await ask(house, exchange, "word " * 46_000)
        assert tried(exchange) == ["one", "two"]


@in_loop
async def test_one_target_is_asked_whatever_is_known(alone: Upstream) -> None:
    """With one the client hears the provider's own words."""
    async with open_house(knowing(alone, "one/x", known={"one": BLIND})) as house:
        exchange = alone.plays(no(400, "blind"))
        client = await ask(house, exchange, messages=SAID["vision"][1]["messages"])
        assert client.json()["error"]["message"] == "blind"


@in_loop
async def test_a_window_is_learned(alone: Upstream) -> None:
    """A target that said how much it holds is not asked for more; a beta that asks for a larger window is."""
    async with open_house(knowing(alone, "one/x", "two/y", known={})) as house:
        exchange = alone.plays(no(400, TOO_LONG.replace("200000", "20000")), *[GOOD] * 4)
        for beta in ("", "", "context-1m-2025-08-07"):
            assert (await ask(house, exchange, LONG, beta=beta)).status == 200
        await ask(house, exchange)
        assert tried(exchange) == ["one", "two", "two", "one", "one"]
        (lesson,) = house.lessons.of("one", "x")
        assert (lesson.what, lesson.window) == ("context", 20_000)


@in_loop
async def test_an_inability_is_learned(alone: Upstream) -> None:
    """A target that said that it cannot is passed over the next time."""
    async with open_house(knowing(alone, "one/x", "two/y", known={})) as house:
        exchange = alone.plays(no(400, '"x" does not support tools'), GOOD, GOOD)
        for _ in range(2):
            assert (await ask(house, exchange, tools=[TOOL])).status == 200
        assert tried(exchange) == ["one", "two", "two"]


@in_loop
async def test_what_cannot_be_read_is_not_sifted(alone: Upstream) -> None:
    """A body that only its own API understands goes as it came."""
    async with open_house(knowing(alone, "one/x", "two/y", known={"one": BLIND})) as house:
        exchange = alone.plays(GOOD)
        assert (
            await ask(house, exchange, messages=[{"role": "user", "content": [{"type": 7}]}])
        ).status == 200
        assert tried(exchange) == ["one"]


@in_loop
async def test_the_most_particular_word_counts(alone: Upstream) -> None:
    """What a longer glob says goes before what a shorter one says, each for itself."""
    given = knowing(alone, "one/x", "two/y", known={})
    said = {"*/*": Capabilities(tools=False, context=1), "one/*": Capabilities(context=2), "one/x": BLIND}
    async with open_house(given) as house:
        (target, _) = house.router.plan(MESSAGES, "m")
        fitness = Fitness(said, house.lessons, house.estimates)
        assert fitness.known(target) == Capabilities(tools=False, context=2, vision=False)
        house.lessons.learn_window(("one", "x"), "too long", 7)
        assert fitness.known(target).context == 2


@in_loop
async def test_fitting_is_pure(alone: Upstream) -> None:
    """Who can, in order, and what the others lack, from what is given alone."""
    async with open_house(knowing(alone, "one/x", "two/y", "three/z", known={})) as house:
        targets = house.router.plan(MESSAGES, "m")
        known = dict(
            zip(targets, (Capabilities(tools=False), Capabilities(context=10), Capabilities()), strict=True)
        )
        needs = Needs(frozenset(("tools",)), 5)
        kept, lacks = fit(targets, needs, lambda one: known[one], lambda _: 12)
        assert kept == targets[2:]
        assert [lack.names for lack in lacks] == [("tools",), ("context",)]
