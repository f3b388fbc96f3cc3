"""What was used and spent: sums by any dimension, the rows of the ledger, what budgets have paid."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk, Reach
from gateway.edge.admin.reading import milliseconds
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Listed, Paging, When, Word, dollars_of, maybe_time_of, time_of
from gateway.roles import Permission
from store import budgets, ledger, principals, usage
from store.paging import Page
from store.rows import Attempt, Kept, PrincipalKind, Spent
from store.sums import DAY, HOUR
from store.usage import NEVER, Dimension, Question, Sum

_THEIRS: Final[dict[PrincipalKind, Dimension]] = {
    "organisation": "organisation_id",
    "team": "team_id",
    "project": "project_id",
    "user": "user_id",
}
_PERIODS: Final = {"hour": HOUR, "day": DAY}
_FILTERS: Final[tuple[ledger.Filter, ...]] = ("exchange", "session", "key_id")


class Span(Paging, frozen=True, kw_only=True):
    """A page of what was in a time."""

    since: When | UnsetType = UNSET
    until: Annotated[When, Meta(description="The end is not in it.")] | UnsetType = UNSET


class UsageWanted(Span, frozen=True, kw_only=True):
    """Sums by what, and of what. Times are taken to whole hours, by session to whole days."""

    by: Annotated[
        tuple[Dimension, ...],
        Meta(min_length=1, max_length=6, description="What is told apart, in this order."),
    ] = ("model",)
    key_id: Word | UnsetType = UNSET
    user_id: Word | UnsetType = UNSET
    project_id: Word | UnsetType = UNSET
    team_id: Word | UnsetType = UNSET
    organisation_id: Word | UnsetType = UNSET
    agent: Word | UnsetType = UNSET
    provider: Word | UnsetType = UNSET
    model: Word | UnsetType = UNSET
    cause: Word | UnsetType = UNSET
    outcome: Word | UnsetType = UNSET
    session: Word | UnsetType = UNSET
    parent_agent: Word | UnsetType = UNSET


class UsageShown(msgspec.Struct, frozen=True):
    """What one group used. `group` are the values it stands for; the rest are sums, in tokens and dollars.

    `estimated` attempts were not counted by the provider, `unpriced` ones have a price that nobody knows.
    """

    group: dict[str, str]
    attempts: int
    estimated: int
    unpriced: int
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    cost: str


class AttemptsWanted(Paging, frozen=True, kw_only=True):
    """Which rows: of one exchange, of one session or of one key."""

    exchange: Word | UnsetType = UNSET
    session: Word | UnsetType = UNSET
    key_id: Word | UnsetType = UNSET


class AttemptShown(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger: one try against one target.

    `price` says whose price it is, if any; `decision` why the try was made, and why at this target.
    """

    number: int
    id: str
    exchange: str
    attempt: int
    began: datetime
    first_byte: datetime | None
    ended: datetime | None
    key_id: str
    user_id: str
    project_id: str
    team_id: str
    organisation_id: str
    session: str
    agent: str
    parent_agent: str
    dialect: str
    provider: str
    credential: int
    asked: str
    model: str
    cause: str
    outcome: str
    status: int
    streamed: bool
    estimated: bool
    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int
    cost: str
    price: str
    decision: str


class SpentWanted(Paging, frozen=True, kw_only=True):
    """Which budgets."""

    scope: Annotated[Word, Meta(description='Whose: "key:…", "user:…", "team:…" and so on.')] | UnsetType = (
        UNSET
    )


class SpentShown(msgspec.Struct, frozen=True):
    """What was spent in one period of one budget, in dollars."""

    scope: str
    window: str
    period: datetime
    spent: str


async def read_usage(desk: Desk, query: UsageWanted) -> Listed[UsageShown]:
    """Sum up what was used: by time in its order, else the dearest first."""
    found = await desk.read(_sums, desk.reach, query)
    return Listed([_group(query.by, row) for row in found.rows], found.cursor)


async def list_attempts(desk: Desk, query: AttemptsWanted) -> Listed[AttemptShown]:
    """List rows of the ledger, the latest first."""
    asked = [name for name in _FILTERS if getattr(query, name) is not UNSET]
    if len(asked) > 1:
        raise Refusal(400, f"{asked[1]}: rows are found by one of {', '.join(_FILTERS)}", asked[1])
    by = asked[0] if asked else None
    found = await desk.read(_rows, desk.reach, query, by)
    return Listed([_attempt(row) for row in found.rows], found.cursor)


async def list_spent(desk: Desk, query: SpentWanted) -> Listed[SpentShown]:
    """List what budgets have spent, by scope and window, the latest period first."""
    scope = "" if query.scope is UNSET else query.scope
    found = await desk.read(budgets.page, scope, query.cursor, query.limit)
    return Listed([_spent(row) for row in found.rows], found.cursor)


OPERATIONS: Final = (
    Operation("GET", "/usage", read_usage, Permission.ALL_USAGE, Permission.OWN_USAGE, scoped=True),
    Operation("GET", "/ledger", list_attempts, Permission.ALL_USAGE, Permission.OWN_USAGE, scoped=True),
    Operation("GET", "/budgets", list_spent, Permission.ALL_USAGE),
)


def _sums(connection: Any, reach: Reach, query: UsageWanted) -> Page[Sum]:
    only: dict[Dimension, str] = {}
    for name in UsageWanted.__struct_fields__:
        value = getattr(query, name)
        if name not in Span.__struct_fields__ and name != "by" and value is not UNSET:
            only[name] = value  # type: ignore[index]  # the fields beside those are dimensions
    theirs, identity = _theirs(connection, reach)
    if theirs and only.setdefault(theirs, identity) != identity:
        return Page([], "")
    since = 0 if query.since is UNSET else milliseconds(query.since, "since")
    until = NEVER if query.until is UNSET else milliseconds(query.until, "until")
    question = Question(query.by, only, since, until)
    return usage.page(connection, question, query.cursor, query.limit)


def _rows(connection: Any, reach: Reach, query: AttemptsWanted, by: ledger.Filter | None) -> Page[Kept]:
    value = getattr(query, by) if by else ""
    found = ledger.page(connection, by, value, query.cursor, query.limit)
    theirs, identity = _theirs(connection, reach)
    if theirs is None:
        return found
    return Page([row for row in found.rows if getattr(row.attempt, theirs) == identity], found.cursor)


def _theirs(connection: Any, reach: Reach) -> tuple[Dimension | None, str]:
    """By what one knows in the ledger what is within reach, and its id; None where everything is."""
    if reach.key:
        return "key_id", reach.key
    if reach.under:
        return _THEIRS[principals.of(connection, reach.under).kind], reach.under
    return None, ""


def _group(names: tuple[Dimension, ...], row: Sum) -> UsageShown:
    fields = msgspec.structs.asdict(row)
    group = {name: _told(name, value) for name, value in zip(names, row.group, strict=True)}
    return UsageShown(**{**fields, "group": group, "cost": dollars_of(row.cost)})


def _told(name: str, value: str | int) -> str:
    """A value that a group stands for; a period by the time at which it began."""
    return str(value) if isinstance(value, str) else f"{time_of(value * _PERIODS[name]):%Y-%m-%dT%H:%M:%SZ}"


def _attempt(row: Kept) -> AttemptShown:
    fields = {name: getattr(row.attempt, name) for name in Attempt.__struct_fields__ if name != "charges"}
    fields |= {name: maybe_time_of(fields[name]) for name in ("first_byte", "ended")}
    fields |= {"began": time_of(fields["began"]), "cost": dollars_of(fields["cost"])}
    return AttemptShown(number=row.number, **fields)


def _spent(row: Spent) -> SpentShown:
    return SpentShown(row.scope, row.window, time_of(row.period), dollars_of(row.spent))
