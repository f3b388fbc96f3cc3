"""What is left, in the header fields of the client's own API (features G7, G8).

Numbers that repeat are spelled once: the seconds of a minute, and the moments it may end at.
"""

import math
from datetime import UTC, datetime
from typing import Final

from gateway.limits_account import Account, Allowance, Gauge
from gateway.state import Pair

PREFIXES: Final = (b"x-ratelimit-", b"anthropic-ratelimit-")
# A number that is spelled costs four objects. Those that are left of most limits are few, and of the others
# the first digits stay as they are for a while.
NUMBERS: Final = tuple(b"%d" % number for number in range(1000))
ENDS: Final = tuple(b"%02d" % number for number in range(100))
FEW: Final = 1000.0
HUNDRED: Final = 100.0
MYRIAD: Final = 10_000.0
SECONDS: Final = tuple(b"%ds" % seconds for seconds in range(62))
MOMENTS_KEPT: Final = 256
MICRO: Final = 1_000_000
# From this share of a budget on clients of other APIs than Anthropic's are told of it.
NEAR: Final = 75
NEARER: Final = 95
ALL: Final = 100
# What Claude Code calls the period of a budget; it knows no other.
PERIODS: Final = {"day": b"daily", "week": b"weekly", "month": b"monthly"}
UNIFIED: Final = b"anthropic-ratelimit-unified-"

_moments: Final[dict[float, bytes]] = {}


def without_others(headers: list[Pair]) -> list[Pair]:
    """The fields without what a provider says of its own limits: they are not this caller's."""
    for name, _ in headers:
        if name.startswith(PREFIXES):
            return [pair for pair in headers if not pair[0].startswith(PREFIXES)]
    return headers


def tell_openai(account: Account, now: float, headers: list[Pair]) -> None:
    """Add what is left, as OpenAI's API says it."""
    first = account.firsts[0] if account.firsts else None
    while first is not None:
        gauge, left = _tightest(first, now)
        clear = SECONDS[math.ceil(gauge.window.clear_in(now))]
        said = (gauge.openai_remaining, _spelled(gauge, left))
        headers += (gauge.openai_limit, said, (gauge.openai_reset, clear))
        first = first.next_kind


def tell_anthropic(account: Account, now: float, today: float, headers: list[Pair]) -> None:
    """Add what is left, as Anthropic's API says it. `today` is the time since 1970."""
    clear, reset = -1.0, b""
    first = account.firsts[0] if account.firsts else None
    while first is not None:
        gauge, left = _tightest(first, now)
        clear_in = gauge.window.clear_in(now)
        if clear_in != clear:
            clear, reset = clear_in, moment(-(-(today + clear_in) // 1))
        said = (gauge.anthropic_remaining, _spelled(gauge, left))
        headers += (gauge.anthropic_limit, said, (gauge.anthropic_reset, reset))
        first = first.next_kind


def tell_budget(account: Account, today: float, headers: list[Pair], *, anthropic: bool) -> None:
    """Add how much of the fullest budget was spent: to Anthropic's clients always, to others when it is near.

    To the former it is spelled anew with each hundredth of the budget, and each period.
    """
    allowance = fullest(account, today)
    percent = int(allowance.level(today) * ALL)
    if percent < NEAR and not anthropic:
        return
    if not anthropic:
        headers += _dollars(allowance, percent, today)
        return
    place = (percent, allowance.purse.clear_at(today))
    if allowance.said[0] != place or percent >= ALL:
        allowance.said = (place, _unified(allowance, percent, today))
    headers += allowance.said[1]


def fullest(account: Account, today: float) -> Allowance:
    """The budget of which the largest share was spent; of those used up the one that lasts longest."""
    found, share = account.allowances[0], -1.0
    if len(account.allowances) == 1:
        return found
    for allowance in account.allowances:
        level = allowance.level(today)
        if level >= 1:
            level += allowance.purse.wait(today, allowance.most)
        if level > share:
            found, share = allowance, level
    return found


def moment(second: float) -> bytes:
    """A moment in UTC, a whole second, as RFC 3339 spells it."""
    said = _moments.get(second)
    if said is None:
        if len(_moments) >= MOMENTS_KEPT:
            _moments.clear()
        said = _moments[second] = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    return said


def _spelled(gauge: Gauge, left: float) -> bytes:
    if left < FEW:
        return NUMBERS[int(left)]
    myriads = left // MYRIAD
    if myriads != gauge.myriads:
        gauge.myriads, gauge.head = myriads, b"%d" % myriads if myriads else b""
    return b"".join((gauge.head, ENDS[int(left % MYRIAD // HUNDRED)], ENDS[int(left % HUNDRED)]))


def _tightest(first: Gauge, now: float) -> tuple[Gauge, float]:
    """Of the limits of one kind the one of which least is left, and what is."""
    found, least = first, first.window.left(now, first.most)
    gauge = first.other
    while gauge is not None:
        left = gauge.window.left(now, gauge.most)
        if left < least:
            found, least = gauge, left
        gauge = gauge.other
    return found, least


def _reset(allowance: Allowance, today: float) -> int:
    """When something of it can be spent again, where it is used up; else when the first of it is anew."""
    wait = allowance.purse.wait(today, allowance.most)
    return math.ceil(today + wait) if wait else allowance.purse.clear_at(today)


def _unified(allowance: Allowance, percent: int, today: float) -> list[Pair]:
    """As Claude Code's own gateway says a cap on spending (2.1.329): Claude Code warns its user by it."""
    reset = b"%d" % _reset(allowance, today)
    used = b"%.2f" % (percent / ALL if percent >= ALL else min(percent / ALL, 0.99))
    passed = ALL if percent >= ALL else NEARER if percent >= NEARER else NEAR if percent >= NEAR else 0
    status = b"rejected" if percent >= ALL else b"allowed_warning" if passed else b"allowed"
    said = [
        (UNIFIED + b"status", status),
        (UNIFIED + b"reset", reset),
        (UNIFIED + b"overage-reset", reset),
        (UNIFIED + b"overage-utilization", used),
    ]
    if passed:
        said.append((UNIFIED + b"overage-surpassed-threshold", b"%g" % (passed / ALL)))
    if percent < ALL:
        said += [(UNIFIED + b"representative-claim", b"overage"), (UNIFIED + b"overage-status", status)]
        return said
    period = PERIODS.get(allowance.purse.span)
    if period is not None:
        said.append((UNIFIED + b"overage-period", period))
    said.append((UNIFIED + b"overage-disabled-reason", b"org_spend_cap_reached"))
    return said


def _dollars(allowance: Allowance, percent: int, today: float) -> list[Pair]:
    left = 0.0 if percent >= ALL else allowance.most - allowance.purse.spent(today)
    return [
        (b"x-ratelimit-limit-dollars", b"%.2f" % (allowance.most / MICRO)),
        (b"x-ratelimit-remaining-dollars", b"%.2f" % (left / MICRO)),
        (b"x-ratelimit-reset-dollars", b"%ds" % max(_reset(allowance, today) - int(today), 1)),
    ]
