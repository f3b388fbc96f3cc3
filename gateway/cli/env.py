"""`penstock env`: exports for a shell, ready for eval."""

import os
from collections.abc import Mapping
from pathlib import PurePath

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.agents import AGENTS, EXPORTED, Agent, exports, is_ours, plain_names, token
from gateway.cli.listed import models_at
from gateway.cli.options import config_option, configured, listen_option
from gateway.cli.pointing import Place, opencode_variables
from gateway.configuration.addresses import local_url
from gateway.settings import Settings


class _Shell(msgspec.Struct, frozen=True):
    """How a shell sets a variable, and what it calls for inside single quotes."""

    export: str
    escapes: dict[int, str]


_POSIX = _Shell("export {name}='{value}'", str.maketrans({"'": "'\\''"}))
_SHELLS = {
    "bash": _POSIX,
    "zsh": _POSIX,
    "sh": _POSIX,
    "fish": _Shell("set -gx {name} '{value}';", str.maketrans({"'": "\\'", "\\": "\\\\"})),
    "powershell": _Shell("$env:{name} = '{value}'", str.maketrans({"'": "''"})),
}


@click.command("env")
@click.argument("agent", type=click.Choice(EXPORTED), required=False)
@click.option("--shell", type=click.Choice(list(_SHELLS)), help="The shell to write for; default: yours.")
@config_option
@listen_option
def command(agent: str | None, shell: str | None, config: str | None, listen: str | None) -> None:
    """Print exports that point clients at penstock: eval "$(penstock env claude)"."""
    settings = configured(config, listen=listen).settings
    if settings.server.keys_required and not os.environ.get("PENSTOCK_KEY"):
        raise Failure("this penstock asks for a key\n    set PENSTOCK_KEY to yours first")
    written = _SHELLS[shell or _own_shell(os.environ)]
    for each in [AGENTS[agent]] if agent else [one for one in AGENTS.values() if one.everywhere]:
        for name, value in _needed(each, settings).items():
            click.echo(written.export.format(name=name, value=value.translate(written.escapes)))


def _needed(agent: Agent, settings: Settings) -> dict[str, str]:
    """The exports, without those that would hide a key that `penstock serve` may need in the same shell."""
    if agent.name == "opencode":
        return _opencode(settings)
    variables = exports(agent, settings, os.environ)
    own = os.environ.get(agent.token_variable, "")
    if own and not is_ours(own) and not settings.server.keys_required:
        variables.pop(agent.token_variable, None)
    return variables


def _opencode(settings: Settings) -> dict[str, str]:
    """Its whole configuration in a variable, with the models of the gateway, or of the configuration."""
    server, key = settings.server, token(settings, os.environ)
    url = local_url(server.host, server.port)
    names = (*plain_names(settings), *models_at(url, key))
    if not names:
        raise Failure("no model is known by name\n    name one in [models], or start the gateway first")
    return opencode_variables(Place(url, key, names[0], names[1:]), os.environ)


def _own_shell(environment: Mapping[str, str]) -> str:
    name = PurePath(environment.get("SHELL", "")).name
    if name in _SHELLS:
        return name
    return "powershell" if os.name == "nt" else "sh"
