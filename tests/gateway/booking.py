"""Houses that keep a ledger, and what is in it when they are closed."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.settings import Settings, StoreSettings
from store import ledger
from store.connect import Database
from store.rows import Attempt

FILE = "kept.db"


def keeping(given: Settings, folder: Path) -> Settings:
    """The same settings, with a store in this folder."""
    return msgspec.structs.replace(given, store=StoreSettings(path=str(folder / FILE)))


def rows(folder: Path) -> list[Attempt]:
    """The rows of its ledger, in the order in which they were written."""
    database = Database(folder / FILE)
    with database.reading() as connection:
        found = ledger.page(connection, limit=100_000).rows
    database.close()
    return [one.attempt for one in reversed(found)]


def told(folder: Path, *names: str) -> list[tuple[object, ...]]:
    """Of each row these fields."""
    field: Callable[[Attempt, str], object] = getattr
    return [tuple(field(row, name) for name in names) for row in rows(folder)]
