"""Several providers at one replay upstream, told apart by the first step of their address."""

from typing import Any

import msgspec

from gateway.house import House
from gateway.settings import FailureSettings, Route, Settings
from tests.gateway.indoors import AT_ONCE, Client, provider, settings, tiers
from tests.upstream.exchange import Exchange
from tests.upstream.replies import events, fixture
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

MESSAGES, CHAT = "anthropic-messages", "openai-chat"
GOOD = whole(fixture(MESSAGES, "plain.json"))
GOOD_CHAT = whole(fixture(CHAT, "plain.json"))
EVENTS = events(MESSAGES)
CHAT_EVENTS = events(CHAT)
TWO = tiers("one/x", "two/y")
TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"


def no(status: int, message: str = "no", **headers: str) -> Script:
    """An error as Anthropic's API writes it."""
    kinds = {400: "invalid_request_error", 404: "not_found_error", 429: "rate_limit_error"}
    error = {"type": kinds.get(status, "api_error"), "message": message}
    body = msgspec.json.encode({"type": "error", "error": error})
    return whole(body, status, {**JSON, **{name.replace("_", "-"): said for name, said in headers.items()}})


def failing(
    upstream: Upstream, route: Route = TWO, failure: FailureSettings = AT_ONCE, **server: Any
) -> Settings:
    """Providers `one`, `two` and `three` of Anthropic's API, `chat` of OpenAI's; `m` leads along a route."""
    at = upstream.address
    return settings(
        *(provider(name, f"{at}/{name}") for name in ("one", "two", "three")),
        provider("chat", f"{at}/chat", CHAT),
        models={"m": route},
        failure=failure,
        **server,
    )


def client_of(
    exchange: Exchange, *, streamed: bool = False, path: str = "/v1/messages", body: bytes = b""
) -> Client:
    """A client that asks for `m`, or says what is given, to be answered by an exchange."""
    turn = {"role": "user", "content": "hi"}
    small = {"model": "m", "max_tokens": 9, "stream": streamed, "messages": [turn]}
    return Client(
        path, body=body or msgspec.json.encode(small), headers=[(b"baggage", exchange.name.encode())]
    )


async def ask(house: House, exchange: Exchange, *, streamed: bool = False) -> Client:
    """What comes of one request for `m`."""
    return await client_of(exchange, streamed=streamed).ask(house)


def tried(exchange: Exchange) -> list[str]:
    """Which providers were asked, in order."""
    return [request.target.split("/")[1] for request in exchange.requests]


def left(house: House) -> dict[tuple[str, str], int]:
    """How often a provider was left for the next, by kind of failure."""
    failovers = house.tallies.failovers
    return {(labels.provider, labels.kind): count for labels, count in failovers.items()}
