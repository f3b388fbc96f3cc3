"""The sums of the ledger by hour, by day and by session, kept up with as rows come (feature S3).

Beside them is kept between which numbers the rows of an hour and of a session are, by which they are found.

Rows of the ledger are numbered as they come in, whatever time they tell of, and a mark says up to which
number they are in the sums. A step adds the next rows and moves the mark in one transaction: it can
be interrupted anywhere, run by several processes and caught up with after any time, and counts each row once.
"""

from typing import Final

import apsw

from store.sums import COUNTED, DAY, HOUR, SPAN, SUMS, TABLES

STEP: Final = 5000  # rows in one transaction, so that others need not wait for the writer


def roll(connection: apsw.Connection, most: int = STEP) -> bool:
    """Take the next rows into the sums. Returns whether there are more.

    The rows are read and sorted once, into groups that every table of sums can be made of: most are alike.
    """
    found = connection.execute(
        "SELECT number, (SELECT coalesce(max(number), 0) FROM ledger) FROM marks WHERE name = 'rolled'"
    )
    mark, last = (int(number) for number in found.fetchall()[0] if isinstance(number, int))
    until = min(mark + most, last)
    if until <= mark:
        return False
    connection.execute(_GROUPS)
    connection.execute(_GROUPED, (mark, until))
    for statement in _STATEMENTS:
        connection.execute(statement)
    connection.execute("DELETE FROM temp.groups")
    connection.execute("UPDATE marks SET number = ? WHERE name = 'rolled'", (until,))
    return until < last


# Everything that any table tells apart. What differs most comes first, so that a comparison ends soon.
_APART: Final = tuple(dict.fromkeys(("session", *(name for by in TABLES.values() for name in by[1:]))))
_COUNTS: Final = (*SUMS, *SPAN)
_GROUPS: Final = f"CREATE TEMP TABLE IF NOT EXISTS groups (hour, {', '.join((*_APART, *_COUNTS))})"
_GROUPED: Final = (
    f"INSERT INTO temp.groups SELECT {COUNTED['hour']}, {', '.join(_APART)}, "
    f"{', '.join(COUNTED[name] for name in _COUNTS)} FROM ledger WHERE number > ? AND number <= ? "
    f"GROUP BY {', '.join(_APART)}, {COUNTED['hour']}"
)
_PERIODS: Final = {"hour": "hour", "day": f"hour / {DAY // HOUR}"}
_JOINED: Final = {
    **dict.fromkeys(SUMS, ("sum({0})", "{0} + excluded.{0}")),
    "first_row": ("min({0})", "min({0}, excluded.{0})"),
    "last_row": ("max({0})", "max({0}, excluded.{0})"),
}


def _statement(table: str, by: tuple[str, ...], counts: tuple[str, ...]) -> str:
    """Adds the groups to one table, which tells those apart and counts these."""
    apart = ", ".join((_PERIODS[by[0]], *by[1:]))
    counted = ", ".join(_JOINED[name][0].format(name) for name in counts)
    added = ", ".join(f"{name} = {_JOINED[name][1].format(name)}" for name in counts)
    return (
        f"INSERT INTO {table} ({', '.join((*by, *counts))}) SELECT {apart}, {counted} "
        # Without a WHERE the ON that follows would be taken for that of a join.
        f"FROM temp.groups WHERE true GROUP BY {apart} ON CONFLICT ({', '.join(by)}) DO UPDATE SET {added}"
    )


_STATEMENTS: Final = (
    _statement("usage_hours", TABLES["usage_hours"], SUMS),
    _statement("usage_days", TABLES["usage_days"], SUMS),
    _statement("usage_sessions", TABLES["usage_sessions"], (*SUMS, *SPAN)),
    _statement("ledger_hours", ("hour",), SPAN),
)
