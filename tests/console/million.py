"""A store of a million rows: what `fullness.py` makes of a month, many times over, and true to its sums.

The rows are multiplied by one statement, which takes seconds where the writer takes minutes. The file is kept
in `.cache`, by the schema and by what it holds, and made anew when it is a day old: pages ask for what was
lately.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from store import audit, keys, ledger, rollups
from store.connect import Database
from store.migrate import latest
from store.rows import Key
from store.sums import DAY
from tests.console.browser import ROOT
from tests.console.fullness import fill

FOLDER: Final = ROOT / ".cache" / "console"
ROWS: Final = 1_000_000
# So many rows are made one by one, and all others are copies of them.
SEED: Final = 4000
# Keys that most of the copies are of, so that sums are of as many as a company has.
KEYS: Final = 100
# The same rows but for who, when and what they are called: spread over the day before, in the order of time.
COPIED: Final = {
    "id": "id || '-' || n",
    "exchange": "exchange || '-' || n",
    "session": "session || '-' || n",
    "key_id": f"iif(n % 10 = 0, key_id, printf('%012x', n % {KEYS} + 1))",
    "began": "began - shift",
    "first_byte": "iif(first_byte = 0, 0, first_byte - shift)",
    "ended": "ended - shift",
}


def full_store(rows: int = ROWS) -> Path:
    """A database of so many rows, which is nobody's to change: `full_copy` is for that."""
    path = FOLDER / f"{latest()}-{rows}.db"
    if not path.exists() or time.time() - path.stat().st_mtime > DAY / 1000:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        making = path.with_suffix(".new")
        _make(making, rows)
        making.rename(path)
    return path


@contextmanager
def full_copy(folder: Path) -> Iterator[Path]:
    """A copy of the full store to be served. It goes at the end: folders of tests are kept for a while."""
    path = folder / "penstock.db"
    shutil.copyfile(full_store(), path)
    yield path
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _make(path: Path, rows: int) -> None:
    now = int(time.time() * 1000)
    fill(path, now, min(SEED, rows))
    database = Database(path)
    with audit.changing(database, "test", now) as change:
        for number in range(1, KEYS + 1):
            name = f"Laptop {number:03}"
            keys.create(change, Key(f"{number:012x}", number.to_bytes(32), name, created=now - 31 * DAY))
    database.close()
    connection = apsw.Connection(str(path))
    # Nobody else is here, and what is half made is thrown away.
    for pragma in ("journal_mode = off", "synchronous = off", "temp_store = memory", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    with connection:
        _multiply(connection, rows)
    with connection:
        rollups.roll(connection, rows)
    connection.close()
    # Closing brings what the planner knows up to date, as a gateway does.
    Database(path).close()


def _multiply(connection: apsw.Connection, rows: int) -> None:
    """Copy the rows there are, without the indexes, which are made faster afterwards."""
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'ledger' AND type = 'index' AND sql <> ''"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    listed = ", ".join(ledger.COLUMNS)
    chosen = ", ".join(COPIED.get(name.strip('"'), name) for name in ledger.COLUMNS)
    (have,) = connection.execute("SELECT count(*) FROM ledger").fetchall()[0]
    connection.execute(
        "WITH RECURSIVE copies (n, shift) AS (SELECT 1, 347000 UNION ALL "
        f"SELECT n + 1, ((n + 1) * 347000) % {DAY} FROM copies WHERE n < ?1 / ?2 + 1) "
        f"INSERT INTO ledger ({listed}) SELECT {chosen} FROM copies, ledger ORDER BY began - shift LIMIT ?3",
        (rows, have, rows - int(str(have))),
    )
    for _, sql in indexes:
        connection.execute(str(sql))
