"""What is left of limits and budgets, by scope: as this worker counts them, for callers it has seen."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk
from gateway.edge.admin.words import Taken, Word, dollars_of
from gateway.house import House
from gateway.limits import Limits
from gateway.limits_account import FIELDS, Account
from gateway.roles import Permission
from gateway.settings import Span

MOST_ACCOUNTS: Final = 10_000
CONCURRENT: Final = "concurrent"


class LimitsWanted(Taken, frozen=True, kw_only=True):
    """Whose."""

    scope: Annotated[Word, Meta(description='"key:…", "user:…", "team:…" and so on.')] | UnsetType = UNSET


class LimitLeft(msgspec.Struct, frozen=True):
    """What is left of a limit; `limit` is the smallest that any caller has there."""

    scope: str
    name: str
    limit: int
    left: int


class BudgetLeft(msgspec.Struct, frozen=True):
    """What is left of a budget, in dollars. `held` is for requests under way."""

    scope: str
    window: Span
    rolling: bool
    dollars: str
    spent: str
    held: str
    left: str
    resets_at: datetime


class Left(msgspec.Struct, frozen=True):
    """Limits and budgets, by scope."""

    limits: list[LimitLeft]
    budgets: list[BudgetLeft]


async def read_limits(desk: Desk, query: LimitsWanted) -> Left:
    """Show what is left of the limits and budgets of callers that this worker has seen."""
    if desk.house.limits is None:
        return Left([], [])
    limits = _limits(desk.house, desk.house.limits)
    budgets = _budgets(desk.house, desk.house.limits)
    if query.scope is UNSET:
        return Left(limits, budgets)
    return Left(
        [one for one in limits if one.scope == query.scope],
        [one for one in budgets if one.scope == query.scope],
    )


OPERATIONS: Final = (Operation("GET", "/limits", read_limits, Permission.ALL_USAGE, stored=False),)


def _limits(house: House, limits: Limits) -> list[LimitLeft]:
    now = house.clock()
    found: dict[tuple[str, str], LimitLeft] = {}
    for account in limits.accounts(MOST_ACCOUNTS):
        for one in _of_account(account, now):
            before = found.get((one.scope, one.name))
            if before is None or one.limit < before.limit:
                found[one.scope, one.name] = one
    return [found[key] for key in sorted(found)]


def _of_account(account: Account, now: float) -> list[LimitLeft]:
    told = [
        LimitLeft(gauge.scope, FIELDS[gauge.kind], gauge.most, int(gauge.window.left(now, gauge.most)))
        for gauge in account.gauges
    ]
    told += [
        LimitLeft(crowd.scope, CONCURRENT, crowd.most, max(crowd.most - crowd.meter.inside, 0))
        for crowd in account.crowds
        if crowd.most
    ]
    return told


def _budgets(house: House, limits: Limits) -> list[BudgetLeft]:
    today = house.calendar()
    found: dict[tuple[str, str], BudgetLeft] = {}
    for account in limits.accounts(MOST_ACCOUNTS):
        for allowance in account.allowances:
            purse = allowance.purse
            spent, held, most = int(purse.spent(today)), int(purse.held), int(allowance.most)
            found[purse.scope, purse.word] = BudgetLeft(
                purse.scope,
                purse.span,
                purse.rolling,
                dollars_of(most),
                dollars_of(spent),
                dollars_of(held),
                dollars_of(max(most - spent - held, 0)),
                datetime.fromtimestamp(purse.clear_at(today), UTC),
            )
    return [found[key] for key in sorted(found)]
