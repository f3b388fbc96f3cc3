"""A mapping of bounded size that keeps what is asked for most: W-TinyLFU (Einziger, Friedman, Manes, 2017).

The policy is theine's, in Rust; the values stay here. It is told of hits in batches, 64 numbers at once. It
knows no time: who wants what is kept to end keeps the end with the value. For one thread.
"""

from typing import Final, Generic, TypeVar

import msgspec
from theine_core import TlfuCore, spread

BATCH: Final = 64
FOR_EVER: Final = 0

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Entry(msgspec.Struct, Generic[Value]):
    """A value, and the number that the policy knows its key by."""

    value: Value
    mark: int


class TinyLfu(Generic[Key, Value]):
    """At most `size` values. `hits` and `misses` are counted as floats, which allocate nothing."""

    __slots__ = ("__weakref__", "_core", "_count", "_entries", "_heard", "_keys", "_size", "hits", "misses")

    def __init__(self, size: int) -> None:
        self._size = size
        self._core = TlfuCore(size)
        self._entries: dict[Key, _Entry[Value]] = {}
        self._keys: dict[int, Key] = {}
        # Written round, for a list that grows anew for each batch allocates as it does.
        self._heard = [0] * BATCH
        self._count = 0
        self.hits = self.misses = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """What is kept under a key."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1.0
            return None
        self.hits += 1.0
        self._heard[self._count] = entry.mark
        self._count += 1
        if self._count == BATCH:
            self._tell()
        return entry.value

    def put(self, key: Key, value: Value) -> list[Value]:
        """Keep a value; those that had to go for it, which may be the very same."""
        entry = self._entries.get(key)
        if entry is not None:
            gone = [entry.value]
            entry.value = value
            return gone
        mark = spread(hash(key))
        # Two keys of one number are one to the policy: the newer takes the place.
        gone = self._take_out([mark])
        self._entries[key] = _Entry(value, mark)
        self._keys[mark] = key
        self._tell()
        return gone + self._take_out(self._core.set([(mark, FOR_EVER)]))

    def forget(self, key: Key) -> Value | None:
        """Keep nothing under a key any more; what was kept."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return None
        del self._keys[entry.mark]
        self._core.remove(entry.mark)
        return entry.value

    def clear(self) -> None:
        """Keep nothing of all."""
        # A core that was cleared takes nothing for good any more (theine-core 2.1).
        self._core = TlfuCore(self._size)
        self._entries.clear()
        self._keys.clear()
        self._count = 0

    def halve(self) -> int:
        """Keep the newer half; how many went."""
        older = list(self._entries)[: (len(self._entries) + 1) // 2]
        for key in older:
            self.forget(key)
        return len(older)

    def _tell(self) -> None:
        """What was asked for is more worth keeping."""
        heard = self._heard
        self._core.access(heard if self._count == BATCH else heard[: self._count])
        self._count = 0

    def _take_out(self, marks: list[int]) -> list[Value]:
        keys = [self._keys.pop(mark) for mark in marks if mark in self._keys]
        return [self._entries.pop(key).value for key in keys]
