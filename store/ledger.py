"""The ledger: what was used and what it cost, one row an attempt, each kept exactly once (features G10, S2).

This is the table. Who brings rows here without anybody waiting for it is `writer.py`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import apsw
import msgspec
from msgspec.structs import astuple

from store.paging import LAST, Page, after, page_of
from store.rows import Attempt, Kept, columns, places

COLUMNS: Final = columns(Attempt, but=("charges",))
_LISTED: Final = ", ".join(COLUMNS)
_INSERT: Final = f"INSERT INTO ledger ({_LISTED}) VALUES ({places(len(COLUMNS))})"
_FLAGS: Final = tuple(Attempt.__struct_fields__.index(name) for name in ("streamed", "estimated"))

Filter = Literal["exchange", "session", "key_id"]


def insert(connection: apsw.Connection, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
    """Keep the attempts that are not kept yet, and return those.

    That one is kept already is rare: rows are put as if none were, and looked at where that fails.
    """
    connection.execute("SAVEPOINT batch")
    try:
        _put(connection, attempts)
    except apsw.ConstraintError:
        connection.execute("ROLLBACK TO batch")
        attempts = _new(connection, attempts)
        _put(connection, attempts)
    connection.execute("RELEASE batch")
    return attempts


def _put(connection: apsw.Connection, attempts: Iterable[Attempt]) -> None:
    connection.executemany(_INSERT, (astuple(attempt)[:-1] for attempt in attempts))


def _new(connection: apsw.Connection, attempts: Iterable[Attempt]) -> list[Attempt]:
    """Those that are not kept yet, each once."""
    new: dict[str, Attempt] = {}
    for attempt in attempts:
        new.setdefault(attempt.id, attempt)
    ids = msgspec.json.encode(list(new)).decode()
    known = "SELECT id FROM ledger WHERE id IN (SELECT value FROM json_each(?))"
    for (found,) in connection.execute(known, (ids,)).fetchall():
        del new[str(found)]
    return list(new.values())


def page(
    connection: apsw.Connection,
    by: Filter | None = None,
    value: str = "",
    cursor: str = "",
    limit: int = 100,
) -> Page[Kept]:
    """The rows of one exchange, session or key, or all, the latest first."""
    (number,) = after(cursor, (LAST,))
    if by is None:
        found = connection.execute(f"{_PAGE} {_ORDER}", (number, limit + 1))
    else:
        found = connection.execute(f"{_PAGE} AND {_narrowed(by)} {_ORDER}", (number, value, limit + 1))
    return page_of([_kept(row) for row in found], limit, lambda row: (row.number,))


_PAGE: Final = f"SELECT number, {_LISTED} FROM ledger WHERE number < ?"
_ORDER: Final = "ORDER BY number DESC LIMIT ?"


def sessions_like(connection: apsw.Connection, begins: str, limit: int = 100) -> list[str]:
    """The names of sessions that begin so, in their order."""
    return [str(name) for (name,) in connection.execute(_LIKE, (begins, limit))]


# By a range and not by LIKE, which knows nothing of the index, and of marks that mean something to it.
_LIKE: Final = (
    "SELECT DISTINCT session FROM ledger WHERE session >= ?1 AND session < ?1 || char(1114111) "
    "AND session <> '' ORDER BY session LIMIT ?2"
)


def _narrowed(by: Filter) -> str:
    # The index of the sessions leaves out what has none, and has to be told that none is not asked for.
    return "session = ? AND session <> ''" if by == "session" else f"{by} = ?"


def _kept(row: tuple[Any, ...]) -> Kept:
    number, *fields = row
    for flag in _FLAGS:
        fields[flag] = bool(fields[flag])
    return Kept(number, Attempt(*fields))
