"""Periods of budgets: by the calendar in UTC, leap years and all, and slices of rolling windows."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.budgets_periods import DAY, LONGEST, ROLLING, Period, period_at, slice_at, word_of
from gateway.settings import Span

SPANS: tuple[Span, ...] = ("hour", "day", "week", "month")


def at(text: str) -> float:
    """A moment in UTC."""
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@pytest.mark.parametrize(
    ("span", "now", "start", "end"),
    [
        ("hour", "2026-11-21T15:59:59.999", "2026-11-21T15:00:00", "2026-11-21T16:00:00"),
        ("day", "2026-11-21T00:00:00", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("week", "2026-11-21T15:00:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00"),
        ("week", "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00"),
        ("month", "2026-11-21T15:00:00", "2026-11-01T00:00:00", "2026-12-01T00:00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("month", "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("month", "2027-01-31T12:00:00", "2027-01-01T00:00:00", "2027-02-01T00:00:00"),
    ],
)
def test_the_calendar(span: Span, now: str, start: str, end: str) -> None:
    """An hour, a day, a week from Monday on, a month of whatever length: all in UTC."""
    assert period_at(span, at(now)) == Period(int(at(start)), int(at(end)), int(at(end)))


@pytest.mark.parametrize("span", SPANS)
def test_periods_follow_each_other(span: Span) -> None:
    """For four years: each begins where the one before ended, and none counts longer than is loaded."""
    now = at("2026-01-01T00:00:00")
    while now < at("2030-01-01T00:00:00"):
        period = period_at(span, now)
        assert period.start <= now < period.end
        assert period_at(span, period.end).start == period.end
        assert period_at(span, period.end - 0.001) == period
        assert period.leaves - period.start <= LONGEST
        now = max(period.end, now + 20 * DAY)


@pytest.mark.parametrize("span", SPANS)
def test_slices_leave_when_all_of_them_is_old_enough(span: Span) -> None:
    """No sooner than a whole window after their last moment, on the border of another slice."""
    length, piece = ROLLING[span]
    now = (datetime(2026, 11, 21, 15, 59, tzinfo=UTC) + timedelta(seconds=17)).timestamp()
    found = slice_at(span, now)
    assert found.end - found.start == piece
    assert found.leaves == found.end + length
    assert slice_at(span, found.leaves).start == found.leaves
    assert found.leaves - found.start <= LONGEST


def test_both_kinds_have_words_of_their_own() -> None:
    """They are kept side by side."""
    assert (word_of("day", rolling=False), word_of("day", rolling=True)) == ("day", "rolling-day")
