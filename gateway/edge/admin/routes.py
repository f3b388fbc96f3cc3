"""Routes that are set while running: one document, kept in every version, checked whole before it counts.

They are laid over the names of the configuration, and their rules come before its own. What does not hold
together with the rest of the configuration is refused, and nothing is kept of it.
"""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.configuration.document import Group, Routes, Rule
from gateway.configuration.problems import ConfigurationError
from gateway.decrees import ROUTES
from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Listed, Name, Paging, Taken, time_of
from gateway.reload import Reload
from gateway.roles import Permission
from gateway.settings import tiers_of
from store import documents
from store.audit import Change
from store.errors import Conflict
from store.rows import Document

NO_FILE: Final = "this gateway does not follow its configuration, so that nothing can be laid over it"
Version = Annotated[int, Meta(ge=0, le=2**53, description="A version; 0 is before the first.")]
Leads = dict[Name, str | list[str | Group] | Group]


class RoutesToBe(Taken, frozen=True, kw_only=True):
    """All routes that are set while running. `after`: the version they were made from."""

    after: Version
    models: Annotated[Leads, Meta(max_length=10_000, description="As [models] of the configuration.")] = (
        msgspec.field(default_factory=dict)
    )
    rules: Annotated[
        tuple[Rule, ...], Meta(max_length=1000, description="As [[rules]]; they come before the file's.")
    ] = ()


class Restoration(Taken, frozen=True, kw_only=True):
    """Which version is to hold again. `after`: the version that holds now."""

    after: Version
    version: Version


class RoutesShown(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the routes that are set while running. Version 0 is that none were."""

    version: int
    set_at: datetime | None
    set_by: str
    models: dict[str, Any]
    rules: list[dict[str, Any]]


class LeadShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a name leads: its tiers in order, each with its targets."""

    name: str
    tiers: list[dict[str, Any]]


class AllRoutesShown(msgspec.Struct, frozen=True, kw_only=True):
    """What counts now, of the configuration and of what was set."""

    version: int
    models: list[LeadShown]
    rules: list[dict[str, Any]]
    profiles: list[str]


async def read_routes(desk: Desk) -> RoutesShown:
    """Show the routes that are set while running."""
    found = await desk.read(documents.latest, ROUTES)
    if found is None:
        return RoutesShown(version=0, set_at=None, set_by="", models={}, rules=[])
    return _shown(found)


async def read_all_routes(desk: Desk) -> AllRoutesShown:
    """Show every name and rule that counts now, those of the configuration as well."""
    house = desk.house
    settings = house.settings
    leads = [
        LeadShown(name=name, tiers=[_plain(tier) for tier in tiers_of(lead)])
        for name, lead in settings.models.items()
    ]
    rules = [
        {"when": _plain(rule.when), "tiers": _plain(tiers_of(rule.lead))} for rule in settings.routing.rules
    ]
    version = 0 if house.keeping is None else house.keeping.decrees.version
    return AllRoutesShown(
        version=version, models=leads, rules=rules, profiles=list(settings.routing.profiles)
    )


async def set_routes(desk: Desk, body: RoutesToBe) -> RoutesShown:
    """Set the routes, from the next request on. They are checked with the whole configuration before."""
    routes = Routes(models=dict(body.models), rules=list(body.rules))
    return await _set(desk, routes, body.after)


async def list_versions(desk: Desk, query: Paging) -> Listed[RoutesShown]:
    """List the versions of the routes, the newest first."""
    found = await desk.read(documents.page, ROUTES, query.cursor, query.limit)
    return Listed([_shown(one) for one in found.rows], found.cursor)


async def restore_routes(desk: Desk, body: Restoration) -> RoutesShown:
    """Go back to a version: what it said is set anew, as a further version."""
    if not body.version:
        return await _set(desk, Routes(), body.after)
    found = await desk.read(documents.of, ROUTES, body.version)
    return await _set(desk, msgspec.json.decode(found.body, type=Routes), body.after)


OPERATIONS: Final = (
    Operation("GET", "/routes", read_routes, Permission.READ),
    Operation("PUT", "/routes", set_routes, Permission.ROUTES),
    Operation("GET", "/routes/all", read_all_routes, Permission.READ, stored=False),
    Operation("GET", "/routes/versions", list_versions, Permission.READ),
    Operation("POST", "/routes/restore", restore_routes, Permission.ROUTES, refusals=(404,)),
)


async def _set(desk: Desk, routes: Routes, after: int) -> RoutesShown:
    reload = desk.house.reload
    if reload is None:
        raise Refusal(409, NO_FILE)
    await _check(reload, routes)
    body = msgspec.json.encode(_said(msgspec.to_builtins(routes))).decode()
    document = await desk.change(_put, body, after)
    if reload.last.result == "refused":
        raise Refusal(409, "the configuration has changed meanwhile and does not hold with these routes")
    return _shown(document)


def _put(change: Change, body: str, after: int) -> Document:
    try:
        return documents.put(change, ROUTES, body, after)
    except Conflict as error:
        raise Refusal(409, str(error), "after") from error


async def _check(reload: Reload, routes: Routes) -> None:
    """Raises Refusal: 400 for what is wrong with the routes, 409 where the file itself is wrong."""
    try:
        await reload.check(routes)
    except ConfigurationError as error:
        words = " ".join(str(error).split())
        ours = [one.path for one in error.problems if one.path.startswith(("models", "rules"))]
        if not ours:
            raise Refusal(409, f"the configuration itself is wrong: {words}") from error
        raise Refusal(400, words, ours[0]) from error


def _said(value: Any) -> Any:
    """A document without what it leaves open."""
    if isinstance(value, dict):
        kept = {name: _said(inside) for name, inside in value.items()}
        return {name: inside for name, inside in kept.items() if inside is not None and inside != {}}
    return [_said(inside) for inside in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    return _said(msgspec.to_builtins(value))


def _shown(found: Document) -> RoutesShown:
    body = msgspec.json.decode(found.body)
    return RoutesShown(
        version=found.version,
        set_at=time_of(found.at),
        set_by=found.actor,
        models=body.get("models", {}),
        rules=body.get("rules", []),
    )
