"""What is kept for a while: bounded in entries, in bytes and in time, over the clock of the house.

Which entries stay when there are too many is decided by how often they are asked for (`tinylfu.py`). Where
there are too many bytes, what was not asked for longest goes. Knows nothing of what it keeps.
"""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import msgspec

from gateway.tinylfu import TinyLfu

Key = TypeVar("Key")
Value = TypeVar("Value")


class Figures(msgspec.Struct, frozen=True):
    """What a cache says of itself; `bytes` is None where nobody counts them."""

    entries: int
    bytes: int | None
    hits: int
    misses: int


class Holding(Protocol):
    """Anything that is kept only to be quick."""

    def figures(self) -> Figures:
        """How full it is, and how often it was of use."""

    def clear(self) -> int:
        """Forget everything; how many entries that were."""

    def halve(self) -> int:
        """Forget about half, what is worth less first where that is known; how many entries that were."""


class Counted(Generic[Key, Value]):
    """A W-TinyLFU whose bytes nobody counts, shown as the others are."""

    __slots__ = ("_kept",)

    def __init__(self, kept: TinyLfu[Key, Value]) -> None:
        self._kept = kept

    def figures(self) -> Figures:
        """How full it is, and how often it was of use."""
        return Figures(len(self._kept), None, int(self._kept.hits), int(self._kept.misses))

    def clear(self) -> int:
        """Forget everything; how many entries that were."""
        count = len(self._kept)
        self._kept.clear()
        return count

    def halve(self) -> int:
        """Forget the half that was put here first."""
        return self._kept.halve()


class Kept(msgspec.Struct, Generic[Value], frozen=True):
    """One entry. `until` is when it is no longer told."""

    key: bytes
    value: Value
    size: int
    kept_at: float
    until: float


class Cache(Generic[Value]):
    """See the head of this file."""

    __slots__ = ("_clock", "_entries", "_hits", "_misses", "_most_bytes", "_used", "size")

    def __init__(self, clock: Callable[[], float], most_entries: int, most_bytes: int) -> None:
        self._clock = clock
        self._most_bytes = most_bytes
        self._entries: TinyLfu[bytes, Kept[Value]] = TinyLfu(most_entries)
        # In the order they were last asked for.
        self._used: dict[bytes, Kept[Value]] = {}
        self._hits = self._misses = 0
        self.size = 0

    def get(self, key: bytes) -> Kept[Value] | None:
        """What is kept under a key and has not run out."""
        kept = self._entries.get(key)
        if kept is None or kept.until <= self._clock():
            self._misses += 1
            return None
        self._hits += 1
        self._used[key] = self._used.pop(key)
        return kept

    def put(self, key: bytes, value: Value, size: int, life: float) -> None:
        """Keep a value for `life` seconds, unless it is too large, or others are asked for more often."""
        if size > self._most_bytes:
            return
        now = self._clock()
        self._drop(key)
        self._used[key] = kept = Kept(key, value, size, now, now + life)
        self.size += size
        for loser in self._entries.put(key, kept):
            self._let_go(loser)
        if self.size > self._most_bytes:
            self.expire(now)
        while self.size > self._most_bytes:
            self._drop(next(iter(self._used)))

    def expire(self, now: float) -> None:
        """Let go of what has run out."""
        for key in [key for key, kept in self._used.items() if kept.until <= now]:
            self._drop(key)

    def clear(self) -> int:
        """Forget everything; how many entries that were."""
        count = len(self._used)
        self._entries.clear()
        self._used.clear()
        self.size = 0
        return count

    def halve(self) -> int:
        """Forget what was not asked for longest, until half of the bytes are left."""
        count, half = len(self._used), self.size // 2
        while self.size > half:
            self._drop(next(iter(self._used)))
        return count - len(self._used)

    def figures(self) -> Figures:
        """How full it is, and how often it was of use."""
        return Figures(len(self._used), self.size, self._hits, self._misses)

    def _drop(self, key: bytes) -> None:
        kept = self._entries.forget(key)
        if kept is not None:
            self._let_go(kept)

    def _let_go(self, kept: Kept[Value]) -> None:
        del self._used[kept.key]
        self.size -= kept.size
