"""`penstock uninstall`: an agent's own configuration, as it was before `penstock install`."""

import os

import click

from gateway.cli.install import dry_run_option, show, tell
from gateway.cli.installed import carry_out, uninstalling
from gateway.cli.installing import INSTALLABLE


@click.command("uninstall")
@click.argument("agent", type=click.Choice(INSTALLABLE))
@dry_run_option
def command(agent: str, *, dry_run: bool) -> None:
    """Take what `penstock install` wrote out of AGENT's configuration; what else changed there stays."""
    steps = uninstalling(agent)
    if dry_run:
        show(steps, os.environ.get("PENSTOCK_KEY", ""))
        return
    carry_out(agent, steps)
    tell(steps)
