"""The sums of the ledger by hour, by day and by session, kept up with as rows come (feature S3).

Rows of the ledger are numbered as they come in, whatever time they tell of, and a mark says up to which
number they are in the sums. A step adds the next rows and moves the mark in one transaction: it can
be interrupted anywhere, run by several processes and caught up with after any time, and counts each row once.
"""

from typing import Final

import apsw

from store.sums import COUNTED, SUMS, TABLES

STEP: Final = 2000  # rows in one transaction, so that others need not wait for the writer


def roll(connection: apsw.Connection, most: int = STEP) -> bool:
    """Take the next rows into the sums. Returns whether there are more."""
    found = connection.execute(
        "SELECT number, (SELECT coalesce(max(number), 0) FROM ledger) FROM marks WHERE name = 'rolled'"
    )
    mark, last = (int(number) for number in found.fetchall()[0] if isinstance(number, int))
    until = min(mark + most, last)
    if until <= mark:
        return False
    for statement in _STATEMENTS:
        connection.execute(statement, (mark, until))
    connection.execute("UPDATE marks SET number = ? WHERE name = 'rolled'", (until,))
    return until < last


def _statement(table: str) -> str:
    """Adds the rows between two numbers to one table of sums."""
    period, *rest = TABLES[table]
    by = ", ".join(rest)
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in SUMS)
    return (
        f"INSERT INTO {table} ({period}, {by}, {', '.join(SUMS)}) "
        f"SELECT {COUNTED[period]} AS {period}, {by}, {', '.join(COUNTED[name] for name in SUMS)} "
        f"FROM ledger WHERE number > ? AND number <= ? GROUP BY {COUNTED[period]}, {by} "
        f"ON CONFLICT ({period}, {by}) DO UPDATE SET {added}"
    )


_STATEMENTS: Final = tuple(_statement(table) for table in TABLES)
