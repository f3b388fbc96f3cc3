"""Options that several commands take, and how they reach the configuration."""

import os

import click

from gateway.configuration.loading import Configuration, load

config_option = click.option("--config", metavar="FILE", help="The configuration to use.")
listen_option = click.option("--listen", metavar="HOST:PORT", help="Where to listen.")


def configured(config: str | None, **flags: object) -> Configuration:
    """The configuration with flags laid over it: `listen`, `workers`, `log_level`, `log_format`."""
    places = {name: PLACES[name] for name in flags}
    laid_over = {places[name]: value for name, value in flags.items()}
    return load(config, environment=os.environ, flags=laid_over)


PLACES = {
    "listen": "server.listen",
    "workers": "server.workers",
    "log_level": "log.level",
    "log_format": "log.format",
}
