"""`penstock install`: an agent's own configuration, made to lead here; `uninstall` takes it out again."""

import difflib
import os
from collections.abc import Iterable

import click

from gateway.cli import Failure
from gateway.cli.agents import AGENTS, exports, login, plain_names, token
from gateway.cli.installed import Step, carry_out, installing
from gateway.cli.installing import INSTALLABLE, Installing, wanted
from gateway.cli.listed import models_at
from gateway.cli.options import config_option, configured, listen_option
from gateway.cli.pointing import Place
from gateway.configuration.addresses import local_url, reachable
from gateway.configuration.discovery import PLACEHOLDER
from gateway.listening import answers_as_penstock
from gateway.settings import Settings

dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")


@click.command("install")
@click.argument("agent", type=click.Choice(INSTALLABLE))
@config_option
@listen_option
@click.option("--model", metavar="MODEL", default="", help="The model the agent is to ask for.")
@click.option("--statusline", is_flag=True, help="Have Claude Code show `penstock statusline`.")
@dry_run_option
def command(agent: str, config: str | None, listen: str | None, **choices: object) -> None:
    """Have AGENT's own configuration lead here, until `penstock uninstall AGENT`."""
    settings = configured(config, listen=listen).settings
    if choices["statusline"] and agent != "claude":
        raise Failure("only Claude Code has a status line: --statusline is for claude")
    asked = _asked(agent, settings, str(choices["model"]), statusline=bool(choices["statusline"]))
    steps = installing(agent, wanted(agent, asked))
    if choices["dry_run"]:
        show(steps, asked.place.token)
        return
    carry_out(agent, steps)
    tell(steps)
    if agent == "zed":
        click.echo("Zed takes no key from its settings: PENSTOCK_API_KEY has to be set where it is started")
    server = settings.server
    if not answers_as_penstock(reachable(server.host), server.port):
        click.echo(f"nothing answers at {asked.place.url} yet: penstock serve", err=True)


def _asked(agent: str, settings: Settings, model: str, *, statusline: bool) -> Installing:
    server = settings.server
    if server.keys_required and not os.environ.get("PENSTOCK_KEY"):
        raise Failure("this penstock asks for a key\n    set PENSTOCK_KEY to yours first")
    row, key = AGENTS[agent], token(settings, os.environ)
    if login(row, settings, model) == "nobody":
        click.echo(f"no provider of this configuration answers {model or row.model or agent} yet", err=True)
    place = Place(local_url(server.host, server.port), key, model)
    if row.needs_model:
        known = (*plain_names(settings), *models_at(place.url, key))
        place = Place(place.url, key, model, tuple(dict.fromkeys(known)))
        if not place.chosen:
            raise Failure("no model is known by name\n    name one with --model, or start the gateway first")
    variables = exports(row, settings, os.environ)
    return Installing(place=place, variables=variables, keyed=server.keys_required, statusline=statusline)


def tell(steps: Iterable[Step]) -> None:
    """Say what became of each file."""
    for step in steps:
        if step.now == step.then:
            click.echo(f"{step.file}: nothing to change")
        elif step.then is None:
            click.echo(f"{step.file}: removed, as it was not there before")
        else:
            click.echo(f"{step.file}: {'changed' if step.now is not None else 'written'}")


def show(steps: Iterable[Step], key: str) -> None:
    """Print the change of each file as `diff` would; a key of ours is not shown."""
    for step in steps:
        before, after = (_lines(data) for data in (step.now, step.then))
        name = str(step.file)
        for line in difflib.unified_diff(before, after, name, name, n=1):
            shown = line.replace(key, "…") if key and key != PLACEHOLDER else line
            click.echo(shown.rstrip("\r\n"))


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines(keepends=True)
