"""A configuration tried out: a gateway of it, for doctor alone, that can reach nobody.

Every provider's address leads back to an echo, every key is one that opens nothing, and no limit, budget or
store of the configuration has a part in it. One address stands in for one of a provider's: where its APIs
live at several, the gateway is started once for each.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

import msgspec

from gateway.cli.companion import Companion, beside
from gateway.cli.doctor.echo import Echo
from gateway.cli.doctor.patient import CANARY, Patient
from gateway.cli.doctor.voices import VOICES, Voice
from gateway.configuration.addresses import local_url
from gateway.configuration.document_server import Quota
from gateway.settings import MARKING, ProviderSettings, Settings

SILENCE: Final = 1.5
_MODEL: Final = "claude-doctor"
_PLANTED: Final = "sk-doctor-planted-for-"
_STORE: Final = "PENSTOCK_STORE__PATH"
# Laid over the configuration: nothing of it may refuse or keep what doctor asks.
_TRIED: Final = {
    # No limit and no budget: doctor asks often, and for a model that has no price.
    **{f"PENSTOCK_LIMITS__{name.upper()}": "0" for name in Quota.__struct_fields__},
    "PENSTOCK_LIMITS__BUDGETS": "[]",
    "PENSTOCK_SERVER__KEYS": "none",
    "PENSTOCK_SERVER__WORKERS": "1",
    "PENSTOCK_SERVER__RELOAD": "false",
    "PENSTOCK_SERVER__SIGN_OF_LIFE": "500ms",
    "PENSTOCK_CACHE__RESPONSES": "off",
    "PENSTOCK_CACHE__COALESCE": "false",
    "PENSTOCK_FAILURE__LEAVING": "always",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


class Part(msgspec.Struct, frozen=True):
    """A provider, and the APIs of it that are looked at together; `alone`: it has others elsewhere."""

    provider: ProviderSettings
    voices: tuple[Voice, ...]
    alone: bool


class Placed(NamedTuple):
    """A patient, and what to call where it is."""

    place: str
    patient: Patient


def parts_of(provider: ProviderSettings) -> list[Part]:
    """What is looked at of a provider, one gateway for each."""
    if provider.proxy:
        return []
    voices = tuple(VOICES[name] for name in provider.base_urls if name in VOICES)
    if len(set(provider.base_urls.values())) == 1:
        return [Part(provider, voices, alone=False)] if voices else []
    return [Part(provider, (voice,), alone=True) for voice in voices]


def unseen(provider: ProviderSettings) -> Iterator[str]:
    """What is not looked at of a provider, and why."""
    if provider.proxy:
        yield "it is asked through a proxy"
        return
    yield from (f"doctor does not speak {dialect}" for dialect in provider.base_urls if dialect not in VOICES)


@contextmanager
def tried(
    settings: Settings, config: str | None, environment: Mapping[str, str], turn: int
) -> Iterator[list[list[Placed]]]:
    """Start the gateway for the parts whose turn it is; the patients of each part. Raises Failure.

    Those of one part share an echo, and are looked at one after the other.
    """
    providers = [one for one in settings.providers if one.base_urls]
    parts = [part for one in providers for part in parts_of(one)[turn : turn + 1]]
    alone = {part.provider.name: part.voices[0].dialect for part in parts if part.alone}
    with _echoes(providers) as echoes:
        laid = dict(_TRIED)
        for one in providers:
            laid |= _moved(one, echoes[one.name].url, alone.get(one.name, ""))
        if settings.store.path:
            laid[_STORE] = ":memory:"
        with beside(Companion({**environment, **laid}, config, None), settings.server) as server:
            url = local_url(server.host, server.port)
            yield [[_placed(part, voice, url, echoes) for voice in part.voices] for part in parts]


@contextmanager
def _echoes(providers: Iterable[ProviderSettings]) -> Iterator[dict[str, Echo]]:
    echoes = {one.name: Echo() for one in providers}
    try:
        yield echoes
    finally:
        for echo in echoes.values():
            echo.close()


def _placed(part: Part, voice: Voice, url: str, echoes: Mapping[str, Echo]) -> Placed:
    provider = part.provider
    patient = Patient(f"{url}/p/{provider.name}", CANARY, _MODEL, voice)
    patient.behind(echoes[provider.name], SILENCE, own_login=provider.credential == "passthrough")
    return Placed(f"provider {provider.name}, {voice.dialect}", patient)


def _moved(provider: ProviderSettings, address: str, alone: str) -> dict[str, str]:
    """The variables that lead a provider to its echo, with a key that opens nothing."""
    name = provider.name
    laid = {"BASE_URL": f"{address}/{name}"}
    if provider.credential == "key":
        laid |= {"API_KEYS": f'["{_PLANTED}{name}"]'} if provider.api_keys else {"API_KEY": _PLANTED + name}
    if alone:
        laid["DIALECT"] = alone
    if alone and alone != MARKING:
        laid["CACHE_BREAKPOINTS"] = "false"
    prefix = f"PENSTOCK_PROVIDERS__{re.sub('[-.]', '_', name).upper()}__"
    return {f"{prefix}{key}": value for key, value in laid.items()}
