"""How long the event loop was held up at most, lately: what every stream of a worker felt at once.

Pure: told the time. The timekeeper ticks anyway while anybody is inside; by as much as a tick is late,
something else held the loop, or the processor was somebody else's.
"""

from typing import Final

SPAN: Final = 60.0  # seconds after which the longest is the longest of the span before


class Lateness:
    """The longest delay of this span and of the one before, in seconds."""

    __slots__ = ("_before", "_longest", "_until")

    def __init__(self) -> None:
        self._longest = 0.0
        self._before = 0.0
        self._until = 0.0

    def note(self, late: float, now: float) -> None:
        """Something that was due came so much later."""
        if now >= self._until:
            self._turn(now)
        self._longest = max(self._longest, late)

    def longest(self, now: float) -> float:
        """The longest delay of the last one to two spans."""
        if now >= self._until:
            self._turn(now)
        return max(self._longest, self._before)

    def _turn(self, now: float) -> None:
        # Nobody looked for two spans: what was longest then is long ago.
        self._before = self._longest if now < self._until + SPAN else 0.0
        self._longest = 0.0
        self._until = now + SPAN
