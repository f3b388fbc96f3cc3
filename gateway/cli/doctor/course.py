"""Which checks are made where: the order of an examination.

A gateway at a URL is asked at its door. Its streams are looked at where they cost nothing: from penstock's
demo provider, or from the echo upstream where that stands behind it. With the echo, both ends are looked at.
A configuration is looked at by running it: a gateway of doctor's own, whose providers' addresses lead to the
echo and whose keys are not the real ones, so that what leaves is seen and nothing is spent.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from gateway.cli import Failure
from gateway.cli.doctor.crossing_checks import ARRIVES, CROSSING
from gateway.cli.doctor.door_checks import ANSWERS, DOOR
from gateway.cli.doctor.findings import Check, Finding, fail, ok
from gateway.cli.doctor.patient import Patient
from gateway.cli.doctor.settings_checks import HEADERS, KEY_HOST, PLAIN_HTTP, SIGN_OF_LIFE
from gateway.cli.doctor.stream_checks import BEGINS, STREAM
from gateway.cli.doctor.trial import Placed, parts_of, tried, unseen
from gateway.cli.doctor.upstream_checks import UPSTREAM, look_at
from gateway.cli.doctor.voices import MESSAGES
from gateway.configuration.discovery import DEMO
from gateway.settings import ProviderSettings, Settings

_AT_ONCE: Final = 8
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
    for one in _remote(settings):
        for words in unseen(one):
            yield Finding(ARRIVES.name, "skipped", f"provider {one.name}", words)
    turns = max((len(parts_of(one)) for one in _remote(settings)), default=0)
    for turn in range(turns):
        try:
            with tried(settings, config, environment, turn) as parts:
                yield from _each_part(parts)
        except Failure:
            yield STARTS.found("configuration", fail("a gateway of this configuration does not start"))
            return


def _each_part(parts: list[list[Placed]]) -> Iterator[Finding]:
    """All at once, because most of it is waiting; told in order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for found in pool.map(_part, parts):
            yield from found


def _part(placed: list[Placed]) -> list[Finding]:
    return [finding for place, patient in placed for finding in at_both_ends(patient, place)]


def _remote(settings: Settings) -> list[ProviderSettings]:
    return [one for one in settings.providers if one.base_urls]
