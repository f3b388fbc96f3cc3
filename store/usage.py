"""What was used, by whom, by what and when: asked of the sums of the ledger (features G10, S3).

Answers come from the tables of sums: whole days from those by day, the hours before and after from those by
hour, and the rows that are not in the sums yet from the ledger, so that every answer agrees with the ledger
to the token. Times are taken to whole hours; by session they are taken to whole days.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import apsw
import msgspec

from store.errors import Unfit
from store.paging import LAST, Page, after, page_of
from store.sums import COUNTED, DAY, HOUR, SUMS, TABLES

Dimension = Literal[
    "hour",
    "day",
    "key_id",
    "user_id",
    "project_id",
    "team_id",
    "organisation_id",
    "agent",
    "provider",
    "model",
    "cause",
    "outcome",
    "session",
    "parent_agent",
]
TIMES: Final = ("hour", "day")
_HOURS_OF_DAY: Final = DAY // HOUR
# The end of time, as a question means it when it has no end.
NEVER: Final = 253_402_300_800_000


class Question(msgspec.Struct, frozen=True):
    """Sums by what, of what, and from when until when (milliseconds; the end is not in it)."""

    by: tuple[Dimension, ...]
    only: Mapping[Dimension, str] = {}
    since: int = 0
    until: int = NEVER


class Sum(msgspec.Struct, frozen=True):
    """What was used by one group: the values it was grouped by, in order, then the sums."""

    group: tuple[str | int, ...]
    attempts: int
    estimated: int
    unpriced: int
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    cost: int


class _Part(msgspec.Struct, frozen=True):
    """One source of an answer: its table, the period it is cut by, and the periods that are taken from it."""

    table: str
    period: str
    since: int
    until: int


def page(connection: apsw.Connection, asked: Question, cursor: str = "", limit: int = 100) -> Page[Sum]:
    """The groups of an answer: in the order of time when that is asked for first, else the dearest first.

    Raises Unfit for a question that the sums cannot answer, and for a cursor of another question.
    """
    names = asked.by
    _check(asked)
    texts = tuple(0 if name in TIMES else "" for name in names)
    timely = bool(names) and names[0] in TIMES
    bind: list[Any] = []
    inner = _united(asked, bind)
    order = ", ".join(names) if timely else ", ".join(("cost DESC", *names))
    where = ""
    if cursor:
        cost, *rest = after(cursor, (0, *texts))
        values = ", ".join("?" * len(rest))
        behind = f"({', '.join(names)}) > ({values})" if names else "0"
        where = f"WHERE {behind}" if timely else f"WHERE cost < ? OR (cost = ? AND {behind})"
        bind += rest if timely else [cost, cost, *rest]
    columns = ", ".join((*names, *SUMS))
    found = connection.execute(
        f"SELECT {columns} FROM ({inner}) {where} ORDER BY {order} LIMIT ?", (*bind, limit + 1)
    )
    rows = [_sum(values, len(names)) for values in found]
    return page_of(rows, limit, lambda row: (row.cost, *row.group))


def total(connection: apsw.Connection, asked: Question) -> Sum:
    """The sum of everything that is asked for, in one group."""
    rows = page(connection, msgspec.structs.replace(asked, by=())).rows
    return rows[0] if rows else Sum((), *(0 for _ in SUMS))


def _sum(values: tuple[Any, ...], names: int) -> Sum:
    return Sum(tuple(values[:names]), *values[names:])


def _check(asked: Question) -> None:
    wanted = {*asked.by, *asked.only}
    if len(set(asked.by)) != len(asked.by) or "hour" in asked.only or "day" in asked.only:
        raise Unfit("a question names each group once, and times only by since and until")
    known = TABLES["usage_sessions"] if _by_session(asked) else ("day", *TABLES["usage_hours"])
    foreign = wanted - set(known)
    if foreign:
        raise Unfit(f"there are no sums by {min(foreign)} beside {', '.join(sorted(wanted - foreign))}")


def _by_session(asked: Question) -> bool:
    return not {"session", "parent_agent"}.isdisjoint((*asked.by, *asked.only))


def _united(asked: Question, bind: list[Any]) -> str:
    """The answer, whole: the parts added up, each cut and grouped where it comes from."""
    parts = " UNION ALL ".join(_selected(part, asked, bind) for part in _parts(asked))
    names = ", ".join(asked.by)
    sums = ", ".join(f"sum({name}) AS {name}" for name in SUMS)
    listed = f"{names}, {sums}" if names else sums
    grouped = f"GROUP BY {names}" if names else "HAVING count(*) > 0"
    return f"SELECT {listed} FROM ({parts}) {grouped}"


def _selected(part: _Part, asked: Question, bind: list[Any]) -> str:
    raw = part.table == "ledger"
    names = [f"{_spelled(name, part)} AS {name}" for name in asked.by]
    sums = [f"{COUNTED[name] if raw else f'sum({name})'} AS {name}" for name in SUMS]
    wheres = [f"{'began' if raw else part.period} >= ?", f"{'began' if raw else part.period} < ?"]
    bind += (min(max(part.since, -LAST), LAST), min(max(part.until, -LAST), LAST))
    if raw:
        wheres.append("number > (SELECT number FROM marks WHERE name = 'rolled')")
    for name, value in asked.only.items():
        wheres.append(f"{name} = ?")
        bind.append(value)
    grouped = ", ".join(_spelled(name, part) for name in asked.by)
    ending = f"GROUP BY {grouped}" if grouped else "HAVING count(*) > 0"
    # The few rows behind the mark are found by number; an index would lead through the whole ledger.
    table = "ledger NOT INDEXED" if raw else part.table
    return f"SELECT {', '.join((*names, *sums))} FROM {table} WHERE {' AND '.join(wheres)} {ending}"


def _spelled(name: str, part: _Part) -> str:
    """How a group is had from one source."""
    if name not in TIMES or name == part.period:
        return name
    return COUNTED[name] if part.table == "ledger" else f"hour / {_HOURS_OF_DAY}"


def _parts(asked: Question) -> Iterator[_Part]:
    period = DAY if _by_session(asked) else HOUR
    since, until = asked.since // period, -(-asked.until // period)
    yield _Part("ledger", "began", since * period, until * period)
    if _by_session(asked):
        yield _Part("usage_sessions", "day", since, until)
        return
    first, last = -(-since // _HOURS_OF_DAY), until // _HOURS_OF_DAY
    if "hour" in asked.by or first >= last:
        yield _Part("usage_hours", "hour", since, until)
        return
    yield _Part("usage_days", "day", first, last)
    yield _Part("usage_hours", "hour", since, first * _HOURS_OF_DAY)
    yield _Part("usage_hours", "hour", last * _HOURS_OF_DAY, until)
