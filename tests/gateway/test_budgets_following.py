"""What is in the database is known before the first request, and what others add to it a moment later."""

from pathlib import Path

import pytest

from gateway.budgets import Budgets, Passed
from gateway.budgets_following import Following
from gateway.caller import Scope
from gateway.journal import Journal
from gateway.settings import Budget, LogSettings
from store.connect import Database
from store.rows import Attempt, Charge
from store.writer import Ledger
from tests.gateway.loops import Clock, in_loop
from tests.gateway.test_budgets import DAY_BEGAN, DOLLAR, NOW

PATIENCE = 10.0
SCOPES = (Scope("key:ann", budgets=(Budget(DOLLAR, "day"),)),)


class Worker:
    """The budgets of one worker, and its way to the database."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path, at_once=False)
        self.heard: list[Passed] = []
        self.budgets = Budgets(Clock(NOW), self.heard.append)
        self.following = Following(self.budgets, self.database, Journal(LogSettings(level="off")))

    def spent(self) -> float:
        """What counts for ann."""
        (allowance,) = self.budgets.allowances(SCOPES)
        allowance.purse.asked = NOW
        return allowance.purse.spent(NOW)


def write(path: Path, *charges: Charge) -> None:
    """Rows as some worker writes them."""
    database = Database(path)
    ledger = Ledger(database)
    for number, charge in enumerate(charges):
        ledger.put(Attempt(id=f"{charge.spent}-{number}", began=1, charges=(charge,)))
    ledger.close()
    database.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "penstock.db"


@in_loop
async def test_a_start_takes_in_what_was_spent(path: Path) -> None:
    """What counts, and not what is long past; then what others add, once."""
    today, month_ago = Charge("key:ann", "day", DAY_BEGAN, 100), Charge("key:ann", "day", 0, 7)
    write(path, today, month_ago, Charge("key:bob", "day", DAY_BEGAN, 50))
    worker = Worker(path)
    await worker.following.open(PATIENCE)
    assert (worker.following.loaded, worker.spent()) == (True, 100)
    write(path, Charge("key:ann", "day", DAY_BEGAN, 33), Charge("key:ann", "week", DAY_BEGAN, 5))
    await worker.following.look()
    await worker.following.look()
    assert worker.spent() == 133
    await worker.following.close()
    worker.database.close()


@in_loop
async def test_a_database_that_is_away_is_asked_again(path: Path) -> None:
    """What is spent meanwhile counts, and what was before when that is known; all of it in the end."""
    worker = Worker(path / "no" / "folder")
    await worker.following.look()
    assert not worker.following.loaded
    (allowance,) = worker.budgets.allowances(SCOPES)
    allowance.purse.charge(NOW, 11.0)
    write(path, Charge("key:ann", "day", DAY_BEGAN, 100))
    again = Following(worker.budgets, Database(path), Journal(LogSettings(level="off")))
    await again.look()
    assert (again.loaded, worker.spent()) == (True, 100)
    write(path, Charge("key:ann", "day", DAY_BEGAN, 11))
    await again.look()
    assert worker.spent() == 111
