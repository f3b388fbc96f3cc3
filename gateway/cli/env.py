"""`penstock env`: exports for a shell, ready for eval."""

import os
from collections.abc import Mapping
from pathlib import PurePath

import click

from gateway.cli import Failure
from gateway.cli.agents import AGENTS, Agent, exports, is_ours
from gateway.cli.options import config_option, configured, listen_option
from gateway.settings import Settings

_POSIX = "export {name}='{value}'"
_SHELLS = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "sh": _POSIX,
    "fish": "set -gx {name} '{value}';",
    "powershell": "$env:{name} = '{value}'",
}


@click.command("env")
@click.argument("agent", type=click.Choice(list(AGENTS)), required=False)
@click.option("--shell", type=click.Choice(list(_SHELLS)), help="The shell to write for; default: yours.")
@config_option
@listen_option
def command(agent: str | None, shell: str | None, config: str | None, listen: str | None) -> None:
    """Print exports that point clients at penstock: eval "$(penstock env claude)"."""
    settings = configured(config, listen=listen).settings
    if settings.server.keys_required and not os.environ.get("PENSTOCK_KEY"):
        raise Failure("this penstock asks for a key\n    set PENSTOCK_KEY to yours first")
    template = _SHELLS[shell or _own_shell(os.environ)]
    for each in [AGENTS[agent]] if agent else AGENTS.values():
        for name, value in _needed(each, settings).items():
            click.echo(template.format(name=name, value=value))


def _needed(agent: Agent, settings: Settings) -> dict[str, str]:
    """The exports, without those that would hide a key that `penstock serve` may need in the same shell."""
    variables = exports(agent, settings, os.environ)
    own = os.environ.get(agent.token_variable, "")
    if own and not is_ours(own) and not settings.server.keys_required:
        variables.pop(agent.token_variable, None)
    return variables


def _own_shell(environment: Mapping[str, str]) -> str:
    name = PurePath(environment.get("SHELL", "")).name
    if name in _SHELLS:
        return name
    return "powershell" if os.name == "nt" else "sh"
