"""A copy of the database while it is in use: whole, of one moment, and checked (feature S5)."""

import os
from pathlib import Path
from typing import Final

import apsw

from store.connect import Database
from store.errors import Conflict, Unavailable, translated

STEP: Final = 256  # pages: between two steps others get their turn at the disk


def backup(database: Database, target: Path) -> int:
    """Copy the database to a file that is not there yet. Returns its size in bytes.

    Nobody waits for it: it reads one moment, and writers go on. Raises Conflict when the file is there.
    """
    if target.exists():
        raise Conflict(f"{target} is there already; a backup never replaces a file")
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        _copy(database, unfinished)
        _settle(unfinished)
        unfinished.rename(target)
    except OSError as error:
        raise Unavailable("failing", f"{target} cannot be written: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(database: Database, unfinished: Path) -> None:
    with database.reading() as source, translated():
        source.execute("SELECT 1 FROM sqlite_schema").fetchall()  # the moment that is copied begins here
        copy = apsw.Connection(str(unfinished), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            _fill(copy, source)
        finally:
            copy.close()


def _fill(copy: apsw.Connection, source: apsw.Connection) -> None:
    """Raises Unavailable when the copy is not sound."""
    with copy.backup("main", source, "main") as work:
        while not work.done:
            work.step(STEP)
    copy.pragma("journal_mode", "delete")  # one file, without a log beside it
    ((verdict,),) = copy.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise Unavailable("damaged", f"the copy is not sound: {verdict}")


def _settle(path: Path) -> None:
    """Bring a file to the disk before it is called a backup."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
