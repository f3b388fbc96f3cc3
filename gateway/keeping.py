"""What a worker keeps on disk: the database, and the ledger's way into it. Loaded only where there is a path.

Everything of the store may wait for the disk, so nothing here calls it on the event loop but `Ledger.put`. A
database that cannot be used stops nobody: rows wait beside it, and it is tried again every second. The log
says when that begins and when it is over; `/readyz` says whether it is so.
"""

import asyncio
from typing import Final

import msgspec

from gateway.booking import Booking
from gateway.configuration.problems import ConfigurationError, Problem
from gateway.configuration.storing import MEMORY
from gateway.decrees import Decrees
from gateway.journal import Journal
from gateway.settings import StoreSettings
from store.connect import Database, examine
from store.errors import Incompatible, StoreError
from store.retention import Retention
from store.writer import Counts, Ledger, Pace


class Patience(msgspec.Struct, frozen=True):
    """Seconds that a start waits for the database: until it is open, and for each thing to be read then."""

    opening: float = 0.3
    reading: float = 0.5


# Where keys are asked for, whoever comes before they are read is told to come again: better a moment later.
FOR_KEYS: Final = Patience(1.0, 10.0)


def prove(settings: StoreSettings) -> None:
    """See that the file is one of ours, before anybody serves. Raises ConfigurationError where it is not.

    One that cannot be opened now is no reason not to serve.
    """
    if settings.path in ("", MEMORY):
        return
    try:
        examine(settings.path)
    except Incompatible as error:
        raise ConfigurationError([Problem("store.path", f"{settings.path}: {error}")]) from error
    except StoreError:
        pass


class Keeping:
    """Of one worker. `ledger` is there from `open` on, and `booking`, which writes to it."""

    __slots__ = (
        "_opening",
        "_pace",
        "_patience",
        "_settings",
        "_told",
        "booking",
        "database",
        "decrees",
        "journal",
        "ledger",
    )

    def __init__(
        self,
        settings: StoreSettings,
        journal: Journal,
        pace: Pace | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._pace = pace
        self._patience = patience or Patience()
        self.journal = journal
        self._told = False
        self._opening: asyncio.Task[None] | None = None
        self.database = Database(settings.path, at_once=False)
        self.decrees = Decrees(self.database)
        self.ledger: Ledger
        self.booking: Booking

    async def open(self) -> None:
        """Begin to take rows, and open the database where that can be done soon."""
        kept_for = Retention(raw=self._settings.keep_rows, sums=self._settings.keep_sums)
        self.ledger = Ledger(self.database, pace=self._pace, kept_for=kept_for)
        self.booking = Booking(self.ledger)
        self._opening = asyncio.get_running_loop().create_task(self._open())
        await asyncio.wait([self._opening], timeout=self._patience.opening)
        self.look()

    async def _open(self) -> None:
        try:
            await asyncio.to_thread(self.database.open)
        except StoreError as error:
            # The ledger goes on trying.
            self._tell(f"{type(error).__name__}: {error}")

    @property
    def patience(self) -> float:
        """Seconds that a start waits for something to be read: none where there is nothing to be read from.

        Whoever waits no longer goes on reading, and has it when the database opens.
        """
        return self._patience.reading if self.database.is_open else 0.0

    @property
    def persists(self) -> bool:
        """Whether what is used gets to the database."""
        return self.database.is_open and not self.ledger.counts().troubled

    @property
    def counts(self) -> Counts:
        """What has become of the rows of this worker."""
        return self.ledger.counts()

    def look(self) -> None:
        """Say in the log when the database cannot be used any more, and when it can again."""
        if not self.persists:
            self._tell(self.counts.trouble or "it does not answer")
        elif self._told:
            self._told = False
            self.journal.say("info", f"store: {self._settings.path} can be written again")

    def _tell(self, trouble: str) -> None:
        if not self._told:
            self._told = True
            words = f"store: {self._settings.path} cannot be used ({trouble}); usage waits beside it"
            self.journal.say("error", words)

    async def close(self) -> None:
        """Keep every row that was left, in the database or beside it."""
        if self._opening is not None:
            await self._opening
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self.ledger.close()
        self.database.close()
