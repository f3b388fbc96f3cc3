"""Counts kept in memory for the metrics: plain integers, written out by `edge/metrics.py` when asked.

A tally belongs to one combination of labels. The combinations are bounded: a model's name is the
client's word, so beyond `MOST_LABELS` names of models everything else counts as `other`.
"""

from bisect import bisect_left
from collections import deque
from typing import Final, NamedTuple

from gateway.journal import Line

MOST_LABELS: Final = 200
OTHER: Final = "other"
STATUSES: Final = 600
OUTCOMES: Final = {"complete": 0, "error": 1, "client_gone": 2}
# Where a reply was when it ended: its head had not been sent, or it had. Outcomes of the one, then the other.
PHASES: Final = ("before_head", "after_head")
# Upper bounds in seconds; one more bucket holds the rest.
SHORT: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
# Between two tokens of a stream.
GAPS: Final = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0)
LONG: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)


class Histogram:
    """Counts of values by upper bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        # Counts are floats, exact to 2 ** 53: an integer over 256 is a new object at every step, and a
        # float comes from the interpreter's own store of them. Five allocations a request.
        self.counts = [0.0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class RequestLabels(NamedTuple):
    """What requests are told apart by."""

    dialect: str
    operation: str
    provider: str
    relay: str


class RequestTally:
    """Requests of one kind: how they ended, how long they took, and how much of that was our own.

    `gaps`: of each stream the time between two of its tokens, on average.
    """

    __slots__ = ("durations", "first_bytes", "gaps", "outcomes", "own", "statuses")

    def __init__(self) -> None:
        self.statuses = [0.0] * STATUSES
        self.outcomes = [0.0] * (len(OUTCOMES) * len(PHASES))
        self.durations = Histogram(LONG)
        self.first_bytes = Histogram(LONG)
        self.gaps = Histogram(GAPS)
        self.own = Histogram(SHORT)


class TokenLabels(NamedTuple):
    """What tokens are told apart by."""

    provider: str
    model: str


class TokenTally:
    """Tokens of one model, by kind as in `Usage`.

    `cost` is what they cost in micro-dollars, `unpriced` the requests whose cost nobody knows.
    """

    __slots__ = ("cache_read", "cache_write", "cost", "input", "output", "reasoning", "unpriced")

    def __init__(self) -> None:
        self.input = self.cache_read = self.cache_write = self.output = self.reasoning = 0
        self.cost = self.unpriced = 0.0


class FailoverLabels(NamedTuple):
    """What targets that were left are told apart by."""

    provider: str
    kind: str


class LeavingLabels(NamedTuple):
    """What decisions to leave a warm target are told apart by: `leave` or `wait`."""

    provider: str
    decision: str


class WaitLabels(NamedTuple):
    """What waits for a turn are told apart by."""

    provider: str
    served: str


class LeftOutLabels(NamedTuple):
    """What targets that could not serve a request are told apart by: what was missing first."""

    provider: str
    missing: str


class HedgeLabels(NamedTuple):
    """What second tries beside a first are told apart by: `outcome` is won, lost or failed."""

    provider: str
    outcome: str


class Tallies:
    """All counts of one worker."""

    __slots__ = (
        "auth_time",
        "failovers",
        "hedges",
        "leavings",
        "left_out",
        "plan_time",
        "planned",
        "planned_own",
        "recalls",
        "recent",
        "requests",
        "rotations",
        "signs_of_life",
        "tokens",
        "waits",
    )

    def __init__(self) -> None:
        # Keys stand in the order of `RequestLabels` and `TokenLabels`; a bare tuple costs a third.
        self.requests: dict[tuple[str, str, str, str], RequestTally] = {}
        self.tokens: dict[tuple[str, str], TokenTally] = {}
        # Of the requests that were planned: how many, our own time on them, and that of the first stages.
        self.planned = self.planned_own = self.auth_time = self.plan_time = 0.0
        self.signs_of_life = 0
        self.failovers: dict[FailoverLabels, int] = {}
        self.hedges: dict[HedgeLabels, int] = {}
        self.left_out: dict[LeftOutLabels, int] = {}
        self.rotations: dict[FailoverLabels, int] = {}
        self.leavings: dict[LeavingLabels, int] = {}
        self.waits: dict[WaitLabels, Histogram] = {}
        self.recalls: dict[str, int] = {}
        # The lines of the latest requests, while somebody looks at the console.
        self.recent: deque[Line] | None = None

    def request(self, dialect: str, operation: str, provider: str, relay: str) -> RequestTally:
        """The tally of one kind of request."""
        labels = (dialect, operation, provider, relay)
        tally = self.requests.get(labels)
        if tally is None:
            tally = self.requests[labels] = RequestTally()
        return tally

    def token(self, provider: str, model: str) -> TokenTally:
        """The tally of one model's tokens."""
        labels = (provider, model)
        tally = self.tokens.get(labels)
        if tally is None:
            if len(self.tokens) >= MOST_LABELS:
                labels = (provider, OTHER)
            tally = self.tokens.setdefault(labels, TokenTally())
        return tally

    def hedge(self, provider: str, outcome: str) -> None:
        """A target was asked beside another."""
        labels = HedgeLabels(provider, outcome)
        self.hedges[labels] = self.hedges.get(labels, 0) + 1

    def leave_out(self, provider: str, missing: str) -> None:
        """A target was left out of a plan because it could not serve the request."""
        labels = LeftOutLabels(provider, missing)
        self.left_out[labels] = self.left_out.get(labels, 0) + 1

    def failover(self, provider: str, kind: str) -> None:
        """A request has left a provider for its next target."""
        labels = FailoverLabels(provider, kind)
        self.failovers[labels] = self.failovers.get(labels, 0) + 1

    def rotation(self, provider: str, kind: str) -> None:
        """A request has gone on to the next key of a provider."""
        labels = FailoverLabels(provider, kind)
        self.rotations[labels] = self.rotations.get(labels, 0) + 1

    def recalled(self, result: str) -> None:
        """A request that may be cached or shared was looked up."""
        self.recalls[result] = self.recalls.get(result, 0) + 1

    def waited(self, provider: str, seconds: float, *, served: bool) -> None:
        """A request has waited for its turn at a provider, and got it or not."""
        labels = WaitLabels(provider, "yes" if served else "no")
        self.waits.setdefault(labels, Histogram(LONG)).add(seconds)

    def leaving(self, provider: str, *, waited: bool) -> None:
        """It was weighed whether to leave a warm target, and waited for or not."""
        labels = LeavingLabels(provider, "wait" if waited else "leave")
        self.leavings[labels] = self.leavings.get(labels, 0) + 1
