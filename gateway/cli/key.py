"""`penstock key`: keys for callers. The key is printed once; the configuration keeps only its digest."""

import re

import click

from gateway.minting import mint

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@click.group("key")
def command() -> None:
    """Make keys for callers."""


@command.command("new")
@click.argument("name", default="default")
def new(name: str) -> None:
    """Print a new key, and the lines that let its holder in."""
    if not _NAME.fullmatch(name):
        raise click.BadParameter("a key's name is made of letters, digits, '_' and '-'")
    minted = mint()
    click.echo(minted.key)
    click.echo("")
    click.echo(f"[keys.{name}]")
    click.echo(f'sha256 = "{minted.digest.hex()}"')
    click.echo("The key is shown only now. Paste the two lines above into penstock.toml.", err=True)
