"""Names for what the store knows by ids: keys, users, projects, teams, organisations."""

from collections.abc import Sequence

from gateway.cli import Failure
from store import keys, principals
from store.connect import Connection
from store.errors import Unknown
from store.names import KEY
from store.rows import Key, Principal


def meant(connection: Connection, dimension: str, text: str) -> str:
    """The id that is meant by an id or a name; a word that nobody knows is left as it is."""
    if dimension == KEY:
        return _meant(text, [key.id for key in keys.named(connection, text)])
    if dimension.endswith("_id"):
        kind = dimension.removesuffix("_id")
        found = principals.named(connection, text)
        return _meant(text, [one.id for one in found if one.kind == kind])
    return text


def the_key(connection: Connection, text: str) -> Key:
    """The key of this id or name. Raises Failure when there is none, or several have the name."""
    identity = _meant(text, [key.id for key in keys.named(connection, text)])
    try:
        return keys.of(connection, identity)
    except Unknown:
        raise Failure(f"there is no key {text}; `penstock keys list` shows all") from None


def the_principal(connection: Connection, text: str) -> Principal:
    """The one of this id or name. Raises Failure when there is none, or several have the name."""
    identity = _meant(text, [one.id for one in principals.named(connection, text)])
    try:
        return principals.of(connection, identity)
    except Unknown:
        raise Failure(f"there is nobody called {text}; `penstock principals list` shows all") from None


def _meant(text: str, ids: Sequence[str]) -> str:
    """Ids go before names: what is no name is an id. Raises Failure when a name is that of several."""
    if text in ids or not ids:
        return text
    if len(ids) > 1:
        raise Failure(f"{text} is the name of {', '.join(ids)}: say which")
    return ids[0]
