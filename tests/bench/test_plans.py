"""What a plan costs, held to its figures: allocations are exact, and the same for one route and for many."""

import pytest

from bench.plans import AT_HOME, KINDS, NO_SESSION, ROUTES, Cost, measure, table

MANY = 500
MOST = 10.0
ALL = (*KINDS, NO_SESSION, AT_HOME)


@pytest.fixture(scope="module")
def few_and_many() -> tuple[Cost, Cost]:
    """The cost with one route of each kind, and with many."""
    return measure(len(ROUTES)), measure(MANY)


@pytest.mark.parametrize("kind", ALL)
def test_a_plan_from_the_cache_allocates_little(few_and_many: tuple[Cost, Cost], kind: str) -> None:
    """Within its bound, and no more among many routes than among few."""
    few, many = few_and_many
    assert few.allocations[kind] <= MOST
    assert many.allocations[kind] == pytest.approx(few.allocations[kind], abs=0.5)


def test_every_kind_is_in_the_table(few_and_many: tuple[Cost, Cost]) -> None:
    """One line for each number of routes and kind of route."""
    lines = table(few_and_many)
    assert len(lines) == 1 + 2 * len(ALL)
    assert all(any(kind in line for line in lines) for kind in ALL)
