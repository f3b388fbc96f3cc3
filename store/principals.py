"""Organisations, teams, projects and users: one tree, in which each stands under a higher kind (feature G3).

One table, because all four have the same fields and limits of each hold for what is below it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import apsw
import msgspec

from store.audit import Change
from store.errors import Conflict, Unknown
from store.paging import Page, after, page_of
from store.rows import BELOW, Principal, inserting, read, selected

# From the top down: who stands above is of an earlier kind, so the tree has no ring.
RANKS: Final = ("organisation", "team", "project", "user")
CHANGEABLE: Final = frozenset(("name", "role", "state", "settings"))
_SELECT: Final = f"SELECT {selected(Principal)} FROM principals"
_INSERT: Final = inserting("principals", Principal)
_LINE: Final = (
    "WITH RECURSIVE line (who, above, height) AS ("
    "SELECT id, parent, 0 FROM principals WHERE id = ? "
    "UNION ALL SELECT id, parent, height + 1 FROM line JOIN principals ON id = above) "
    f"SELECT {selected(Principal)} FROM line JOIN principals ON id = who ORDER BY height"
)


def create(change: Change, principal: Principal) -> None:
    """Keep a new one. Raises Unknown when its parent is not there, Conflict when it may not stand there."""
    if principal.parent is not None:
        above = of(change.connection, principal.parent)
        if RANKS.index(above.kind) >= RANKS.index(principal.kind):
            raise Conflict(f"no {principal.kind} stands under a {above.kind}")
    change.connection.execute(_INSERT, msgspec.structs.astuple(principal))
    change.record(f"{principal.kind}.create", principal.id, None, principal)


def update(change: Change, identity: str, fields: Mapping[str, Any]) -> Principal:
    """Set some of name, role, state and settings. Raises Unknown, and Conflict for anything else."""
    foreign = fields.keys() - CHANGEABLE
    if foreign:
        raise Conflict(f"{min(foreign)} cannot be set")
    before = of(change.connection, identity)
    principal = msgspec.structs.replace(before, **fields)
    change.connection.execute(
        "UPDATE principals SET name = :name, role = :role, state = :state, settings = :settings "
        "WHERE id = :id",
        msgspec.structs.asdict(principal),
    )
    change.record(f"{before.kind}.update", identity, before, principal)
    return principal


def delete(change: Change, identity: str) -> None:
    """Remove one. Raises Unknown, and Conflict while others or keys stand below it."""
    before = of(change.connection, identity)
    change.connection.execute("DELETE FROM principals WHERE id = ?", (identity,))
    change.record(f"{before.kind}.delete", identity, before, None)


def of(connection: apsw.Connection, identity: str) -> Principal:
    """The one of this id. Raises Unknown."""
    for principal in read(Principal, connection.execute(f"{_SELECT} WHERE id = ?", (identity,)).fetchall()):
        return principal
    raise Unknown("there is nobody of this id")


def named(connection: apsw.Connection, name: str) -> list[Principal]:
    """Those who are called so, or have this id: names are not unique."""
    return list(read(Principal, connection.execute(f"{_SELECT} WHERE name = ?1 OR id = ?1", (name,))))


def everything(connection: apsw.Connection) -> Iterator[Principal]:
    """All of them, one by one."""
    return read(Principal, connection.execute(_SELECT))


def known(connection: apsw.Connection, identity: str) -> bool:
    """Whether there is one of this id."""
    return bool(connection.execute("SELECT 1 FROM principals WHERE id = ?", (identity,)).fetchall())


def line(connection: apsw.Connection, identity: str) -> list[Principal]:
    """The one of this id and all who stand above, upwards: whose limits all must hold."""
    return list(read(Principal, connection.execute(_LINE, (identity,))))


def page(
    connection: apsw.Connection, parent: str = "", cursor: str = "", limit: int = 100, under: str = ""
) -> Page[Principal]:
    """Those right below one, or all, by their ids; of those only one and who is anywhere below it."""
    (identity,) = after(cursor, ("",))
    found = connection.execute(
        f"{_SELECT} WHERE id > ?1 AND (?2 = '' OR parent = ?2) "
        f"AND (?3 = '' OR id IN ({BELOW.format('?3')})) ORDER BY id LIMIT ?4",
        (identity, parent, under, limit + 1),
    )
    return page_of(list(read(Principal, found)), limit, lambda row: (row.id,))
