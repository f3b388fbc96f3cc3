"""How long rows are kept: of the ledger 30 days, of its sums 400, deleted in small steps (feature S3).

A row of the ledger goes only when it is in the sums. A step is short, so that nobody waits long for the
writer; whoever calls it goes on until nothing is left to delete.
"""

from typing import Any, Final

import apsw
import msgspec

from store.sums import DAY, HOUR

STEP: Final = 1000  # rows


class Retention(msgspec.Struct, frozen=True):
    """For how many days rows are kept. Sums by session are kept as long as the rows they are of."""

    raw: int = 30
    sums: int = 400


def delete_step(connection: apsw.Connection, now: int, retention: Retention, most: int = STEP) -> bool:
    """Delete some rows that are too old at this time. Returns whether there may be more."""
    raw, sums = now - retention.raw * DAY, now - retention.sums * DAY
    if _delete_rows(connection, raw // HOUR, most):
        return True
    told = (
        (_BY_PERIOD.format(table="usage_sessions", period="day"), raw // DAY),
        (_BY_PERIOD.format(table="usage_hours", period="hour"), sums // HOUR),
        (_BY_PERIOD.format(table="usage_days", period="day"), sums // DAY),
        (_BUDGETS, sums),
        (_LESSONS, now),
    )
    for statement, before in told:
        connection.execute(statement, (before, most))
        if connection.changes():
            return True
    return False


def _delete_rows(connection: apsw.Connection, before: int, most: int) -> bool:
    """Delete some rows of hours before that one. What of an hour is not in the sums has no part in it."""
    hours: list[Any] = connection.execute(_HOURS, (before, most)).fetchall()
    for hour, first, last in hours:
        if most <= 0:
            break
        own = (first, last, (hour + 1) * HOUR)
        oldest: list[Any] = connection.execute(_OLDEST, (*own, most)).fetchall()
        ((found, until),) = oldest
        connection.execute(_ROWS, (first, until or last, own[2]))
        most -= found
        if most > 0:
            connection.execute("DELETE FROM ledger_hours WHERE hour = ?", (hour,))
        else:
            connection.execute("UPDATE ledger_hours SET first_row = ? WHERE hour = ?", (until + 1, hour))
    return bool(hours)


_HOURS: Final = "SELECT hour, first_row, last_row FROM ledger_hours WHERE hour < ? ORDER BY hour LIMIT ?"
_OLDEST: Final = (
    "SELECT count(*), max(number) FROM "
    "(SELECT number FROM ledger WHERE number >= ? AND number <= ? AND began < ? ORDER BY number LIMIT ?)"
)
_ROWS: Final = "DELETE FROM ledger WHERE number >= ? AND number <= ? AND began < ?"
# Whole periods at a time: as many as hold about so many rows.
_BY_PERIOD: Final = (
    "DELETE FROM {table} WHERE {period} <= (SELECT max({period}) FROM "
    "(SELECT {period} FROM {table} WHERE {period} < ? ORDER BY {period} LIMIT ?))"
)
# A window that never ends has one period, which began at 0.
_BUDGETS: Final = (
    'DELETE FROM budgets WHERE (scope, "window", period) IN '
    '(SELECT scope, "window", period FROM budgets WHERE period > 0 AND period < ? ORDER BY period LIMIT ?)'
)
_LESSONS: Final = "DELETE FROM lessons WHERE id IN (SELECT id FROM lessons WHERE until < ? LIMIT ?)"
