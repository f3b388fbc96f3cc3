"""Copies of the database: made while it is in use, read elsewhere, and taken in again."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import documents, export, keys, learned, ledger, prices, principals, rollups
from store.audit import Wanted, changing, page
from store.backup import backup
from store.connect import Database
from store.errors import Conflict, StoreError, Unavailable, Unfit, Unknown
from store.rows import Estimate, Key, Lesson, Price, Principal
from tests.store import files
from tests.store.ledgers import kept, row


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with something in every table."""
    made = Database(tmp_path / "penstock.db")
    with changing(made, "admin", 5) as change:
        principals.create(change, Principal("z", "organisation", None, "Z"))
        principals.create(change, Principal("a", "team", "z", "A"))
        keys.create(change, Key("k", b"\x00\xff", "K", owner="a"))
        documents.put(change, "routes", '{"a":1}', 0)
        prices.put(change, Price("p", "m", "{}", 5))
    with made.writing() as connection:
        learned.keep_lessons(connection, [Lesson("l", "{}", 10**14)])
        learned.keep_estimates(connection, [Estimate("p", "m", 1.25, 3, 5)])
        connection.execute("INSERT INTO budgets VALUES ('key:k', 'day', 0, 7)")
        ledger.insert(connection, [row(number, session="s") for number in range(20)])
        rollups.roll(connection, 10)
    yield made
    made.close()


def dumped(database: Database) -> dict[str, list[bytes]]:
    """Everything in a database, as lines."""
    with database.reading() as connection:
        return {table: list(export.exported(connection, table)) for table in export.TABLES}


def test_a_backup_is_the_database(database: Database, tmp_path: Path) -> None:
    """The copy is a single sound file for its owner only, with everything in it."""
    target = tmp_path / "copy.db"
    assert backup(database, target) == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert files.sound(target)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(("copy.db-", ".copy"))]
    copy = Database(target)
    assert dumped(copy) == dumped(database)
    copy.close()


def test_a_backup_is_of_one_moment_and_stops_nobody(database: Database, tmp_path: Path) -> None:
    """Rows that are written while somebody holds the moment of a backup are not kept waiting."""
    with database.reading() as reader:
        reader.execute("SELECT 1 FROM ledger").fetchall()
        with database.writing(patience=0.01) as connection:
            ledger.insert(connection, [row(100)])
    backup(database, tmp_path / "copy.db")
    copy = Database(tmp_path / "copy.db")
    assert kept(copy) == kept(database)
    copy.close()


def test_a_backup_replaces_nothing(database: Database, tmp_path: Path) -> None:
    """A file that is there stays as it is, and a folder that is not is told of."""
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(Conflict, match="never replaces"):
        backup(database, tmp_path / "copy.db")
    with pytest.raises(Unavailable, match="No such file"):
        backup(database, tmp_path / "no" / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_what_was_exported_can_be_imported(database: Database, tmp_path: Path) -> None:
    """An empty database that takes in every table is the same as the first, and goes on as that would."""
    told = dumped(database)
    assert [table for table, lines in told.items() if not lines] == []
    other = Database(tmp_path / "other.db")
    assert export.imported(other, told.items()) == sum(map(len, told.values()))
    assert dumped(other) == told
    with other.writing() as connection:
        rollups.roll(connection)
        assert connection.execute("SELECT sum(attempts) FROM usage_days").fetchall() == [(20,)]
    other.close()


def test_a_ledger_that_was_not_exported_counts_on(database: Database, tmp_path: Path) -> None:
    """Where the sums came along without their rows, new rows are still added to them."""
    told = dumped(database)
    other = Database(tmp_path / "other.db")
    export.imported(other, [(table, lines) for table, lines in told.items() if table != "ledger"])
    with other.writing() as connection:
        ledger.insert(connection, [row(100)])
        rollups.roll(connection)
        assert connection.execute("SELECT sum(attempts) FROM usage_days").fetchall() == [(11,)]
    other.close()


def test_an_import_is_all_or_nothing(database: Database, tmp_path: Path) -> None:
    """A line that is no row is named, and nothing of what came before it is kept."""
    told = dumped(database)
    other = Database(tmp_path / "other.db")
    told["ledger"][3] = b"{"
    with pytest.raises(Unfit, match="ledger, line 4"):
        export.imported(other, told.items())
    assert dumped(other)["keys"] == []
    with pytest.raises(Conflict, match="has rows already"):
        export.imported(database, told.items())
    other.close()


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("keys", b'{"id": "k", "digest": "no hexadecimal"}'),
        ("keys", b'{"id": "k", "digest": 5}'),
        ("keys", b'{"id\\" FROM x; --": 1}'),
        ("keys", b'{"id": ["k"]}'),
        ("keys", b"[]"),
        ("keys", b"{}"),
        ("keys", b'{"id": "\xff"}'),
        ("prices", b'{"provider": "p", "model": "m", "body": "{", "updated": 0}'),
        ("prices", b'{"provider": "p", "model": "m", "body": "{}", "updated": 99999999999999999999}'),
        ("keys; DROP TABLE keys", b"{}"),
        ("sqlite_schema", b"{}"),
    ],
)
def test_a_hostile_line_is_refused(tmp_path: Path, table: str, line: bytes) -> None:
    """What is no row of a table is an error of ours, and changes nothing."""
    other = Database(tmp_path / "other.db")
    with pytest.raises(StoreError):
        export.imported(other, [(table, [line])])
    assert not any(lines for name, lines in dumped(other).items() if name != "marks")
    other.close()


def test_documents_have_versions(database: Database) -> None:
    """Each version is kept, a change made from an old one is refused, and the audit tells of the others."""
    with changing(database, "ann", 9) as change:
        assert documents.put(change, "routes", '{"a":2}', 1).version == 2
        with pytest.raises(Conflict, match="at version 2, the change was made from 1"):
            documents.put(change, "routes", '{"a":3}', 1)
    with database.reading() as connection:
        assert [one.body for one in documents.page(connection, "routes").rows] == ['{"a":2}', '{"a":1}']
        assert documents.latest(connection, "settings") is None
        (told, _) = page(connection, Wanted(kind="document")).rows
    assert '"body":{"a":1}' in (told.before or "")
    assert '"body":{"a":2}' in (told.after or "")


def test_prices_are_set_and_left(database: Database) -> None:
    """A price is set, set again and left to the data set, with an audit of each."""
    with changing(database, "ann", 9) as change:
        prices.put(change, Price("p", "m", '{"input":2}', 9))
        prices.put(change, Price("p", "n", "{}", 9))
        prices.delete(change, "p", "n")
        with pytest.raises(Unknown):
            prices.delete(change, "p", "n")
    with database.reading() as connection:
        assert prices.every(connection) == [Price("p", "m", '{"input":2}', 9)]
        assert len(page(connection, Wanted(kind="price")).rows) == 4


def test_what_was_learned_is_kept(database: Database) -> None:
    """Lessons are those that were brought last and still hold; of estimates the later one is believed."""
    with database.writing() as connection:
        learned.keep_lessons(connection, [Lesson("new", "{}", 50), Lesson("old", "{}", 10)])
        learned.keep_estimates(connection, [Estimate("p", "m", 2.0, 9, 4), Estimate("p", "n", 0.5, 1, 1)])
    with database.reading() as connection:
        assert [lesson.id for lesson in learned.lessons(connection, 10)] == ["new"]
        assert [one.ratio for one in learned.estimates(connection)] == [1.25, 0.5]
