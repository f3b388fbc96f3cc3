"""How much may be asked for and spent: `[limits]`, those of keys, and `[budgets]`, checked and resolved."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

from gateway.configuration.document_server import Allowance, Notices, Quota
from gateway.configuration.problems import Problem
from gateway.configuration.quantities import micro_dollars
from gateway.settings import MOST_MONEY, Budget, LimitSettings

_MAKE_A_STORE: Final = 'say where: [store] path = "penstock.db"; ":memory:" forgets it at the end'
_BUDGETS: Final = "budgets"


def resolve_limits(raw: Quota, path: str, problems: list[Problem]) -> LimitSettings:
    """How much may be asked for."""
    said = {name: most for name, most in msgspec.structs.asdict(raw).items() if name != _BUDGETS}
    for name, most in said.items():
        if most < 0:
            problems.append(Problem(f"{path}.{name}", "expected 0, which is any number, or more"))
    return LimitSettings(**said)


def resolve_budgets(raw: Quota, path: str, problems: list[Problem], *, stored: bool) -> tuple[Budget, ...]:
    """How much may be spent. What is spent has to be kept somewhere."""
    if raw.budgets and not stored:
        words = "what is spent would be forgotten: nothing is kept"
        problems.append(Problem(f"{path}.{_BUDGETS}", words, _MAKE_A_STORE))
    found: dict[tuple[str, bool], Budget] = {}
    for place, one in enumerate(raw.budgets):
        where = f"{path}.{_BUDGETS}.{place}"
        amount = _amount(one, f"{where}.dollars", problems)
        if (one.window, one.rolling) in found:
            problems.append(
                Problem(f"{where}.window", f"there is a budget for this kind of {one.window} before")
            )
        found[one.window, one.rolling] = Budget(amount, one.window, one.rolling)
    return tuple(found.values())


def resolve_webhook(raw: Notices, problems: list[Problem]) -> str:
    """Who is told when a budget is passed. The address is in no message: there may be a secret in it."""
    if not raw.webhook:
        return ""
    try:
        parts = urlsplit(raw.webhook)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        remedy = "scheme, name, and a path where there is one: https://chat.example/hooks/budgets"
        problems.append(Problem("budgets.webhook", "is no address that could be told", remedy))
        return ""
    return raw.webhook


def _amount(raw: Allowance, path: str, problems: list[Problem]) -> int:
    try:
        amount = micro_dollars(raw.dollars)
    except ValueError as failure:
        problems.append(Problem(path, str(failure)))
        return 1
    if not 1 <= amount <= MOST_MONEY:
        remedy = "to let nobody spend anything, take the key away" if not amount else ""
        problems.append(Problem(path, "expected more than nothing, and at most 1000000000", remedy))
        return 1
    return amount
