"""The plan of a request: the targets to try, in order."""

from typing import Protocol

import msgspec

from adapters.conversation import PLAIN, Quirks
from adapters.dialect import Dialect
from gateway.breaker import Breaker
from gateway.load import Load
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


Targets = tuple[Target, ...]


class Rank(Protocol):
    """Targets of one rank. `fixed`: there is only one order."""

    fixed: bool

    def first(self) -> Targets:
        """The order as it is written, for those who only want to know a target."""

    def order(self) -> Targets:
        """The order for one request."""


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
