"""How fast a target is, told the time: slow answers are believed at once, fast ones little by little."""

import pytest

from gateway.load import MEMORY, MOST_KEPT, UNHEARD, Load, Loads
from tests.gateway.loops import Clock


def test_a_slow_answer_is_believed_at_once() -> None:
    """One peak, and that is what the next request would wait."""
    load = Load(Clock())
    for seconds in (0.1, 0.1, 5.0):
        load.heard(seconds)
    assert load.cost() == 5.0


def test_fast_answers_are_believed_little_by_little() -> None:
    """After one memory a third of the peak is left; what comes then counts for the rest."""
    clock = Clock()
    load = Load(clock)
    load.heard(10.0)
    clock.move(MEMORY)
    load.heard(1.0)
    assert load.cost() == pytest.approx(10 / 2.71828 + 1 * (1 - 1 / 2.71828), rel=1e-3)


def test_what_is_not_heard_of_again_is_forgotten() -> None:
    """One that was slow once and is never asked gets its chance again."""
    clock = Clock()
    load = Load(clock)
    load.heard(10.0)
    clock.move(10 * MEMORY)
    assert load.cost() < 0.001


def test_each_request_under_way_counts() -> None:
    """Three under way: a fourth waits four times as long."""
    load = Load(Clock())
    load.heard(1.0)
    load.inside = 3
    assert load.cost() == 4.0


def test_one_never_heard_of_is_tried_by_one() -> None:
    """It costs nothing until somebody asks it, and then too much until it has answered."""
    load = Load(Clock())
    assert load.cost() == 0.0
    load.inside = 1
    assert load.cost() == UNHEARD


def test_loads_are_kept_by_target_and_bounded() -> None:
    """The same target has one load; beyond the bound each plan has one of its own."""
    loads = Loads(Clock())
    assert loads.of("a", "x") is loads.of("a", "x")
    for number in range(MOST_KEPT + 5):
        loads.of("a", str(number))
    assert len(loads.kept) == MOST_KEPT
    assert loads.of("a", "new") is not loads.of("a", "new")
