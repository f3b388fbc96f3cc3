"""The keys of the store and who stands above them, in memory. Pure: no I/O, no loop and no clock.

A hundred thousand keys are kept, most of which nobody uses at any time: a row is packed into bytes, and read
when its key comes. Keys are found by their public part and then compared in full, so that a key that is
nearly right takes as long as one that is quite wrong.
"""

from collections.abc import Iterable
from functools import lru_cache
from hmac import compare_digest
from typing import Final

import msgspec

from adapters.fault import Fault
from gateway.caller import Caller, Scope, Shut, binding
from gateway.grants import Grants, Ungrantable, allowed_by, grants_of
from gateway.minting import digest_of, public_part
from gateway.roles import ROLES, Permission, Role
from store.rows import Key, Principal

NEVER: Final = float("inf")
# Further up than the kinds of principals there are nobody stands.
HIGHEST: Final = 8


class Held(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A key as it is packed. An expiry of 0 is none."""

    digest: bytes
    name: str
    role: Role
    state: str
    owner: str | None
    expires: int
    former: bytes | None
    former_until: int
    settings: str


_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK: Final = msgspec.msgpack.Decoder(Held).decode
# What a key of which nothing is known is compared with, after as much work.
_NOBODYS: Final = _PACK((bytes(32), "", "member", "revoked", None, 0, None, 0, "{}"))
# What whoever holds the right secret is told of a key that does not open.
REVOKED: Final = Fault("authentication", 401, "this key was revoked; ask for another one", code="key_revoked")
BLOCKED: Final = Fault(
    "authentication",
    401,
    "this key is blocked; whoever gave it to you can let it in again",
    code="key_blocked",
)
EXPIRED: Final = Fault("authentication", 401, "this key has expired; ask for another one", code="key_expired")
ROTATED: Final = Fault(
    "authentication", 401, "this key was replaced by another, and opens no more", code="key_rotated"
)
UNREADABLE: Final = Fault(
    "overloaded",
    503,
    "what this key may do cannot be read by this version of the gateway, so it may do nothing",
    code="key_unreadable",
)


class Found(msgspec.Struct, frozen=True, gc=False):
    """Whose key it is, or why it does not open, until a time in milliseconds since 1970."""

    key_id: str
    said: Caller | Shut
    until: float = NEVER


class Node(msgspec.Struct, frozen=True, gc=False):
    """One of those above the keys. Without `grants`, what is granted could not be read."""

    row: Principal
    grants: Grants | None
    scope: Scope


class Snapshot:
    """See the head of this file. Times are in milliseconds since 1970."""

    __slots__ = ("_keys", "_nodes")

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._nodes: dict[str, Node] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def put_keys(self, keys: Iterable[Key]) -> None:
        """Keep keys, instead of what was kept of them."""
        for key in keys:
            own = (key.digest, key.name, key.role, key.state, key.owner, key.expires)
            self._keys[key.id] = _PACK((*own, key.former_digest, key.former_until, key.settings))

    def put_principals(self, principals: Iterable[Principal]) -> None:
        """Keep some of those above, instead of what was kept of them."""
        for one in principals:
            grants = _read(one.settings)
            bounds = grants or Grants()
            self._nodes[one.id] = Node(
                one, grants, Scope(f"{one.kind}:{one.id}", bounds.limits, bounds.budgets)
            )

    def drop(self, subjects: Iterable[str]) -> None:
        """Forget what is no longer there."""
        for subject in subjects:
            self._keys.pop(subject, None)
            self._nodes.pop(subject, None)

    def find(self, credential: bytes, everybody: Scope, now: float) -> Found | None:
        """Who carries a key, or why it does not open; None where nobody knows it."""
        public = public_part(credential)
        held = _UNPACK(self._keys.get(public, _NOBODYS))
        digest = digest_of(credential)
        former = compare_digest(digest, held.former or bytes(32))
        if not compare_digest(digest, held.digest) and not former:
            return None
        line = self.line(held.owner)
        replaced = ROTATED if former and held.former_until <= now else None
        fault = replaced or _shut(held, now) or _shut_above(held, line)
        if fault is not None:
            return Found(public, Shut(Caller(name=held.name or public, key_id=public, permissions=0), fault))
        ends = [one for one in (held.expires, held.former_until if former else 0) if one]
        return Found(public, _caller(public, held, line, everybody), min(ends, default=NEVER))

    def line(self, identity: str | None) -> list[Node]:
        """One of those above and all who stand over it, upwards."""
        found: list[Node] = []
        while identity is not None and len(found) < HIGHEST:
            node = self._nodes.get(identity)
            if node is None:
                break
            found.append(node)
            identity = node.row.parent
        return found


def _shut_above(held: Held, line: list[Node]) -> Fault | None:
    if (held.owner is not None and not line) or any(node.grants is None for node in line):
        return UNREADABLE
    if _read(held.settings) is None:
        return UNREADABLE
    blocked = next((node.row for node in line if node.row.state == "blocked"), None)
    if blocked is None:
        return None
    words = f"the {blocked.kind} `{blocked.name}` that this key is of is blocked"
    return Fault("authentication", 401, words, code="key_owner_blocked")


def _caller(key_id: str, held: Held, line: list[Node], everybody: Scope) -> Caller:
    own = _read(held.settings) or Grants()
    above = {node.row.kind: node.row for node in line}
    ids = {kind: row.id for kind, row in above.items()}
    down = line[::-1]
    # Whoever carries a user's key may do no more than the user.
    permissions = ROLES[held.role] & (ROLES[above["user"].role] if "user" in above else ROLES["admin"])
    scopes = [node.scope for node in down]
    levels = (*(node.grants or own for node in down), own)
    return Caller(
        name=held.name or key_id,
        key_id=key_id,
        user_id=ids.get("user", ""),
        project_id=ids.get("project", ""),
        team_id=ids.get("team", ""),
        team=above["team"].name if "team" in above else "",
        organisation_id=ids.get("organisation", ""),
        role=held.role,
        permissions=permissions,
        overrides=own.overrides,
        allowed=allowed_by(levels, calls=bool(permissions & Permission.CALL)),
        scopes=binding(everybody, *scopes, Scope(f"key:{key_id}", own.limits, own.budgets)),
    )


# Most keys have nothing of their own, and many the same.
@lru_cache(maxsize=1024)
def _read(settings: str) -> Grants | None:
    try:
        return grants_of(settings)
    except Ungrantable:
        return None


def _shut(held: Held, now: float) -> Fault | None:
    if held.state == "revoked":
        return REVOKED
    if held.state == "blocked":
        return BLOCKED
    if 0 < held.expires <= now:
        return EXPIRED
    return None
