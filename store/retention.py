"""How long rows are kept: of the ledger 30 days, of its sums 400, deleted in small steps (feature S3).

A row of the ledger goes only when it is in the sums. A step is short, so that nobody waits long for the
writer; whoever calls it goes on until nothing is left to delete.
"""

from typing import Final

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
    told = (
        (_RAW, raw),
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


_RAW: Final = (
    "DELETE FROM ledger WHERE number IN (SELECT number FROM ledger WHERE began < ? "
    "AND number <= (SELECT number FROM marks WHERE name = 'rolled') ORDER BY began LIMIT ?)"
)
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
