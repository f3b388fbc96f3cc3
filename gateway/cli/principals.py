"""`penstock principals`: organisations, teams, projects and users, as they stand above the keys."""

import re
from collections.abc import Iterator
from typing import Any, Final, get_args

import click

from gateway.cli import Failure, granting
from gateway.cli.granting import NAME, grant_options, granted, in_words, told
from gateway.cli.moments import spelled
from gateway.cli.naming import the_principal
from gateway.cli.options import config_option
from gateway.cli.storing import actor, now, opened, store_option
from gateway.cli.tables import Form, echo_json, form_options, printed
from gateway.grants import Grants
from store import audit, keys, principals
from store.connect import Connection
from store.rows import Principal, PrincipalState, Role

COLUMNS: Final = ("name", "kind", "id", "state", "role", "may")
PAGE: Final = 1000
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("principals")
def command() -> None:
    """Organisations, teams, projects and users: what is granted to one holds for all below.

    A running gateway follows within a second. WHO is an id or a name.
    """


@command.command("create")
@click.argument("kind", type=click.Choice(principals.RANKS))
@click.argument("name", type=NAME)
@click.option("--id", "identity", help="Its id: letters, digits, '.', '_', '-'. [made of its name]")
@click.option("--under", metavar="WHO", help="Who stands above.")
@click.option("--role", type=click.Choice(get_args(Role)), default="member", help="[member]")
@grant_options
@json_option
@config_option
@store_option
def create(kind: Any, name: str, config: str | None, file: str | None, *, as_json: bool, **said: Any) -> None:
    """Make an organisation, a team, a project or a user."""
    identity = said["identity"] or re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")
    if not _ID.fullmatch(identity):
        raise click.UsageError(
            "an id has up to 64 small letters, digits, '.', '_' and '-': say one with --id"
        )
    with opened(config, file, make=True) as database, audit.changing(database, actor(), now()) as change:
        above = the_principal(change.connection, said["under"]).id if said["under"] else None
        if identity in {one.id for one in principals.named(change.connection, identity)}:
            raise Failure(f"the id {identity} is taken: say another with --id")
        settings = granting.spelled(granted(Grants(), said))
        made = Principal(identity, kind, above, name, said["role"], created=now(), settings=settings)
        principals.create(change, made)
    _show(made, as_json=as_json)


@command.command("list")
@form_options
@config_option
@store_option
def list_principals(form: Form, config: str | None, file: str | None) -> None:
    """List them as a tree, each below who stands above."""
    with opened(config, file) as database, database.reading() as connection:
        everybody = list(_all(connection))
    rows = [{**_row(one), "depth": depth} for depth, one in _as_tree(everybody, None)]
    if form == "table" and not rows:
        click.echo("there is nobody; `penstock principals create team NAME` makes a team")
        return
    if form == "table":
        rows = [{**row, "name": "  " * row["depth"] + row["name"]} for row in rows]
    printed(rows, COLUMNS, form)


@command.command("change")
@click.argument("who")
@click.option("--name", type=NAME, help="Call it so.")
@click.option("--role", type=click.Choice(get_args(Role)), help="Give it this role.")
@click.option(
    "--state", type=click.Choice(get_args(PrincipalState)), help="Shut it out with all below, or not."
)
@grant_options
@json_option
@config_option
@store_option
def change_principal(who: str, config: str | None, file: str | None, *, as_json: bool, **said: Any) -> None:
    """Change one: what is not said stays as it is."""
    with opened(config, file) as database, audit.changing(database, actor(), now()) as change:
        found = the_principal(change.connection, who)
        fields = {name: said[name] for name in ("name", "role", "state") if said[name] is not None}
        fields["settings"] = granting.spelled(granted(granting.read(found.settings), said))
        changed = principals.update(change, found.id, fields)
    _show(changed, as_json=as_json)


@command.command("delete")
@click.argument("who")
@json_option
@config_option
@store_option
def delete(who: str, config: str | None, file: str | None, *, as_json: bool) -> None:
    """Remove one below whom nobody stands, and who has no keys. What was used stays in the ledger."""
    with opened(config, file) as database, audit.changing(database, actor(), now()) as change:
        found = the_principal(change.connection, who)
        below = principals.page(change.connection, found.id, limit=1).rows
        if below or keys.page(change.connection, found.id, limit=1).rows:
            raise Failure(f"others or keys stand below {found.name}: remove those first")
        principals.delete(change, found.id)
    if as_json:
        echo_json(_row(found))
    else:
        click.echo(f"{found.kind} {found.name} is gone")


def _all(connection: Connection) -> Iterator[Principal]:
    cursor = ""
    while True:
        page = principals.page(connection, "", cursor, PAGE)
        yield from page.rows
        cursor = page.cursor
        if not cursor:
            return


def _as_tree(
    everybody: list[Principal], above: str | None, depth: int = 0
) -> Iterator[tuple[int, Principal]]:
    """Everybody with how deep they stand: the tree has four ranks at most."""
    for one in everybody:
        if one.parent == above:
            yield depth, one
            yield from _as_tree(everybody, one.id, depth + 1)


def _show(one: Principal, *, as_json: bool) -> None:
    if as_json:
        echo_json(_row(one))
        return
    may = in_words(granting.read(one.settings))
    click.echo(f"{one.kind} {one.name} ({one.id}), {one.state}{': ' if may else ''}{may}")


def _row(one: Principal) -> dict[str, Any]:
    grants = granting.read(one.settings)
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "parent": one.parent or "",
        "state": one.state,
        "role": one.role,
        "created": spelled(one.created),
        "may": in_words(grants),
        "grants": told(grants),
    }
