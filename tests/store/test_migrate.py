"""The schema: from nothing and from every earlier version, by several at once, and never backwards."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from store import rows
from store.connect import Database
from store.errors import Incompatible
from store.migrate import latest, migrate, steps, version_of
from tests.sources import CHECKOUT
from tests.store import files

STARTS = "import sys; from store.connect import Database; Database(sys.argv[1]).close()"
# Which rows are whole rows of which tables.
TABLES: dict[str, tuple[type, tuple[str, ...]]] = {
    "principals": (rows.Principal, ()),
    "keys": (rows.Key, ()),
    "audit": (rows.Audit, ()),
    "ledger": (rows.Attempt, ("charges",)),
    "budgets": (rows.Spent, ()),
    "documents": (rows.Document, ()),
    "prices": (rows.Price, ()),
    "lessons": (rows.Lesson, ()),
    "estimates": (rows.Estimate, ()),
}


def schema(connection: apsw.Connection) -> Sequence[object]:
    """Everything that a database is made of."""
    return connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2"
    ).fetchall()


def test_steps_are_numbered_without_a_gap() -> None:
    """The files of the migrations count from one."""
    assert [step.version for step in steps()] == list(range(1, latest() + 1))


@pytest.mark.parametrize("version", range(latest() + 1))
def test_every_earlier_version_is_brought_to_the_latest(tmp_path: Path, version: int) -> None:
    """A database of any version, the empty one too, ends with the same schema as a new one."""
    old = files.raw(tmp_path / "old.db")
    migrate(old, version)
    assert version_of(old) == version
    old.close()
    new = files.raw(tmp_path / "new.db")
    migrate(new)
    Database(tmp_path / "old.db").close()
    assert schema(files.raw(tmp_path / "old.db")) == schema(new)


def test_what_was_kept_is_kept(tmp_path: Path) -> None:
    """A migration keeps the rows of the version before."""
    old = files.raw(tmp_path / "old.db")
    migrate(old, 1)
    old.execute("INSERT INTO principals VALUES ('o', 'organisation', NULL, 'O', 'member', 'active', 0, '{}')")
    old.close()
    database = Database(tmp_path / "old.db")
    with database.reading() as connection:
        assert connection.execute("SELECT id FROM principals").fetchall() == [("o",)]
    database.close()


def test_a_database_from_the_future_is_refused(tmp_path: Path) -> None:
    """A later version is named with ours, and the file is not touched."""
    Database(tmp_path / "penstock.db").close()
    files.raw(tmp_path / "penstock.db").pragma("user_version", 99)
    with pytest.raises(Incompatible, match=rf"later version .* \(schema 99, this one knows {latest()}\)"):
        Database(tmp_path / "penstock.db")
    assert version_of(files.raw(tmp_path / "penstock.db")) == 99


def test_a_step_that_fails_leaves_the_version_before(tmp_path: Path) -> None:
    """A migration is whole or has not been."""
    old = files.raw(tmp_path / "old.db")
    migrate(old, 2)
    old.execute("CREATE TABLE usage_sessions (x)")
    with pytest.raises(apsw.SQLError):
        migrate(old)
    assert version_of(old) == 2
    assert not [row for row in schema(old) if "usage_hours" in str(row)]


def test_one_that_is_made_while_it_is_looked_at_is_ours(tmp_path: Path) -> None:
    """Another process makes the database of an empty file between two looks at it: it is no stranger's."""
    place = str(tmp_path / "penstock.db")
    one, other = apsw.Connection(place), apsw.Connection(place)
    one.pragma("journal_mode", "wal")

    def meanwhile(_: object, statement: str, __: object) -> bool:
        if "sqlite_schema" in statement:
            one.exec_trace = None
            migrate(other)
        return True

    one.exec_trace = meanwhile
    migrate(one)
    assert version_of(one) == latest()


def test_several_that_start_at_once_agree(tmp_path: Path) -> None:
    """Of four processes that start on no file at all every one gets a database of the latest version."""
    command = [sys.executable, "-c", STARTS, str(tmp_path / "penstock.db")]
    started = [subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE) for _ in range(4)]
    assert [process.communicate()[1] for process in started] == [b""] * 4
    assert version_of(files.raw(tmp_path / "penstock.db")) == latest()
    assert files.sound(tmp_path / "penstock.db")


@pytest.mark.parametrize("table", TABLES)
def test_rows_and_tables_are_the_same(tmp_path: Path, table: str) -> None:
    """The fields of each Struct are the columns of its table, in order."""
    Database(tmp_path / "penstock.db").close()
    kind, but = TABLES[table]
    found = files.raw(tmp_path / "penstock.db").execute(f"PRAGMA table_info({table})")
    names = [f'"{row[1]}"' for row in found]
    told = list(rows.columns(kind, but=but))
    assert names in (told, ['"number"', *told])
