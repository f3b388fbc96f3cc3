"""`penstock schema`: the JSON schema of the configuration file."""

import click
import msgspec

from gateway.configuration.document import schema


@click.command("schema")
def command() -> None:
    """Print the JSON schema of penstock.toml, for editors."""
    click.echo(msgspec.json.format(msgspec.json.encode(schema())))
