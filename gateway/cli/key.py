"""`penstock key`: keys for callers. The key is printed once; the configuration keeps only its digest."""

import hashlib
import re
import secrets

import click

from gateway.configuration.discovery import OUR_KEYS

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
    # The first part may be shown in logs to tell keys apart, the second is the secret: 256 bits.
    key = f"{OUR_KEYS}{secrets.token_hex(6)}_{secrets.token_urlsafe(32)}"
    click.echo(key)
    click.echo("")
    click.echo(f"[keys.{name}]")
    click.echo(f'sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"')
    click.echo("The key is shown only now. Paste the two lines above into penstock.toml.", err=True)
