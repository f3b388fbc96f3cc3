"""Targets of one rank, and the order that a request tries them in: by the strategy of their group.

weighted      one is drawn by its weight, and the others follow, the heaviest first
round_robin   each goes first once
least_busy    the fewest requests under way; of equal ones each goes first once
fastest       of two that are drawn the one that is to answer sooner; then the others by the same measure
cheapest      by the price of a million tokens in and a million out; what has no price is last
"""

from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from operator import attrgetter
from typing import Final

from gateway.load import Load
from gateway.plan import Rank, Target, Targets
from gateway.settings import Strategy

UNKNOWN: Final = float("inf")
Chance = Callable[[], float]


def ranked(targets: Targets, weights: tuple[int, ...], strategy: Strategy, chance: Chance) -> Rank:
    """The rank of these targets. `chance` gives a number from 0 up to 1."""
    if strategy == "cheapest":
        return Drawn((tuple(sorted(targets, key=_price)),), (1,), chance)
    if strategy == "least_busy":
        return LeastBusy(targets)
    if strategy == "fastest":
        return Fastest(targets, chance)
    places = range(len(targets))
    if strategy == "round_robin":
        return InTurn(tuple(_rotated(targets, place) for place in places))
    return Drawn(tuple(_heaviest_after(targets, weights, place) for place in places), weights, chance)


class Drawn:
    """Orders that were made before; one is drawn by its weight."""

    __slots__ = ("_bounds", "_chance", "_orders", "fixed")

    def __init__(self, orders: tuple[Targets, ...], weights: tuple[int, ...], chance: Chance) -> None:
        self._orders = orders
        self._bounds = list(accumulate(weights))
        self._chance = chance
        self.fixed = len(orders) == 1

    def first(self) -> Targets:
        """The order as it is written."""
        return self._orders[0]

    def order(self) -> Targets:
        """The order for one request."""
        if self.fixed:
            return self._orders[0]
        return self._orders[bisect(self._bounds, self._chance() * self._bounds[-1])]

    def led_by(self, own: Target) -> Targets:
        """The order for a request whose first target is known: the others follow as after any."""
        return _led_by(own, self._orders)


class InTurn:
    """Orders that were made before; one after another."""

    __slots__ = ("_orders", "_place", "fixed")

    def __init__(self, orders: tuple[Targets, ...]) -> None:
        self._orders = orders
        self._place = -1
        self.fixed = len(orders) == 1

    def first(self) -> Targets:
        """The order as it is written."""
        return self._orders[0]

    def order(self) -> Targets:
        """The order for one request."""
        self._place = (self._place + 1) % len(self._orders)
        return self._orders[self._place]

    def led_by(self, own: Target) -> Targets:
        """The order for a request whose first target is known: it takes no turn."""
        return _led_by(own, self._orders)


class LeastBusy:
    """The fewest requests under way first."""

    __slots__ = ("_turns", "fixed")

    def __init__(self, targets: Targets) -> None:
        self._turns = InTurn(tuple(_rotated(targets, place) for place in range(len(targets))))
        self.fixed = self._turns.fixed

    def first(self) -> Targets:
        """The order as it is written."""
        return self._turns.first()

    def order(self) -> Targets:
        """The order for one request."""
        return tuple(sorted(self._turns.order(), key=attrgetter("load.inside")))

    def led_by(self, own: Target) -> Targets:
        """The order for a request whose first target is known."""
        others = [target for target in self._turns.first() if target is not own]
        return (own, *sorted(others, key=attrgetter("load.inside")))


class Fastest:
    """The power of two choices: that all requests run to the one that was fastest would make it slow."""

    __slots__ = ("_chance", "_targets", "fixed")

    def __init__(self, targets: Targets, chance: Chance) -> None:
        self._targets = targets
        self._chance = chance
        self.fixed = len(targets) == 1

    def first(self) -> Targets:
        """The order as it is written."""
        return self._targets

    def order(self) -> Targets:
        """The order for one request."""
        if self.fixed:
            return self._targets
        targets, count = self._targets, len(self._targets)
        one = int(self._chance() * count)
        other = (one + 1 + int(self._chance() * (count - 1))) % count
        chosen = min(targets[one], targets[other], key=_cost)
        return (chosen, *sorted((target for target in targets if target is not chosen), key=_cost))

    def led_by(self, own: Target) -> Targets:
        """The order for a request whose first target is known."""
        return (own, *sorted((target for target in self._targets if target is not own), key=_cost))


def _led_by(own: Target, orders: tuple[Targets, ...]) -> Targets:
    for order in orders:
        if order[0] is own:
            return order
    return (own, *(target for target in orders[0] if target is not own))


def _cost(target: Target) -> float:
    load: Load | None = target.load
    return 0.0 if load is None else load.cost()


def _price(target: Target) -> float:
    return UNKNOWN if target.price is None else target.price.input + target.price.output


def _rotated(targets: Targets, place: int) -> Targets:
    return targets[place:] + targets[:place]


def _heaviest_after(targets: Targets, weights: tuple[int, ...], place: int) -> Targets:
    others = sorted((other for other in range(len(targets)) if other != place), key=lambda at: -weights[at])
    return (targets[place], *(targets[other] for other in others))
