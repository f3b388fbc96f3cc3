"""The breaker of a target, told the time: when it opens, whom it lets in, and what closes it."""

import pytest

from gateway.breaker import MOST_KEPT, Breaker, Breakers

NOW = 1000.0


def opened(rest: float = 30.0) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(rest)
    for _ in range(10):
        breaker.bad(NOW, 1.0)
    assert breaker.state(NOW) == "open"
    return breaker


@pytest.mark.parametrize(
    ("weight", "bad", "good", "is_open"),
    [
        (1.0, 9, 0, False),
        (1.0, 10, 0, True),
        (1.0, 2, 8, False),
        (1.0, 3, 7, True),
        (1.0, 29, 71, False),
        (0.5, 5, 5, False),
        (0.5, 6, 4, True),
        (1.5, 2, 8, True),
        (1.5, 1, 9, False),
    ],
)
def test_it_opens_at_a_share_of_enough_tries(weight: float, bad: int, good: int, is_open: bool) -> None:
    """Thirty in a hundred, by weight, and never on fewer than ten tries."""
    breaker = Breaker()
    for _ in range(good):
        breaker.good(NOW)
    for _ in range(bad):
        breaker.bad(NOW, weight)
    assert breaker.closed is not is_open
    assert breaker.ready(NOW) is not is_open


def test_it_looks_back_one_minute() -> None:
    """What failed more than sixty seconds ago counts no more, and what failed just before that does."""
    for later, is_open in ((59.0, True), (60.0, False)):
        breaker = Breaker()
        for _ in range(9):
            breaker.bad(NOW, 1.0)
        breaker.bad(NOW + later, 1.0)
        assert breaker.closed is not is_open


def test_a_long_life_is_counted_right() -> None:
    """Over ten minutes of one failure in four, second by second, it never opens; one in three opens it."""
    breaker = Breaker()
    for second in range(600):
        for _ in range(3):
            breaker.good(NOW + second)
        breaker.bad(NOW + second, 1.0)
    assert breaker.closed
    for second in range(600, 660):
        breaker.good(NOW + second)
        breaker.good(NOW + second)
        breaker.bad(NOW + second, 1.0)
    assert not breaker.closed


def test_it_rests_and_then_lets_one_in() -> None:
    """While it rests nobody is let in; then one, and nobody beside it."""
    breaker = opened()
    assert not breaker.ready(NOW + 29.9)
    assert not breaker.probe(NOW + 29.9)
    assert breaker.state(NOW + 30) == "half_open"
    assert breaker.ready(NOW + 30)
    assert breaker.probe(NOW + 30)
    assert not breaker.ready(NOW + 30)
    assert not breaker.probe(NOW + 30)


def test_how_long_it_rests_is_an_option() -> None:
    """Another rest, another moment of the probe."""
    breaker = opened(rest=2.0)
    assert not breaker.ready(NOW + 1.9)
    assert breaker.ready(NOW + 2)


def test_a_probe_that_ends_without_an_outcome_makes_room() -> None:
    """A client that left while it was the probe does not keep the target shut for ever."""
    breaker = opened()
    assert breaker.probe(NOW + 30)
    breaker.free()
    assert breaker.state(NOW + 30) == "half_open"
    assert breaker.probe(NOW + 30)


def test_two_good_probes_close_it() -> None:
    """One is not enough; after two it is as if nothing had been."""
    breaker = opened()
    for still in (False, True):
        assert breaker.probe(NOW + 31)
        breaker.good(NOW + 31)
        breaker.free()
        assert breaker.closed is still
    breaker.bad(NOW + 31, 1.0)
    assert breaker.closed


def test_a_bad_probe_opens_it_again() -> None:
    """It rests anew, and the good probe before it counts no more."""
    breaker = opened()
    breaker.good(NOW + 30)
    assert breaker.probe(NOW + 30)
    breaker.bad(NOW + 31, 1.0)
    breaker.free()
    assert breaker.state(NOW + 60) == "open"
    breaker.good(NOW + 61)
    assert not breaker.closed


def test_what_ends_while_it_rests_changes_nothing() -> None:
    """Tries that were under way when it opened neither close it nor make it rest longer."""
    breaker = opened()
    breaker.good(NOW + 1)
    breaker.good(NOW + 1)
    breaker.bad(NOW + 29, 1.0)
    assert breaker.state(NOW + 29) == "open"
    assert breaker.state(NOW + 30) == "half_open"


def test_each_target_has_one() -> None:
    """By provider and model: the same for the same, another for another."""
    breakers = Breakers()
    assert breakers.of("a", "x") is breakers.of("a", "x")
    assert breakers.of("a", "x") is not breakers.of("a", "y")
    assert breakers.of("a", "x") is not breakers.of("b", "x")
    assert breakers.states(NOW) == {("a", "x"): "closed", ("a", "y"): "closed", ("b", "x"): "closed"}


def test_what_is_kept_is_bounded() -> None:
    """Names without end fill no memory; those that were there first keep theirs."""
    breakers = Breakers()
    first = breakers.of("a", "0")
    for number in range(MOST_KEPT + 50):
        breakers.of("a", str(number))
    assert len(breakers.states(NOW)) == MOST_KEPT
    assert breakers.of("a", "0") is first


def test_a_breaker_is_tripped() -> None:
    """Known to fail it is left alone from now on; that it is known once more does not make it longer."""
    breaker = Breaker(rest=30.0)
    breaker.trip(100.0)
    assert (breaker.ready(129.0), breaker.ready(130.0)) == (False, True)
    breaker.trip(110.0)
    assert breaker.ready(130.0)
    breaker.trip(131.0)
    assert (breaker.ready(160.0), breaker.ready(161.0)) == (False, True)


def test_a_breaker_relents() -> None:
    """Known to be there a probe goes in at once; a closed one is as it was."""
    breaker = Breaker(rest=30.0)
    breaker.relent(100.0)
    assert breaker.closed
    breaker.trip(100.0)
    breaker.relent(101.0)
    assert (breaker.state(101.0), breaker.closed) == ("half_open", False)
