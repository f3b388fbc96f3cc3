"""`penstock keys`: the keys in the store. A secret is shown once; a gateway follows within a second."""

from collections.abc import Callable, Iterator
from typing import Any, Final, get_args

import click

from gateway.cli import granting
from gateway.cli.granting import NAME, grant_options, granted, in_words, told
from gateway.cli.moments import Future, Span, spelled
from gateway.cli.naming import the_key, the_principal
from gateway.cli.options import config_option
from gateway.cli.storing import actor, asked_for, now, opened, store_option
from gateway.cli.tables import Form, echo_json, form_options, note, printed
from gateway.grants import Grants
from gateway.minting import mint
from store import audit, keys
from store.audit import Change
from store.connect import Connection
from store.rows import Key, Role

SHOWN: Final = (
    "id",
    "name",
    "state",
    "role",
    "owner",
    "created",
    "expires",
    "last_used",
    "former_until",
    "may",
)
COLUMNS: Final = ("id", "name", "state", "role", "owner", "expires", "last_used", "may")
PAGE: Final = 1000
OVERLAP: Final = "24h"
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("keys")
def command() -> None:
    """Make, list, change, block, rotate and revoke the keys in the store.

    A running gateway follows within a second. KEY is the public part of a key, or its name.
    """


@command.command("create")
@click.argument("name", type=NAME)
@click.option("--owner", metavar="WHO", help="The user, project, team or organisation it belongs to.")
@click.option("--role", type=click.Choice(get_args(Role)), default="member", help="[member]")
@click.option("--expires", type=Future(), default=0, help='When: "30d", "2027-01-01". [never]')
@grant_options
@json_option
@config_option
@store_option
def create(name: str, config: str | None, file: str | None, *, as_json: bool, **said: Any) -> None:
    """Make a key, and show it: this once and never again."""
    new = mint()
    with opened(config, file, make=True) as database, audit.changing(database, actor(), now()) as change:
        owner = the_principal(change.connection, said["owner"]).id if said["owner"] else None
        key = Key(
            id=new.id,
            digest=new.digest,
            name=name,
            role=said["role"],
            owner=owner,
            created=now(),
            expires=said["expires"],
            settings=granting.spelled(granted(Grants(), said)),
        )
        keys.create(change, key)
    _show_secret(key, new.key, as_json=as_json)
    if not asked_for(config, file):
        note('Nobody is asked for a key here: write keys = "required" into [server].')


@command.command("list")
@click.option("--owner", metavar="WHO", help="Those of this owner only.")
@form_options
@config_option
@store_option
def list_keys(owner: str | None, form: Form, config: str | None, file: str | None) -> None:
    """List the keys, the oldest first."""
    with opened(config, file) as database, database.reading() as connection:
        whose = the_principal(connection, owner).id if owner else ""
        rows = [_row(key) for key in _all(connection, whose)]
    if form == "table" and not rows:
        click.echo("there are no keys; `penstock keys create NAME` makes one")
    else:
        printed(rows, COLUMNS, form)


@command.command("show")
@click.argument("key")
@json_option
@config_option
@store_option
def show(key: str, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Show all that is known of a key."""
    with opened(config, file) as database, database.reading() as connection:
        _show(the_key(connection, key), as_json=as_json)


@command.command("change")
@click.argument("key")
@click.option("--name", type=NAME, help="Call it so.")
@click.option("--role", type=click.Choice(get_args(Role)), help="Give it this role.")
@click.option("--expires", type=Future(), help='When: "30d", "2027-01-01", "never".')
@grant_options
@json_option
@config_option
@store_option
def change_key(key: str, config: str | None, file: str | None, *, as_json: bool, **said: Any) -> None:
    """Change a key: what is not said stays as it is.

    A --model or --provider of "" allows all again, a --budget of "" ends budgets.
    """

    def changed(change: Change, found: Key) -> Key:
        fields = {name: said[name] for name in ("name", "role", "expires") if said[name] is not None}
        fields["settings"] = granting.spelled(granted(granting.read(found.settings), said))
        return keys.update(change, found.id, fields)

    _change(changed, key, config, file, as_json=as_json)


@command.command("rotate")
@click.argument("key")
@click.option(
    "--overlap", type=Span(), default=OVERLAP, help=f"How long the former secret opens. [{OVERLAP}]"
)
@json_option
@config_option
@store_option
def rotate(key: str, overlap: int, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Give a key a new secret, and show it: this once. The former one opens for a while."""
    with opened(config, file) as database, audit.changing(database, actor(), now()) as change:
        found = the_key(change.connection, key)
        new = mint(found.id)
        rotated = keys.rotate(change, found.id, new.digest, now() + overlap)
    _show_secret(rotated, new.key, as_json=as_json)


@command.command("block")
@click.argument("key")
@json_option
@config_option
@store_option
def block(key: str, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Shut a key out until it is unblocked."""
    _change(lambda change, found: keys.block(change, found.id), key, config, file, as_json=as_json)


@command.command("unblock")
@click.argument("key")
@json_option
@config_option
@store_option
def unblock(key: str, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Let a blocked key in again."""
    _change(lambda change, found: keys.unblock(change, found.id), key, config, file, as_json=as_json)


@command.command("revoke")
@click.argument("key")
@json_option
@config_option
@store_option
def revoke(key: str, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Shut a key out for ever. What it used stays in the ledger."""
    _change(lambda change, found: keys.revoke(change, found.id), key, config, file, as_json=as_json)


def _change(
    verb: Callable[[Change, Key], Key], key: str, config: str | None, file: str | None, *, as_json: bool
) -> None:
    with opened(config, file) as database, audit.changing(database, actor(), now()) as change:
        changed = verb(change, the_key(change.connection, key))
    _show(changed, as_json=as_json)


def _all(connection: Connection, owner: str) -> Iterator[Key]:
    cursor = ""
    while True:
        page = keys.page(connection, owner, cursor, PAGE)
        yield from page.rows
        cursor = page.cursor
        if not cursor:
            return


def _show_secret(key: Key, secret: str, *, as_json: bool) -> None:
    if as_json:
        echo_json({**_row(key), "secret": secret})
        return
    click.echo(secret)
    note(f"The key {key.name} ({key.id}) is shown only now.")


def _show(key: Key, *, as_json: bool) -> None:
    row = _row(key)
    if as_json:
        echo_json(row)
        return
    shown = {**row, "may": row["may"] or "everything its owner may"}
    width = max(map(len, shown))
    click.echo(
        "\n".join(f"{name.replace('_', ' ').ljust(width)}  {shown[name]}" for name in SHOWN if shown[name])
    )


def _row(key: Key) -> dict[str, Any]:
    """A key for programs: its hash is nobody's."""
    grants = granting.read(key.settings)
    return {
        "id": key.id,
        "name": key.name,
        "state": keys.standing(key, now()),
        "role": key.role,
        "owner": key.owner or "",
        "created": spelled(key.created),
        "expires": spelled(key.expires),
        "last_used": spelled(key.last_used),
        "former_until": spelled(key.former_until) if key.former_until > now() else "",
        "may": in_words(grants),
        "grants": told(grants),
    }
