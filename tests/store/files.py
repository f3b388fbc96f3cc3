"""Database files for the tests of the store, and what is done to them behind its back."""

from pathlib import Path

import apsw

from store.connect import Database


def raw(path: Path) -> apsw.Connection:
    """A connection as somebody else would open it."""
    return apsw.Connection(str(path))


def lock(path: Path) -> apsw.Connection:
    """Somebody else, who is in the middle of a change and does not come to an end."""
    other = raw(path)
    other.execute("BEGIN IMMEDIATE")
    return other


def shut(path: Path) -> apsw.Connection:
    """Somebody else, who lets nobody even read."""
    other = raw(path)
    other.pragma("locking_mode", "exclusive")
    other.execute("BEGIN EXCLUSIVE")
    return other


def fill(database: Database) -> None:
    """Let no page be added to a database any more: what SQLite says then is what it says on a full disk."""
    with database.writing() as connection:
        connection.execute("CREATE TABLE ballast (x)")
        connection.execute("INSERT INTO ballast VALUES (zeroblob(10000))")
        pages = connection.pragma("page_count")
    with database.writing() as connection:
        connection.pragma("max_page_count", pages)


def empty(database: Database) -> None:
    """Let pages be added again."""
    with database.writing() as connection:
        connection.pragma("max_page_count", 1 << 30)


def sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    return [tuple(row) for row in raw(path).execute("PRAGMA integrity_check")] == [("ok",)]
