"""When a target is left alone: a count of its last minute, and one probe at a time once it has rested.

Pure: it is told the time, and holds nothing but counts. A breaker refuses nothing by itself: who has
another target to try asks `ready`, who has none goes on.

    closed      all go in; opens when of at least ten tries in a minute 30 % failed, by weight
    open        left alone for as long as it rests
    half-open   one probe goes in at a time; two good ones close it, a bad one opens it again
"""

from collections import deque
from collections.abc import Collection
from typing import Final, Literal

MINUTE: Final = 60.0  # seconds that are looked back on, in buckets of one
LEAST: Final = 10.0  # tries, before anything is concluded from them
SHARE: Final = 0.3
GOOD_PROBES: Final = 2
REST: Final = 30.0  # seconds
# Told apart up to here; a client chooses names, so what is kept is bounded.
MOST_KEPT: Final = 200

State = Literal["closed", "half_open", "open"]


class Breaker:
    """One target's. Times are the clock's of the house, in seconds."""

    __slots__ = (
        "_failed",
        "_good",
        "_past",
        "_past_failed",
        "_past_tried",
        "_probing",
        "_rested_at",
        "_second",
        "_tried",
        "closed",
        "rest",
    )

    def __init__(self, rest: float = REST) -> None:
        self.rest = rest
        self.closed = True
        self._rested_at = 0.0
        self._probing = False
        self._good = 0
        self._second = 0.0
        # Floats, as tallies are: what is counted for every request allocates nothing.
        self._tried = self._failed = 0.0
        self._past: deque[tuple[float, float, float]] = deque()
        self._past_tried = self._past_failed = 0.0

    def ready(self, now: float) -> bool:
        """Whether a try may go in: any while closed, one at a time when it has rested."""
        return self.closed or (now >= self._rested_at and not self._probing)

    def probe(self, now: float) -> bool:
        """Begin a try; true when it is the probe, whose outcome or end must be told."""
        if self.closed or not self.ready(now):
            return False
        self._probing = True
        return True

    def free(self) -> None:
        """The probe is over, however it went: another may go in."""
        self._probing = False

    def good(self, now: float) -> None:
        """A try went well."""
        self._count(now, 0.0)
        if not self.closed and now >= self._rested_at:
            self._good += 1
            if self._good >= GOOD_PROBES:
                self._close()

    def bad(self, now: float, weight: float) -> None:
        """A try failed: `weight` says how much that means."""
        self._count(now, weight)
        if self.closed:
            tried, failed = self._past_tried + self._tried, self._past_failed + self._failed
            if tried >= LEAST and failed >= SHARE * tried:
                self._open(now)
        elif now >= self._rested_at:
            self._open(now)

    def trip(self, now: float) -> None:
        """It is known that a try would fail: left alone from now on, for as long as it rests."""
        if self.closed or now >= self._rested_at:
            self._open(now)

    def relent(self, now: float) -> None:
        """It is known that somebody is there: a probe may go in at once."""
        self._rested_at = min(self._rested_at, now)

    def state(self, now: float) -> State:
        """What it is now."""
        if self.closed:
            return "closed"
        return "half_open" if now >= self._rested_at else "open"

    def _open(self, now: float) -> None:
        self.closed = False
        self._rested_at = now + self.rest
        self._good = 0

    def _close(self) -> None:
        """What failed before is forgotten: it would open it again at once."""
        self.closed = True
        self._past.clear()
        self._tried = self._failed = self._past_tried = self._past_failed = 0.0

    def _count(self, now: float, weight: float) -> None:
        second = now // 1
        if second != self._second:
            self._turn(second)
        self._tried += 1.0
        self._failed += weight

    def _turn(self, second: float) -> None:
        """A new second: the one before is kept for a minute, and what is older is let go."""
        if self._tried:
            self._past.append((self._second, self._tried, self._failed))
            self._past_tried += self._tried
            self._past_failed += self._failed
        self._second, self._tried, self._failed = second, 0.0, 0.0
        while self._past and self._past[0][0] <= second - MINUTE:
            _, tried, failed = self._past.popleft()
            self._past_tried -= tried
            self._past_failed -= failed


class Breakers:
    """The breakers of one worker, by provider and model."""

    __slots__ = ("_kept", "_rest")

    def __init__(self, rest: float = REST) -> None:
        self._rest = rest
        self._kept: dict[tuple[str, str], Breaker] = {}

    def of(self, provider: str, model: str) -> Breaker:
        """The breaker of a target. Beyond the bound every plan has one of its own."""
        breaker = self._kept.get((provider, model))
        if breaker is None:
            breaker = Breaker(self._rest)
            if len(self._kept) < MOST_KEPT:
                self._kept[provider, model] = breaker
        return breaker

    def of_provider(self, provider: str) -> list[Breaker]:
        """Those of a provider's models that were asked for so far."""
        return [breaker for (name, _), breaker in self._kept.items() if name == provider]

    def settle(self, rest: float, changed: Collection[str]) -> None:
        """The settings are others: all rest as long from now on, and providers that changed begin anew."""
        self._rest = rest
        self._kept = {target: breaker for target, breaker in self._kept.items() if target[0] not in changed}
        for breaker in self._kept.values():
            breaker.rest = rest

    def states(self, now: float) -> dict[tuple[str, str], State]:
        """What each is now."""
        return {target: breaker.state(now) for target, breaker in self._kept.items()}
