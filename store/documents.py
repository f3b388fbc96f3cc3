"""Documents that are set while running: the routes, the settings. Every version is kept (feature G12)."""

from typing import Final

import apsw
import msgspec

from store.audit import Change
from store.errors import Conflict, Unknown
from store.paging import LAST, Page, after, page_of
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


def version(connection: apsw.Connection, name: str) -> int:
    """The number of the version that holds now; 0 where there is none."""
    ((number,),) = connection.execute(
        "SELECT coalesce(max(version), 0) FROM documents WHERE name = ?", (name,)
    ).fetchall()
    assert isinstance(number, int)
    return number


def of(connection: apsw.Connection, name: str, version: int) -> Document:
    """One version of a document. Raises Unknown."""
    found = connection.execute(f"{_SELECT} WHERE name = ? AND version = ?", (name, version))
    for document in list(read(Document, found)):
        return document
    raise Unknown(f"{name} has no version {version}")


def page(connection: apsw.Connection, name: str, cursor: str = "", limit: int = 100) -> Page[Document]:
    """The versions of a document, the newest first."""
    (version,) = after(cursor, (LAST,))
    found = connection.execute(
        f"{_SELECT} WHERE name = ? AND version < ? ORDER BY version DESC LIMIT ?", (name, version, limit + 1)
    )
    return page_of(list(read(Document, found)), limit, lambda row: (row.version,))
