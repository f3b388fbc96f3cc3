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
from gateway.settings import Settings

_WRONG = 1


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
    leads = [(name, target) for name, target in _leads(settings).items()]
    width = max(len(name) for name, _ in leads)
    for name, target in leads:
        yield f"  {name.ljust(width)}  -> {target}"
    yield ""
    yield "nothing is wrong"


def _leads(settings: Settings) -> dict[str, str]:
    """What may be asked for, and where it goes: aliases first, as routing asks them first."""
    families = {
        glob: provider.name for provider in reversed(settings.providers) for glob in provider.families
    }
    return {
        **settings.models,
        **{glob: name for glob, name in families.items() if glob not in settings.models},
    }


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
        "models": _leads(settings),
        "problems": [],
    }
