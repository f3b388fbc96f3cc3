"""Options that several commands take, and how they reach the configuration."""

import os

import click
from click.shell_completion import CompletionItem

from gateway.configuration.loading import Configuration, load, locate
from gateway.configuration.rereading import Origin, fingerprint

config_option = click.option(
    "--config",
    metavar="FILE",
    help="The configuration to use.",
    shell_complete=lambda _context, _parameter, begun: [CompletionItem(begun, type="file")],
)
listen_option = click.option("--listen", metavar="HOST:PORT", help="Where to listen.")


def configured(config: str | None, **flags: object) -> Configuration:
    """The configuration with flags laid over it: `listen`, `workers`, `log_level`, `log_format`."""
    return load(config, environment=os.environ, flags=_laid_over(flags))


def origin_of(config: str | None, **flags: object) -> Origin:
    """The same, for who reads it again later."""
    laid_over = _laid_over(flags)
    # Looked at before it is read: what changes meanwhile is then read again.
    path = locate(config, os.environ)
    seen = None if path is None else fingerprint(path)
    return Origin(config, laid_over, load(config, environment=os.environ, flags=laid_over), seen)


def _laid_over(flags: dict[str, object]) -> dict[str, object]:
    return {PLACES[name]: value for name, value in flags.items()}


PLACES = {
    "listen": "server.listen",
    "workers": "server.workers",
    "log_level": "log.level",
    "log_format": "log.format",
}
