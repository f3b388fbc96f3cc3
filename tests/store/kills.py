"""A process that writes 500 rows a second, and is killed: what is missing afterwards (the recipe `kills`).

`python -m tests.store.kills [TIMES]` kills it so many times [20], every other time while the database is
locked by somebody else, so that the rows are on their way through the spool.
"""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from store.connect import Database
from store.rows import Attempt, Charge
from store.writer import Ledger
from tests.sources import CHECKOUT
from tests.store import files

RATE: Final = 500
ROWS: Final = 700


class Remains(NamedTuple):
    """What a killed process leaves: how many rows it put, which are missing, how old those were, and harm."""

    put: int
    missing: list[int]
    oldest: float
    twice: list[str]
    charged: int
    sound: bool

    @property
    def acceptable(self) -> bool:
        """At most one second is lost, nothing counted twice, nothing broken."""
        kept = self.put - len(self.missing)
        return self.oldest <= 1.0 and not self.twice and self.charged == kept and self.sound


def pour(path: str) -> None:
    """Put rows, and say of each when that was."""
    ledger = Ledger(Database(path))

    def end(*_: object) -> None:
        ledger.close()
        sys.exit()

    signal.signal(signal.SIGTERM, end)
    began = time.time_ns() // 1_000_000
    for number in range(1_000_000):
        charge = Charge("key:k", "total", 0, 1)
        ledger.put(Attempt(id=f"a{number}", began=began, input=1, cost=1, charges=(charge,)))
        sys.stdout.write(f"{number} {time.monotonic()}\n")
        sys.stdout.flush()
        time.sleep(1 / RATE)


def killed(path: Path, ending: signal.Signals, *, locked: bool) -> Remains:
    """End a pouring process after some rows, and look at what is left."""
    Database(path).close()
    other = files.lock(path) if locked else None
    command = [sys.executable, "-m", "tests.store.kills", "pour", str(path)]
    child = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    with child, contextlib.closing(child.stdout or sys.stdin) as said:
        told = [said.readline() for _ in range(ROWS)]
        child.send_signal(ending)
        told += said.readlines()
    if other is not None:
        other.close()
    lines = (line.split() for line in told if line.endswith("\n"))
    return left_by(path, {int(line[0]): float(line[1]) for line in lines})


def left_by(path: Path, put: dict[int, float]) -> Remains:
    """What is in the database, compared with what was put and when."""
    database = Database(path)
    ledger = Ledger(database)
    ledger.flush()
    ledger.close()
    with database.reading() as connection:
        kept = Counter(str(row[0]) for row in connection.execute("SELECT id FROM ledger"))
        ((charged,),) = connection.execute("SELECT coalesce(sum(spent), 0) FROM budgets").fetchall()
    database.close()
    # The last may have been put and not told.
    charged = int(charged or 0) - len(kept.keys() - {f"a{number}" for number in put})
    missing = [number for number in put if f"a{number}" not in kept]
    oldest = max((max(put.values()) - put[number] for number in missing), default=0.0)
    twice = [name for name, times in kept.items() if times > 1]
    return Remains(len(put), missing, oldest, twice, charged, files.sound(path))


def main(times: int) -> int:
    """Kill so many times, and tell of each. Returns how many were not acceptable."""
    bad = 0
    for turn in range(times):
        with tempfile.TemporaryDirectory() as folder:
            remains = killed(Path(folder) / "penstock.db", signal.SIGKILL, locked=bool(turn % 2))
        bad += not remains.acceptable
        through = "spool" if turn % 2 else "database"
        sys.stdout.write(
            f"{turn + 1:3} {through:8} put {remains.put} lost {len(remains.missing)} "
            f"oldest {remains.oldest:.3f} s {'ok' if remains.acceptable else 'BAD'}\n"
        )
    return bad


if __name__ == "__main__":
    if sys.argv[1:2] == ["pour"]:
        pour(sys.argv[2])
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 20))
