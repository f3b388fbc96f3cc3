"""Which checks are made where: the order of an examination.

A gateway at a URL is asked at its door. Its streams are looked at where they cost nothing: from penstock's
demo provider, or from the echo upstream where that stands behind it. With the echo, both ends are looked at.
A configuration is looked at by running it: a gateway of doctor's own, whose providers' addresses lead to the
echo and whose keys are not the real ones, so that what leaves is seen and nothing is spent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from gateway.cli import Failure
from gateway.cli.companion import Companion, beside
from gateway.cli.doctor.crossing_checks import ARRIVES, CROSSING
from gateway.cli.doctor.door_checks import ANSWERS, DOOR
from gateway.cli.doctor.echo import Echo
from gateway.cli.doctor.findings import Check, Finding, fail, ok
from gateway.cli.doctor.patient import CANARY, Patient
from gateway.cli.doctor.settings_checks import HEADERS, KEY_HOST, PLAIN_HTTP, SIGN_OF_LIFE
from gateway.cli.doctor.stream_checks import BEGINS, STREAM
from gateway.cli.doctor.upstream_checks import UPSTREAM, look_at
from gateway.cli.doctor.voices import MESSAGES, VOICES, Voice
from gateway.configuration.addresses import local_url
from gateway.configuration.discovery import DEMO
from gateway.configuration.document_server import Quota
from gateway.settings import ProviderSettings, Settings

_MODEL: Final = "claude-doctor"
_PLANTED: Final = "sk-doctor-planted-for-"
_SILENCE: Final = 1.5
_AT_ONCE: Final = 8
_STORE: Final = "PENSTOCK_STORE__PATH"
# Laid over the configuration that is tried out: nothing of it may refuse or keep what doctor asks.
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
STARTS: Final[Check[None]] = Check(
    "starts",
    "a gateway of the configuration starts",
    "nothing is served",
    "`penstock serve` says why it does not",
    lambda _: ok("it starts"),
)
CHECKS: Final = {
    "At the door": (ANSWERS, *DOOR),
    "Of a stream": (BEGINS, *STREAM),
    "At both ends": (ARRIVES, *CROSSING),
    "Of a configuration": (STARTS, KEY_HOST, HEADERS, PLAIN_HTTP, SIGN_OF_LIFE),
    "Of the providers": UPSTREAM,
}


def at_the_door(patient: Patient, place: str) -> Iterator[Finding]:
    """What the gateway answers by itself; the rest is left out where nobody answers."""
    first = ANSWERS.at(place, patient)
    yield first
    if first.level != "fail":
        yield from (check.at(place, patient) for check in DOOR)


def of_a_stream(patient: Patient, place: str) -> Iterator[Finding]:
    """How a stream arrives; the rest is left out where there is none."""
    yield from _after(BEGINS, STREAM, patient, place)


def at_both_ends(patient: Patient, place: str) -> Iterator[Finding]:
    """What arrives behind the gateway, and what comes back."""
    yield from _after(ARRIVES, (*STREAM, *CROSSING), patient, place)


def _after(
    first: Check[Patient], others: Iterable[Check[Patient]], patient: Patient, place: str
) -> Iterator[Finding]:
    begun = first.at(place, patient)
    yield begun
    if begun.level == "fail":
        return
    yield from (check.at(place, patient) for check in others)


def with_demo(patient: Patient) -> Patient | None:
    """The patient's demo provider, where it is a penstock that has one."""
    if b"penstock" not in patient.get("/").body:
        return None
    demo = Patient(f"{patient.url}/p/{DEMO}", patient.key, DEMO, MESSAGES)
    return demo if demo.stream.answer.status == 200 else None


def of_settings(settings: Settings) -> Iterator[Finding]:
    """What the configuration says by itself."""
    yield SIGN_OF_LIFE.at("configuration", settings.server)
    for provider in _remote(settings):
        place = f"provider {provider.name}"
        yield KEY_HOST.at(place, provider)
        yield HEADERS.at(place, (provider, settings.providers))
        yield PLAIN_HTTP.at(place, provider)


def of_upstreams(settings: Settings) -> Iterator[Finding]:
    """What the providers say, asked for what costs nothing."""
    for provider in _remote(settings):
        yield from look_at(provider)


def inside_out(settings: Settings, config: str | None, environment: Mapping[str, str]) -> Iterator[Finding]:
    """What leaves a gateway of this configuration, provider by provider."""
    looked_at = [one for one in _remote(settings) if one.proxy is None and _spoken(one)]
    for one in _remote(settings):
        for words in _unseen(one):
            yield Finding(ARRIVES.name, "skipped", f"provider {one.name}", words)
    if not looked_at:
        return
    with _echoes(looked_at) as echoes:
        laid = _TRIED | _moved(looked_at, echoes)
        if settings.store.path:
            laid[_STORE] = ":memory:"
        companion = Companion({**environment, **laid}, config, None)
        try:
            with beside(companion, settings.server) as server:
                yield from _each_inside_out(looked_at, local_url(server.host, server.port), echoes)
        except Failure:
            yield STARTS.found("configuration", fail("a gateway of this configuration does not start"))


@contextmanager
def _echoes(providers: Iterable[ProviderSettings]) -> Iterator[dict[str, Echo]]:
    echoes = {one.name: Echo() for one in providers}
    try:
        yield echoes
    finally:
        for echo in echoes.values():
            echo.close()


def _each_inside_out(
    providers: Iterable[ProviderSettings], url: str, echoes: Mapping[str, Echo]
) -> Iterator[Finding]:
    """All at once, because most of it is waiting; told in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        looks = [pool.submit(_provider_inside_out, one, url, echoes[one.name]) for one in providers]
        for look in looks:
            yield from look.result()


def _provider_inside_out(provider: ProviderSettings, url: str, echo: Echo) -> list[Finding]:
    found: list[Finding] = []
    for voice in _spoken(provider):
        patient = Patient(f"{url}/p/{provider.name}", CANARY, _MODEL, voice)
        patient.behind(echo, _SILENCE, own_login=provider.credential == "passthrough")
        found += at_both_ends(patient, f"provider {provider.name}, {voice.dialect}")
    return found


def _spoken(provider: ProviderSettings) -> list[Voice]:
    """The APIs that live where the first does: one address stands in for that, and for no other."""
    first = next(iter(provider.base_urls.values()))
    return [VOICES[name] for name, url in provider.base_urls.items() if name in VOICES and url == first]


def _unseen(provider: ProviderSettings) -> Iterator[str]:
    """What is not looked at of a provider, and why."""
    spoken = {voice.dialect for voice in _spoken(provider)}
    if provider.proxy:
        yield "it is asked through a proxy"
        return
    for dialect in provider.base_urls:
        if dialect not in VOICES:
            yield f"doctor does not speak {dialect}"
        elif dialect not in spoken:
            yield f"its {dialect} is at another address than the first of its APIs"


def _moved(providers: Iterable[ProviderSettings], echoes: Mapping[str, Echo]) -> dict[str, str]:
    """The variables that lead providers to their echoes, with keys that open nothing."""
    laid = {}
    for one in providers:
        prefix = f"PENSTOCK_PROVIDERS__{re.sub('[-.]', '_', one.name).upper()}__"
        laid[f"{prefix}BASE_URL"] = f"{echoes[one.name].url}/{one.name}"
        if one.credential == "key":
            several = f'["{_PLANTED}{one.name}"]'
            laid |= (
                {f"{prefix}API_KEYS": several} if one.api_keys else {f"{prefix}API_KEY": _PLANTED + one.name}
            )
    return laid


def _remote(settings: Settings) -> list[ProviderSettings]:
    return [one for one in settings.providers if one.base_urls]
