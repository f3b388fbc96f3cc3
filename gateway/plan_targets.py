"""Targets as a plan holds them: a provider and a model with all that is kept of the two, found once."""

import msgspec

from adapters.conversation import Quirks
from adapters.dialect import Dialect
from adapters.quirks import quirks_for
from gateway.breaker import Breakers
from gateway.load import Loads
from gateway.plan import Target
from gateway.prices import Prices
from gateway.provider import Provider
from gateway.settings import MARKING, Tier
from gateway.state import Pair

# Strategies that ask how much is under way at a target, and how long it takes.
BY_LOAD = frozenset(("least_busy", "fastest"))


class Workshop:
    """Makes the targets of one worker. `leaving`: whether it is weighed what leaving one of them costs."""

    __slots__ = ("_breakers", "_loads", "_prices", "leaving")

    def __init__(
        self,
        breakers: Breakers | None = None,
        loads: Loads | None = None,
        prices: Prices | None = None,
        *,
        leaving: bool = False,
    ) -> None:
        self._breakers = breakers or Breakers()
        self._loads = loads or Loads()
        self._prices = prices or Prices()
        self.leaving = leaving

    def target(self, provider: Provider, model: str, spoken: Dialect, tier: Tier) -> Target:
        """A model at a provider, spoken to in a dialect, as one of a tier."""
        load = self._loads.of(provider.name, model) if tier.strategy in BY_LOAD else None
        return Target(
            provider=provider,
            model=model,
            headers=_headers(provider, model),
            dialect=spoken,
            breaker=self._breakers.of(provider.name, model),
            quirks=_quirks(provider, model, spoken),
            guarded=provider.guarded or load is not None,
            timeouts=msgspec.structs.replace(provider.settings.timeouts, **tier.timeouts),
            price=self._prices.of(provider.name, model) if self._prices.wanted else None,
            load=load,
            recourse=tier.recourse,
        )


def _quirks(provider: Provider, model: str, spoken: Dialect) -> Quirks:
    quirks = quirks_for(provider.settings.row or "", spoken.name, model)
    marks = provider.settings.cache_breakpoints and spoken.name == MARKING
    return msgspec.structs.replace(quirks, cache_marks=True) if marks else quirks


def _headers(provider: Provider, model: str) -> tuple[Pair, ...]:
    # A model's name is the client's word: only what may stand in a header field goes into one.
    shown = "".join(mark if mark.isascii() and mark.isprintable() else "?" for mark in model[:200])
    return ((b"x-penstock-provider", provider.name.encode()), (b"x-penstock-model", shown.encode()))
