"""Requests that are too long, or refused: where they go then, once, and what is told where nobody can."""

from typing import Any

import msgspec
import pytest

from gateway.house import House
from gateway.settings import ProviderSettings, Recourse, Route, Settings, Share, Tier
from tests.gateway.failing import GOOD, GOOD_CHAT, MESSAGES, TOO_LONG, failing, no, tried
from tests.gateway.indoors import Client, open_house, provider
from tests.gateway.loops import in_loop
from tests.upstream.exchange import Exchange
from tests.upstream.replies import events, fixture
from tests.upstream.scripts import JSON, stream, whole
from tests.upstream.server import Upstream

GEMINI = "gemini"
BLOCKED = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
BLOCKED_WHOLE = whole(msgspec.json.encode(BLOCKED), 200, JSON)
BLOCKED_STREAM = stream([b"data: " + msgspec.json.encode(BLOCKED) + b"\n\n"])
FILTERED = no(400, "Output blocked by content filtering policy")


def route(*leads: str, **recourse: Any) -> Route:
    """Targets in order, and where a request goes beyond them."""
    return Route(tuple(Tier((Share(lead),), recourse=Recourse(**recourse)) for lead in leads))


def houses(upstream: Upstream, found: Route, **models: Any) -> Settings:
    """Providers as in `failing`, one of Gemini's besides; `m` leads along a route."""
    given = failing(upstream, found)
    gemini: ProviderSettings = provider("gem", f"{upstream.address}/gem", GEMINI)
    return msgspec.structs.replace(
        given, providers=(*given.providers, gemini), models={**given.models, **models}
    )


async def ask(house: House, exchange: Exchange, *, streamed: bool = False) -> Client:
    """What comes of a small request of Anthropic's API for `m`."""
    turn = {"role": "user", "content": "hi"}
    body = msgspec.json.encode({"model": "m", "max_tokens": 9, "stream": streamed, "messages": [turn]})
    return await Client(body=body, headers=[(b"baggage", exchange.name.encode())]).ask(house)


@in_loop
async def test_a_conversation_too_long_goes_to_who_takes_it(alone: Upstream) -> None:
    """After the one target has said so; the client sees the good answer."""
    async with open_house(houses(alone, route("one/x", too_long="three/z"))) as house:
        exchange = alone.plays(no(400, TOO_LONG), GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.body) == (200, fixture(MESSAGES, "plain.json"))
        assert tried(exchange) == ["one", "three"]
        assert client.header(b"x-penstock-model") == b"z"


@in_loop
async def test_the_ordinary_targets_come_first(alone: Upstream) -> None:
    """All of them are asked before; the way out may be a name that leads to several."""
    found = route("one/x", "two/y", too_long="long")
    async with open_house(houses(alone, found, long=route("one/l", "three/z"))) as house:
        exchange = alone.plays(*[no(400, TOO_LONG)] * 3, GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "two", "one", "three"]


@in_loop
async def test_a_way_out_is_taken_though_no_try_is_left(alone: Upstream) -> None:
    """The tries of the ordinary targets are not its own; but it has only the one."""
    given = houses(alone, route("one/x", "two/y", too_long="long"), long=route("three/z", "one/l"))
    failure = msgspec.structs.replace(given.failure, tries=2)
    async with open_house(msgspec.structs.replace(given, failure=failure)) as house:
        exchange = alone.plays(*[no(400, TOO_LONG)] * 3, GOOD)
        assert (await ask(house, exchange)).status == 400
        assert tried(exchange) == ["one", "two", "three"]


@in_loop
async def test_a_way_out_is_taken_once(alone: Upstream) -> None:
    """Two names that lead to each other do not go round: the words are told that the client recovers by."""
    found = route("one/x", too_long="long")
    async with open_house(houses(alone, found, long=route("two/y", too_long="m"))) as house:
        exchange = alone.plays(no(400, TOO_LONG), no(400, TOO_LONG), GOOD)
        client = await ask(house, exchange)
        assert (client.status, client.json()["error"]["message"]) == (400, TOO_LONG)
        assert tried(exchange) == ["one", "two"]


@in_loop
async def test_other_failures_do_not_lead_there(alone: Upstream) -> None:
    """A wrong request is told at once, a sick target as with one target, and a refusal is another way."""
    async with open_house(houses(alone, route("one/x", too_long="three/z"))) as house:
        for status, words in ((400, "wrong"), (529, "busy"), (400, "Content Exists Risk")):
            exchange = alone.plays(no(status, words), GOOD)
            assert (await ask(house, exchange)).status == status
            assert tried(exchange) == ["one"]


@in_loop
async def test_refused_content_goes_to_who_answers(alone: Upstream) -> None:
    """By the words of an error; no ordinary target is asked the same again."""
    async with open_house(houses(alone, route("one/x", "two/y", refused="three/z"))) as house:
        exchange = alone.plays(FILTERED, GOOD)
        assert (await ask(house, exchange)).status == 200
        assert tried(exchange) == ["one", "three"]
        assert house.tallies.failovers[("one", "request")] == 1  # type: ignore[index]


@pytest.mark.parametrize("streamed", [False, True])
@in_loop
async def test_a_reply_that_only_refuses(alone: Upstream, *, streamed: bool) -> None:
    """Gemini's blocked prompt is a good reply with nothing in it: another target answers instead."""
    async with open_house(houses(alone, route("gem/x", refused="three/z"))) as house:
        good = stream(events(MESSAGES)) if streamed else GOOD
        exchange = alone.plays(BLOCKED_STREAM if streamed else BLOCKED_WHOLE, good)
        client = await ask(house, exchange, streamed=streamed)
        assert (client.status, tried(exchange)) == (200, ["gem", "three"])
        assert client.body == (b"".join(events(MESSAGES)) if streamed else fixture(MESSAGES, "plain.json"))


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("recourse", [{}, {"too_long": "three/z"}])
@in_loop
async def test_a_refusal_without_a_way_out_is_shown(
    alone: Upstream, recourse: dict[str, str], *, streamed: bool
) -> None:
    """As the provider said it: a reply that ends for that reason."""
    async with open_house(houses(alone, route("gem/x", **recourse))) as house:
        exchange = alone.plays(BLOCKED_STREAM if streamed else BLOCKED_WHOLE)
        client = await ask(house, exchange, streamed=streamed)
        assert (client.status, len(exchange.requests)) == (200, 1)
        assert b'"stop_reason":"refusal"' in client.body


@in_loop
async def test_a_refusal_that_said_something_is_shown(alone: Upstream) -> None:
    """What the model itself says in refusing is an answer."""
    said = {"candidates": [{"content": {"parts": [{"text": "No."}]}, "finishReason": "SAFETY"}]}
    async with open_house(houses(alone, route("gem/x", refused="three/z"))) as house:
        exchange = alone.plays(whole(msgspec.json.encode(said), 200, JSON))
        client = await ask(house, exchange)
        assert (client.json()["content"][0]["text"], len(exchange.requests)) == ("No.", 1)


@in_loop
async def test_the_way_out_may_speak_another_api(alone: Upstream) -> None:
    """Then the request is translated on its way there."""
    async with open_house(houses(alone, route("one/x", refused="chat/c"))) as house:
        exchange = alone.plays(FILTERED, GOOD_CHAT)
        client = await ask(house, exchange)
        assert (client.status, client.header(b"x-penstock-body")) == (200, b"rewritten(translation)")


@in_loop
async def test_when_nobody_answers(alone: Upstream) -> None:
    """The last answer is told."""
    async with open_house(houses(alone, route("one/x", refused="three/z"))) as house:
        exchange = alone.plays(FILTERED, no(429, "later", retry_after="7"))
        client = await ask(house, exchange)
        assert (client.status, client.json()["error"]["message"]) == (429, "later")
