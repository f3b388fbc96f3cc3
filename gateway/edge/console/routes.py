"""Routes and providers: where names lead, and how those stand who answer them."""

import asyncio
import time
from typing import Final, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from adapters.table import DIALECTS
from gateway.edge.console.desk import HEADERS, Desk
from gateway.errors import UpstreamError
from gateway.house import House
from gateway.listing import ask_for_models
from gateway.provider import Provider
from gateway.redaction import redact
from gateway.settings import Route, Rule, Tier, tiers_of

PATIENCE: Final = 10.0  # seconds that a test waits
BEGINS: Final = {
    "round_robin": "in turn",
    "least_busy": "the least busy of",
    "fastest": "the fastest of",
    "cheapest": "the cheapest of",
}
GOOD: Final = 400


class Lead(NamedTuple):
    """A name that clients ask for, and where it leads, a step a line."""

    name: str
    steps: list[str]


class Standing(NamedTuple):
    """A provider, and how it stands. `breakers`: its models that are left alone, or tried again."""

    name: str
    dialects: str
    addresses: list[str]
    login: str
    families: str
    breakers: list[tuple[str, str]]
    watched: str
    connections: str
    local: bool


class Tested(NamedTuple):
    """What came of a test."""

    good: bool
    words: str


async def page(desk: Desk, request: Request) -> Response:
    """The page."""
    settings = desk.house.settings
    return desk.page(
        request,
        "routes.html",
        leads=[Lead(name, list(map(_step, tiers_of(lead)))) for name, lead in settings.models.items()],
        families=_families(desk.house),
        rules=[(rule.where, _condition(rule), _target(rule.lead)) for rule in settings.routing.rules],
        providers=[_standing(desk.house, provider) for provider in desk.house.providers.values()],
    )


async def test(desk: Desk, request: Request) -> Response:
    """Ask one provider for its models, which costs no token."""
    provider = desk.house.providers.get(request.path_params["provider"])
    if provider is None:
        return Response("there is no such provider", 404, HEADERS, "text/plain")
    began = time.monotonic()
    tested = await _tested(provider, desk.house)
    took = (time.monotonic() - began) * 1000
    return desk.page(request, "tested.html", tested=tested, took=took)


def _step(tier: Tier) -> str:
    """The targets of a tier, and which of them a request begins with."""
    names = [share.to for share in tier.shares]
    if len(names) == 1:
        return names[0]
    begins = BEGINS.get(tier.strategy)
    if begins is not None:
        return f"{begins} {', '.join(names)}"
    return ", ".join(f"{share.to} ({share.weight})" for share in tier.shares)


def _families(house: House) -> list[tuple[str, str]]:
    """Names that lead somewhere by themselves: the globs of the providers, where nothing was configured."""
    return [
        (glob, provider.name)
        for provider in house.settings.providers
        for glob in provider.families
        if glob not in house.settings.models
    ]


def _condition(rule: Rule) -> str:
    said = msgspec.structs.asdict(rule.when)
    return ", ".join(f"{name} {_value(value)}" for name, value in said.items() if value not in (None, (), {}))


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " or ".join(map(str, value))
    return "yes" if value is True else "no" if value is False else str(value)


def _target(lead: str | Route) -> str:
    return "; then ".join(map(_step, tiers_of(lead)))


def _standing(house: House, provider: Provider) -> Standing:
    now, settings = house.clock(), provider.settings
    states = house.breakers.states(now)
    figures = [door.figures() for door in provider.doors.values()]
    watched = next((one for one in house.health.watched if one.name == provider.name), None)
    return Standing(
        name=provider.name,
        dialects=", ".join(sorted(provider.doors)) or "answers by itself",
        addresses=sorted(set(settings.base_urls.values())),
        login=_login(provider),
        families=", ".join(settings.families),
        breakers=[
            (model, state.replace("_", "-"))
            for (name, model), state in states.items()
            if name == provider.name and state != "closed"
        ],
        watched="" if watched is None else "up" if watched.up else "down",
        connections=f"{sum(one.open for one in figures)} open, {sum(one.idle for one in figures)} idle",
        local=provider.local,
    )


def _login(provider: Provider) -> str:
    settings = provider.settings
    if settings.credential == "passthrough":
        return "the client's own"
    if settings.credential == "none":
        return "none"
    several = f"{len(settings.api_keys)} keys" if settings.api_keys else "a key"
    return f"{several} from {settings.key_source}"


async def _tested(provider: Provider, house: House) -> Tested:
    if provider.local:
        return Tested(good=True, words="it is inside penstock, and always there")
    dialect, door = next(iter(provider.doors.items()))
    constant = door.constants[provider.key_at(house.clock())]
    try:
        async with asyncio.timeout(PATIENCE):
            status, body = await ask_for_models(door, DIALECTS[dialect], constant, house.clock)
    except UpstreamError as error:
        return Tested(good=False, words=redact(str(error)))
    except TimeoutError:
        return Tested(good=False, words=f"it did not answer within {PATIENCE:g} seconds")
    if status >= GOOD:
        said = provider.redact(body)[:200].decode("utf-8", "replace")
        return Tested(good=False, words=redact(f"it answered {status}: {said}"))
    return Tested(good=True, words=f"it answered {status} with {len(body):,} bytes of models")
