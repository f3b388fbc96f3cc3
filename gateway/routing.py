"""From the model a client asked for to the targets to try. Pure once built: no I/O, no clock.

The order: an exact name in `[models]`; the longest glob in `[models]`; `provider/model` said by the
client; a family of names that can only mean one provider (`claude-*`); and, when `[models]` says
nothing at all, the one provider that speaks the client's dialect, or the only one there is. Anything
else is a 404 that names the nearest known names.

An entry of `[models]` may lead to several targets. Where each request is to begin with another of them, what
is kept is the choice, and every request picks an order that was made before.
"""

import random
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from adapters.dialect import Dialect
from adapters.fault import Fault
from adapters.table import DIALECTS
from gateway.errors import Refused
from gateway.plan import Choice, Rank, Targets, planned
from gateway.plan_ranks import ranked
from gateway.plan_targets import Workshop
from gateway.provider import Provider
from gateway.settings import Route, Share, Tier, tiers_of
from gateway.state import Exchange

# Plans kept per dialect. A client chooses the names, so what is kept is bounded: full means start again.
PLANS_KEPT: Final = 2048
SEPARATORS: Final = ("/", ",", ":")
# Claude Code offers only ids that contain `claude` or `anthropic`: other aliases are shown with this prefix.
PICKABLE: Final = "anthropic/"

Plans = dict[str, dict[str, Targets | Choice]]
# Where a name leads, and the name that is kept where a target sets none.
Leads = tuple[tuple[Tier, ...], str]


class Router:
    """The routes of one settings snapshot."""

    __slots__ = (
        "_chance",
        "_embedding_plans",
        "_exact",
        "_globs",
        "_plans",
        "_providers",
        "_workshop",
        "aliases",
    )

    def __init__(
        self,
        providers: Mapping[str, Provider],
        models: Mapping[str, str | Route],
        workshop: Workshop | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._providers = dict(providers)
        self._workshop = workshop or Workshop()
        self._chance = chance
        self.aliases = tuple(name for name in models if not _is_glob(name))
        self._exact = {name: models[name] for name in self.aliases}
        # The longest glob is the most particular one; equal lengths keep the order they were written in.
        self._globs = sorted(
            (item for item in models.items() if _is_glob(item[0])), key=lambda item: -len(item[0])
        )
        self._plans: Plans = {}
        self._embedding_plans: Plans = {}

    def plan(self, dialect: str, model: str, *, embed: bool = False) -> Targets:
        """The targets for a request, in order. Raises Refused: 404 unknown model, 400 no embeddings there."""
        found = self._planned(dialect, model, embed=embed)
        return found.order() if isinstance(found, Choice) else found

    def _planned(self, dialect: str, model: str, *, embed: bool) -> Targets | Choice:
        plans = (self._embedding_plans if embed else self._plans).setdefault(dialect, {})
        found = plans.get(model)
        if found is None:
            if len(plans) >= PLANS_KEPT:
                plans.clear()
            found = plans[model] = self._plan(DIALECTS[dialect], model, embed=embed)
        return found

    def _plan(self, client: Dialect, model: str, *, embed: bool) -> Targets | Choice:
        found = self._lead(client.name, model)
        if found is None:
            raise Refused(self._unknown(model))
        tiers, name = found
        ranks = [self._rank(client, tier, name, embed=embed) for tier in tiers]
        held = tuple(tier.affinity for tier, rank in zip(tiers, ranks, strict=True) if rank is not None)
        there = tuple(rank for rank in ranks if rank is not None)
        if not there:
            raise Refused(_no_embeddings(model, self._target(tiers[0].shares[0].to, name)[0]))
        return planned(there, held, leaving=self._workshop.leaving)

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
        try:
            embed = exchange.operation == "embed"
            found = self._planned(exchange.dialect.name, exchange.peek.model, embed=embed)
            if isinstance(found, Choice):
                # A count asks the first that can: it takes no request's turn.
                found = _ordered(exchange, found)
            exchange.targets = found
        except Refused:
            if exchange.operation != "count_tokens":
                raise

    def resolve(self, dialect: str, model: str) -> tuple[Provider, str] | None:
        """The provider a name leads to first, and the model's name there; None for a name nobody knows."""
        found = self._lead(dialect, model)
        return None if found is None else self._target(found[0][0].shares[0].to, found[1])

    def _lead(self, dialect: str, model: str) -> Leads | None:
        for find in (self._by_name, self._by_glob, self._by_provider, self._by_family):
            found = find(model)
            if found is not None:
                return found
        if not self._exact and not self._globs:
            reached = [one for one in self._providers.values() if not one.local]
            speaking = [one for one in reached if one.speaks(dialect)] or reached
            if len(speaking) == 1:
                return _only(speaking[0].name), model
        return None

    def _by_name(self, model: str) -> Leads | None:
        where = self._exact.get(model)
        if where is None and model.startswith(PICKABLE):
            where = self._exact.get(model.removeprefix(PICKABLE))
            model = model.removeprefix(PICKABLE)
        return None if where is None else (tiers_of(where), model)

    def _by_glob(self, model: str) -> Leads | None:
        for pattern, where in self._globs:
            if fnmatchcase(model, pattern):
                return tiers_of(where), model
        return None

    def _by_provider(self, model: str) -> Leads | None:
        if model.startswith(PICKABLE):
            # `anthropic/openai/gpt-5` is how the list shows another provider's model to Claude Code.
            found = self._named(model.removeprefix(PICKABLE))
            if found is not None:
                return found
        return self._named(model)

    def _named(self, model: str) -> Leads | None:
        for separator in SEPARATORS:
            name, found, rest = model.partition(separator)
            if found and rest and name in self._providers:
                return _only(name), rest
        return None

    def _by_family(self, model: str) -> Leads | None:
        for provider in self._providers.values():
            if any(fnmatchcase(model, family) for family in provider.settings.families):
                return _only(provider.name), model
        return None

    def _target(self, where: str, model: str) -> tuple[Provider, str]:
        """Where an entry of `[models]` leads: `provider` keeps the name, `provider/model` sets it."""
        name, _, there = where.partition("/")
        return self._providers[name], there or model

    def _unknown(self, model: str) -> Fault:
        near = get_close_matches(model, self._known(), n=3, cutoff=0.5)
        known = near or sorted(self._known())[:8]
        hint = f"; {'did you mean' if near else 'known here'}: {', '.join(known)}" if known else ""
        return Fault(
            "not_found", 404, f"the model `{model[:200]}` is not known{hint}", "model_not_found", "model"
        )

    def _known(self) -> list[str]:
        families = [family for one in self._providers.values() for family in one.settings.families]
        names = [f"{one.name}/<model>" for one in self._providers.values() if not one.local]
        return [*self._exact, *(pattern for pattern, _ in self._globs), *families, *names]


def _ordered(exchange: Exchange, choice: Choice) -> Targets:
    if exchange.operation == "count_tokens":
        return choice.first()
    if choice.affine and exchange.operation == "generate":
        return exchange.house.affinity.order(exchange, choice)
    return choice.order()


def _only(provider: str) -> tuple[Tier, ...]:
    """One provider, which keeps the name asked for."""
    return (Tier((Share(provider),)),)


def _is_glob(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def _no_embeddings(model: str, provider: Provider) -> Fault:
    words = (
        f"the model `{model[:200]}` leads to the provider `{provider.name}`, which speaks "
        f"{', '.join(provider.doors)}: no API that has embeddings"
    )
    return Fault("invalid_request", 400, words, code="no_embeddings", param="model")
