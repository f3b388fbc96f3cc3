"""`penstock explain`: what would become of a request, with no gateway running and nothing sent."""

import os
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from adapters.fault import Malformed
from adapters.table import DIALECTS
from gateway import ingress, overriding
from gateway.cli import Failure
from gateway.cli.options import config_option
from gateway.configuration.loading import load
from gateway.configuration.problems import nearest
from gateway.errors import Refused
from gateway.explaining import Decision, explained, recognised
from gateway.house import House
from gateway.paths import route_of, tidy
from gateway.state import Exchange, Message, Pair, Work


@click.command("explain")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@config_option
@click.option("--dialect", help="The API it is written in; otherwise it is recognised.")
@click.option("--path", default="", help="The path it is sent to, where that says more.")
@click.option("--profile", default="", help="The profile whose base URL it is sent to.")
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="A header field it has.")
@click.option("--key", "caller", default="local", help="The name of the key it comes with.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: str, config: str | None, **asked: Any) -> None:
    """Show where a request would go, and why, from the configuration alone."""
    house = House(load(config, environment=os.environ).settings)
    profile = asked["profile"]
    if profile and profile not in house.router.profiles:
        raise Failure(f"there is no profile {profile}; {nearest(profile, house.router.profiles)}")
    body = sys.stdin.buffer.read() if file == "-" else _read(file)
    try:
        decision = _decide(house, body, asked)
    except (Malformed, Refused) as problem:
        raise Failure(problem.fault.message if isinstance(problem, Refused) else str(problem)) from None
    if asked["as_json"]:
        click.echo(msgspec.json.format(msgspec.json.encode(decision)))
    else:
        click.echo("\n".join(decision.words))


def _read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as failure:
        raise Failure(f"{file} cannot be read: {failure.strerror}") from None


def _decide(house: House, body: bytes, asked: dict[str, Any]) -> Decision:
    """Raises Malformed and Refused."""
    headers = [_pair(field) for field in asked["headers"]]
    path, name = tidy(asked["path"]), asked["dialect"]
    route = route_of(path)
    if name is not None and name not in DIALECTS:
        raise Failure(f"{name} is no API that is spoken here; {nearest(name, DIALECTS)}")
    anthropic = any(field == b"anthropic-version" for field, _ in headers)
    dialect = DIALECTS[name] if name else recognised(body, anthropic=anthropic)
    operation: Work = "generate"
    if route is not None:
        dialect, operation, path = route
    scope = {"path": path, "headers": headers, "query_string": b""}
    exchange = Exchange(
        *(house, dialect, operation, path, scope, _nothing, _nobody, house.clock(), asked["profile"])
    )
    ingress.read_head(exchange, house.settings.server)
    exchange.caller, exchange.body = house.callers.named(asked["caller"]), body
    if exchange.overrides:
        overriding.heed(exchange)
    return explained(exchange)


def _pair(field: str) -> Pair:
    name, _, value = field.partition(":")
    return name.strip().lower().encode("latin-1", "replace"), value.strip().encode("latin-1", "replace")


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nobody(message: Message) -> None:
    """Nobody is told anything."""
