"""Providers as they are configured, without their keys, and as they are: health, breakers, keys at rest."""

import asyncio
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import UNSET, Meta, UnsetType

from adapters.table import DIALECTS
from gateway.breaker import State as BreakerState
from gateway.credentials import State as KeyState
from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk, Probe
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Listed, Name, Taken
from gateway.errors import UpstreamError
from gateway.failure import OWN_KEY
from gateway.house import House
from gateway.listing import ask_for_models
from gateway.provider import Provider
from gateway.redaction import redact
from gateway.roles import Permission
from gateway.settings import CredentialMode

_GOOD: Final = range(200, 300)
Verdict = Literal["good", "refused", "failed", "unreachable"]


class BreakerShown(msgspec.Struct, frozen=True):
    """Whether a model of it is left alone because too many tries have failed."""

    model: str
    state: BreakerState


class ProviderShown(msgspec.Struct, frozen=True, kw_only=True):
    """One provider. `key_source` says where its key comes from; `keys` how each of several is.

    `watched` is whether it is asked from time to time, `up` whether it answered the last time.
    """

    name: str
    like: str | None
    addresses: dict[str, str]
    credential: CredentialMode
    key_source: str
    keys: list[KeyState]
    headers: list[str]
    concurrency: int
    watched: bool
    up: bool
    breakers: list[BreakerShown]


class _Error(msgspec.Struct):
    """What went wrong, in the words of openai-chat."""

    message: str
    code: str | None = None


class _Said(msgspec.Struct):
    """A reply that is an error."""

    error: _Error


class Trial(Taken, frozen=True, kw_only=True):
    """How a provider is tried: asked for its models, which is free, or a model for one token."""

    patience: Annotated[
        int, Meta(ge=1, le=60, description="For how many seconds an answer is waited for.")
    ] = 10
    model: Annotated[Name, Meta(description="The model that is asked for one token.")] | UnsetType = UNSET


class TrialShown(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `refused`: it is there, and does not take the key."""

    provider: str
    dialect: str
    verdict: Verdict
    status: int | None
    milliseconds: int
    message: str


async def list_providers(desk: Desk) -> Listed[ProviderShown]:
    """List the providers as they are in this worker, in the order of the configuration."""
    return Listed([_shown(desk.house, one) for one in desk.house.providers.values()])


async def read_provider(desk: Desk, name: Name) -> ProviderShown:
    """Show a provider as it is in this worker."""
    return _shown(desk.house, _provider(desk, name))


async def try_provider(desk: Desk, name: Name, body: Trial) -> TrialShown:
    """Ask a provider for its models with its key, which is free; or, when told, a model for a token."""
    provider = _provider(desk, name)
    if body.model is not UNSET and desk.probe is not None:
        return await _probed(desk, desk.probe, provider, body)
    if provider.local:
        return _tried(provider, "", 0.0, 200, "it answers here, and nobody is asked")
    dialect, door = next(iter(provider.doors.items()))
    clock = desk.house.clock
    began = clock()
    try:
        async with asyncio.timeout(body.patience):
            constant = door.constants[provider.key_at(began)]
            status, _ = await ask_for_models(door, DIALECTS[dialect], constant, clock)
    except UpstreamError as error:
        return _tried(provider, dialect, clock() - began, None, str(error))
    except TimeoutError:
        words = f"it did not answer within {body.patience} seconds"
        return _tried(provider, dialect, clock() - began, None, words)
    return _tried(provider, dialect, clock() - began, status, f"it answered {status}")


OPERATIONS: Final = (
    Operation("GET", "/providers", list_providers, Permission.READ, stored=False),
    Operation("GET", "/providers/{name}", read_provider, Permission.READ, stored=False),
    Operation("POST", "/providers/{name}/test", try_provider, Permission.ROUTES, stored=False),
)


async def _probed(desk: Desk, probe: Probe, provider: Provider, body: Trial) -> TrialShown:
    assert body.model is not UNSET
    clock = desk.house.clock
    began = clock()
    try:
        async with asyncio.timeout(body.patience):
            status, said = await probe(desk.house, provider.name, body.model)
    except TimeoutError:
        words = f"it did not answer within {body.patience} seconds"
        return _tried(provider, "", clock() - began, None, words)
    if status in _GOOD:
        return _tried(provider, "", clock() - began, status, "it answered")
    error = _error(said)
    told = _tried(provider, "", clock() - began, status, error.message)
    return msgspec.structs.replace(told, verdict="refused") if error.code == OWN_KEY else told


def _error(said: bytes) -> _Error:
    try:
        return msgspec.json.decode(said, type=_Said).error
    except msgspec.MsgspecError:
        return _Error("it answered with an error")


def _provider(desk: Desk, name: str) -> Provider:
    found = desk.house.providers.get(name)
    if found is None:
        raise Refusal(404, "there is no provider of this name")
    return found


def _shown(house: House, provider: Provider) -> ProviderShown:
    settings, now = provider.settings, house.clock()
    watch = next((one for one in house.health.watched if one.name == provider.name), None)
    return ProviderShown(
        name=provider.name,
        like=settings.row,
        addresses={dialect: bare(url) for dialect, url in settings.base_urls.items()},
        credential=settings.credential,
        key_source=settings.key_source,
        keys=[] if provider.credentials is None else provider.credentials.states(now),
        headers=sorted(settings.headers),
        concurrency=settings.concurrency,
        watched=watch is not None,
        up=watch is None or watch.up,
        breakers=[BreakerShown(model, state) for model, state in _breakers(house, provider.name, now)],
    )


def _breakers(house: House, provider: str, now: float) -> list[tuple[str, BreakerState]]:
    states = house.breakers.states(now).items()
    return sorted((model, state) for (name, model), state in states if name == provider)


def _tried(provider: Provider, dialect: str, took: float, status: int | None, words: str) -> TrialShown:
    verdict: Verdict = "unreachable" if status is None else "failed"
    if status in _GOOD:
        verdict = "good"
    elif status in (401, 403):
        verdict = "refused"
    return TrialShown(
        provider=provider.name,
        dialect=dialect,
        verdict=verdict,
        status=status,
        milliseconds=round(took * 1000),
        message=redact(words),
    )


def bare(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
