"""What has been spent, by scope, window and period, so that a restart forgets nothing (feature G8).

The gateway decides what a scope and a window are and when a period begins; here they are words and a number.
A rolling window is kept as several short periods, and what was spent in it is the sum of the recent ones.
"""

from collections import Counter
from collections.abc import Iterable

import apsw
import msgspec

from store.paging import LAST, Page, after, page_of
from store.rows import Charge, Spent, read, selected


def add(connection: apsw.Connection, charges: Iterable[Charge]) -> None:
    """Add to what was spent. Goes in the transaction of the rows of the ledger that the charges belong to."""
    sums: Counter[tuple[str, str, int]] = Counter()
    for charge in charges:
        sums[charge.scope, charge.window, charge.period] += charge.spent
    connection.executemany(
        'INSERT INTO budgets (scope, "window", period, spent) VALUES (?, ?, ?, ?) '
        'ON CONFLICT (scope, "window", period) DO UPDATE SET spent = spent + excluded.spent',
        [(*place, spent) for place, spent in sums.items()],
    )


def since(connection: apsw.Connection, period: int) -> list[Spent]:
    """Everything spent in periods that began then or later: what the gateway loads when it starts."""
    found = connection.execute(f"SELECT {selected(Spent)} FROM budgets WHERE period >= ?", (period,))
    return list(read(Spent, found))


def of(connection: apsw.Connection, scope: str, window: str, period: int) -> int:
    """What a scope has spent in one window, in periods that began then or later."""
    found = connection.execute(
        'SELECT coalesce(sum(spent), 0) FROM budgets WHERE scope = ? AND "window" = ? AND period >= ?',
        (scope, window, period),
    )
    ((spent,),) = found.fetchall()
    assert isinstance(spent, int)
    return spent


def page(connection: apsw.Connection, scope: str = "", cursor: str = "", limit: int = 100) -> Page[Spent]:
    """What one scope has spent, or all: by scope and window, the latest period first."""
    whose, window, period = after(cursor, ("", "", LAST))
    found = connection.execute(
        f"SELECT {selected(Spent)} FROM budgets WHERE (?4 = '' OR scope = ?4) AND (scope, \"window\") >= "
        '(?1, ?2) AND ((scope, "window") > (?1, ?2) OR period < ?3) '
        'ORDER BY scope, "window", period DESC LIMIT ?5',
        (whose, window, period, scope, limit + 1),
    )
    return page_of(list(read(Spent, found)), limit, lambda row: (row.scope, row.window, row.period))


def spent(connection: apsw.Connection, places: Iterable[tuple[str, str, int]]) -> list[Spent]:
    """What was spent in these windows of these scopes, each in periods that began at its time or later."""
    found = connection.execute(
        'SELECT budgets.scope, budgets."window", budgets.period, budgets.spent FROM json_each(?) AS place '
        'JOIN budgets ON budgets.scope = place.value ->> 0 AND budgets."window" = place.value ->> 1 '
        "AND budgets.period >= place.value ->> 2",
        (msgspec.json.encode(list(places)).decode(),),
    )
    return list(read(Spent, found))
