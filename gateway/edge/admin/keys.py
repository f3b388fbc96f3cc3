"""Keys of callers: made, shown, changed, blocked, rotated, revoked. A secret is told once."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from msgspec import UNSET, Meta, UnsetType

from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk, Reach
from gateway.edge.admin.grants import GrantsShown, GrantsToBe, settled, shown
from gateway.edge.admin.reach import check_named, key_of
from gateway.edge.admin.reading import milliseconds
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.rights import check_role
from gateway.edge.admin.words import Identity, Listed, Name, Paging, Taken, When, maybe_time_of, time_of
from gateway.minting import mint
from gateway.roles import Permission
from store import keys
from store.audit import Change
from store.errors import Unknown
from store.paging import Page
from store.rows import Key, Role, Standing

MONTH: Final = 30 * 86_400


class KeysWanted(Paging, frozen=True, kw_only=True):
    """Which keys."""

    owner: Annotated[Identity, Meta(description="Those of one principal.")] | UnsetType = UNSET


class NewKey(GrantsToBe, frozen=True, kw_only=True):
    """A key to be made."""

    name: Name
    role: Role = "member"
    owner: Annotated[Identity, Meta(description="The principal it belongs to.")] | None = None
    expires: When | None = None


class KeyToBe(GrantsToBe, frozen=True, kw_only=True):
    """What of a key is to be other than it is."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    owner: Identity | UnsetType | None = UNSET
    expires: When | UnsetType | None = UNSET


class Rotation(Taken, frozen=True, kw_only=True):
    """How a key is rotated."""

    overlap: Annotated[
        int, Meta(ge=0, le=MONTH, description="For how many seconds the former secret opens as well.")
    ] = 86_400


class KeyShown(GrantsShown, frozen=True, kw_only=True):
    """A key without its secret. `former_until`: until when the secret before a rotation opens as well."""

    id: str
    name: str
    role: Role
    state: Standing
    owner: str | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None
    former_until: datetime | None


class KeyMade(KeyShown, frozen=True, kw_only=True):
    """A key with its secret, which is never told again."""

    secret: str


async def list_keys(desk: Desk, query: KeysWanted) -> Listed[KeyShown]:
    """List the keys, the oldest first."""
    found = await desk.read(_page, desk.reach, query)
    return Listed([_shown(one, desk.now) for one in found.rows], found.cursor)


async def create_key(desk: Desk, body: NewKey) -> KeyMade:
    """Make a key. The reply holds its secret, which is told this once."""
    check_role(desk, body.role)
    minted = mint()
    key = Key(
        id=minted.id,
        digest=minted.digest,
        name=body.name,
        role=body.role,
        owner=body.owner,
        created=desk.now,
        expires=_expiry(desk, body.expires),
        settings=settled(body),
    )
    await desk.change(_create, desk.reach, key)
    return _made(key, minted.key, desk.now)


async def read_key(desk: Desk, id: Identity) -> KeyShown:  # noqa: A002  # as the path names it
    """Show a key."""
    return _shown(await desk.read(key_of, desk.reach, id), desk.now)


async def update_key(desk: Desk, id: Identity, body: KeyToBe) -> KeyShown:  # noqa: A002
    """Change a key: what is left out stays as it is."""
    if body.role is not UNSET:
        check_role(desk, body.role)
    fields = {
        name: value for name in ("name", "role", "owner") if (value := getattr(body, name)) is not UNSET
    }
    if body.expires is not UNSET:
        fields["expires"] = _expiry(desk, body.expires)
    return _shown(await desk.change(_update, Update(desk.reach, id, fields, body)), desk.now)


async def block_key(desk: Desk, id: Identity) -> KeyShown:  # noqa: A002
    """Shut a key out until it is unblocked."""
    return _shown(await desk.change(_act, keys.block, desk.reach, id), desk.now)


async def unblock_key(desk: Desk, id: Identity) -> KeyShown:  # noqa: A002
    """Let a blocked key in again."""
    return _shown(await desk.change(_act, keys.unblock, desk.reach, id), desk.now)


async def revoke_key(desk: Desk, id: Identity) -> KeyShown:  # noqa: A002
    """Shut a key out for ever. What it used stays in the ledger."""
    return _shown(await desk.change(_act, keys.revoke, desk.reach, id), desk.now)


async def rotate_key(desk: Desk, id: Identity, body: Rotation) -> KeyMade:  # noqa: A002
    """Give a key a new secret, which the reply tells this once; the former one opens for a while."""
    minted = mint(id)
    former_until = desk.now + body.overlap * 1000
    key = await desk.change(_rotate, desk.reach, id, minted.digest, former_until)
    return _made(key, minted.key, desk.now)


class Update(NamedTuple):
    """A change of a key, as it goes into the transaction."""

    reach: Reach
    id: str
    fields: dict[str, Any]
    grants: GrantsToBe


def _page(connection: Any, reach: Reach, query: KeysWanted) -> Page[Key]:
    owner = "" if query.owner is UNSET else query.owner
    if reach.key:
        return Page([] if owner else _alone(connection, reach.key), "")
    return keys.page(connection, owner, query.cursor, query.limit, reach.under)


def _alone(connection: Any, identity: str) -> list[Key]:
    """The key itself; one of the configuration is not in the store."""
    try:
        return [keys.of(connection, identity)]
    except Unknown:
        return []


def _create(change: Change, reach: Reach, key: Key) -> None:
    check_named(change.connection, reach, key.owner, "owner")
    keys.create(change, key)


def _update(change: Change, update: Update) -> Key:
    key = key_of(change.connection, update.reach, update.id)
    if "owner" in update.fields:
        check_named(change.connection, update.reach, update.fields["owner"], "owner")
    fields = {**update.fields, "settings": settled(update.grants, key.settings)}
    if all(getattr(key, name) == value for name, value in fields.items()):
        return key
    return keys.update(change, update.id, fields)


def _act(change: Change, act: Callable[[Change, str], Key], reach: Reach, identity: str) -> Key:
    key_of(change.connection, reach, identity)
    return act(change, identity)


def _rotate(change: Change, reach: Reach, identity: str, digest: bytes, until: int) -> Key:
    key_of(change.connection, reach, identity)
    return keys.rotate(change, identity, digest, until)


def _expiry(desk: Desk, said: datetime | None) -> int:
    if said is None:
        return 0
    at = milliseconds(said, "expires")
    if at <= desk.now:
        raise Refusal(400, "expires: this time is past", "expires")
    return at


def _fields(key: Key, now: int) -> dict[str, Any]:
    return {
        **shown(key.settings),
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "state": keys.standing(key, now),
        "owner": key.owner,
        "created": time_of(key.created),
        "expires": maybe_time_of(key.expires),
        "last_used": maybe_time_of(key.last_used),
        "former_until": maybe_time_of(key.former_until),
    }


def _shown(key: Key, now: int) -> KeyShown:
    return KeyShown(**_fields(key, now))


def _made(key: Key, secret: str, now: int) -> KeyMade:
    return KeyMade(**_fields(key, now), secret=secret)


READ, KEYS, OWN_KEYS = Permission.READ, Permission.KEYS, Permission.OWN_KEYS
OPERATIONS: Final = (
    Operation("GET", "/keys", list_keys, READ, OWN_KEYS, scoped=True),
    Operation("POST", "/keys", create_key, KEYS, status=201, scoped=True),
    Operation("GET", "/keys/{id}", read_key, READ, OWN_KEYS, scoped=True),
    Operation("PATCH", "/keys/{id}", update_key, KEYS, scoped=True),
    Operation("POST", "/keys/{id}/block", block_key, KEYS, OWN_KEYS, scoped=True),
    Operation("POST", "/keys/{id}/unblock", unblock_key, KEYS, scoped=True),
    Operation("POST", "/keys/{id}/rotate", rotate_key, KEYS, OWN_KEYS, scoped=True),
    Operation("POST", "/keys/{id}/revoke", revoke_key, KEYS, OWN_KEYS, scoped=True),
)
