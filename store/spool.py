"""Where rows of the ledger wait on disk while the database cannot take them: files of JSON Lines beside it.

Each process appends to a file of its own, which it holds locked (flock). A file that nobody holds is one that
was closed, or whose process has died; whoever finds it may bring its rows into the database, and only then
is it removed. A row that gets there twice is known by its id. The end of a file may be torn: a process was
killed while it wrote. Rows before the tear are whole, because each is one line.
"""

import fcntl
import itertools
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from store.rows import Attempt, fitted

SUFFIX: Final = ".jsonl"
LARGEST: Final = 1024 * 1024  # bytes of one file: so much is brought in at once
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Attempt).decode
_numbers: Final = itertools.count()


class Waiting(msgspec.Struct):
    """One file of rows that nobody else is at: its rows, and how many lines are none."""

    path: Path
    descriptor: int
    rows: list[Attempt]
    torn: int

    def done(self) -> None:
        """The rows are in the database: the file may go."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)

    def leave(self) -> None:
        """The rows are not in the database: the file stays for another time."""
        os.close(self.descriptor)


class Spool:
    """The files of one process, in a folder that is made when it is needed."""

    __slots__ = ("_current", "_lock", "_size", "folder", "worth_a_look")

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._current: tuple[Path, int] | None = None
        self._size = 0
        # Whether there may be rows: those of a process that died, to begin with.
        self.worth_a_look = True

    def append(self, rows: Iterable[Attempt]) -> None:
        """Write rows where a kill cannot reach them, all or none. Raises OSError when the disk cannot."""
        text = b"".join(map(_line, rows))
        with self._lock:
            _, descriptor = self._file()
            try:
                _write(descriptor, text)
            except OSError:
                os.ftruncate(descriptor, self._size)
                raise
            self._size += len(text)
            self.worth_a_look = True
            if self._size > LARGEST:
                self._end()

    def sync(self) -> None:
        """See to it that what was written outlives a loss of power, too. Nobody waits for the disk but we."""
        with self._lock:
            copy = None if self._current is None else os.dup(self._current[1])
        if copy is not None:
            try:
                os.fsync(copy)
            finally:
                os.close(copy)

    def take(self) -> Waiting | None:
        """The rows of a file that nobody writes, to be brought in; None when there is no such file."""
        with self._lock:
            self._end()
            self.worth_a_look = False
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                if _claimed(descriptor):
                    self.worth_a_look = True
                    return _read(path, descriptor)
        return None

    def close(self) -> None:
        """Let go of the file that is written; its rows are found at the next start."""
        with self._lock:
            self._end()
        with suppress(OSError):
            self.folder.rmdir()  # succeeds only when it is empty

    def _file(self) -> tuple[Path, int]:
        if self._current is None:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            path = self.folder / f"{os.getpid()}-{os.urandom(4).hex()}-{next(_numbers)}{SUFFIX}"
            hidden = path.with_suffix(".new")
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(hidden, flags, 0o600)
            # It gets its name when it is locked, so that nobody takes it for one that was left behind.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            hidden.rename(path)
            self._current, self._size = (path, descriptor), 0
        return self._current

    def _end(self) -> None:
        if self._current is not None:
            os.close(self._current[1])
            self._current = None


def _line(row: Attempt) -> bytes:
    try:
        return _encode(row) + b"\n"
    except UnicodeEncodeError:
        return _encode(fitted(row)) + b"\n"


def _write(descriptor: int, text: bytes) -> None:
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _claimed(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    return True


def _read(path: Path, descriptor: int) -> Waiting:
    rows, torn = [], 0
    for line in path.read_bytes().splitlines():
        try:
            rows.append(_decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            torn += 1
    return Waiting(path, descriptor, rows, torn)
