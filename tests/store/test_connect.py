"""The database as its users meet it: made, shared, locked, full, taken away, and replaced."""

import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from store.connect import MEMORY, Database
from store.errors import Incompatible, StoreError, Unavailable
from tests.store import files

NOBODY = 65534


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database in a file, and one in memory."""
    made = Database(tmp_path / "penstock.db" if request.param == "file" else MEMORY)
    yield made
    made.close()


@pytest.fixture
def folder_of_nobody() -> Iterator[Path]:
    """A folder whose permissions mean something even when the tests are run by the superuser."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def put(database: Database, provider: str) -> None:
    """Write one row that is easy to find again."""
    with database.writing(patience=0.01) as connection:
        connection.execute("INSERT INTO prices VALUES (?, 'm', '{}', 0)", (provider,))


def found(database: Database) -> list[str]:
    """The rows that `put` wrote."""
    with database.reading() as connection:
        return [str(row[0]) for row in connection.execute("SELECT provider FROM prices ORDER BY 1")]


def test_what_is_written_is_read(database: Database) -> None:
    """Readers see what the writer has committed, in a file and in memory."""
    put(database, "a")
    put(database, "b")
    assert found(database) == ["a", "b"]


def test_a_change_that_fails_leaves_nothing(database: Database) -> None:
    """Whatever is raised inside a transaction takes back all of it."""
    with suppress(KeyError), database.writing() as connection:
        connection.execute("INSERT INTO prices VALUES ('a', 'm', '{}', 0)")
        raise KeyError
    assert found(database) == []
    put(database, "b")
    assert found(database) == ["b"]


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    """What is committed while somebody reads is not seen until the next reading, and does not wait for it."""
    database = Database(tmp_path / "penstock.db")
    with database.reading() as connection:
        before = connection.execute("SELECT count(*) FROM prices").fetchall()
        put(database, "a")
        assert connection.execute("SELECT count(*) FROM prices").fetchall() == before
    assert found(database) == ["a"]
    database.close()


def test_a_reader_cannot_write(database: Database) -> None:
    """A reading connection refuses to change anything."""
    with pytest.raises(Unavailable) as caught, database.reading() as connection:
        connection.execute("DELETE FROM prices")
    assert caught.value.kind == "read_only"


def test_two_databases_in_memory_are_two() -> None:
    """What is in memory belongs to one object alone."""
    one, two = Database(MEMORY), Database(MEMORY)
    put(one, "a")
    assert (found(one), found(two)) == (["a"], [])


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """The file, its log and its index are made with 0600, whatever the umask."""
    before = os.umask(0)
    try:
        database = Database(tmp_path / "penstock.db")
        put(database, "a")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    database.close()


def test_recommended_practice_is_applied(tmp_path: Path) -> None:
    """Each connection has a write-ahead log, foreign keys, normal synchronisation, no double-quoted text."""
    database = Database(tmp_path / "penstock.db")
    names = ("journal_mode", "foreign_keys", "synchronous", "recursive_triggers")
    with database.reading() as reader:
        assert [reader.pragma(name) for name in names] == ["wal", 1, 1, 1]
        with pytest.raises(Exception, match="no such column"):
            reader.execute('SELECT "text"')
    with database.writing() as writer:
        assert [writer.pragma(name) for name in names] == ["wal", 1, 1, 1]
    database.close()


def test_nothing_is_left_but_the_file(tmp_path: Path) -> None:
    """A database that was closed is one file, whole, without a log."""
    database = Database(tmp_path / "penstock.db")
    put(database, "a")
    found(database)
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["penstock.db"]
    assert files.sound(tmp_path / "penstock.db")


def test_another_process_that_holds_the_lock_is_told_of(tmp_path: Path) -> None:
    """A change that cannot begin in time says that the database is busy, and readers go on."""
    database = Database(tmp_path / "penstock.db")
    other = files.lock(tmp_path / "penstock.db")
    with pytest.raises(Unavailable) as caught:
        put(database, "a")
    assert caught.value.kind == "busy"
    assert found(database) == []
    other.close()
    put(database, "a")
    assert found(database) == ["a"]
    database.close()


def test_another_thread_that_holds_the_writer_is_told_of(database: Database) -> None:
    """A change that waits for one of this process gives up in time, too."""
    told: list[StoreError] = []

    def late() -> None:
        with pytest.raises(Unavailable) as caught:
            put(database, "a")
        told.append(caught.value)

    with database.writing():
        thread = threading.Thread(target=late)
        thread.start()
        thread.join()
    assert [str(error) for error in told] == ["the database is busy with another change of this process"]


def test_a_full_disk_is_told_of(tmp_path: Path) -> None:
    """A change that finds no room is undone and says so; the database goes on when there is room."""
    database = Database(tmp_path / "penstock.db")
    files.fill(database)
    with pytest.raises(Unavailable) as caught, database.writing() as connection:
        connection.execute("INSERT INTO prices VALUES ('a', ?, '{}', 0)", ("m" * 100_000,))
    assert caught.value.kind == "full"
    files.empty(database)
    put(database, "b")
    assert found(database) == ["b"]
    database.close()


def test_a_file_that_was_removed_takes_no_writes(tmp_path: Path) -> None:
    """Once the file is gone every change is refused, instead of going into a file without a name."""
    path = tmp_path / "penstock.db"
    database = Database(path)
    put(database, "a")
    path.unlink()
    for _ in range(2):
        with pytest.raises(Unavailable) as caught:
            put(database, "b")
        assert caught.value.kind == "missing"
    with pytest.raises(Unavailable):
        found(database)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_put_back_is_opened(tmp_path: Path) -> None:
    """A backup put in the place of a lost file is used at once, and no log of the old one spoils it."""
    path, spare = tmp_path / "penstock.db", tmp_path / "spare.db"
    backup = Database(spare)
    put(backup, "backup")
    backup.close()
    database = Database(path)
    put(database, "lost")
    spare.replace(path)
    put(database, "new")
    assert found(database) == ["backup", "new"]
    database.close()
    assert files.sound(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Some other file at the path is left as it is."""
    path = tmp_path / "penstock.db"
    path.write_text("This is a diary.\n" * 100)
    with pytest.raises(Unavailable) as caught:
        Database(path)
    assert caught.value.kind == "damaged"
    assert path.read_text().startswith("This is a diary.")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """A database that holds somebody else's tables is left as it is."""
    path = tmp_path / "penstock.db"
    files.raw(path).execute("CREATE TABLE diary (entry)")
    with pytest.raises(Incompatible, match="another program"):
        Database(path)
    assert [row[0] for row in files.raw(path).execute("SELECT name FROM sqlite_schema")] == ["diary"]


def test_a_folder_that_is_missing_is_told_of(tmp_path: Path) -> None:
    """The path that cannot be made is named."""
    with pytest.raises(Unavailable, match=r"no/penstock\.db cannot be made: No such file"):
        Database(tmp_path / "no" / "penstock.db")


def test_a_folder_that_cannot_be_written_is_told_of(folder_of_nobody: Path) -> None:
    """In a folder that is read only no database is made, and the reason is said."""
    folder_of_nobody.chmod(0o500)
    with pytest.raises(Unavailable, match="cannot be made: Permission denied"):
        Database(folder_of_nobody / "penstock.db")


def test_a_file_that_became_read_only_is_told_of(folder_of_nobody: Path) -> None:
    """A database that may only be read refuses changes by name, and is still read."""
    path = folder_of_nobody / "penstock.db"
    Database(path).close()
    path.chmod(0o400)
    database = Database(path)
    with pytest.raises(Unavailable) as caught:
        put(database, "a")
    assert caught.value.kind == "read_only"
    assert found(database) == []
    database.close()
