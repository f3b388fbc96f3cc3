"""What keys cost, held to its figures: to know who carries one does not grow with how many there are."""

import pytest

from bench.keys import Cost, measure, table


@pytest.fixture(scope="module")
def few_and_many() -> tuple[Cost, Cost]:
    """The cost with a few keys, and with many."""
    return measure(10), measure(3000)


def test_who_carries_a_known_key(few_and_many: tuple[Cost, Cost]) -> None:
    """Within its bounds, and with as many allocations among many as among few."""
    for cost in few_and_many:
        assert cost.allocations <= 4
        assert cost.known <= 10


def test_many_keys_load_as_fast_as_is_asked(few_and_many: tuple[Cost, Cost]) -> None:
    """At the rate of two seconds for a hundred thousand, and a moment for opening the file."""
    _, many = few_and_many
    assert many.load <= 1 + 2 * many.keys / 100_000


def test_every_number_has_its_line(few_and_many: tuple[Cost, Cost]) -> None:
    """One line for each number of keys."""
    lines = table(few_and_many)
    assert [line.split()[0] for line in lines] == ["keys", "10", "3000"]
