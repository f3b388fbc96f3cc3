"""When what was spent stops counting: by the calendar (UTC), or after so long. Pure; seconds since 1970.

A budget by the calendar has one period at a time, which ends as a whole. A rolling one is kept as short
slices, and each leaves when all of it is as old as the window is long: nothing is forgotten too early.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from gateway.settings import Span

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400
WEEK: Final = 7 * DAY
# 1970 began on a Thursday: the Monday after it.
FIRST_MONDAY: Final = 4 * DAY
# How long a rolling window is, and its slices: a month is 30 days.
ROLLING: Final[dict[Span, tuple[int, int]]] = {
    "hour": (HOUR, MINUTE),
    "day": (DAY, 30 * MINUTE),
    "week": (WEEK, 3 * HOUR),
    "month": (30 * DAY, 12 * HOUR),
}
# The longest that anything counts: a rolling month and the slice it began in.
LONGEST: Final = 31 * DAY
ROLLING_WORD: Final = "rolling-"


class Period(NamedTuple):
    """One period or slice: when it begins and ends, and when what was spent in it no longer counts."""

    start: int
    end: int
    leaves: int


def period_at(span: Span, now: float) -> Period:
    """The period of the calendar that a moment is in."""
    moment = int(now)
    if span == "month":
        day = datetime.fromtimestamp(moment, UTC).replace(day=1, hour=0, minute=0, second=0)
        # The first of the month after: 32 days on is in it, whatever the month.
        then = datetime.fromtimestamp(day.timestamp() + 32 * DAY, UTC).replace(day=1)
        return Period(int(day.timestamp()), int(then.timestamp()), int(then.timestamp()))
    length = {"hour": HOUR, "day": DAY, "week": WEEK}[span]
    first = FIRST_MONDAY if span == "week" else 0
    start = (moment - first) // length * length + first
    return Period(start, start + length, start + length)


def slice_at(span: Span, now: float) -> Period:
    """The slice of a rolling window that a moment is in."""
    length, piece = ROLLING[span]
    start = int(now) // piece * piece
    return Period(start, start + piece, start + piece + length)


def a_span(span: Span) -> str:
    """One of them, in words."""
    return "an hour" if span == "hour" else f"a {span}"


def word_of(span: Span, *, rolling: bool) -> str:
    """What a window is called where it is kept: both kinds may stand over the same scope."""
    return f"{ROLLING_WORD}{span}" if rolling else span
