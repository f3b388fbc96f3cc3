"""The ledger: what was used and what it cost, one row an attempt, each kept exactly once (features G10, S2).

This is the table. Who brings rows here without anybody waiting for it is `writer.py`.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, Literal

import apsw
import msgspec
from msgspec.structs import astuple

from store.paging import LAST, Page, after, page_of
from store.rows import Attempt, Kept, columns, places

COLUMNS: Final = columns(Attempt, but=("charges",))
_LISTED: Final = ", ".join(COLUMNS)
# So many rows are put by one statement, as far as there are as many: each statement is a turn of the
# interpreter's lock (a row took 5.1 µs by itself, 3.5 with others; November 2026). apsw keeps none prepared
# that is longer than 16 KB.
TOGETHER: Final = 50
_ROW: Final = f"({places(len(COLUMNS))})"
_INSERT: Final = f"INSERT INTO ledger ({_LISTED}) VALUES {_ROW}"
# What fails is taken back as a whole (`insert`): SQLite need not note how to do it.
_INSERT_TOGETHER: Final = f"INSERT OR FAIL INTO ledger ({_LISTED}) VALUES {', '.join((_ROW,) * TOGETHER)}"
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


def _put(connection: apsw.Connection, attempts: Sequence[Attempt]) -> None:
    rows = [astuple(attempt)[:-1] for attempt in attempts]
    whole = len(rows) // TOGETHER * TOGETHER
    for start in range(0, whole, TOGETHER):
        connection.execute(_INSERT_TOGETHER, tuple(chain.from_iterable(rows[start : start + TOGETHER])))
    connection.executemany(_INSERT, rows[whole:])


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
        found = connection.execute(f"{_PAGE} {_ORDER}", (number, limit + 1)).fetchall()
    elif by == "exchange":
        found = connection.execute(
            f"{_PAGE} AND exchange = ? {_ORDER}", (number, value, limit + 1)
        ).fetchall()
    else:
        found = _between(connection, by, value, number, limit + 1)
    return page_of([_kept(row) for row in found], limit, lambda row: (row.number,))


_PAGE: Final = f"SELECT number, {_LISTED} FROM ledger WHERE number < ?"
_ORDER: Final = "ORDER BY number DESC LIMIT ?"
# Between which numbers rows of a session or a key are, as far as they are in the sums. The sums by hour may
# be kept for less long than the rows: of hours without any, nothing is known.
_SPANS: Final = {
    "session": "SELECT first_row, last_row FROM usage_sessions WHERE session = ? AND session <> ''",
    "key_id": (
        "SELECT first_row, last_row FROM ledger_hours WHERE "
        "hour < coalesce((SELECT min(hour) FROM usage_hours), hour + 1) OR "
        "EXISTS (SELECT 1 FROM usage_hours WHERE hour = ledger_hours.hour AND key_id = ?)"
    ),
}
_BEHIND: Final = "SELECT number + 1, ? FROM marks WHERE name = 'rolled'"


def _between(
    connection: apsw.Connection, by: Filter, value: str, before: int, most: int
) -> list[tuple[Any, ...]]:
    """Rows of a session or a key: looked for where they can be, from the latest on."""
    if by == "session" and not value:
        return []
    spans: list[Any] = connection.execute(_SPANS[by], (value,)).fetchall()
    spans += connection.execute(_BEHIND, (LAST,))
    found: list[tuple[Any, ...]] = []
    for first, last in _joined(spans):
        narrowed = f"{_PAGE} AND number BETWEEN ? AND ? AND {by} = ? {_ORDER}"
        found += connection.execute(narrowed, (before, first, last, value, most - len(found)))
        if len(found) >= most:
            break
    return found


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in spans that do not overlap, the latest first."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined[::-1]


def sessions_like(connection: apsw.Connection, begins: str, limit: int = 100) -> list[str]:
    """The names of sessions that begin so, in their order."""
    return [str(name) for (name,) in connection.execute(_LIKE, (begins, limit))]


# By a range and not by LIKE, which knows nothing of the index, and of marks that mean something to it.
_BEGINS: Final = "session >= ?1 AND session < ?1 || char(1114111) AND session <> ''"
_LIKE: Final = (
    f"SELECT session FROM usage_sessions WHERE {_BEGINS} UNION SELECT session FROM ledger NOT INDEXED "
    f"WHERE number > (SELECT number FROM marks WHERE name = 'rolled') AND {_BEGINS} ORDER BY session LIMIT ?2"
)


def _kept(row: tuple[Any, ...]) -> Kept:
    number, *fields = row
    for flag in _FLAGS:
        fields[flag] = bool(fields[flag])
    return Kept(number, Attempt(*fields))
