"""Turns at a provider that takes only so many requests at once: in order, each given back at its last byte.

Pure: counts who is inside and holds who waits; waiting itself is done elsewhere (`waiting.py`).
"""

from collections import deque
from typing import Protocol


class Waiter(Protocol):
    """Who waits for a turn."""

    called: bool

    def call(self) -> None:
        """It is its turn."""


class Turns:
    """One provider's, in one worker."""

    __slots__ = ("_waiting", "inside", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.inside = 0
        self._waiting: deque[Waiter] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self) -> bool:
        """Take a turn, if there is one and nobody waits for it."""
        if self.inside >= self.limit or self._waiting:
            return False
        self.inside += 1
        return True

    def queue(self, waiter: Waiter) -> None:
        """Stand in the line, as the last."""
        self._waiting.append(waiter)

    def leave(self) -> None:
        """A turn is over: it goes to who has waited longest."""
        if self._waiting:
            self._waiting.popleft().call()
        else:
            self.inside -= 1

    def give_up(self, waiter: Waiter) -> None:
        """Wait no longer. Who was called meanwhile passes the turn on."""
        if waiter.called:
            self.leave()
        else:
            self._waiting.remove(waiter)
