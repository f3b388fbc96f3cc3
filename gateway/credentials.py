"""The keys of a provider that has several: whose turn it is, and how long one that was refused is left alone.

Pure: it is told the time, and holds nothing but times and counts, never a key. A provider with one key has
none of this: what that is answered, the client is told.

    well        taken in turn, or by the conversation that used it last
    resting     throttled: until the time the provider said, or 30 seconds that double from one to the next
    dead        refused: until it has rested; then one request at a time finds out whether it was mended
"""

from typing import Final, Literal

# Where a provider does not say when to come back (seconds), and how far that doubles.
REST: Final = 30.0
LONGEST_REST: Final = 600.0
# What a provider says is believed up to here: a day, which some quotas last.
LONGEST_SAID: Final = 86400.0
DEAD_REST: Final = 300.0
NONE: Final = -1
NEVER: Final = float("inf")

State = Literal["well", "resting", "dead"]


class Credential:
    """What is known of one key. Times are the clock's of the house, in seconds."""

    __slots__ = ("dead", "probing", "rests_until", "throttled")

    def __init__(self) -> None:
        self.dead = self.probing = False
        self.rests_until = 0.0
        self.throttled = 0

    def ready(self, now: float) -> bool:
        """Whether a try may take it."""
        return now >= self.rests_until and not self.probing

    def state(self, now: float) -> State:
        """What it is now."""
        if self.dead:
            return "dead"
        return "well" if now >= self.rests_until else "resting"


class Credentials:
    """The keys of one provider, by their places in its settings. `rest` is for those that were refused."""

    __slots__ = ("_turn", "all", "rest")

    def __init__(self, count: int, rest: float = DEAD_REST) -> None:
        self.all = tuple(Credential() for _ in range(count))
        self.rest = rest
        self._turn = NONE

    def pick(self, now: float, tried: frozenset[int] = frozenset(), wanted: int = NONE) -> int:
        """The key of the next try: the one wanted if it is ready, else the next in turn; NONE where none is.

        A dead one that has rested is taken as a probe: whoever takes it says how it went, or frees it.
        """
        count = len(self.all)
        places = [wanted] if wanted != NONE else []
        places += [(self._turn + step) % count for step in range(1, count + 1)]
        place = next((one for one in places if one not in tried and self.all[one].ready(now)), NONE)
        if place != NONE:
            self.all[place].probing = self.all[place].dead
            if place != wanted:
                self._turn = place
        return place

    def good(self, place: int, now: float) -> None:
        """A try with it went well. One that began before it was throttled proves nothing."""
        key = self.all[place]
        key.probing = False
        if now >= key.rests_until:
            key.dead = False
            key.throttled = 0

    def throttle(self, place: int, now: float, said: float | None) -> None:
        """It was answered 429: until the time the provider said, in seconds from now, if it did."""
        key = self.all[place]
        # Who throttles a key has accepted it.
        key.dead = key.probing = False
        if now >= key.rests_until:
            # Requests that were under way together are throttled together: that is once.
            key.throttled += 1
        default = min(REST * 2.0 ** (max(key.throttled, 1) - 1), LONGEST_REST)
        rest = default if said is None else min(said, LONGEST_SAID)
        key.rests_until = max(key.rests_until, now + rest)

    def refuse(self, place: int, now: float) -> None:
        """It is not accepted."""
        key = self.all[place]
        key.dead, key.probing = True, False
        key.rests_until = now + self.rest

    def free(self, place: int) -> None:
        """A try with it is over, and nothing was learned."""
        self.all[place].probing = False

    def back_at(self) -> float:
        """When the first of those that only rest is back; never, where all are dead."""
        return min((key.rests_until for key in self.all if not key.dead), default=NEVER)

    def states(self, now: float) -> list[State]:
        """What each is now."""
        return [key.state(now) for key in self.all]
