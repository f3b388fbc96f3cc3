"""The dearest conversations: the same as by summing all of them, without doing so."""

import random

import pytest

from store import dearest, ledger, rollups, usage
from store.connect import MEMORY, Database
from store.sums import DAY
from store.usage import Question
from tests.store.ledgers import NOON, row


@pytest.mark.parametrize("rolled", [0, 150, 300])
def test_they_are_those_that_all_the_sums_tell(rolled: int) -> None:
    """In the sums or not yet, from a day on, each with all that it used; rows of none are left out."""
    chance = random.Random(5)  # noqa: S311  # the same in every run
    rows = [
        row(
            number,
            session=chance.choice(["", *"abcdefgh"]),
            agent="x",
            key_id="k",
            cost=chance.randint(1, 10**6),
            began=NOON + chance.randint(0, 3) * DAY,
        )
        for number in range(300)
    ]
    database = Database(MEMORY)
    with database.writing() as connection:
        ledger.insert(connection, rows)
        if rolled:
            rollups.roll(connection, rolled)
    with database.reading() as connection:
        found = dearest.sessions(connection, NOON + DAY, 4)
        question = Question(("session", "agent", "key_id"), since=NOON + DAY)
        whole = [one for one in usage.page(connection, question).rows if one.group[0]][:4]
    database.close()
    assert found == whole
    assert len(found) == 4


def test_nothing_is_dear_where_nothing_was_used() -> None:
    """An empty store has none."""
    database = Database(MEMORY)
    with database.reading() as connection:
        assert dearest.sessions(connection, 0) == []
    database.close()
