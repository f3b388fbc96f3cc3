"""`penstock show`: the settings a gateway would run with, each by its place, and no secret among them."""

from collections.abc import Iterator
from typing import Any, Final

import click
import msgspec

from gateway.cli.options import config_option, configured
from gateway.cli.tables import echo_json
from gateway.settings import Settings

# What may be or hold a secret is told to be there, and never what it is.
_SECRET: Final = frozenset(("api_key", "api_keys", "headers", "proxy", "digest", "webhook"))
_HIDDEN: Final = "(not shown)"


@click.command("show")
@config_option
@click.option("--all", "everything", is_flag=True, help="Defaults, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the defaults.")
def command(config: str | None, *, everything: bool, as_json: bool) -> None:
    """Show the settings as they were understood: file, environment, what was found, without secrets."""
    configuration = configured(config)
    plain = _plain(configuration.settings)
    if as_json:
        echo_json(plain)
        return
    click.echo(f"# {configuration.path or 'no file'}")
    usual = dict(_flat(_plain(Settings())))
    for place, value in _flat(plain):
        if everything or (value not in ([], {}, "", None) and usual.get(place) != value):
            click.echo(f"{place} = {msgspec.json.encode(value).decode()}")


def _plain(value: Any) -> Any:
    """Structs and tuples as tables and lists; what may be secret is replaced."""
    if isinstance(value, msgspec.Struct):
        return {name: _shown(name, getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(inner) for inner in value]
    return _HIDDEN if isinstance(value, bytes) else value


def _shown(name: str, value: Any) -> Any:
    return _plain(value) if name not in _SECRET or not value else _HIDDEN


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each value with its place; members of a list that have a name stand under it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            step = name if name.replace("-", "").replace("_", "").isalnum() else f'"{name}"'
            yield from _flat(inner, f"{place}.{step}" if place else step)
    elif isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{place}.{inner.get('name', number)}")
    else:
        yield place, value
