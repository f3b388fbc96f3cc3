"""Usage and cost: what was used in a span of time, and what of it was for nothing."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.edge.console.desk import Desk
from store import dearest, usage
from store.connect import Connection
from store.names import Names
from store.paging import Page
from store.sums import DAY, HOUR, SUMS
from store.usage import Dimension, Question, Sum

SPANS: Final = {"1d": (1, "24 hours"), "7d": (7, "7 days"), "30d": (30, "30 days"), "90d": (90, "90 days")}
BY: Final[dict[str, tuple[Dimension, str]]] = {
    "model": ("model", "Model"),
    "provider": ("provider", "Provider"),
    "key": ("key_id", "Key"),
    "user": ("user_id", "User"),
    "team": ("team_id", "Team"),
    "session": ("session", "Session"),
    "agent": ("agent", "Agent"),
    "day": ("day", "Day"),
}
CAUSES: Final = {
    "useful": "answered a client",
    "retried": "failed, and was tried again",
    "fallback": "failed, and went to another target",
    "aborted": "came to nothing: left, overtaken, or the last that failed",
}
USEFUL: Final = "useful"
MOST: Final = 100
ALL: Final = 1000


class Group(NamedTuple):
    """One line of a table: what it is called, where it leads, and its sums."""

    name: str
    link: str
    sum: Sum


class Answer(NamedTuple):
    """All that the page shows."""

    total: Sum
    groups: list[Group]
    causes: list[Sum]
    wasted: int
    chart: str
    more: bool


async def page(desk: Desk, request: Request) -> Response:
    """The page, for the span and the groups that the query says."""
    span = request.query_params.get("span", "7d")
    by = request.query_params.get("by", "model")
    span, by = (span if span in SPANS else "7d"), (by if by in BY else "model")
    # From a whole hour or day on, as the sums are kept.
    period = HOUR if span == "1d" else DAY
    since = (desk.now() // period - SPANS[span][0] * DAY // period + 1) * period
    answer = await desk.asked(lambda connection: _answer(connection, since, by, period))
    shown: dict[str, Any] = {"span": span, "by": by, "spans": SPANS, "words": BY, "causes": CAUSES}
    return desk.page(request, "usage.html", answer=answer, **shown)


def _answer(connection: Connection, since: int, by: str, period: int) -> Answer:
    # Asked once, and folded here: each question reads all the sums of the span.
    timely: Dimension = "hour" if period == HOUR else "day"
    told = usage.page(connection, Question((timely, "cause"), since=since), limit=ALL).rows
    times = _folded(told, 0)
    causes = sorted(_folded(told, 1), key=lambda one: -one.cost)
    found = Page(times, "") if by == timely else _groups(connection, since, by)
    names = Names(connection)
    return Answer(
        total=_sum((), told),
        groups=[_group(one, by, names) for one in found.rows],
        causes=causes,
        wasted=sum(one.cost for one in causes if one.group[0] != USEFUL),
        chart=_chart(times, period, since),
        more=bool(found.cursor) or len(found.rows) == MOST,
    )


def _groups(connection: Connection, since: int, by: str) -> Page[Sum]:
    if by == "session":  # there may be too many to be summed while somebody waits
        return Page(dearest.sessions(connection, since, MOST), "")
    return usage.page(connection, Question((BY[by][0],), since=since), limit=MOST)


def _folded(told: list[Sum], place: int) -> list[Sum]:
    """Sums by one of the values that they are grouped by, in the order in which it first comes."""
    kept: dict[str | int, list[Sum]] = {}
    for one in told:
        kept.setdefault(one.group[place], []).append(one)
    return [_sum((value,), of_value) for value, of_value in kept.items()]


def _sum(group: tuple[str | int, ...], parts: list[Sum]) -> Sum:
    return Sum(group, *(sum(getattr(one, name) for one in parts) for name in SUMS))


def _group(one: Sum, by: str, names: Names) -> Group:
    value, dimension = one.group[0], BY[by][0]
    if by == "day":
        return Group(_day(int(value)), "", one)
    name = names.of(dimension, str(value)) or str(value)
    link = ""
    if value and by == "key":
        link = f"/console/keys/{value}"
    elif value and by == "session":
        link = f"/console/conversations/{quote(str(value))}"
    return Group(name, link, one)


def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * DAY / 1000, UTC):%a %d %b %Y}"


def _chart(times: list[Sum], period: int, since: int) -> str:
    """Seconds, then dollars, then tokens, for every period from the first on: empty ones are nothing."""
    known = {int(one.group[0]): one for one in times}
    last = max(known, default=since // period)
    periods = range(since // period, max(last, since // period) + 1)
    data: list[list[Any]] = [[], [], []]
    for number in periods:
        one = known.get(number)
        data[0].append(number * period // 1000)
        data[1].append(one.cost / 1e6 if one else 0)
        data[2].append(_tokens(one) if one else 0)
    return msgspec.json.encode(data).decode()


def _tokens(one: Sum) -> int:
    return one.input + one.cache_read + one.cache_write_5m + one.cache_write_1h + one.output
