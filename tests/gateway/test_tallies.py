"""Counts in memory: sums that add up, and labels that are bounded."""

import pytest

from gateway.tallies import LONG, MOST_LABELS, OTHER, SHORT, Histogram, Tallies


@pytest.mark.parametrize("bounds", [LONG, SHORT])
def test_a_histogram_counts_by_upper_bound(bounds: tuple[float, ...]) -> None:
    """A value on a bound belongs to it, one above to the next, one above all to the last."""
    found = Histogram(bounds)
    for bound in bounds:
        found.add(bound)
    assert list(found.counts) == [1] * len(bounds) + [0]
    found.add(bounds[-1] * 2)
    found.add(bounds[0] / 2)
    found.add(0.0)
    assert list(found.counts) == [3, *[1] * (len(bounds) - 1), 1]
    assert found.total == pytest.approx(sum(bounds) + bounds[-1] * 2 + bounds[0] / 2)


def test_bounds_are_in_order() -> None:
    """A histogram whose bounds were not would count nonsense."""
    assert list(LONG) == sorted(set(LONG))
    assert list(SHORT) == sorted(set(SHORT))


def test_a_tally_belongs_to_its_labels() -> None:
    """The same labels give the same tally, any other gives another."""
    tallies = Tallies()
    first = tallies.request("a", "generate", "p", "whole")
    assert tallies.request("a", "generate", "p", "whole") is first
    assert tallies.request("a", "generate", "p", "stream") is not first
    assert tallies.token("p", "m") is tallies.token("p", "m")
    assert tallies.token("p", "m") is not tallies.token("q", "m")


def test_models_are_bounded() -> None:
    """Beyond so many names all others of a provider are one, and nothing that was counted is lost."""
    tallies = Tallies()
    for number in range(MOST_LABELS * 3):
        tallies.token("p", f"model-{number}").output += 1
    tallies.token("q", "one more").output += 1
    assert len(tallies.tokens) == MOST_LABELS + 2
    assert tallies.token("p", "model-0").output == 1
    assert tallies.token("p", OTHER).output == MOST_LABELS * 2
    assert tallies.token("q", OTHER).output == 1
