"""`penstock models`: the names clients may ask for, from a running gateway, else from the configuration."""

import click
import msgspec

from gateway.cli.agents import plain_names
from gateway.cli.asking import Silent, ask, own_key
from gateway.cli.options import config_option, configured
from gateway.cli.tables import Form, form_options, printed
from gateway.configuration.addresses import local_url

# Longer than the gateway itself waits for its providers.
_PATIENCE_SECONDS = 8.0


class _Model(msgspec.Struct):
    id: str
    owned_by: str = ""


class _List(msgspec.Struct):
    data: list[_Model]


@click.command("models")
@config_option
@click.option("--url", metavar="URL", help="Where the gateway is; else where the configuration says.")
@form_options
def command(config: str | None, url: str | None, form: Form) -> None:
    """List the models that may be asked for."""
    settings = configured(config).settings
    where = url or local_url(settings.server.host, settings.server.port)
    try:
        listed = msgspec.json.decode(ask(where, "/v1/models", own_key(), _PATIENCE_SECONDS), type=_List)
        rows = [{"model": model.id, "provider": model.owned_by} for model in listed.data]
    except (Silent, msgspec.DecodeError) as failure:
        click.echo(f"{failure}: these are of the configuration alone", err=True)
        families = [(glob, each.name) for each in settings.providers for glob in each.families]
        names = [(name, "") for name in plain_names(settings)]
        rows = [{"model": name, "provider": provider} for name, provider in names + families]
    printed(rows, ("model", "provider"), form)
