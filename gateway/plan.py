"""The plan of a request: the targets to try, in order."""

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

import msgspec

from adapters.conversation import PLAIN, Quirks
from adapters.dialect import Dialect
from gateway.breaker import Breaker
from gateway.provider import Provider
from gateway.settings import Strategy


class Target(msgspec.Struct, frozen=True):
    """One provider, the model's name there, and the dialect it is spoken to in.

    `headers` is what every reply from it says of where it came from. Where `dialect` is the client's, request
    and reply pass byte for byte; else they are translated, by the model's `quirks`. One that is
    `guarded` is asked by who holds a seat there.
    """

    provider: Provider
    model: str
    headers: tuple[tuple[bytes, bytes], ...]
    dialect: Dialect
    breaker: Breaker
    quirks: Quirks = PLAIN
    guarded: bool = False


Targets = tuple[Target, ...]


class Rank:
    """Targets of one rank. Every order they can be tried in is made once; a request picks one.

    Weighted: one is drawn, and the others follow, the heaviest first. In turn: each goes first once.
    `chance` gives a number from 0 up to 1.
    """

    __slots__ = ("_bounds", "_chance", "_orders", "_place")

    def __init__(
        self, targets: Targets, weights: tuple[int, ...], strategy: Strategy, chance: Callable[[], float]
    ) -> None:
        in_turn = strategy == "round_robin"
        self._orders = [
            _rotated(targets, place) if in_turn else _drawn(targets, weights, place)
            for place in range(len(targets))
        ]
        self._bounds = [] if in_turn else list(accumulate(weights))
        self._chance = chance
        self._place = -1

    @property
    def fixed(self) -> bool:
        """Whether there is only one order."""
        return len(self._orders) == 1

    def first(self) -> Targets:
        """The order as it is written, for those who only want to know a target."""
        return self._orders[0]

    def order(self) -> Targets:
        """The order for one request."""
        if self._bounds:
            return self._orders[bisect(self._bounds, self._chance() * self._bounds[-1])]
        self._place = (self._place + 1) % len(self._orders)
        return self._orders[self._place]


class Choice:
    """A plan that is another for each request: ranks of targets, in order."""

    __slots__ = ("_ranks",)

    def __init__(self, ranks: tuple[Rank, ...]) -> None:
        self._ranks = ranks

    def first(self) -> Targets:
        """The targets as they are written."""
        return tuple(target for rank in self._ranks for target in rank.first())

    def order(self) -> Targets:
        """The targets for one request."""
        ranks = self._ranks
        if len(ranks) == 1:
            return ranks[0].order()
        return tuple(target for rank in ranks for target in rank.order())


def planned(ranks: tuple[Rank, ...]) -> Targets | Choice:
    """The plan of these ranks: the targets themselves where there is nothing to choose."""
    choice = Choice(ranks)
    return choice.first() if all(rank.fixed for rank in ranks) else choice


def _rotated(targets: Targets, place: int) -> Targets:
    return targets[place:] + targets[:place]


def _drawn(targets: Targets, weights: tuple[int, ...], place: int) -> Targets:
    others = sorted((other for other in range(len(targets)) if other != place), key=lambda at: -weights[at])
    return (targets[place], *(targets[other] for other in others))
