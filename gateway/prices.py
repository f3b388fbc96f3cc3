"""What tokens cost: by provider and model, in millionths of a dollar for a million tokens (feature G9).

Asked in this order:

    [prices] of the configuration      by name, then by the longest glob
    prices set by hand in the store    the same
    what runs on this machine          nothing: the demo provider, and boxes of the table at their usual place
    the table penstock brings along    by the provider's row or address, and the rules of the data set

A model nobody has a price for has none: it is never taken for free. Where it must be paid for all the same,
by a budget, it costs what `unknown` says.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, Protocol
from urllib.parse import urlsplit
from weakref import WeakSet

from adapters.events import Usage
from adapters.table import PROVIDERS
from gateway import prices_table
from gateway.configuration.addresses import is_loopback
from gateway.configuration.prices import UNKNOWN
from gateway.settings import Price, ProviderSettings, Route, RoutingSettings, Settings, Tier, tiers_of

MILLION: Final = 1_000_000
# What floats hold exactly, whole numbers that are added up to it included.
EXACT: Final = 2.0**53
DEMO: Final = "demo"
# What an unknown model costs at a provider of whom no price is known at all: as the dearest that were in
# wide use in 2025.
DEAREST: Final = Price(
    input=15_000_000,
    output=75_000_000,
    cache_read=15_000_000,
    cache_write=30_000_000,
    source="unknown",
)
FREE: Final = Price(input=0, output=0, cache_read=0, cache_write=0, source="this machine")
# A local server's names for models that it has run elsewhere.
CLOUD: Final = re.compile(r"[:-]cloud$")
COMPACT_DATE: Final = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")
MOST_REMEMBERED: Final = 2000
MINUTE: Final = 60.0


def cost(usage: Usage, price: Price | None) -> int | None:
    """What was used, in micro-dollars; None where there is no price.

    The sum is exact, and rounded up to the next whole micro-dollar: nothing that costs is free.
    """
    if price is None:
        return None
    longer = price.longer
    while longer is not None and usage.read > price.over:
        price, longer = longer, longer.longer
    # In floats, which hold whole numbers exactly as far as EXACT: each integer on the way is an object more.
    total = _total(1.0, usage, price)
    if total >= EXACT:
        total = _total(1, usage, price)
    return int(-(-total // MILLION))


def _total(one: float, usage: Usage, price: Price) -> float:
    """Millionths of micro-dollars, in numbers of the kind of `one`."""
    total, said = one * usage.input * price.input, usage.output
    if usage.cache_read:
        total += one * usage.cache_read * price.cache_read
    if usage.cache_write_5m:
        total += one * usage.cache_write_5m * price.cache_write
    if usage.cache_write_1h:
        hour = price.cache_write if price.cache_write_1h is None else price.cache_write_1h
        total += one * usage.cache_write_1h * hour
    if price.request:
        total += one * price.request * MILLION
    if price.reasoning is not None:
        thought = min(usage.reasoning, said)
        total += one * thought * price.reasoning
        said -= thought
    return total + one * said * price.output


class Forgetful(Protocol):
    """Whoever remembers prices: plans do."""

    def clear(self) -> object:
        """Forget them."""


class Hand:
    """The prices that were set by hand, by `provider/model` or globs of it; as long as the worker.

    `rememberers` forget what they made of them when they change.
    """

    __slots__ = ("prices", "rememberers", "version")

    def __init__(self) -> None:
        self.prices: dict[str, Price] = {}
        self.rememberers: WeakSet[Forgetful] = WeakSet()
        self.version = 0

    def set(self, prices: Mapping[str, Price]) -> None:
        """These are all of them from now on."""
        self.prices = dict(prices)
        self.version += 1
        for one in self.rememberers:
            one.clear()


class Prices:
    """The prices of one settings snapshot. `wanted`: whether anything of it depends on what things cost."""

    __slots__ = ("_calendar", "_hand", "_known", "_providers", "_said", "_stand", "wanted")

    def __init__(
        self,
        settings: Settings | None = None,
        hand: Hand | None = None,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        settings = settings or Settings()
        self.wanted = wanted(settings)
        self._said = settings.prices
        self._providers = {one.name: one for one in settings.providers}
        self._hand = hand or Hand()
        self._calendar = calendar
        self._known: dict[tuple[str, str], Price | None] = {}
        self._stand = (0, 0)

    def warm(self) -> None:
        """Read what the table has of these providers now, not when the first request is planned."""
        for settings in self._providers.values() if self.wanted else ():
            for section in _sections(settings):
                prices_table.shelf(section)

    def of(self, provider: str, model: str) -> Price | None:
        """The price of a model at a provider, at this moment; it may be another a minute later."""
        now = self._calendar()
        stand = (int(now // MINUTE), self._hand.version)
        if stand != self._stand or len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
            self._stand = stand
        key = (provider, model)
        if key not in self._known:
            self._known[key] = self._find(provider, model, now)
        return self._known[key]

    def unknown(self, provider: str) -> Price:
        """What a model without a price is taken to cost: as [prices] says, else as the provider's dearest."""
        said = self._said.get(UNKNOWN)
        if said is not None:
            return said
        settings, now = self._providers.get(provider), self._calendar()
        shelves = [] if settings is None else [prices_table.shelf(one) for one in _sections(settings)]
        found = [prices_table.current(terms, now) for one in shelves if one for terms in one.all()]
        return max(found, key=lambda one: (one.output, one.input), default=DEAREST)

    def _find(self, provider: str, model: str, now: float) -> Price | None:
        name = f"{provider}/{model}"
        found = _fitting(self._said, name) or _fitting(self._hand.prices, name)
        settings = self._providers.get(provider)
        if found is not None or settings is None:
            return found
        return FREE if _own(settings, model) else _listed(settings, model, now)


def _fitting(prices: Mapping[str, Price], name: str) -> Price | None:
    """By the name, or by the longest glob, which is the most particular one, as among the names of models."""
    exact = prices.get(name)
    if exact is not None:
        return exact
    fitting = [glob for glob in prices if fnmatchcase(name, glob)]
    return prices[max(fitting, key=len)] if fitting else None


def _own(settings: ProviderSettings, model: str) -> bool:
    """Whether the model runs on this machine: only of what the table knows can that be said.

    Any other address on this machine may be the door to one elsewhere.
    """
    row = PROVIDERS.get(settings.row or "")
    if row is None or row.key_variable is not None:
        return False
    here = all(is_loopback(urlsplit(url).hostname or "") for url in settings.base_urls.values())
    return row.name == DEMO or (here and not CLOUD.search(model))


def _listed(settings: ProviderSettings, model: str, now: float) -> Price | None:
    """The price that the table has, by the rules of its data set."""
    name = model.lower()
    for section in _sections(settings):
        found = prices_table.shelf(section)
        if section.endswith("_*"):
            # The provider hands on to others, which are named behind the model.
            name, _, other = name.rpartition(":")
            found = prices_table.shelf(section[:-1] + other)
        terms = found and (found.terms(name) or found.terms(COMPACT_DATE.sub(r"-\1-\2-\3", name)))
        if terms:
            return prices_table.current(terms, now)
    return None


def _sections(settings: ProviderSettings) -> Iterator[str]:
    """Where the table has the models of a provider: under its row's name there, or what its address tells."""
    row = PROVIDERS.get(settings.row or "")
    if row is not None:
        first = row.name if row.prices is None else row.prices
    else:
        first = next(filter(None, map(prices_table.section_at, settings.base_urls.values())), "")
    if first:
        yield first
        shelf = prices_table.shelf(first)
        yield from shelf.fallback if shelf is not None else ()


def wanted(settings: Settings) -> bool:
    """Whether it matters what things cost: there is a ledger, or a choice by price or by that of leaving."""
    if settings.prices or settings.store.path:
        return True
    leaving = settings.failure.leaving != "always"
    if leaving and any(len(one.api_keys) > 1 for one in settings.providers):
        return True
    routes = [tiers_of(lead) for lead in _leads(settings.models, settings.routing)]
    return any((leaving and _many(tiers)) or any(_cheapest(tier) for tier in tiers) for tiers in routes)


def _leads(models: Mapping[str, str | Route], routing: RoutingSettings) -> Iterator[str | Route]:
    yield from models.values()
    yield from (rule.lead for rule in routing.rules)
    for profile in routing.profiles.values():
        yield from profile.models.values()
        yield from (rule.lead for rule in profile.rules)


def _many(tiers: tuple[Tier, ...]) -> bool:
    return sum(len(tier.shares) for tier in tiers) > 1


def _cheapest(tier: Tier) -> bool:
    return tier.strategy == "cheapest" and len(tier.shares) > 1
