"""`penstock drift`: what clients were seen to send for the first time."""

from typing import Final

import click
import msgspec

from gateway.cli.debug import ask, place_of
from gateway.cli.options import config_option
from gateway.drift import Sighting

_PLACE: Final = "/debug/drift"


class _Listed(msgspec.Struct):
    first_seen: list[Sighting]


@click.command("drift")
@config_option
@click.option("--url", metavar="URL", help="Where the gateway is; else where the configuration says.")
@click.option("--client", metavar="NAME", help="Of this client only.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(config: str | None, url: str | None, client: str | None, *, as_json: bool) -> None:
    """Show what clients were seen to send for the first time, the latest first.

    A beta, a field of the body, a kind of tool, an endpoint, each with the version of the client that was the
    first to send it. With several workers one of them answers: each sees its own requests.
    """
    answer = ask(place_of(config, url), "GET", _PLACE)
    found = msgspec.json.decode(answer, type=_Listed).first_seen
    shown = [one for one in found if client in (None, one.client)]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"first_seen": shown}), indent=2).decode())
        return
    for one in shown:
        click.echo(f"{one.at:%Y-%m-%d %H:%M}  {one.client} {one.version or '-'}  {one.kind}  {one.name}")
    if not shown:
        click.echo("nothing has been seen")
