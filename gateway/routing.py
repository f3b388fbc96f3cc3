"""From the model a client asked for to the targets to try. Pure once built: no I/O, and no clock of its own.

`routing_names.py` says where a name leads. What is made of that is kept, by all that decides it, in the cache
of plans; it belongs to this object, and this to one snapshot of the settings: where the settings change,
nothing that was kept is ever asked again.

An entry of `[models]` may lead to several targets. Where each request is to begin with another of them, what
is kept is the choice, and every request picks an order that was made before.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final

import msgspec

from adapters.dialect import Dialect
from adapters.fault import Fault
from adapters.table import DIALECTS
from gateway.errors import Refused
from gateway.plan import Choice, Rank, Target, Targets, planned
from gateway.plan_ranks import ranked
from gateway.plan_targets import Workshop
from gateway.provider import Provider
from gateway.routing_names import PICKABLE, Lead, Names
from gateway.settings import Route, RoutingSettings, Share, Tier
from gateway.state import Exchange
from gateway.tinylfu import TinyLfu

__all__ = ["PICKABLE", "PLANS_KEPT", "PLANS_LAST", "Router"]

PLANS_KEPT: Final = 10_000
PLANS_LAST: Final = 10.0  # seconds until a name is looked up again
AS_EVER: Final = RoutingSettings()

# What decides a plan: the client's dialect, the model, and whether texts are embedded.
PlanKey = tuple[str, str, bool]


class Kept(msgspec.Struct):
    """What was made of a name: a plan, or why there is none. `until`: when it is looked up again."""

    lead: Lead | None
    plan: Targets | Choice = ()
    fault: Fault | None = None
    until: float = 0.0


class Router:
    """The routes of one settings snapshot."""

    __slots__ = ("_chance", "_names", "_providers", "_workshop", "aliases", "plans")

    def __init__(
        self,
        providers: Mapping[str, Provider],
        models: Mapping[str, str | Route],
        workshop: Workshop | None = None,
        chance: Callable[[], float] = random.random,
        routing: RoutingSettings = AS_EVER,
    ) -> None:
        self._providers = dict(providers)
        self._workshop = workshop or Workshop()
        self._chance = chance
        self._names = Names(self._providers, models, by_provider=routing.by_provider)
        self.aliases = self._names.exact
        self.plans: TinyLfu[PlanKey, Kept] = TinyLfu(PLANS_KEPT)

    def plan(self, dialect: str, model: str, *, embed: bool = False) -> Targets:
        """The targets for a request, in order. Raises Refused: 404 unknown model, 400 no embeddings there."""
        found = self._planned(dialect, model, 0.0, embed=embed)
        return found.order() if isinstance(found, Choice) else found

    def _planned(self, dialect: str, model: str, now: float, *, embed: bool) -> Targets | Choice:
        key = (dialect, model, embed)
        kept = self.plans.get(key)
        if kept is None or now >= kept.until:
            kept = self._look_up(key, kept, now)
        if kept.fault is not None:
            raise Refused(kept.fault)
        return kept.plan

    def _look_up(self, key: PlanKey, before: Kept | None, now: float) -> Kept:
        dialect, model, embed = key
        lead = self._names.lead(dialect, model)
        if before is not None and before.lead == lead:
            # The plan remembers whose turn it is.
            kept = before
        else:
            kept = self._made(DIALECTS[dialect], model, lead, embed=embed)
            self.plans.put(key, kept)
        kept.until = now + PLANS_LAST
        return kept

    def _made(self, client: Dialect, model: str, lead: Lead | None, *, embed: bool) -> Kept:
        if lead is None:
            return Kept(lead, fault=self._names.unknown(model))
        ranks = [self._rank(client, tier, lead.model, embed=embed) for tier in lead.tiers]
        held = tuple(tier.affinity for tier, rank in zip(lead.tiers, ranks, strict=True) if rank is not None)
        there = tuple(rank for rank in ranks if rank is not None)
        if not there:
            first, _ = self._target(lead.tiers[0].shares[0].to, lead.model)
            return Kept(lead, fault=_no_embeddings(model, first))
        return Kept(lead, planned(there, held, leaving=self._workshop.leaving))

    def _rank(self, client: Dialect, tier: Tier, model: str, *, embed: bool) -> Rank | None:
        """The targets of a tier that can be asked; None where none can."""
        targets, weights = [], []
        for share in tier.shares:
            provider, name = self._target(share.to, model)
            there = provider.embedding_dialect_for(client) if embed else provider.dialect_for(client)
            if there is not None:
                targets.append(self._workshop.target(provider, name, there, tier))
                weights.append(share.weight)
        return ranked(tuple(targets), tuple(weights), tier.strategy, self._chance) if targets else None

    def route(self, exchange: Exchange) -> None:
        """Set the exchange's targets. Raises Refused, but for a count: without a target it is estimated."""
        assert exchange.peek is not None
        if exchange.named:
            exchange.targets = (self._at(exchange.named, exchange.dialect, exchange.peek.model),)
            return
        try:
            embed = exchange.operation == "embed"
            found = self._planned(exchange.dialect.name, exchange.peek.model, exchange.body_at, embed=embed)
            if isinstance(found, Choice):
                # A count asks the first that can: it takes no request's turn.
                found = _ordered(exchange, found)
            exchange.targets = found
        except Refused:
            if exchange.operation != "count_tokens":
                raise

    def resolve(self, dialect: str, model: str) -> tuple[Provider, str] | None:
        """The provider a name leads to first, and the model's name there; None for a name nobody knows."""
        found = self._names.lead(dialect, model)
        return None if found is None else self._target(found.tiers[0].shares[0].to, found.model)

    def _at(self, name: str, client: Dialect, model: str) -> Target:
        """The provider that a path names, spoken to as the client speaks."""
        provider = self._providers.get(name)
        if provider is None:
            raise Refused(_no_provider(name, self._providers))
        spoken = client if provider.speaks(client.name) else provider.dialect_for(client)
        return self._workshop.target(provider, model, spoken, Tier((Share(name),)))

    def _target(self, where: str, model: str) -> tuple[Provider, str]:
        """Where an entry of `[models]` leads: `provider` keeps the name, `provider/model` sets it."""
        name, _, there = where.partition("/")
        return self._providers[name], there or model


def _ordered(exchange: Exchange, choice: Choice) -> Targets:
    if exchange.operation == "count_tokens":
        return choice.first()
    if choice.affine and exchange.operation == "generate":
        return exchange.house.affinity.order(exchange, choice)
    return choice.order()


def _no_provider(name: str, known: Iterable[str]) -> Fault:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {', '.join(near)}" if near else f"known here: {', '.join(sorted(known)[:8])}"
    return Fault(
        "not_found", 404, f"no provider is called `{name[:200]}` here; {hint}", code="provider_not_found"
    )


def _no_embeddings(model: str, provider: Provider) -> Fault:
    words = (
        f"the model `{model[:200]}` leads to the provider `{provider.name}`, which speaks "
        f"{', '.join(provider.doors)}: no API that has embeddings"
    )
    return Fault("invalid_request", 400, words, code="no_embeddings", param="model")
