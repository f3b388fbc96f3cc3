"""Brings rows to the ledger while nobody waits for it (feature S2).

`Ledger.put` only leaves a row; a thread of our own gathers what comes within 0.4 seconds, or five hundred
rows, and commits them together: a kill loses what is younger than that. When the database cannot take them
(locked, full, gone, read only) they go to the spool and are brought in later, each exactly once; when the
disk cannot take those either they are held in memory until one of the two can. Only what is more than can be
held is lost, and counted. Between batches the thread keeps up the sums and the retention.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from store import budgets, ledger, retention, rollups
from store.connect import Database
from store.errors import Conflict, StoreError, Unfit
from store.rows import Attempt, fits, fitted
from store.spool import Spool

CHUNK: Final = 2000  # rows in one transaction
ROLL_EVERY: Final = 5.0  # seconds
RETAIN_EVERY: Final = 3600.0  # seconds


class Pace(msgspec.Struct, frozen=True):
    """How fast, how patient and how much; times in seconds.

    `wait` and `patience` together are how old a row can be that a kill still takes away.
    """

    batch: int = 500
    wait: float = 0.4
    patience: float = 0.2
    retry: float = 1.0
    most_queued: int = 10_000
    most_held: int = 100_000


class Counts(msgspec.Struct):
    """What has become of the rows, for the metrics. `held` are in memory because nothing takes them."""

    queued: int = 0
    written: int = 0
    spooled: int = 0
    replayed: int = 0
    held: int = 0
    lost: int = 0
    torn: int = 0
    troubled: bool = False
    trouble: str = ""


class Clock(msgspec.Struct, frozen=True):
    """The two times the thread goes by: seconds that only grow, and milliseconds since 1970."""

    seconds: Callable[[], float] = time.monotonic
    now: Callable[[], int] = lambda: time.time_ns() // 1_000_000


class Ledger:
    """The way into the ledger. Made once a process; closed at its end, which keeps all that was put."""

    __slots__ = (
        "_clock",
        "_closed",
        "_counts",
        "_database",
        "_ended",
        "_full",
        "_held",
        "_pace",
        "_queue",
        "_retain_at",
        "_retention",
        "_retry_at",
        "_roll_at",
        "_spool",
        "_thread",
        "_unrolled",
    )

    def __init__(
        self,
        database: Database,
        *,
        pace: Pace | None = None,
        kept_for: retention.Retention | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._pace = pace or Pace()
        self._retention = kept_for or retention.Retention()
        self._clock = clock or Clock()
        self._spool = None if database.in_memory else Spool(Path(f"{database.path}-spool"))
        self._queue: queue.SimpleQueue[Attempt | threading.Event | None] = queue.SimpleQueue()
        self._full = threading.Event()
        self._held: list[Attempt] = []
        self._counts = Counts()
        self._retry_at = self._roll_at = self._retain_at = 0.0
        self._unrolled = True
        self._closed = self._ended = False
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def put(self, attempt: Attempt) -> None:
        """Leave a row to be kept. Never waits and never raises."""
        waiting = self._queue.qsize() + 1
        if waiting < self._pace.batch and not self._closed:
            self._queue.put(attempt)
        else:
            self._put_crowded(attempt, waiting)

    def counts(self) -> Counts:
        """What has become of the rows so far."""
        return msgspec.structs.replace(self._counts, queued=self._queue.qsize(), held=len(self._held))

    def flush(self) -> None:
        """Wait until all that was put is kept, and all that is due is done."""
        done = threading.Event()
        self._queue.put(done)
        self._full.set()
        while not done.wait(1.0) and self._thread.is_alive():
            pass

    def close(self) -> None:
        """Keep all that was put, in the database or in the spool, and end."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        self._full.set()
        self._thread.join()
        self._drain([])
        self._settle(last=True)  # what was put while the thread came to its end
        self._counts.lost += len(self._held)
        self._held.clear()
        if self._spool is not None:
            self._spool.close()

    def _put_crowded(self, attempt: Attempt, waiting: int) -> None:
        """A row that finds many before it: it wakes the thread, or goes to the spool past those that wait.

        The second is a write to a file, without waiting for the disk: what a line in a log costs.
        """
        if (waiting > self._pace.most_queued or self._closed) and self._spool is not None:
            try:
                self._spool.append((attempt,))
            except OSError as error:
                self._troubled(error)
            else:
                self._counts.spooled += 1
                return
        if self._closed or waiting > self._pace.most_queued + self._pace.most_held:
            self._counts.lost += 1
            return
        self._queue.put(attempt)
        if not self._full.is_set():
            self._full.set()

    def _run(self) -> None:
        while True:
            flushed = self._gather()
            try:
                self._settle(last=self._closed)
                while self._tend() and flushed:
                    pass
            except Exception as error:  # noqa: BLE001  # the thread outlives whatever it meets; rows are held
                self._troubled(error)
            for done in flushed:
                done.set()
            if self._ended:
                return

    def _gather(self) -> list[threading.Event]:
        """Wait for rows, take them and those that come soon after. Returns who waits for them to be kept."""
        flushed: list[threading.Event] = []
        try:
            first = self._queue.get(timeout=self._pause())
        except queue.Empty:
            return flushed
        self._take(first, flushed)
        if not flushed and not self._ended:
            self._full.wait(self._pace.wait)
        self._full.clear()
        self._drain(flushed)
        return flushed

    def _drain(self, flushed: list[threading.Event]) -> None:
        get, hold = self._queue.get_nowait, self._held.append
        with suppress(queue.Empty):
            while True:
                found = get()
                if type(found) is Attempt:
                    hold(found)
                else:
                    self._take(found, flushed)

    def _take(self, found: Attempt | threading.Event | None, flushed: list[threading.Event]) -> None:
        if found is None:
            self._ended = True
        elif isinstance(found, threading.Event):
            flushed.append(found)
        else:
            self._held.append(found)

    def _pause(self) -> float:
        """How long the thread may sleep when no row comes."""
        waits = self._held or (self._spool is not None and self._spool.worth_a_look)
        if waits or self._counts.troubled:
            return self._pace.retry
        return ROLL_EVERY if self._unrolled else RETAIN_EVERY

    def _settle(self, *, last: bool) -> None:
        """Bring what is held to the database, else to the spool, else hold on to it."""
        while self._held and (last or self._clock.seconds() >= self._retry_at):
            try:
                self._keep(self._held[:CHUNK])
            except StoreError as error:
                self._retry_at = self._clock.seconds() + self._pace.retry
                self._troubled(error)
                break
            del self._held[:CHUNK]
        if self._held:
            self._put_aside()

    def _put_aside(self) -> None:
        if self._spool is not None:
            try:
                self._spool.append(self._held)
                self._counts.spooled += len(self._held)
                self._held.clear()
                self._spool.sync()
            except OSError as error:
                self._troubled(error)
        excess = len(self._held) - self._pace.most_held
        if excess > 0:
            self._counts.lost += excess
            del self._held[-excess:]

    def _keep(self, rows: Sequence[Attempt]) -> None:
        """Write rows, and what they take from budgets, in one transaction."""
        if not all(map(fits, rows)):
            rows = [fitted(row) for row in rows]
        try:
            self._insert(rows)
        except (Conflict, Unfit):
            for row in rows:
                self._keep_unfit(row)

    def _keep_unfit(self, row: Attempt) -> None:
        """One of a batch of which some cannot be kept as they are. What fits nowhere stops no other."""
        try:
            self._insert((fitted(row),))
        except (Conflict, Unfit) as error:
            self._counts.lost += 1
            self._troubled(error)

    def _insert(self, rows: Sequence[Attempt]) -> None:
        with self._database.writing(self._pace.patience) as connection:
            kept = ledger.insert(connection, rows)
            budgets.add(connection, (charge for row in kept for charge in row.charges))
        self._counts.written += len(kept)
        self._counts.troubled = False
        self._unrolled = True

    def _tend(self) -> bool:
        """One short piece of what else is to be done. Returns whether more is due."""
        if self._clock.seconds() < self._retry_at:
            return False
        try:
            self._recover()
            return self._replay() or self._roll() or self._retain()
        except StoreError as error:
            self._retry_at = self._clock.seconds() + self._pace.retry
            self._troubled(error)
            return False

    def _recover(self) -> None:
        """Find out that the database can be written again, where no row comes that would."""
        if self._counts.troubled:
            with self._database.writing(self._pace.patience):
                self._counts.troubled = False

    def _replay(self) -> bool:
        """Bring one file of the spool into the database."""
        if self._spool is None or not self._spool.worth_a_look:
            return False
        found = self._spool.take()
        if found is None:
            return False
        try:
            for chunk in _chunks(found.rows):
                self._keep(chunk)
        except BaseException:
            found.leave()
            raise
        self._counts.replayed += len(found.rows)
        self._counts.torn += found.torn
        found.done()
        return True

    def _roll(self) -> bool:
        if not self._unrolled or self._clock.seconds() < self._roll_at:
            return False
        with self._database.writing(self._pace.patience) as connection:
            more = rollups.roll(connection)
        if not more:
            self._unrolled = False
            self._roll_at = self._clock.seconds() + ROLL_EVERY
        return more

    def _retain(self) -> bool:
        if self._clock.seconds() < self._retain_at:
            return False
        with self._database.writing(self._pace.patience) as connection:
            more = retention.delete_step(connection, self._clock.now(), self._retention)
        if not more:
            self._retain_at = self._clock.seconds() + RETAIN_EVERY
            if self._spool is not None:
                self._spool.worth_a_look = True  # another worker may have died
        return more

    def _troubled(self, error: Exception) -> None:
        self._counts.troubled = True
        self._counts.trouble = f"{type(error).__name__}: {error}"


def _chunks(rows: Sequence[Attempt]) -> Iterator[Sequence[Attempt]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
