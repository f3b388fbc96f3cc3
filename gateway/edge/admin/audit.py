"""Who changed what, before and after."""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk
from gateway.edge.admin.words import Listed, Paging, Word, dollars_of, maybe_time_of, time_of
from gateway.roles import Permission
from store import audit
from store.rows import Audit

# The times of rows, in milliseconds as they are kept.
TIMES: Final = frozenset(("at", "created", "expires", "last_used", "former_until", "updated"))


class AuditWanted(Paging, frozen=True, kw_only=True):
    """Which changes."""

    kind: Word | UnsetType = UNSET
    subject: Word | UnsetType = UNSET
    actor: Word | UnsetType = UNSET


class AuditShown(msgspec.Struct, frozen=True):
    """One change. `before` and `after` are what was changed, without secrets; null for nothing."""

    number: int
    at: datetime
    actor: str
    action: str
    kind: str
    subject: str
    before: Any
    after: Any


async def list_changes(desk: Desk, query: AuditWanted) -> Listed[AuditShown]:
    """List the changes, the latest first."""
    said = {name: getattr(query, name) for name in ("kind", "subject", "actor")}
    wanted = audit.Wanted(**{name: value for name, value in said.items() if value is not UNSET})
    found = await desk.read(audit.page, wanted, query.cursor, query.limit)
    return Listed([_shown(row) for row in found.rows], found.cursor)


OPERATIONS: Final = (Operation("GET", "/audit", list_changes, Permission.AUDIT),)


def _shown(row: Audit) -> AuditShown:
    fields = msgspec.structs.asdict(row)
    for name in ("before", "after"):
        fields[name] = None if fields[name] is None else _told(msgspec.json.decode(fields[name]))
    return AuditShown(**{**fields, "at": time_of(row.at)})


def _told(kept: dict[str, Any]) -> dict[str, Any]:
    """What was kept of a row, with times and dollars as they are told everywhere else."""
    told = {name: maybe_time_of(value) if name in TIMES else value for name, value in kept.items()}
    settings = told.get("settings")
    if isinstance(settings, dict) and settings.get("budgets"):
        budgets = [one | {"dollars": dollars_of(one["dollars"])} for one in settings["budgets"]]
        told["settings"] = settings | {"budgets": budgets}
    return told
