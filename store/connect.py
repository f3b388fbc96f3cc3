"""The database: one writer, some readers, each connection set up by one hook (feature S1).

A `Database` is used by threads, never by an event loop: everything here may wait. Whoever writes holds the
only writing connection for one transaction; whoever reads sees the state of one moment, and neither waits for
the other. The file is watched: when it has been taken away nothing is written into the void, and when another
one stands in its place that one is opened.
"""

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import apsw

from store.errors import Incompatible, Unavailable, translated
from store.migrate import migrate
from store.transaction import transaction

MEMORY: Final = ":memory:"
PATIENCE: Final = 5.0  # seconds that a change waits for another one
GLANCE: Final = 0.5  # and a start for a look at what is there
READERS_KEPT: Final = 4
TRIES: Final = 200
# A log that grew in a rush is cut back to this when it starts anew.
LOG_LIMIT: Final = 64 * 1024 * 1024
_numbers: Final = itertools.count(1)

# What every database begins with, but an empty one (sqlite.org/fileformat2.html#magic_header_string).
MAGIC: Final = b"SQLite format 3\0"
# What stands beside a database that is open: its log and the index of that.
BESIDE: Final = ("-wal", "-shm")

Identity = tuple[int, int]
# For who asks the tables without knowing what is underneath.
Connection = apsw.Connection


class _Opening(threading.local):
    """How long this thread waits for a connection that it opens: what is set up below reads the file."""

    patience = PATIENCE


_opening: Final = _Opening()


def practise(connection: apsw.Connection) -> None:
    """What SQLite recommends and does not do by itself, applied to every connection of this process.

    These are the practices of apsw.bestpractice; importing that costs every start 40 ms (July 2026).
    """
    connection.set_busy_timeout(int(_opening.patience * 1000))
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.pragma("foreign_keys", "on")
    connection.pragma("recursive_triggers", "on")
    # In a write-ahead log this loses no commit to a kill, and none but the last to a loss of power.
    connection.pragma("synchronous", "normal")
    connection.pragma("journal_size_limit", LOG_LIMIT)


apsw.connection_hooks.append(practise)


class Database:
    """One database file, or a database in memory that ends with this object.

    A file that is missing is made, for its owner only, and brought to the schema of this version.
    Raises Unavailable when it cannot be opened, and Incompatible when it is not ours or from the future: not
    `at_once` means whenever it is used, until it could be opened.
    """

    __slots__ = ("_beside", "_flags", "_identity", "_idle", "_lock", "_name", "_writer", "path")

    def __init__(self, path: str | os.PathLike[str], *, at_once: bool = True) -> None:
        self.path = os.fspath(path)
        self._lock = threading.Lock()
        self._idle: list[apsw.Connection] = []
        self._writer: apsw.Connection | None = None
        self._identity: Identity | None = None
        self._beside: dict[str, Identity | None] = {}
        self._name = self.path
        self._flags = apsw.SQLITE_OPEN_READWRITE
        if self.in_memory:
            # A name that begins with a slash is shared by the connections of one process.
            self._name = f"file:/penstock-{next(_numbers)}?vfs=memdb"
            self._flags |= apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_CREATE
        if at_once:
            self.open()

    def open(self, patience: float = PATIENCE) -> None:
        """Open it where it is not open; wait so long for who has it. Raises as the class says."""
        with self._lock, translated():
            self._current(patience)

    @property
    def is_open(self) -> bool:
        """Whether it could be opened."""
        return self._writer is not None

    @property
    def in_memory(self) -> bool:
        """Whether there is no file."""
        return self.path == MEMORY

    @contextmanager
    def writing(self, patience: float = PATIENCE) -> Iterator[apsw.Connection]:
        """The writing connection, inside a transaction. Raises Unavailable after so many seconds."""
        if not self._lock.acquire(timeout=patience):
            raise Unavailable("busy", "the database is busy with another change of this process")
        try:
            with translated():
                writer = self._current(patience)
                writer.set_busy_timeout(int(patience * 1000))
                with transaction(writer, "BEGIN IMMEDIATE"):
                    yield writer
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """A connection that sees one moment of the database, and cannot change it."""
        with translated():
            reader = self._reader()
            identity = self._identity
            try:
                with transaction(reader, "BEGIN"):
                    yield reader
            finally:
                if identity == self._identity and len(self._idle) < READERS_KEPT:
                    self._idle.append(reader)
                else:
                    reader.close()

    def close(self) -> None:
        """Close every connection that is not in use. The planner's figures are brought up to date before."""
        with self._lock, translated():
            if self._writer is not None:
                with suppress(apsw.Error):
                    self._writer.set_busy_timeout(0)
                    self._writer.pragma("analysis_limit", 400)
                    self._writer.pragma("optimize")
            self._shut()

    def _open(self, patience: float) -> None:
        self._identity = _identity_of(self.path) if not self.in_memory else None
        writer = _connected(self._name, self._flags, patience)
        try:
            _log_ahead(writer, patience)
            migrate(writer)
        except BaseException:
            writer.close()
            raise
        self._writer = writer
        self._beside = {self.path + end: _identity_of(self.path + end) for end in BESIDE}

    def _shut(self) -> None:
        idle, self._idle = self._idle, []
        for connection in (*idle, self._writer):
            if connection is not None:
                connection.close()
        self._writer = None

    def _current(self, patience: float = PATIENCE) -> apsw.Connection:
        """The writer to the file that stands at the path now; asked with the lock held.

        A file that was removed or replaced while it is open would take every write and keep none of them.
        """
        if self._writer is not None and (self.in_memory or _identity_of(self.path) == self._identity):
            return self._writer
        self._shut()
        self._sweep()
        if self._identity is None and not self.in_memory:
            _make(self.path)
        elif not self.in_memory and _identity_of(self.path) is None:
            raise Unavailable("missing", "the database file is no longer there")
        self._open(patience)
        assert self._writer is not None
        return self._writer

    def _sweep(self) -> None:
        """Remove what is left beside a file that is gone.

        SQLite leaves it there, and would apply the log to whatever database is put in that place
        (sqlite.org/howtocorrupt.html, 1.4).
        """
        for name, identity in self._beside.items():
            if identity is not None and _identity_of(name) == identity:
                Path(name).unlink()
        self._beside = {}

    def _reader(self) -> apsw.Connection:
        gone = not self.in_memory and _identity_of(self.path) != self._identity
        if gone or self._writer is None:
            with self._lock:
                self._current()
        with suppress(IndexError):
            return self._idle.pop()
        reader = apsw.Connection(self._name, flags=self._flags)
        reader.pragma("query_only", "on")
        return reader


def _connected(name: str, flags: int, patience: float) -> apsw.Connection:
    _opening.patience = patience
    try:
        return apsw.Connection(name, flags=flags)
    finally:
        _opening.patience = PATIENCE


def examine(path: str) -> None:
    """Open a database and close it: whether it is one of ours. Raises as `Database` does, and soon."""
    with suppress(OSError), Path(path).open("rb") as file:
        head = file.read(len(MAGIC))
        if head and head != MAGIC:
            raise Incompatible("this file is no database; name another path for the store")
    database = Database(path, at_once=False)
    database.open(GLANCE)
    database.close()


def _make(path: str) -> None:
    # Only when it is missing: to close another descriptor of an open database would drop its locks.
    if _identity_of(path) is not None:
        return
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unavailable("missing", f"{path} cannot be made: {error.strerror}") from error


def _identity_of(path: str) -> Identity | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _log_ahead(connection: apsw.Connection, patience: float) -> None:
    """Turn the write-ahead log on; where there is none (in memory, read only) the journal stays as it is.

    Who meets another process doing the same is told at once that it is busy, whatever the patience.
    """
    if connection.readonly("main") or connection.pragma("journal_mode") == "wal":
        return
    for left in reversed(range(TRIES)):
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            if not left:
                raise
            time.sleep(patience / TRIES)
        else:
            return
