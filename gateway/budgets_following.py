"""What everybody spent, brought in from the database: all of it before the first request, then every second.

Other workers write there too, so what is in use here is asked for again and again, off the loop. A database
that cannot be read leaves what is known as it is; what is spent here counts at once in any case.
"""

import asyncio
from contextlib import suppress
from typing import Final

from gateway.budgets import Budgets, Place
from gateway.budgets_purse import MILLISECONDS
from gateway.journal import Journal
from store import budgets as table
from store.connect import Database
from store.errors import StoreError
from store.rows import Spent

LOOK: Final = 1.0  # seconds between two looks


class Following:
    """Of one worker. `loaded`: what was spent before the start is known."""

    __slots__ = ("_budgets", "_database", "_journal", "_told", "_watching", "loaded")

    def __init__(self, budgets: Budgets, database: Database, journal: Journal) -> None:
        self._budgets = budgets
        self._database = database
        self._journal = journal
        self._watching: asyncio.Task[None] | None = None
        self.loaded = self._told = False

    async def open(self, patience: float) -> None:
        """Take in what was spent, waiting so many seconds for that, and follow what is."""
        first = asyncio.ensure_future(self.look())
        await asyncio.wait([first], timeout=patience)
        self._watching = asyncio.get_running_loop().create_task(self._watch(first))

    async def look(self) -> None:
        """Bring in what the database has."""
        try:
            if not self.loaded:
                self._budgets.load(
                    await asyncio.to_thread(_everything, self._database, self._budgets.since())
                )
                self.loaded = True
            elif places := self._budgets.in_use():
                self._budgets.learn(await asyncio.to_thread(_some, self._database, places))
        except StoreError as error:
            self._lose(error)

    async def close(self) -> None:
        """Follow no more."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching

    async def _watch(self, first: "asyncio.Future[None]") -> None:
        await first
        while not (self.loaded and self._database.in_memory):  # that has nobody else
            await asyncio.sleep(LOOK)
            await self.look()

    def _lose(self, error: StoreError) -> None:
        if not self.loaded and not self._told:
            self._told = True
            words = "what was spent before the start is not known until it can be"
            self._journal.say("error", f"store: budgets cannot be read ({error}); {words}")


def _everything(database: Database, since: float) -> list[Spent]:
    with database.reading() as connection:
        return table.since(connection, int(since) * MILLISECONDS)


def _some(database: Database, places: list[Place]) -> list[Spent]:
    with database.reading() as connection:
        return table.spent(connection, places)
