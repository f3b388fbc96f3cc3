"""`penstock doctor`: what clients need, asked of a gateway as they ask, and how to mend what is missing."""

import os
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.doctor.course import (
    at_both_ends,
    at_the_door,
    inside_out,
    of_a_stream,
    of_settings,
    of_upstreams,
    with_demo,
)
from gateway.cli.doctor.echo import Echo
from gateway.cli.doctor.findings import Finding, worst
from gateway.cli.doctor.patient import CANARY, Patient
from gateway.cli.doctor.voices import MESSAGES, VOICES
from gateway.cli.options import config_option, configured
from gateway.configuration.addresses import local_url, parse_listen, reachable, url_problem
from gateway.configuration.problems import ConfigurationError
from gateway.listening import answers_as_penstock
from gateway.settings import Settings

_FAILS: Final = 2


class _Report(msgspec.Struct):
    """What programs are told."""

    ok: bool
    counts: dict[str, int]
    findings: list[Finding]


@click.command("doctor")
@config_option
@click.option("--url", metavar="URL", help="A gateway to look at, of any make; else what is configured here.")
@click.option("--key", metavar="KEY", envvar="PENSTOCK_KEY", help="What a client says to it.")
@click.option("--model", metavar="MODEL", default="", help="A model to ask for there.")
@click.option(
    "--dialect", type=click.Choice(list(VOICES)), default=MESSAGES.dialect, help="The API to ask in."
)
@click.option("--echo", metavar="HOST:PORT", help="Listen here as the upstream behind the gateway at --url.")
@click.option("--silence", type=float, default=20.0, help="Seconds of silence to wait through, with --echo.")
@click.option("--upstreams", is_flag=True, help="Ask each configured provider, too, for what costs nothing.")
@click.option("--spend", is_flag=True, help="Ask --model for two short replies, which cost tokens.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool, **asked: Any) -> None:
    """Find what breaks clients, name it, and say how to mend it.

    Without --url: the configuration, a gateway of it that sends to nobody, and the one that is running.
    Ends with 0 when nothing is wrong, 1 with warnings, 2 when a client breaks.
    """
    _check_usage(asked)
    findings = []
    place = None
    for finding in _examined(asked):
        findings.append(finding)
        if not as_json:
            if finding.place != place:
                click.echo(f"\n{finding.place}" if place else finding.place)
            click.echo("\n".join(f"  {line}" for line in finding.lines))
        place = finding.place
    counts = {
        level: sum(one.level == level for one in findings) for level in ("ok", "skipped", "warn", "fail")
    }
    code = worst(findings)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(_Report(not code, counts, findings))))
    else:
        click.echo("\n" + ", ".join(f"{count} {level}" for level, count in counts.items()))
    raise SystemExit(code)


def _check_usage(asked: dict[str, Any]) -> None:
    if asked["echo"] and not asked["url"]:
        raise click.UsageError("--echo goes with --url")
    if (asked["echo"] or asked["spend"]) and not asked["model"]:
        raise click.UsageError("say with --model what to ask for")
    if asked["url"] and url_problem(asked["url"]):
        raise click.UsageError(f"--url: {url_problem(asked['url'])}")


def _examined(asked: dict[str, Any]) -> Iterator[Finding]:
    if asked["url"]:
        yield from _at_url(asked)
        if not asked["upstreams"]:
            return
    try:
        settings = configured(asked["config"]).settings
    except ConfigurationError as failure:
        yield from _unreadable(failure)
        return
    if not asked["url"]:
        yield from of_settings(settings)
        yield from inside_out(settings, asked["config"], os.environ)
        yield from _running(settings, asked)
    if asked["upstreams"]:
        yield from of_upstreams(settings)


def _unreadable(failure: ConfigurationError) -> Iterable[Finding]:
    why = "penstock does not start with it"
    for problem in failure.problems:
        seen = f"{problem.path}: {problem.problem}"
        yield Finding("configuration", "fail", "configuration", seen, why, problem.remedy or "mend it there")


def _running(settings: Settings, asked: dict[str, Any]) -> Iterator[Finding]:
    server = settings.server
    url = local_url(server.host, server.port)
    if answers_as_penstock(reachable(server.host), server.port):
        yield from _looked_at(_patient(url, asked), spending=asked["spend"])
    else:
        yield Finding("answers", "skipped", url, "no penstock is running there")


def _patient(url: str, asked: dict[str, Any]) -> Patient:
    return Patient(url, asked["key"] or CANARY, asked["model"], VOICES[asked["dialect"]])


def _at_url(asked: dict[str, Any]) -> Iterator[Finding]:
    url = asked["url"].rstrip("/")
    patient = _patient(url, asked)
    if not asked["echo"]:
        yield from _looked_at(patient, spending=asked["spend"])
        return
    echo = _listen(asked["echo"])
    try:
        answers, *door = at_the_door(patient, url)
        yield from (answers, *door)
        if answers.level != "fail":
            yield from at_both_ends(patient.behind(echo, asked["silence"]), f"{url}, {asked['dialect']}")
    finally:
        echo.close()


def _looked_at(patient: Patient, *, spending: bool = False) -> Iterator[Finding]:
    """The door, and a stream where that costs nothing or may cost something."""
    url = patient.url
    dead = False
    for finding in at_the_door(patient, url):
        dead = dead or (finding.check == "answers" and finding.level == "fail")
        yield finding
    if dead:
        return
    if spending:
        yield from of_a_stream(patient, f"{url}, {patient.model}")
    elif (demo := with_demo(patient)) is not None:
        yield from of_a_stream(demo, demo.url)
    else:
        words = "there is no demo provider; with --spend and --model a model is asked, with --echo nobody is"
        yield Finding("stream", "skipped", url, words)


def _listen(place: str) -> Echo:
    try:
        return Echo(*parse_listen(place))
    except ValueError as failure:
        raise click.UsageError(f"--echo: {failure}") from None
    except OSError as failure:
        raise Failure(f"--echo {place}: cannot listen there: {failure.strerror}") from None
