"""What questions about usage take: everything that the console asks, of a ledger of a million rows.

Target (feature S3): each within 100 ms. The rows are those of the console's tests: a month of conversations
of a few turns each, a quarter of a million of them. Each question is asked by a connection of its own, of
which nothing is in SQLite's memory yet; told is the best of some rounds, which a busy machine disturbs least.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from store import dearest, ledger, usage
from store.connect import Connection, Database
from store.sums import DAY
from store.usage import Dimension, Question
from tests.console import fullness

ROWS = 1_000_000
ROUNDS = 7
NOW = 1_790_000_000_000
SINCE = NOW - 30 * DAY
BY: tuple[Dimension, ...] = (
    "model",
    "key_id",
    "team_id",
    "user_id",
    "agent",
    "provider",
    "cause",
    "outcome",
    "day",
)
Asked = Callable[[Connection], Any]


def main(arguments: Sequence[str]) -> int:
    """Measure and print: milliseconds by question."""
    rows = int(arguments[0]) if arguments else ROWS
    with tempfile.TemporaryDirectory(prefix="penstock-usage-") as folder:
        path = Path(folder) / "penstock.db"
        fullness.fill(path, NOW, rows)
        megabytes = path.stat().st_size / 1e6
        times = {name: _time(path, asked) for name, asked in _questions(path).items()}
    sys.stdout.write(f"{rows} rows, {megabytes:.0f} MB\n")
    sys.stdout.writelines(f"{name:>24} {took:8.1f} ms\n" for name, took in times.items())
    return 0


def _questions(path: Path) -> dict[str, Asked]:
    """By name: sums of a month, the dearest and the latest conversations, and rows of one of anything."""
    database = Database(path)
    with database.reading() as connection:
        some = ledger.page(connection, limit=ROWS // 100).rows[-1].attempt
    database.close()
    questions: dict[str, Asked] = {f"by {name}": partial(_sums, name) for name in BY}
    questions["by hour, of a day"] = _hours
    questions["by model, of a key"] = partial(_of_key, some.key_id)
    questions["total"] = _total
    questions["by session, the dearest"] = _dearest
    questions["the latest rows"] = partial(ledger.page, limit=1000)
    questions["rows of an exchange"] = partial(ledger.page, by="exchange", value=some.exchange)
    questions["rows of a session"] = partial(ledger.page, by="session", value=some.session)
    questions["rows of a key"] = partial(ledger.page, by="key_id", value=some.key_id)
    questions["rows of no key"] = partial(ledger.page, by="key_id", value="none")
    return questions


def _sums(name: Dimension, connection: Connection) -> object:
    return usage.page(connection, Question((name,), since=SINCE), limit=1000)


def _hours(connection: Connection) -> object:
    return usage.page(connection, Question(("hour",), since=NOW - DAY))


def _of_key(key: str, connection: Connection) -> object:
    return usage.page(connection, Question(("model",), {"key_id": key}, SINCE))


def _total(connection: Connection) -> object:
    return usage.total(connection, Question((), since=SINCE))


def _dearest(connection: Connection) -> object:
    return dearest.sessions(connection, SINCE)


def _time(path: Path, asked: Asked) -> float:
    """Milliseconds: the best of some rounds."""
    took = []
    for _ in range(ROUNDS):
        database = Database(path)
        with database.reading() as connection:
            began = time.perf_counter()
            asked(connection)
            took.append(time.perf_counter() - began)
        database.close()
    return min(took) * 1000
