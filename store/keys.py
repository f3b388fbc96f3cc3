"""The keys of callers: made, listed, found by the hash of their secret, blocked, rotated (feature G2).

The secret itself is never here. A change is made inside `audit.changing`, which writes down who made it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import apsw
import msgspec

from store.audit import Change
from store.errors import Conflict, Unknown
from store.paging import Page, after, page_of
from store.rows import BELOW, Key, Standing, inserting, read, selected

_SELECT: Final = f"SELECT {selected(Key)} FROM keys"
_INSERT: Final = inserting("keys", Key)
_UPDATE: Final = (
    "UPDATE keys SET digest = :digest, name = :name, role = :role, state = :state, owner = :owner, "
    "expires = :expires, former_digest = :former_digest, former_until = :former_until, settings = :settings "
    "WHERE id = :id"
)
# What a change may set. The rest has a function of its own, or stays as it was made.
CHANGEABLE: Final = frozenset(("name", "role", "owner", "expires", "settings"))


def standing(key: Key, now: int) -> Standing:
    """The state of a key at a time: what was set, or that it has expired."""
    if key.state == "active" and 0 < key.expires <= now:
        return "expired"
    return key.state


def create(change: Change, key: Key) -> None:
    """Keep a new key. Raises Conflict when its id or its secret is taken, or its owner is not there."""
    change.connection.execute(_INSERT, msgspec.structs.astuple(key))
    change.record("key.create", key.id, None, key)


def update(change: Change, identity: str, fields: Mapping[str, Any]) -> Key:
    """Set some of name, role, owner, expiry and settings. Raises Unknown, and Conflict for anything else."""
    foreign = fields.keys() - CHANGEABLE
    if foreign:
        raise Conflict(f"{min(foreign)} of a key cannot be set")
    return _replace(change, "key.update", identity, dict(fields))


def block(change: Change, identity: str) -> Key:
    """Shut a key out until it is unblocked. Raises Conflict for one that was revoked."""
    return _replace(change, "key.block", identity, {"state": "blocked"})


def unblock(change: Change, identity: str) -> Key:
    """Let a blocked key in again. Raises Conflict for one that was revoked."""
    return _replace(change, "key.unblock", identity, {"state": "active"})


def revoke(change: Change, identity: str) -> Key:
    """Shut a key out for ever. What it used stays in the ledger."""
    return _replace(change, "key.revoke", identity, {"state": "revoked"})


def rotate(change: Change, identity: str, digest: bytes, until: int) -> Key:
    """Give a key a new secret; the former one opens until then. Name, usage and budgets go on."""
    former = of(change.connection, identity).digest
    fields = {"digest": digest, "former_digest": former, "former_until": until}
    return _replace(change, "key.rotate", identity, fields)


def touch(connection: apsw.Connection, used: Iterable[tuple[str, int]]) -> None:
    """Note when keys were last used: many at once, from time to time. No change that anybody made."""
    connection.executemany(
        "UPDATE keys SET last_used = max(last_used, ?2) WHERE id = ?1", ((name, at) for name, at in used)
    )


def of(connection: apsw.Connection, identity: str) -> Key:
    """The key with this public part. Raises Unknown."""
    for key in read(Key, connection.execute(f"{_SELECT} WHERE id = ?", (identity,)).fetchall()):
        return key
    raise Unknown("there is no key of this id")


def named(connection: apsw.Connection, name: str) -> list[Key]:
    """The keys that are called so, or have this id: names are not unique."""
    return list(read(Key, connection.execute(f"{_SELECT} WHERE name = ?1 OR id = ?1", (name,))))


def by_digest(connection: apsw.Connection, digest: bytes, now: int) -> Key | None:
    """The key that a secret with this hash opens at this time, whatever its state, if any."""
    found = connection.execute(
        f"{_SELECT} WHERE digest = ?1 OR (former_digest = ?1 AND former_until > ?2)", (digest, now)
    )
    return next(iter(list(read(Key, found))), None)


def everything(connection: apsw.Connection) -> Iterator[Key]:
    """Every key, whatever its state, one by one: whoever holds one that is blocked is told so."""
    return read(Key, connection.execute(_SELECT))


def page(
    connection: apsw.Connection, owner: str = "", cursor: str = "", limit: int = 100, under: str = ""
) -> Page[Key]:
    """The keys of one owner, or all, the oldest first; of those only who belong to one or to who is below."""
    created, identity = after(cursor, (-1, ""))
    found = connection.execute(
        f"{_SELECT} WHERE (created, id) > (?1, ?2) AND (?3 = '' OR owner = ?3) "
        f"AND (?4 = '' OR owner IN ({BELOW.format('?4')})) ORDER BY created, id LIMIT ?5",
        (created, identity, owner, under, limit + 1),
    )
    return page_of(list(read(Key, found)), limit, lambda key: (key.created, key.id))


def _replace(change: Change, action: str, identity: str, fields: dict[str, Any]) -> Key:
    before = of(change.connection, identity)
    if before.state == "revoked":
        raise Conflict("this key was revoked, for ever")
    key = msgspec.structs.replace(before, **fields)
    change.connection.execute(_UPDATE, msgspec.structs.asdict(key))
    change.record(action, identity, before, key)
    return key
