"""`penstock serve`: settings, a free port, the welcome, and then the server."""

import click
import msgspec

from gateway.cli import Failure
from gateway.cli.options import config_option, listen_option, origin_of
from gateway.cli.welcome import welcome
from gateway.configuration.loading import Configuration
from gateway.listening import AddressInUse, settle_port
from gateway.settings import StoreSettings


@click.command("serve")
@config_option
@listen_option
@click.option("--workers", type=int, metavar="N", help="Processes that serve.")
@click.option("--log-level", metavar="LEVEL", help="off, error, info or debug.")
@click.option("--log-format", metavar="FORMAT", help="text or json.")
def command(config: str | None, **flags: object) -> None:
    """Serve until a signal ends it.

    Providers come from the configuration and from the environment; with neither, the demo provider answers.
    """
    origin = origin_of(config, **flags)
    _prove_store(origin.first.settings.store)
    configuration = _on_free_port(origin.first)
    # Said here and not at the top: granian is a quarter of the start time of a command that does not serve.
    from gateway.serve import serve  # noqa: PLC0415

    code = serve(configuration.settings, origin, ready=lambda: click.echo(welcome(configuration)))
    raise SystemExit(code)


def _prove_store(settings: StoreSettings) -> None:
    """See that what is there is a store of ours. SQLite is loaded by those who keep something."""
    if settings.path:
        from gateway.keeping import prove  # noqa: PLC0415

        prove(settings)


def _on_free_port(configuration: Configuration) -> Configuration:
    settings = configuration.settings
    try:
        server = settle_port(settings.server)
    except AddressInUse as failure:
        raise Failure(f"{failure}\n    choose another address with --listen HOST:PORT") from None
    settled = msgspec.structs.replace(settings, server=server)
    return msgspec.structs.replace(configuration, settings=settled)
