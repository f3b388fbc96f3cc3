"""Care for the prompt caches of providers: the name of a conversation, and marks that are set by choice."""

from typing import Any

import msgspec
import pytest

from gateway.settings import Settings
from tests.gateway.failing import CHAT, GOOD, GOOD_CHAT, MESSAGES
from tests.gateway.indoors import Client, open_house, provider, settings
from tests.gateway.loops import in_loop
from tests.upstream.exchange import Exchange
from tests.upstream.server import Upstream

TURN = {"role": "user", "content": "hi"}
MARK = {"type": "ephemeral"}


def given(upstream: Upstream, **ant: Any) -> Settings:
    """OpenAI as `oai`, another box of its API as `box`, and `ant` of Anthropic's."""
    at = upstream.address
    return settings(
        provider("oai", at, CHAT, row="openai"),
        provider("box", at, CHAT),
        provider("ant", at, MESSAGES, row="anthropic", **ant),
    )


def client(
    exchange: Exchange, model: str, path: str = "/v1/messages", *, session: str = "s1", **body: Any
) -> Client:
    """A request of a session."""
    headers = [(b"baggage", exchange.name.encode())]
    if session:
        headers.append((b"session-id", session.encode()))
    sent = {"model": model, "max_tokens": 9, "messages": [TURN], **body}
    return Client(path, body=msgspec.json.encode(sent), headers=headers)


def keys(exchange: Exchange) -> list[str | None]:
    """The name that each request gave its conversation."""
    return [msgspec.json.decode(request.body).get("prompt_cache_key") for request in exchange.requests]


@in_loop
async def test_a_session_is_a_name_in_openais_cache(alone: Upstream) -> None:
    """The same for all its requests, another for another session, and not the session itself."""
    async with open_house(given(alone)) as house:
        exchange = alone.plays(GOOD_CHAT)
        for session in ("s1", "s1", "s2"):
            await client(exchange, "oai/gpt-5.1", session=session).ask(house)
        one, again, other = keys(exchange)
        assert one == again != other
        assert one is not None
        assert (len(one), "s1" in one) == (32, False)


@pytest.mark.parametrize(
    ("model", "path", "session"),
    [
        ("oai/gpt-5.1", "/v1/messages", ""),
        ("box/gpt-5.1", "/v1/messages", "s1"),
        ("oai/gpt-5.1", "/v1/chat/completions", "s1"),
    ],
    ids=["no session", "not OpenAI", "passed"],
)
@in_loop
async def test_who_is_told_no_name(alone: Upstream, model: str, path: str, session: str) -> None:
    """Without a session, at another provider, and where the client's own bytes pass."""
    async with open_house(given(alone)) as house:
        exchange = alone.plays(GOOD_CHAT)
        assert (await client(exchange, model, path, session=session).ask(house)).status == 200
        assert keys(exchange) == [None]


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"], ids=["passed", "crossed"])
@in_loop
async def test_marks_are_a_choice(alone: Upstream, path: str) -> None:
    """With `cache_breakpoints` the user's last turn is marked, of whichever API; without, nothing is."""
    for chosen in (True, False):
        async with open_house(given(alone, cache_breakpoints=chosen)) as house:
            exchange = alone.plays(GOOD)
            reply = await client(exchange, "ant/claude-opus-5-5", path).ask(house)
            assert reply.status == 200
            assert (b'"cache_control"' in exchange.request.body) is chosen
            verbatim = path == "/v1/messages" and not chosen
            assert (reply.header(b"x-penstock-body") == b"model-span") is verbatim


@in_loop
async def test_a_client_that_marks_passes_byte_for_byte(alone: Upstream) -> None:
    """Its own marks are kept, and none is added."""
    async with open_house(given(alone, cache_breakpoints=True)) as house:
        exchange = alone.plays(GOOD)
        system = [{"type": "text", "text": "be brief", "cache_control": MARK}]
        reply = await client(exchange, "ant/claude-opus-5-5", system=system).ask(house)
        assert reply.header(b"x-penstock-body") == b"model-span"
        assert exchange.request.body.count(b'"cache_control"') == 1


@in_loop
async def test_a_count_is_not_written_anew(alone: Upstream) -> None:
    """What is counted is what the client sent."""
    async with open_house(given(alone, cache_breakpoints=True)) as house:
        exchange = alone.plays(GOOD)
        await client(exchange, "ant/claude-opus-5-5", "/v1/messages/count_tokens").ask(house)
        assert b"cache_control" not in exchange.request.body
