"""Keys in a store, for tests: made, changed, and carried by a client."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.minting import Minted, mint
from gateway.settings import ServerSettings, Settings, StoreSettings
from store import keys, principals
from store.audit import Change, changing
from store.connect import Database
from store.rows import Key, Principal, PrincipalKind
from tests.gateway.indoors import DEMO, SILENT


class Desk:
    """Whoever makes and changes keys, in the same process or another."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @classmethod
    def at(cls, path: Path) -> "Desk":
        """A desk with a connection of its own."""
        return cls(Database(path))

    def change(self, do: Callable[[Change], object]) -> None:
        """One change."""
        with changing(self.database, "tests", 1) as change:
            do(change)

    def make(self, name: str, **fields: Any) -> Minted:
        """A new key."""
        minted = mint()
        self.change(lambda one: keys.create(one, Key(minted.id, minted.digest, name, **fields)))
        return minted

    def rotate(self, minted: Minted, until: int) -> Minted:
        """A new secret for a key."""
        again = mint(minted.id)
        self.change(lambda one: keys.rotate(one, minted.id, again.digest, until))
        return again

    def place(self, kind: PrincipalKind, name: str, parent: str | None = None, **fields: Any) -> str:
        """Somebody above keys, whose name is the id."""
        row = Principal(name, kind, parent, f"the {name}", **fields)
        self.change(lambda one: principals.create(one, row))
        return name

    def set(self, principal: str, **fields: Any) -> None:
        """Change somebody above keys."""
        self.change(lambda one: principals.update(one, principal, fields))

    def last_used(self, minted: Minted) -> int:
        """When a key was last used, as it is written down."""
        with self.database.reading() as connection:
            return keys.of(connection, minted.id).last_used


def stored(path: Path | str) -> Settings:
    """A house that wants keys, and has them in a store."""
    server = ServerSettings(keys_required=True)
    return Settings(server=server, providers=(DEMO,), store=StoreSettings(path=str(path)), log=SILENT)
