"""The longest delay of the event loop: what counts, and when it is forgotten."""

from gateway.lateness import SPAN, Lateness


def test_the_longest_counts() -> None:
    """Of several delays the longest is told, whatever came after it."""
    lateness = Lateness()
    for late in (0.01, 0.3, 0.02):
        lateness.note(late, 100.0)
    assert lateness.longest(100.0) == 0.3


def test_it_is_told_for_a_span_more_and_then_forgotten() -> None:
    """A delay is still told in the span after its own, and no longer."""
    lateness = Lateness()
    lateness.note(0.3, 100.0)
    assert lateness.longest(100.0 + SPAN) == 0.3
    assert lateness.longest(100.0 + 2 * SPAN) == 0.0


def test_what_comes_later_takes_its_place() -> None:
    """A span that saw less tells its own once the longer one is forgotten."""
    lateness = Lateness()
    lateness.note(0.3, 100.0)
    lateness.note(0.1, 100.0 + SPAN)
    assert lateness.longest(100.0 + SPAN) == 0.3
    assert lateness.longest(100.0 + 2 * SPAN) == 0.1


def test_a_house_that_stood_still_tells_nothing_old() -> None:
    """After a long time in which nobody was inside, what was before it is forgotten at once."""
    lateness = Lateness()
    lateness.note(0.3, 100.0)
    assert lateness.longest(100.0 + 5 * SPAN) == 0.0
