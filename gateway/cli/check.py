"""`penstock check`: reads everything `serve` would read, and says what is there or what is wrong."""

import os
from collections.abc import Iterable

import click
import msgspec

from gateway.cli.options import config_option
from gateway.cli.welcome import dialects, login_of, provider_lines
from gateway.configuration.addresses import spell
from gateway.configuration.loading import Configuration, load
from gateway.configuration.problems import ConfigurationError
from gateway.settings import Route, Settings, Tier, tiers_of

_WRONG = 1
# How a group is told whose requests do not begin by weight.
_BEGINS: dict[str, str] = {
    "round_robin": "in turn",
    "least_busy": "the least busy of",
    "fastest": "the fastest of",
    "cheapest": "the cheapest of",
}


@click.command("check")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(config: str | None, as_json: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Check the configuration and show where every model leads."""
    if as_json:
        raise SystemExit(_check_for_programs(config))
    configuration = load(config, environment=os.environ)
    click.echo("\n".join(_lines(configuration)))


def _lines(configuration: Configuration) -> Iterable[str]:
    settings = configuration.settings
    yield f"configuration: {configuration.path or 'no file'}"
    yield f"listens at: {spell(settings.server.host, settings.server.port)}"
    yield from provider_lines(settings.providers)
    yield ""
    yield "models"
    leads = _leads(settings)
    width = max(map(len, leads))
    for name, lead in leads.items():
        for place, tier in enumerate(tiers_of(lead)):
            yield f"  {('' if place else name).ljust(width)}  {'or' if place else '->'} {_spelled(tier)}"
        recourse = tiers_of(lead)[0].recourse
        for case, where in () if recourse is None else msgspec.structs.asdict(recourse).items():
            if isinstance(where, float) and where:
                yield f"  {''.ljust(width)}  the next as well after {where:g} s"
            elif where:
                yield f"  {''.ljust(width)}  {case.replace('_', ' ')} -> {where}"
    yield ""
    yield "nothing is wrong"


def _spelled(tier: Tier) -> str:
    """The targets of a tier, and which of them a request begins with."""
    if len(tier.shares) == 1:
        return tier.shares[0].to
    begins = _BEGINS.get(tier.strategy)
    if begins is not None:
        return f"{begins} {', '.join(share.to for share in tier.shares)}"
    whole = sum(share.weight for share in tier.shares)
    return ", ".join(f"{share.to} ({share.weight} of {whole})" for share in tier.shares)


def _leads(settings: Settings) -> dict[str, str | Route]:
    """What may be asked for, and where it goes: aliases first, as routing asks them first."""
    families = {
        glob: provider.name for provider in reversed(settings.providers) for glob in provider.families
    }
    return {
        **settings.models,
        **{glob: name for glob, name in families.items() if glob not in settings.models},
    }


def _plain(lead: str | Route) -> object:
    """Where a name leads: one target as it is written, or the tiers with all of theirs."""
    return lead if isinstance(lead, str) else [msgspec.to_builtins(tier) for tier in lead.tiers]


def _check_for_programs(config: str | None) -> int:
    try:
        report = _report(load(config, environment=os.environ))
        code = 0
    except ConfigurationError as failure:
        report = {"ok": False, "problems": [msgspec.structs.asdict(problem) for problem in failure.problems]}
        code = _WRONG
    click.echo(msgspec.json.format(msgspec.json.encode(report)))
    return code


def _report(configuration: Configuration) -> dict[str, object]:
    settings = configuration.settings
    providers = [
        {
            "name": provider.name,
            "dialects": dialects(provider),
            "base_urls": provider.base_urls,
            "credential": provider.credential,
            "login": login_of(provider),
            "models": provider.families,
        }
        for provider in settings.providers
    ]
    return {
        "ok": True,
        "configuration": str(configuration.path) if configuration.path else None,
        "listen": spell(settings.server.host, settings.server.port),
        "providers": providers,
        "models": {name: _plain(lead) for name, lead in _leads(settings).items()},
        "problems": [],
    }
