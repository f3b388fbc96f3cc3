"""How much may happen in any minute. Pure: told the time, in seconds.

What happened in one second is one entry and leaves the minute together, a minute after the last of it: so
nothing is ever forgotten too early, every answer is found without counting, and who waits as long as it is
told finds room.
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


class Window:
    """One limit, over the last minute."""

    __slots__ = ("_entries", "_total", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        # Floats, exact to 2 ** 53: an integer over 256 is a new object at every step.
        self._total = 0.0
        self._entries: deque[Entry] = deque()

    def wait(self, now: float, amount: float) -> float:
        """How long until there is room for so much: 0 is now. More than the limit needs all of it."""
        self._forget(now)
        excess = self._total + min(amount, self.limit) - self.limit
        if excess <= 0:
            return 0.0
        last = now
        for entry in self._entries:
            last = entry.last
            excess -= entry.amount
            if excess <= 0:
                break
        return max(last + MINUTE - now, 0.0)

    def add(self, now: float, amount: float) -> Entry:
        """So much happens now. What comes of it can be mended in its entry."""
        second = now // 1
        entries = self._entries
        if not entries or entries[-1].second != second:
            entries.append(Entry(second))
        entry = entries[-1]
        entry.last = now
        entry.amount += amount
        self._total += amount
        return entry

    def mend(self, entry: Entry, now: float, change: float) -> None:
        """It was more than was said, or less; nothing where it is out of the minute already."""
        if entry.last + MINUTE > now + HAIR:
            entry.amount += change
            self._total += change

    def left(self, now: float) -> int:
        """What there is still room for."""
        self._forget(now)
        return max(int(self.limit - self._total), 0)

    def clear_in(self, now: float) -> float:
        """How long until nothing of the minute is left."""
        self._forget(now)
        return max(self._entries[-1].last + MINUTE - now, 0.0) if self._entries else 0.0

    def _forget(self, now: float) -> None:
        entries = self._entries
        while entries and entries[0].last + MINUTE <= now + HAIR:
            self._total -= entries.popleft().amount


def whole(seconds: float) -> int:
    """Seconds as a client is told them: whole ones, at least one, and never too few."""
    return max(1, math.ceil(seconds - HAIR))
