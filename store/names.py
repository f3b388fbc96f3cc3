"""What the ids in the ledger are called: keys, users, projects, teams, organisations."""

from typing import Final

import apsw

from store import keys, principals
from store.errors import Unknown

KEY: Final = "key_id"


class Names:
    """Looks up what ids are called, each once."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str], str] = {}

    def of(self, dimension: str, identity: str) -> str:
        """What the key, or who stands above it, is called, by the column of the ledger; "" for nobody."""
        if not identity or not dimension.endswith("_id"):
            return ""
        place = (dimension, identity)
        if place not in self._known:
            self._known[place] = self._asked(*place)
        return self._known[place]

    def _asked(self, dimension: str, identity: str) -> str:
        try:
            if dimension == KEY:
                return keys.of(self._connection, identity).name
            return principals.of(self._connection, identity).name
        except Unknown:
            return ""
