"""How much has happened in the last minute, and when there is room for more. Pure: told the time, in seconds.

What happened in one second is one entry and leaves the minute together, a minute after the last of it: so
nothing is ever forgotten too early, every answer is found without counting, and who waits as long as it is
told finds room. How much may happen is said by who asks: a limit that is changed keeps what was counted.
"""

import math
from collections import deque
from typing import Final

MINUTE: Final = 60.0
# Times are sums of floats: what is over by less than this is over.
HAIR: Final = 1e-6


class Entry:
    """What happened in one second, and when the last of it did."""

    __slots__ = ("amount", "last", "second")

    def __init__(self, second: float) -> None:
        self.second = second
        self.last = 0.0
        self.amount = 0.0


# Stands for the newest entry where there is none.
NONE: Final = Entry(-math.inf)


class Window:
    """What has happened in the last minute."""

    __slots__ = ("_entries", "_leaves", "_newest", "_total")

    def __init__(self) -> None:
        # Floats, exact to 2 ** 53: an integer over 256 is a new object at every step.
        self._total = 0.0
        self._entries: deque[Entry] = deque()
        self._newest = NONE
        # Before then nothing leaves.
        self._leaves = math.inf

    def wait(self, now: float, amount: float, most: float) -> float:
        """How long until there is room for so much: 0 is now. More than there may be needs all of it."""
        if now >= self._leaves:
            self._forget(now)
        excess = self._total + (amount if amount < most else most) - most  # noqa: FURB136  # min() allocates
        if excess <= 0:
            return 0.0
        last = now
        for entry in self._entries:
            last = entry.last
            excess -= entry.amount
            if excess <= 0:
                break
        return max(last + MINUTE - now, 0.0)

    def add(self, now: float, amount: float) -> None:
        """So much happens now."""
        entry = self._newest
        if entry.second != now // 1:
            entry = self._begin(now)
        entry.last = now
        entry.amount += amount
        self._total += amount

    def mend(self, then: float, now: float, change: float) -> None:
        """What was added then was more than was said, or less; nothing where it is out of the minute."""
        found: Entry | None = self._newest
        if self._newest.second != then // 1:
            found = self._of(then // 1)
        if found is not None and found.last + MINUTE > now + HAIR:
            found.amount += change
            self._total += change

    def left(self, now: float, most: float) -> float:
        """What there is still room for."""
        if now >= self._leaves:
            self._forget(now)
        left = most - self._total
        return left if left > 0 else 0.0

    def clear_in(self, now: float) -> float:
        """How long until nothing of the minute is left."""
        if now >= self._leaves:
            self._forget(now)
        return self._newest.last + MINUTE - now if self._entries else 0.0

    def _begin(self, now: float) -> Entry:
        entry = self._newest = Entry(now // 1)
        if not self._entries:
            self._leaves = now + MINUTE - HAIR
        self._entries.append(entry)
        return entry

    def _of(self, second: float) -> Entry | None:
        # Apart from `mend`: what a generator uses of its function is one object more at every call.
        return next((entry for entry in reversed(self._entries) if entry.second == second), None)

    def _forget(self, now: float) -> None:
        entries = self._entries
        while entries and entries[0].last + MINUTE <= now + HAIR:
            self._total -= entries.popleft().amount
        if entries:
            self._leaves = entries[0].last + MINUTE - HAIR
        else:
            self._leaves, self._newest = math.inf, NONE


def whole(seconds: float) -> int:
    """Seconds as a client is told them: whole ones, at least one, and never too few."""
    return max(1, math.ceil(seconds - HAIR))
