"""This worker: how it stands, its settings without secrets, reloading, its caches and lessons, backups.

What is changed here is in memory and in this worker alone; it is logged, and written down where there is a
store that can be written.
"""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway import version
from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk
from gateway.edge.admin.providers import bare
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Identity, Listed, Name
from gateway.redaction import redact
from gateway.reload import Result, Standing
from gateway.roles import Permission
from store.audit import Change
from store.backup import backup
from store.errors import StoreError

NO_FOLDER: Final = "there is no place for backups: set `backups` of [admin] in the configuration"
NO_FILE: Final = "this gateway does not follow its configuration"
# What is never told, and what is told without its values: they may hold anything.
SECRET: Final = frozenset(("api_key", "api_keys", "digest", "webhook"))
VEILED: Final = frozenset(("headers",))
HIDDEN: Final = "[hidden]"


class LedgerStanding(msgspec.Struct, frozen=True):
    """What has become of the rows of the ledger in this worker."""

    queued: int
    written: int
    spooled: int
    replayed: int
    held: int
    lost: int
    torn: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How this worker stands. `ledger` is null where nothing is kept."""

    version: str
    inside: int
    closing: bool
    configuration: Standing
    loaded: datetime | None
    routes: int
    persists: bool
    trouble: str
    ledger: LedgerStanding | None


class ProblemShown(msgspec.Struct, frozen=True):
    """One thing that is wrong with a configuration, and what mends it."""

    path: str
    problem: str
    remedy: str


class ReloadShown(msgspec.Struct, frozen=True):
    """What came of reading the configuration again; `late` waits for a restart."""

    result: Result
    problems: list[ProblemShown]
    late: list[str]


class SettingsShown(msgspec.Struct, frozen=True):
    """The settings of this worker, without what is secret."""

    settings: dict[str, Any]


class CacheShown(msgspec.Struct, frozen=True):
    """How full a cache is, and how often it was of use; `bytes` is null where nobody counts them."""

    name: str
    entries: int
    bytes: int | None
    hits: int
    misses: int


class LessonShown(msgspec.Struct, frozen=True):
    """One thing that an upstream has taught."""

    id: str
    provider: str
    model: str
    what: str
    words: str
    learned: datetime
    until: datetime
    used: int


class Forgotten(msgspec.Struct, frozen=True):
    """How many entries or lessons that were."""

    count: int


class BackupMade(msgspec.Struct, frozen=True):
    """A backup, in the folder that is configured."""

    file: str
    bytes: int
    at: datetime


async def read_status(desk: Desk) -> Status:
    """Show how this worker stands."""
    house = desk.house
    keeping, reload = house.keeping, house.reload
    counts = None if keeping is None else keeping.counts
    told = (
        {} if counts is None else {name: getattr(counts, name) for name in LedgerStanding.__struct_fields__}
    )
    return Status(
        version=version(),
        inside=house.admission.inside,
        closing=house.admission.closing,
        configuration="current" if reload is None else reload.standing,
        loaded=None if reload is None else datetime.fromtimestamp(reload.loaded_at, UTC),
        routes=0 if keeping is None else keeping.decrees.version,
        persists=keeping is not None and keeping.persists,
        trouble="" if counts is None else redact(counts.trouble),
        ledger=LedgerStanding(**told) if told else None,
    )


async def read_settings(desk: Desk) -> SettingsShown:
    """Show the settings of this worker: as they were resolved, without what is secret."""
    return SettingsShown(_told(desk.house.settings))


async def reload_configuration(desk: Desk) -> ReloadShown:
    """Read the configuration again, in this worker. A wrong one is not moved into."""
    if desk.house.reload is None:
        raise Refusal(409, NO_FILE)
    report = await desk.house.reload.reload()
    await _note(desk, "configuration.reload", report.result)
    problems = [ProblemShown(one.path, redact(one.problem), redact(one.remedy)) for one in report.problems]
    return ReloadShown(report.result, problems, list(report.late))


async def list_caches(desk: Desk) -> Listed[CacheShown]:
    """List the caches of this worker."""
    figures = ((name, cache.figures()) for name, cache in desk.house.caches().items())
    return Listed([CacheShown(name, *msgspec.structs.astuple(told)) for name, told in figures])


async def clear_cache(desk: Desk, name: Name) -> Forgotten:
    """Empty a cache of this worker."""
    caches = desk.house.caches()
    if name not in caches:
        raise Refusal(404, f"there is no cache of this name; there are {', '.join(caches)}")
    count = caches[name].clear()
    await _note(desk, "cache.clear", name)
    return Forgotten(count)


async def list_lessons(desk: Desk) -> Listed[LessonShown]:
    """List what upstreams have taught this worker."""
    rows = desk.house.lessons.rows(desk.house.calendar())
    return Listed(
        [LessonShown(*(getattr(row, name) for name in LessonShown.__struct_fields__)) for row in rows]
    )


async def forget_lessons(desk: Desk) -> Forgotten:
    """Forget everything that was learned."""
    count = desk.house.lessons.forget_all()
    await _note(desk, "lesson.forget", "all")
    return Forgotten(count)


async def forget_lesson(desk: Desk, id: Identity) -> Forgotten:  # noqa: A002  # as the path names it
    """Forget a lesson: what it left out is sent again, and may be learned anew."""
    if not desk.house.lessons.forget(id):
        raise Refusal(404, "there is no lesson of this id")
    await _note(desk, "lesson.forget", id)
    return Forgotten(1)


async def make_backup(desk: Desk) -> BackupMade:
    """Copy the database, while it is in use, into the folder that is configured for it."""
    admin = desk.house.settings.admin
    if admin is None or not admin.backups:
        raise Refusal(409, NO_FOLDER)
    at = datetime.fromtimestamp(desk.house.calendar(), UTC)
    file = f"penstock-{at:%Y%m%dT%H%M%S}-{at.microsecond // 1000:03d}Z.db"
    size = await asyncio.to_thread(backup, desk.database, Path(admin.backups) / file)
    await _note(desk, "backup.create", file)
    return BackupMade(file, size, at)


OPERATIONS: Final = (
    Operation("GET", "/status", read_status, Permission.OBSERVE, stored=False),
    Operation("GET", "/settings", read_settings, Permission.READ, stored=False),
    Operation("POST", "/reload", reload_configuration, Permission.ROUTES, stored=False, refusals=(409,)),
    Operation("GET", "/caches", list_caches, Permission.OBSERVE, stored=False),
    Operation("POST", "/caches/{name}/clear", clear_cache, Permission.ROUTES, stored=False),
    Operation("GET", "/lessons", list_lessons, Permission.OBSERVE, stored=False),
    Operation("DELETE", "/lessons", forget_lessons, Permission.ROUTES, stored=False),
    Operation("DELETE", "/lessons/{id}", forget_lesson, Permission.ROUTES, stored=False),
    Operation("POST", "/backups", make_backup, Permission.ROUTES, status=201),
)


async def _note(desk: Desk, action: str, subject: str) -> None:
    """Write down what was done; that it is done does not hang on it."""
    desk.house.journal.say("info", f"admin API: {desk.who.name}: {action} {subject}")
    if desk.house.keeping is not None:
        with suppress(StoreError):
            await desk.change(_record, action, subject)


def _record(change: Change, action: str, subject: str) -> None:
    change.record(action, subject, None, None)


def _told(value: Any, name: str = "") -> Any:
    """A value of the settings as it is told."""
    if name in SECRET:
        return HIDDEN if value else None
    if isinstance(value, msgspec.Struct):
        return {field: _told(getattr(value, field), field) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: HIDDEN if name in VEILED else _told(inside) for key, inside in value.items()}
    if isinstance(value, tuple | list):
        return [_told(inside) for inside in value]
    if isinstance(value, bytes):
        return HIDDEN
    return redact(bare(value) if "://" in value else value) if isinstance(value, str) else value
