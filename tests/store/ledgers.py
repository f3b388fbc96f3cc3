"""Ledgers for the tests: with a clock that tests move, and rows that are easy to make."""

from pathlib import Path

from store.connect import Database
from store.rows import Attempt, Charge
from store.writer import Clock, Ledger, Pace

NOON = 1_753_000_000_000 // 86_400_000 * 86_400_000 + 43_200_000
# No test waits for a lock that it holds itself.
PACE = Pace(patience=0.01)


class Hands:
    """The hands of a clock: seconds that only grow, and the time of day in milliseconds."""

    def __init__(self) -> None:
        self.at = 0.0

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds

    def clock(self) -> Clock:
        """The clock they belong to."""
        return Clock(lambda: self.at, lambda: NOON + int(self.at * 1000))


def row(number: int, **fields: object) -> Attempt:
    """The attempt of that number: with one token more than the last, and one micro-dollar each."""
    told: dict[str, object] = {"began": NOON, "input": number, "cost": 1, "price": "p", **fields}
    return Attempt(id=f"a{number}", **told)  # type: ignore[arg-type]  # as the test says


def charged(number: int, scope: str = "key:k") -> Attempt:
    """An attempt that takes one micro-dollar from a budget."""
    return row(number, charges=(Charge(scope, "day", 0, 1),))


def opened(path: Path, hands: Hands, pace: Pace = PACE) -> tuple[Database, Ledger]:
    """A ledger on a file."""
    database = Database(path)
    return database, Ledger(database, pace=pace, clock=hands.clock())


def kept(database: Database) -> list[str]:
    """The ids in the ledger, in the order of their numbers."""
    with database.reading() as connection:
        return [str(found[0]) for found in connection.execute("SELECT id FROM ledger ORDER BY number")]


def ids(numbers: range) -> list[str]:
    """The ids of the attempts of these numbers."""
    return [f"a{number}" for number in numbers]
