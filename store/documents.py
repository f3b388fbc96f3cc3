"""Documents that are set while running: the routes, the settings. Every version is kept (feature G12)."""

from typing import Final

import apsw
import msgspec

from store.audit import Change
from store.errors import Conflict
from store.rows import Document, inserting, read, selected

_SELECT: Final = f"SELECT {selected(Document)} FROM documents"
_INSERT: Final = inserting("documents", Document)


def put(change: Change, name: str, body: str, after: int) -> Document:
    """Keep a new version, made from version `after` (0: none). Raises Conflict when it is not the latest."""
    before = latest(change.connection, name)
    have = 0 if before is None else before.version
    if have != after:
        raise Conflict(f"{name} is at version {have}, the change was made from {after}: look at it again")
    document = Document(name, have + 1, body, change.at, change.actor)
    change.connection.execute(_INSERT, msgspec.structs.astuple(document))
    change.record("document.put", name, before, document)
    return document


def latest(connection: apsw.Connection, name: str) -> Document | None:
    """The version that holds now; None when there is none."""
    found = connection.execute(f"{_SELECT} WHERE name = ? ORDER BY version DESC LIMIT 1", (name,))
    return next(iter(list(read(Document, found))), None)


def versions(connection: apsw.Connection, name: str, limit: int = 100) -> list[Document]:
    """The latest versions of a document, the newest first."""
    return list(read(Document, connection.execute(_VERSIONS, (name, limit))))


_VERSIONS: Final = f"{_SELECT} WHERE name = ? ORDER BY version DESC LIMIT ?"
