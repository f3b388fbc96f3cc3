"""What may happen in any minute: never more than the limit, and a wait that is true."""

import random

import pytest

from gateway.window import MINUTE, Window, whole


def test_a_thousand_at_once_against_a_hundred() -> None:
    """Exactly so many get in as may."""
    window = Window()
    got_in = 0
    for _ in range(1000):
        if not window.wait(1000.5, 1, 100):
            window.add(1000.5, 1)
            got_in += 1
    assert got_in == 100


@pytest.mark.parametrize("seed", range(20))
def test_any_minute_holds_no_more_than_the_limit(seed: int) -> None:
    """However requests come and however much each is, no minute has more in it than may be."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    window, now = Window(), 1000.0
    taken: list[tuple[float, int]] = []
    for _ in range(2000):
        now += chance.choice((0.0, 0.01, 0.4, 3.0))
        amount = chance.randint(1, 9)
        if not window.wait(now, amount, 50):
            window.add(now, amount)
            taken.append((now, amount))
        assert sum(one for when, one in taken if when > now - MINUTE) <= 50


@pytest.mark.parametrize("seed", range(20))
def test_the_wait_is_true(seed: int) -> None:
    """Who waits exactly as long as it is told, in whole seconds too, gets in; who comes early not."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    window, now = Window(), 1000.0
    for _ in range(300):
        now += chance.random() * 2
        amount = chance.randint(1, 40)
        seconds = window.wait(now, amount, 30)
        if seconds:
            assert window.wait(now + seconds - 0.01, amount, 30) > 0
            now += whole(seconds) if chance.random() < 0.5 else seconds
            assert window.wait(now, amount, 30) == 0.0
        window.add(now, min(amount, 30))


def test_more_than_the_limit_needs_all_of_it() -> None:
    """Who asks for more than there ever is gets in when nobody else was there for a minute."""
    window = Window()
    assert window.wait(0.0, 1000, 10) == 0.0
    window.add(0.0, 1000)
    assert (window.wait(0.5, 1, 10), window.left(0.5, 10)) == (59.5, 0)
    assert window.wait(60.0, 1000, 10) == 0.0


def test_what_was_said_is_mended() -> None:
    """More or less than was said counts from then on; out of the minute it counts no more."""
    window = Window()
    window.add(0.0, 90)
    window.mend(0.0, 5.0, -80)
    assert window.left(5.0, 100) == 90
    window.mend(0.0, 6.0, 50)
    assert (window.left(6.0, 100), window.clear_in(6.0)) == (40, 54.0)
    window.mend(0.0, 61.0, 1000)
    assert (window.left(61.0, 100), window.clear_in(61.0)) == (100, 0.0)


def test_seconds_are_told_whole() -> None:
    """Never too few, and never none."""
    assert [whole(seconds) for seconds in (0.0, 0.2, 1.0, 1.0000000001, 1.1, 59.5)] == [1, 1, 1, 1, 2, 60]
