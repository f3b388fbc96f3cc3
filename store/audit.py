"""Who changed what, before and after, in the same transaction as the change (feature G14)."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import apsw
import msgspec

from store.connect import Database
from store.paging import LAST, Page, after, page_of
from store.rows import Audit, read, selected

# What is never shown, not even as a hash.
SECRET: Final = ("digest", "former_digest")
SPELLED: Final = ("settings", "body")


class Change(NamedTuple):
    """One transaction of changes by one actor: what the functions of the tables are given to write with."""

    connection: apsw.Connection
    actor: str
    at: int

    def record(
        self, action: str, subject: str, before: msgspec.Struct | None, now: msgspec.Struct | None
    ) -> None:
        """Write down one change. The action is spelled `kind.verb`, the rows are those before and now."""
        kind = action.partition(".")[0]
        self.connection.execute(
            "INSERT INTO audit (at, actor, action, kind, subject, before, after) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.at, self.actor, action, kind, subject, told(before), told(now)),
        )


@contextmanager
def changing(database: Database, actor: str, at: int) -> Iterator[Change]:
    """One transaction of changes: all of them and their audit, or nothing. It may wait for others."""
    with database.writing() as connection:
        yield Change(connection, actor, at)


def told(row: msgspec.Struct | None) -> str | None:
    """A row as the audit tells it: as JSON, without what is secret."""
    if row is None:
        return None
    fields = msgspec.structs.asdict(row)
    shown: dict[str, Any] = {name: value for name, value in fields.items() if name not in SECRET}
    for name in SPELLED:
        if name in shown:
            shown[name] = msgspec.Raw(shown[name].encode())
    return msgspec.json.encode(shown).decode()


class Wanted(msgspec.Struct, frozen=True):
    """Which changes are asked for; "" stands for any."""

    kind: str = ""
    subject: str = ""
    actor: str = ""


def page(connection: apsw.Connection, wanted: Wanted, cursor: str = "", limit: int = 100) -> Page[Audit]:
    """The changes, the latest first."""
    (number,) = after(cursor, (LAST,))
    found = connection.execute(
        f"SELECT {selected(Audit)} FROM audit WHERE number < ? AND (?2 = '' OR kind = ?2) "
        "AND (?3 = '' OR subject = ?3) AND (?4 = '' OR actor = ?4) ORDER BY number DESC LIMIT ?5",
        (number, wanted.kind, wanted.subject, wanted.actor, limit + 1),
    )
    return page_of(list(read(Audit, found)), limit, lambda row: (row.number,))


class News(NamedTuple):
    """One change, as far as it takes to know what to read again."""

    number: int
    at: int
    kind: str
    subject: str


def since(connection: apsw.Connection, number: int, limit: int) -> list[News]:
    """The change of this number and those after it, in order: every change of a table is in here."""
    found = connection.execute(
        "SELECT number, at, kind, subject FROM audit WHERE number >= ? ORDER BY number LIMIT ?",
        (number, limit),
    )
    return list(itertools.starmap(News, found))


def last(connection: apsw.Connection) -> News:
    """The latest change; number 0 where nothing was ever changed."""
    found = connection.execute("SELECT number, at, kind, subject FROM audit ORDER BY number DESC LIMIT 1")
    return next(itertools.starmap(News, found), News(0, 0, "", ""))
