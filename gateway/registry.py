"""The keys and prices of the store, followed: a snapshot in memory, and what changes a moment later.

Whatever is changed is written down in the audit in the same transaction, so its last number says whether
there is anything to read, and its rows what. That is looked at all the time, off the loop, and at once when
this process has changed something itself (`refresh`). A database that cannot be read leaves the snapshot as
it is: keys that opened go on doing so. When keys were used is written back from time to time.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, Protocol
from weakref import WeakSet

import msgspec

from gateway import settings
from gateway.caller import Caller, Scope
from gateway.configuration.prices import price_by_hand
from gateway.configuration.problems import ConfigurationError
from gateway.journal import Journal
from gateway.prices import Hand
from gateway.registry_snapshot import Found, Snapshot
from store import audit, keys, prices, principals
from store.audit import News
from store.connect import Database
from store.errors import StoreError, Unknown
from store.rows import Key, Price, Principal

# Seconds between two looks at the audit, so that a change is everywhere within one. A look takes 0.15 ms.
LOOK: Final = 0.8
WRITE_BACK: Final = 30.0  # seconds between two writings of when keys were used
# After more changes than this, everything is read anew.
MOST: Final = 1000
START: Final = News(-1, 0, "", "")
EMPTY: Final = News(0, 0, "", "")
PRICE: Final = "price"
SOURCE: Final = "store"
PRINCIPALS: Final = frozenset(principals.RANKS)


class Forgetful(Protocol):
    """Whoever remembers what was found here."""

    def clear(self) -> int:
        """Forget it."""


class Changes(msgspec.Struct):
    """What was read: all there is, as a snapshot, or what has changed since."""

    mark: News
    whole: Snapshot | None = None
    keys: list[Key] = []
    principals: list[Principal] = []
    gone: list[str] = []
    prices: list[Price] | None = None

    @property
    def any(self) -> bool:
        """Whether anything is other than before."""
        return self.whole is not None or bool(self.keys or self.principals or self.gone)


class Registry:
    """Of one worker. `loaded`: there was a snapshot; `synchronised`: the last look found the database."""

    __slots__ = (
        "_by_hand",
        "_calendar",
        "_database",
        "_journal",
        "_lock",
        "_mark",
        "_told",
        "_used",
        "_watching",
        "_written",
        "loaded",
        "rememberers",
        "snapshot",
        "synchronised",
    )

    def __init__(
        self,
        database: Database,
        journal: Journal,
        calendar: Callable[[], float] = time.time,
        by_hand: Hand | None = None,
    ) -> None:
        self._by_hand = by_hand or Hand()
        self._database = database
        self._journal = journal
        self._calendar = calendar
        self._lock = asyncio.Lock()
        self._mark = START
        self._used: dict[str, int] = {}
        self._written = 0.0
        self._watching: asyncio.Task[None] | None = None
        self.snapshot = Snapshot()
        self.rememberers: WeakSet[Forgetful] = WeakSet()
        self.loaded = self.synchronised = self._told = False

    async def open(self, patience: float) -> None:
        """Take the first snapshot, waiting so many seconds for it, and follow what changes from then on."""
        first = asyncio.ensure_future(self.refresh())
        await asyncio.wait([first], timeout=patience)
        if self.loaded and not len(self.snapshot):
            self._journal.say("info", "store: there is no key yet; `penstock keys create NAME` makes one")
        self._watching = asyncio.get_running_loop().create_task(self._watch(first))

    async def refresh(self) -> None:
        """Bring in whatever was changed so far. Whoever has changed something calls it, and it holds here."""
        async with self._lock:
            try:
                changes = await asyncio.to_thread(read_changes, self._database, self._mark)
            except StoreError as error:
                self._lose(error)
                return
            self._take(changes)

    def find(self, credential: bytes, everybody: Scope) -> Found | None:
        """Who carries a key, or why it does not open; None where nobody knows it."""
        now = int(self._calendar() * 1000)
        found = self.snapshot.find(credential, everybody, now)
        if found is not None and isinstance(found.said, Caller):
            self._used[found.key_id] = now
        return found

    def seconds_until(self, moment: float) -> float:
        """How long it is until a time in milliseconds since 1970."""
        return moment / 1000 - self._calendar()

    async def write_back(self) -> None:
        """Write down when keys were used; where that cannot be done now, later."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await asyncio.to_thread(touch, self._database, list(used.items()))
        except StoreError:
            self._used = used | self._used

    async def close(self) -> None:
        """Follow no more, and write down what was used until now."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            await self.write_back()

    async def _watch(self, first: "asyncio.Future[None]") -> None:
        await asyncio.wait([first])
        loop = asyncio.get_running_loop()
        self._written = loop.time()
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  # whatever it was, the next look may go well
                self._lose(error)
            if loop.time() - self._written >= WRITE_BACK:
                self._written = loop.time()
                await self.write_back()

    def _take(self, changes: Changes) -> None:
        if changes.whole is not None:
            self.snapshot = changes.whole
        self.snapshot.put_keys(changes.keys)
        self.snapshot.put_principals(changes.principals)
        self.snapshot.drop(changes.gone)
        if changes.prices is not None:
            self._by_hand.set(self._priced(changes.prices))
        self._mark = changes.mark
        if self._told and not self.synchronised:
            self._journal.say("info", "store: keys are up to date again")
        self.loaded = self.synchronised = True
        if changes.any:
            for one in self.rememberers:
                one.clear()

    def _priced(self, rows: list[Price]) -> dict[str, settings.Price]:
        """Prices that were set by hand; one that cannot be read is said, and is none."""
        found = {}
        for row in rows:
            try:
                found[f"{row.provider}/{row.model}"] = price_by_hand(row.body, SOURCE)
            except ConfigurationError as error:
                self._journal.say("error", f"store: the price of {row.provider}/{row.model}: {error}")
        return found

    def _lose(self, error: Exception) -> None:
        if self.synchronised or not self._told:
            self._told = True
            words = "keys stay as they are" if self.loaded else "no key of the store opens until it can be"
            self._journal.say("error", f"store: keys cannot be read ({error}); {words}")
        self.synchronised = False


def read_changes(database: Database, mark: News) -> Changes:
    """What has changed since a number of the audit; everything, where that is nothing to go by. It may wait.

    Where the row of that number is another now, the database is.
    """
    with database.reading() as connection:
        news = audit.since(connection, mark.number, MOST)
        if mark == EMPTY and not news:
            return Changes(mark)
        if mark == START or not news or news[0] != mark or len(news) == MOST:
            return _everything(connection)
        changes = Changes(news[-1])
        for kind, subject in dict.fromkeys((one.kind, one.subject) for one in news[1:]):
            _read_again(connection, kind, subject, changes)
        return changes


def _read_again(connection: Any, kind: str, subject: str, changes: Changes) -> None:
    try:
        if kind == "key":
            changes.keys.append(keys.of(connection, subject))
        elif kind in PRINCIPALS:
            changes.principals.append(principals.of(connection, subject))
        elif kind == PRICE:
            changes.prices = prices.every(connection)
    except Unknown:
        changes.gone.append(subject)


def _everything(connection: Any) -> Changes:
    whole = Snapshot()
    whole.put_principals(principals.everything(connection))
    whole.put_keys(keys.everything(connection))
    return Changes(audit.last(connection), whole, prices=prices.every(connection))


def touch(database: Database, used: Iterable[tuple[str, int]]) -> None:
    """Note when keys were last used. It may wait."""
    with database.writing() as connection:
        keys.touch(connection, used)
