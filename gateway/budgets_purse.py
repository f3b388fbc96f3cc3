"""What one scope has spent in one window, and what is held for requests under way. Pure; told the time.

Money is micro-dollars. `mine` is what was charged here since the start, `others` what the database has beyond
that: what other workers spent, and what was before. Some of ours is still on its way there, so `others` only
grows within a period.
"""

from typing import Final

import msgspec

from gateway.budgets_periods import Period, period_at, slice_at, word_of
from gateway.settings import Span
from gateway.window import HAIR

# From these shares of a budget on there is a warning, once in a period; and how far it falls before another.
WARNED_AT: Final = (1.0, 0.95, 0.75)
FALLEN: Final = 0.05
MILLISECONDS: Final = 1000


class Spending(msgspec.Struct):
    """What was spent in one period or slice. Floats, exact to 2 ** 53, as in window.py."""

    leaves: int
    mine: float = 0.0
    others: float = 0.0


class Purse:
    """See the head of this file. `scope` and `word` are its name; what may be spent is said by who asks."""

    __slots__ = (
        "_at",
        "_clear_at",
        "_current",
        "_period",
        "_since",
        "_slices",
        "_spent",
        "_turn",
        "asked",
        "began",
        "held",
        "rolling",
        "scope",
        "span",
        "warned",
        "word",
    )

    def __init__(self, scope: str, span: Span, *, rolling: bool) -> None:
        self.scope = scope
        self.span = span
        self.rolling = rolling
        self.word = word_of(span, rolling=rolling)
        self.held = 0.0
        self.warned = 0.0
        self.asked = float("-inf")  # when it was last
        self._at = slice_at if rolling else period_at
        self._slices: dict[int, Spending] = {}
        self._spent = 0.0
        self._since = float("inf")
        self._turn = float("-inf")
        # Found once in a period or slice, for it is asked with every request.
        self._period = Period(0, 0, 0)
        self._clear_at = 0
        self._current: Spending | None = None
        self.began = 0

    def spent(self, now: float) -> float:
        """What counts now."""
        if not self._since <= now < self._turn:
            self._roll(now)
        return self._spent

    def wait(self, now: float, most: float) -> float:
        """How long until less than `most` counts, if nothing more is spent; 0 is now."""
        excess = self.spent(now) - most
        if excess < 0:
            return 0.0
        for start, spending in sorted(self._slices.items()):
            if start > now:
                break
            excess -= spending.mine + spending.others
            if excess < 0:
                return max(spending.leaves - now, HAIR)
        return max(self.period(now).leaves - now, HAIR)

    def clear_at(self, now: float) -> int:
        """When the first of what counts no longer does; the end of the period where nothing counts."""
        if not self._since <= now < self._turn:
            self._roll(now)
        return self._clear_at

    def period(self, now: float) -> Period:
        """The period or slice that now is in."""
        if not self._since <= now < self._turn:
            self._roll(now)
        return self._period

    def charge(self, now: float, cost: float) -> int:
        """So much was spent. Returns when the period began that it counts to, in milliseconds."""
        if not self._since <= now < self._turn:
            self._roll(now)
        current = self._current
        if current is None:
            current = self._current = self._slice(self._period)
        current.mine += cost
        self._spent += cost
        return self.began

    def learn(self, now: float, start: int, total: float) -> None:
        """The database has so much for a period, by everybody; nothing where that no longer counts."""
        period = self._at(self.span, start)
        if period.leaves <= now or period.start != start:
            return
        self.spent(now)
        spending = self._slice(period)
        more = total - spending.mine - spending.others
        if more > 0:
            spending.others += more
            self._spent += more if start <= now else 0.0

    def crossed(self, now: float, most: float) -> float:
        """The share of a budget that has been passed and not been warned of yet; 0 for none."""
        level = self.spent(now) / most if most else 1.0
        reached = next((share for share in WARNED_AT if level >= share), 0.0)
        if reached > self.warned:
            self.warned = reached
            return reached
        if level < self.warned - FALLEN:
            self.warned = reached
        return 0.0

    def idle(self, now: float) -> bool:
        """Whether nothing of it counts."""
        self.spent(now)
        return not self._slices and not self.held

    def _slice(self, period: Period) -> Spending:
        found = self._slices.get(period.start)
        if found is None:
            found = self._slices[period.start] = Spending(period.leaves)
            self._clear_at = min(one.leaves for one in self._slices.values())
        return found

    def _roll(self, now: float) -> None:
        """A period or a slice has begun: what is too old leaves.

        Or the clock was set back. What was spent by a clock that was fast counts when its time has come.
        """
        for start in [start for start, one in self._slices.items() if one.leaves <= now + HAIR]:
            del self._slices[start]
        counted = (one for start, one in self._slices.items() if start <= now)
        self._spent = sum((one.mine + one.others for one in counted), 0.0)
        if not self._slices and not self.rolling:
            self.warned = 0.0
        self._period = period = self._at(self.span, now)
        self._current = self._slices.get(period.start)
        self._clear_at = min((one.leaves for one in self._slices.values()), default=period.leaves)
        self.began = period.start * MILLISECONDS
        self._since = float(period.start)
        # A hair early: what a client was told in whole seconds is a sum of floats.
        self._turn = period.end - HAIR
