"""The plan of a request: the targets to try, in order."""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from adapters.conversation import PLAIN, Quirks
from adapters.dialect import Dialect
from gateway.breaker import Breaker
from gateway.load import Load
from gateway.pins import Pin
from gateway.provider import Provider
from gateway.settings import Price, Recourse, Timeouts


class Target(msgspec.Struct, frozen=True):
    """One provider, the model's name there, and the dialect it is spoken to in.

    `headers` is what every reply from it says of where it came from. Where `dialect` is the client's, request
    and reply pass byte for byte; else they are translated, by the model's `quirks`. One that is
    `guarded` is asked by who holds a seat there. `load` is kept where the order asks for it; `recourse` is
    where a request goes that it cannot answer.
    """

    provider: Provider
    model: str
    headers: tuple[tuple[bytes, bytes], ...]
    dialect: Dialect
    breaker: Breaker
    quirks: Quirks = PLAIN
    guarded: bool = False
    timeouts: Timeouts = Timeouts()
    price: Price | None = None
    load: Load | None = None
    recourse: Recourse | None = None
    where: tuple[str, str] = ("", "")

    def __post_init__(self) -> None:
        """Keep `where`, provider and model, as one: it is looked for with every request of a conversation."""
        msgspec.structs.force_setattr(self, "where", (self.provider.name, self.model))


Targets = tuple[Target, ...]


class Rank(Protocol):
    """Targets of one rank. `fixed`: there is only one order."""

    fixed: bool

    def first(self) -> Targets:
        """The order as it is written, for those who only want to know a target."""

    def order(self) -> Targets:
        """The order for one request."""

    def led_by(self, own: Target) -> Targets:
        """The order for a request whose first target is known: it takes no turn."""


class Choice:
    """A plan that is another for each request: ranks of targets, in order.

    `held`: whether conversations stay where they are, rank by rank. `affine`: whether any do; `led`: whether
    one that has a home in the first rank begins there, whatever its order.
    """

    __slots__ = ("_fixed", "_held", "_ranks", "_single", "affine", "led")

    def __init__(self, ranks: tuple[Rank, ...], held: tuple[bool, ...] = ()) -> None:
        self._ranks = ranks
        self._held = held or (False,) * len(ranks)
        self.affine = any(self._held)
        self.led = self._held[0] and len(ranks[0].first()) > 1
        self._fixed = self.first() if all(rank.fixed for rank in ranks) else None
        # Ranks of one target each, as a list of targets has them, have one order for everybody.
        self._single = all(len(rank.first()) == 1 for rank in ranks)

    def first(self) -> Targets:
        """The targets as they are written."""
        return tuple(target for rank in self._ranks for target in rank.first())

    def order(self) -> Targets:
        """The targets for one request."""
        if self._fixed is not None:
            return self._fixed
        ranks = self._ranks
        if len(ranks) == 1:
            return ranks[0].order()
        return tuple(target for rank in ranks for target in rank.order())

    def order_for(self, pin: Pin, now: float) -> Targets:
        """The targets for a request of a conversation that has been there: its own first, in each rank."""
        if self._single and self._fixed is not None:
            return self._fixed
        if len(self._ranks) == 1:
            return _own_first(self._ranks[0], pin, now) if self.affine else self._ranks[0].order()
        return tuple(self._each_own_first(pin, now))

    def _each_own_first(self, pin: Pin, now: float) -> Iterator[Target]:
        for rank, held in zip(self._ranks, self._held, strict=True):
            yield from _own_first(rank, pin, now) if held else rank.order()


def _own_first(rank: Rank, pin: Pin, now: float) -> Targets:
    written = rank.first()
    own = pin.among(written, now) if len(written) > 1 else None
    return rank.order() if own is None else rank.led_by(own)


def planned(
    ranks: tuple[Rank, ...], held: tuple[bool, ...] = (), *, leaving: bool = False
) -> Targets | Choice:
    """The plan of these ranks: the targets themselves where there is nothing to choose.

    `leaving`: whether it is weighed what leaving a target costs, for which it is remembered who was where.
    """
    choice = Choice(ranks, held)
    targets = choice.first()
    keys = any(target.provider.credentials is not None for target in targets)
    fixed = all(rank.fixed for rank in ranks)
    if fixed and not (choice.affine and (keys or (leaving and len(targets) > 1))):
        return targets
    return choice
