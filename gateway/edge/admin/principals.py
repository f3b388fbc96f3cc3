"""Organisations, teams, projects and users: the tree above the keys."""

import secrets
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType

from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk, Reach
from gateway.edge.admin.grants import GrantsShown, GrantsToBe, settled, shown
from gateway.edge.admin.reach import check_named, principal_of
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.rights import check_role
from gateway.edge.admin.words import Identity, Listed, Name, Paging, time_of
from gateway.roles import Permission
from store import principals
from store.audit import Change
from store.errors import Conflict
from store.paging import Page
from store.rows import Principal, PrincipalKind, PrincipalState, Role

PREFIXES: Final = {"organisation": "org", "team": "team", "project": "proj", "user": "user"}


OwnId = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$(?!\n)",
        description="An id of one's own: small letters, digits, and . _ -; one is made where it is left out.",
    ),
]


class PrincipalsWanted(Paging, frozen=True, kw_only=True):
    """Which principals."""

    parent: Annotated[Identity, Meta(description="Those who stand right below one.")] | UnsetType = UNSET


class NewPrincipal(GrantsToBe, frozen=True, kw_only=True):
    """A principal to be made."""

    kind: PrincipalKind
    name: Name
    parent: Annotated[Identity, Meta(description="Who stands above it: of a higher kind.")] | None = None
    role: Role = "member"
    id: OwnId | UnsetType = UNSET


class PrincipalToBe(GrantsToBe, frozen=True, kw_only=True):
    """What of a principal is to be other than it is."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    state: PrincipalState | UnsetType = UNSET


class PrincipalShown(GrantsShown, frozen=True, kw_only=True):
    """A principal. Its limits and budgets hold for all below it together."""

    id: str
    kind: PrincipalKind
    parent: str | None
    name: str
    role: Role
    state: PrincipalState
    created: datetime


async def list_principals(desk: Desk, query: PrincipalsWanted) -> Listed[PrincipalShown]:
    """List the principals, by their ids."""
    found = await desk.read(_page, desk.reach, query)
    return Listed([_shown(one) for one in found.rows], found.cursor)


async def create_principal(desk: Desk, body: NewPrincipal) -> PrincipalShown:
    """Make an organisation, a team, a project or a user."""
    check_role(desk, body.role)
    principal = Principal(
        id=f"{PREFIXES[body.kind]}_{secrets.token_hex(8)}" if body.id is UNSET else body.id,
        kind=body.kind,
        parent=body.parent,
        name=body.name,
        role=body.role,
        created=desk.now,
        settings=settled(body),
    )
    await desk.change(_create, desk.reach, principal)
    return _shown(principal)


async def read_principal(desk: Desk, id: Identity) -> PrincipalShown:  # noqa: A002  # as the path names it
    """Show a principal."""
    return _shown(await desk.read(principal_of, desk.reach, id))


async def update_principal(desk: Desk, id: Identity, body: PrincipalToBe) -> PrincipalShown:  # noqa: A002
    """Change a principal: what is left out stays as it is. One that is blocked shuts out all below it."""
    if body.role is not UNSET:
        check_role(desk, body.role)
    return _shown(await desk.change(_update, desk.reach, id, body))


async def delete_principal(desk: Desk, id: Identity) -> None:  # noqa: A002
    """Remove a principal below which nobody stands and no key."""
    try:
        await desk.change(_delete, desk.reach, id)
    except Conflict as error:
        raise Refusal(409, "others or keys stand below it") from error


OPERATIONS: Final = (
    Operation("GET", "/principals", list_principals, Permission.READ, scoped=True),
    Operation("POST", "/principals", create_principal, Permission.PRINCIPALS, status=201, scoped=True),
    Operation("GET", "/principals/{id}", read_principal, Permission.READ, scoped=True),
    Operation("PATCH", "/principals/{id}", update_principal, Permission.PRINCIPALS, scoped=True),
    Operation("DELETE", "/principals/{id}", delete_principal, Permission.PRINCIPALS, status=204, scoped=True),
)


def _page(connection: Any, reach: Reach, query: PrincipalsWanted) -> Page[Principal]:
    parent = "" if query.parent is UNSET else query.parent
    return principals.page(connection, parent, query.cursor, query.limit, reach.under)


def _create(change: Change, reach: Reach, principal: Principal) -> None:
    check_named(change.connection, reach, principal.parent, "parent")
    if principals.known(change.connection, principal.id):
        raise Refusal(409, "id: this id is taken", "id")
    principals.create(change, principal)


def _update(change: Change, reach: Reach, identity: str, body: PrincipalToBe) -> Principal:
    principal = principal_of(change.connection, reach, identity)
    _check_below(reach, identity)
    said = {name: getattr(body, name) for name in ("name", "role", "state")}
    fields: dict[str, Any] = {name: value for name, value in said.items() if value is not UNSET}
    fields["settings"] = settled(body, principal.settings)
    if all(getattr(principal, name) == value for name, value in fields.items()):
        return principal
    return principals.update(change, identity, fields)


def _delete(change: Change, reach: Reach, identity: str) -> None:
    principal_of(change.connection, reach, identity)
    _check_below(reach, identity)
    principals.delete(change, identity)


def _check_below(reach: Reach, identity: str) -> None:
    """What holds for an official is changed by those above. Raises Refusal (403)."""
    if identity == reach.under:
        raise Refusal(403, "the one you belong to is changed by those above it")


def _shown(principal: Principal) -> PrincipalShown:
    return PrincipalShown(
        **shown(principal.settings),
        id=principal.id,
        kind=principal.kind,
        parent=principal.parent,
        name=principal.name,
        role=principal.role,
        state=principal.state,
        created=time_of(principal.created),
    )
