"""Routes that were set while running and stand in the store: laid over those of the file (features G12, X3).

Read by whoever may wait for the disk, never on the event loop. Who moves into them is `reload.py`.
"""

from contextlib import suppress
from typing import Final

import msgspec

from gateway.configuration.document import Routes
from store import documents
from store.connect import Database
from store.errors import StoreError

ROUTES: Final = "routes"


class Decrees:
    """Of one worker. `version` is that of the routes, 0 where none were set."""

    __slots__ = ("_database", "routes", "version")

    def __init__(self, database: Database) -> None:
        self._database = database
        self.version = 0
        self.routes = Routes()

    def read(self) -> None:
        """Read what is new. Waits for the disk; what cannot be read is as it was, and is tried again."""
        with suppress(StoreError), self._database.reading() as connection:
            if documents.version(connection, ROUTES) == self.version:
                return
            found = documents.latest(connection, ROUTES)
            if found is not None:
                self.routes = msgspec.json.decode(found.body, type=Routes)
                self.version = found.version
