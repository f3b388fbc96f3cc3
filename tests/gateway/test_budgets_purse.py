"""What was spent counts until its period is over, whoever spent it, and is warned of once."""

import random

import pytest

from gateway.budgets_periods import DAY, HOUR, ROLLING
from gateway.budgets_purse import Purse
from gateway.settings import Span
from gateway.window import whole

# A Saturday, 15:20:30 UTC.
NOW = 1_795_274_430.0
MIDNIGHT = 1_795_305_600


def purse(span: Span = "day", *, rolling: bool = False) -> Purse:
    """One with nothing spent."""
    return Purse("key:ann", span, rolling=rolling)


def test_a_day_ends_at_midnight() -> None:
    """Until then all of it counts, and the wait is true to the second."""
    one = purse()
    one.charge(NOW, 600.0)
    one.charge(NOW + HOUR, 500.0)
    wait = one.wait(NOW + HOUR, 1000)
    assert NOW + HOUR + wait == MIDNIGHT
    assert one.spent(MIDNIGHT - 1.0) == 1100
    assert (one.spent(MIDNIGHT), one.wait(MIDNIGHT, 1000)) == (0, 0)


@pytest.mark.parametrize("rolling", [False, True])
def test_a_clock_that_was_fast_and_is_set_right_stops_no_period(*, rolling: bool) -> None:
    """The days go on to end, the wait is true, and what was spent by the wrong clock counts in its time."""
    one, wrong = purse(rolling=rolling), NOW + 100 * DAY
    one.charge(NOW, 600.0)
    one.charge(wrong, 700.0)
    assert one.spent(NOW + 1.0) == 0  # what was before is the database's to tell
    one.learn(NOW + 1.0, one.began // 1000, 600.0)
    assert one.spent(NOW + 2.0) == 600
    one.charge(NOW + 2.0, 500.0)
    assert 0 < one.wait(NOW + 3.0, 1000) <= DAY + HOUR
    assert one.spent(NOW + 2 * DAY) == 0
    assert one.wait(NOW + 2 * DAY, 1) == 0
    assert one.spent(wrong + 1.0) == 700


@pytest.mark.parametrize("span", ROLLING)
def test_a_rolling_window_forgets_nothing_too_early(span: Span) -> None:
    """What was spent counts for the whole window, and at most a slice of it longer."""
    length, piece = ROLLING[span]
    chance, one, now = random.Random(1), purse(span, rolling=True), NOW  # noqa: S311 - no secret
    spent: list[tuple[float, float]] = []
    for _ in range(300):
        now += chance.random() * length / 20
        amount = float(chance.randint(1, 9))
        one.charge(now, amount)
        spent.append((now, amount))
        least = sum(amount for when, amount in spent if when > now - length)
        most = sum(amount for when, amount in spent if when > now - length - piece)
        assert least <= one.spent(now) <= most


@pytest.mark.parametrize("span", ROLLING)
@pytest.mark.parametrize("rolling", [False, True])
def test_the_wait_is_true(span: Span, *, rolling: bool) -> None:
    """Who waits so many whole seconds finds something left; one second less does not do."""
    chance, one, now = random.Random(2), purse(span, rolling=rolling), NOW  # noqa: S311 - no secret
    for _ in range(200):
        now += chance.random() * ROLLING[span][0] / 30
        one.charge(now, float(chance.randint(1, 9)))
        wait = one.wait(now, 50)
        if wait:
            assert one.wait(now + whole(wait) - 1.0, 50) > 0 or whole(wait) == 1
            now += whole(wait)
            assert one.wait(now, 50) == 0


def test_what_others_spent_counts_once() -> None:
    """The database has ours too, some of it not yet: nothing is counted twice, or forgotten."""
    one, start = purse(), MIDNIGHT - DAY
    one.learn(NOW, start, 300)
    assert one.spent(NOW) == 300
    one.charge(NOW, 100.0)  # on its way to the database
    one.learn(NOW, start, 300)
    assert one.spent(NOW) == 400
    one.learn(NOW, start, 400)  # it has come there
    assert one.spent(NOW) == 400
    one.learn(NOW, start, 450)  # and something of others
    assert one.spent(NOW) == 450
    one.learn(NOW, start, 0)  # another database in its place
    assert one.spent(NOW) == 450


def test_periods_that_are_over_or_none_are_not_learned() -> None:
    """What is kept of yesterday, or of slices of another length, counts for nothing."""
    one = purse()
    one.learn(NOW, MIDNIGHT - 2 * DAY, 300)
    one.learn(NOW, MIDNIGHT - DAY + 60, 300)
    assert one.spent(NOW) == 0
    assert one.idle(NOW)


def test_each_share_is_passed_once_in_a_period() -> None:
    """At 75, 95 and 100 per cent; the next day begins anew."""
    one, crossed = purse(), []
    for _ in range(110):
        one.charge(NOW, 10.0)
        crossed.append(one.crossed(NOW, 1000))
    assert [(place + 1, share) for place, share in enumerate(crossed) if share] == [
        (75, 0.75),
        (95, 0.95),
        (100, 1.0),
    ]
    one.charge(MIDNIGHT + 1.0, 800.0)
    assert one.crossed(MIDNIGHT + 1.0, 1000) == 0.75


def test_a_rolling_budget_is_warned_of_again_when_it_had_fallen() -> None:
    """But not when it wavers about the mark."""
    one = purse("hour", rolling=True)
    for minute in range(80):
        one.charge(NOW + minute * 60, 10.0)
    now = NOW + 80 * 60
    assert one.crossed(now, 800) == 0.75
    assert [one.crossed(now + second, 800) for second in range(0, 300, 60)] == [0.0] * 5
    now += 20 * 60
    assert one.crossed(now, 800) == 0.0
    one.charge(now, 300.0)
    assert one.crossed(now, 800) == 0.75
