"""What a caller is limited by, found once: its limits and budgets, each with where it is counted.

A meter is one scope's: what it has counted is the same for all who stand under that scope, and goes on when
limits change. How much may be counted belongs to the caller, whose account is made anew with every change.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from gateway.budgets_purse import WARNED_AT, Purse
from gateway.caller import Scope
from gateway.window import Window

REQUESTS, TOKENS, INPUT, OUTPUT = range(4)
FIELDS: Final = (
    "requests_per_minute",
    "tokens_per_minute",
    "input_tokens_per_minute",
    "output_tokens_per_minute",
)
NAMES: Final = (b"requests", b"tokens", b"input-tokens", b"output-tokens")
# What a kind is called in metrics.
KINDS: Final = ("requests", "tokens", "input_tokens", "output_tokens")
WORDS: Final = ("requests", "tokens", "tokens of input", "tokens of output")
# Whose limit it is, for the one who meets it.
WHOSE: Final = {
    "key": "this key",
    "user": "you",
    "project": "your project",
    "team": "your team",
    "organisation": "your organisation",
}
EVERYBODY: Final = "all callers together"

Pair = tuple[bytes, bytes]


class Meter:
    """What one scope has counted in the last minute, by kind, and how many requests are under way."""

    __slots__ = ("inside", "windows")

    def __init__(self) -> None:
        self.inside = 0
        self.windows: dict[int, Window] = {}

    def window(self, kind: int) -> Window:
        """Where a kind is counted: begun when it is first limited."""
        return self.windows.setdefault(kind, Window())

    def idle(self, now: float) -> bool:
        """Whether nothing it has counted matters any more."""
        return not self.inside and not any(window.clear_in(now) for window in self.windows.values())


class Gauge:
    """One limit: how much of a kind there may be in a minute, where it is counted, and how it is told.

    `other` is the caller's next limit of the same kind, `after` the next of any; of the first of a kind
    `next_kind` is the first of the next. A chain is walked without an object for the walk.

    What is told of it is spelled once as far as it stays the same: `myriads` of what is left as `head`, and
    the moment from which nothing of it is left.
    """

    __slots__ = (
        "after",
        "anthropic_limit",
        "anthropic_remaining",
        "anthropic_reset",
        "head",
        "kind",
        "most",
        "myriads",
        "next_kind",
        "openai_limit",
        "openai_remaining",
        "openai_reset",
        "other",
        "scope",
        "window",
    )

    def __init__(self, scope: str, kind: int, most: int, window: Window) -> None:
        self.scope = scope
        self.kind = kind
        self.most = most
        self.window = window
        self.other: Gauge | None = None
        self.after: Gauge | None = None
        self.next_kind: Gauge | None = None
        self.myriads = 0.0
        self.head = b""
        name = NAMES[kind]
        said = b"%d" % most
        self.openai_limit = (b"x-ratelimit-limit-" + name, said)
        self.openai_remaining = b"x-ratelimit-remaining-" + name
        self.openai_reset = b"x-ratelimit-reset-" + name
        self.anthropic_limit = (b"anthropic-ratelimit-" + name + b"-limit", said)
        self.anthropic_remaining = b"anthropic-ratelimit-" + name + b"-remaining"
        self.anthropic_reset = b"anthropic-ratelimit-" + name + b"-reset"


class Crowd:
    """The requests of one scope that are under way, and how many there may be; 0 for any number."""

    __slots__ = ("after", "meter", "most", "scope")

    def __init__(self, scope: str, meter: Meter, most: int) -> None:
        self.scope = scope
        self.meter = meter
        self.most = most
        self.after: Crowd | None = None


class Allowance:
    """One budget: how much may be spent, and the purse it is counted in."""

    __slots__ = ("after", "mark", "most", "purse", "said")

    def __init__(self, purse: Purse, most: int) -> None:
        self.purse = purse
        self.most = float(most)
        self.mark = self.most * WARNED_AT[-1]
        self.after: Allowance | None = None
        # How it was told last, and of which share and period: most answers say the same.
        self.said: tuple[tuple[int, int], list[Pair]] = ((-1, -1), [])

    def level(self, today: float) -> float:
        """Which share of it was spent."""
        return self.purse.spent(today) / self.most if self.most else 1.0


Link = TypeVar("Link", Crowd, Gauge, Allowance)


class Account:
    """What a caller is limited by. `firsts`: the first gauge of each kind, of which the tightest is told."""

    __slots__ = ("allowance", "allowances", "crowd", "crowds", "first", "firsts", "gauges", "weighs")

    def __init__(
        self,
        scopes: tuple[Scope, ...],
        meters: tuple[Meter | None, ...],
        allowances: tuple[Allowance, ...],
    ) -> None:
        limited = [(scope, meter) for scope, meter in zip(scopes, meters, strict=True) if meter is not None]
        self.crowds = tuple(Crowd(scope.id, meter, scope.limits.concurrent) for scope, meter in limited)
        self.gauges = tuple(
            Gauge(scope.id, kind, most, meter.window(kind))
            for scope, meter in limited
            for kind, field in enumerate(FIELDS)
            if (most := getattr(scope.limits, field))
        )
        self.crowd = _first(self.crowds)
        self.first = _first(self.gauges)
        self.allowance = _first(allowances)
        kinds = sorted({gauge.kind for gauge in self.gauges})
        self.firsts = tuple(_chained([one for one in self.gauges if one.kind == kind]) for kind in kinds)
        for first, following in pairwise(self.firsts):
            first.next_kind = following
        self.allowances = allowances
        self.weighs = bool(allowances) or any(kind != REQUESTS for kind in kinds)

    def crowded(self) -> bool:
        """Whether as many requests are under way as may be at once."""
        crowd = self.crowd
        while crowd is not None:
            if crowd.most and crowd.meter.inside >= crowd.most:
                return True
            crowd = crowd.after
        return False


class Ticket(msgspec.Struct, gc=False):
    """What a request was counted with: when, the tokens expected, and the money held for it.

    `amounts` is what it was counted as, by kind.

    What tries used that failed is counted beside what it is mended to.
    """

    account: Account
    entered: float
    input: int = 0
    output: int = 0
    held: float = 0.0
    amounts: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    failed_input: int = 0
    failed_output: int = 0


def _first(chain: Sequence[Link]) -> Link | None:
    """Each led to the next; the first of them."""
    for one, after in pairwise(chain):
        one.after = after
    return chain[0] if chain else None


def _chained(gauges: list[Gauge]) -> Gauge:
    for gauge, other in pairwise(gauges):
        gauge.other = other
    return gauges[0]


def whose(scope: str) -> str:
    """Whose limit it is, in words."""
    return WHOSE.get(scope.partition(":")[0], EVERYBODY)
