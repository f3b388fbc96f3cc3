"""From the model a client asked for to the targets to try. Pure once built: no I/O, and no clock of its own.

`routing_names.py` says where a name leads. What is made of that is kept, by all that decides it, in the cache
of plans; it belongs to this object, and this to one snapshot of the settings: where the settings change,
nothing that was kept is ever asked again.

An entry of `[models]` may lead to several targets. Where each request is to begin with another of them, what
is kept is the choice, and every request picks an order that was made before.
"""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple, Protocol

import msgspec

from adapters.dialect import Dialect
from adapters.fault import Fault
from adapters.survey import without
from adapters.table import DIALECTS
from gateway.configuration.problems import dotted
from gateway.decision import BY_PATH, of_plan
from gateway.errors import Refused
from gateway.plan import Choice, Rank, Target, Targets, planned
from gateway.plan_ranks import ranked
from gateway.plan_targets import Workshop
from gateway.provider import Provider
from gateway.routing_facts import Facts, Request
from gateway.routing_names import PICKABLE, Lead, Names, Said
from gateway.routing_rules import Ruled, Ruling, first_ruling, ruled, seeks_tag
from gateway.settings import Route, Rule, Settings, Share, Tier
from gateway.state import Exchange
from gateway.tinylfu import TinyLfu

__all__ = ["PICKABLE", "PLANS_KEPT", "PLANS_LAST", "Router", "Ruled", "View"]

PLANS_KEPT: Final = 10_000
# No model is called longer: plans, and all else that goes by the name of a model, are bounded in bytes by it.
MOST_CHARACTERS: Final = 512
PLANS_LAST: Final = 10.0  # seconds until a name is looked up again

# What decides a plan: the table of names or the rule, the client's dialect, the model, whether it embeds.
PlanKey = tuple[str, str, str, bool]


class Finder(Protocol):
    """Who knows where a name leads: a table of names, or a rule."""

    def lead(self, dialect: str, model: str) -> Lead | None:
        """Where it leads; None for one that nobody knows."""


class View(NamedTuple):
    """One table of names with the rules before it: the main one, or a profile's.

    `tagged`: whether the rules ask for the tag of a subagent.
    """

    where: str
    names: Names
    rules: tuple[Ruling, ...] = ()
    tagged: bool = False


class Kept(msgspec.Struct):
    """What was made of a name: a plan, or why there is none. `until`: when it is looked up again.

    `why` are the words for it.
    """

    lead: Lead | None
    plan: Targets | Choice = ()
    fault: Fault | None = None
    label: str = ""
    why: str = ""
    until: float = 0.0


class Router:
    """The routes of one settings snapshot."""

    __slots__ = (
        "_calendar",
        "_chance",
        "_main",
        "_profiles",
        "_providers",
        "_scenarios",
        "_workshop",
        "plans",
    )

    def __init__(
        self,
        providers: Mapping[str, Provider],
        settings: Settings,
        workshop: Workshop | None = None,
        chance: Callable[[], float] = random.random,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self._providers = dict(providers)
        self._workshop = workshop or Workshop()
        self._chance = chance
        self._calendar = calendar
        routing = settings.routing
        self._scenarios = routing.scenarios
        self._main = self._view("", settings.models, routing.rules, by_provider=routing.by_provider)
        self._profiles = {
            name: self._view(name, one.models, one.rules, by_provider=routing.by_provider)
            for name, one in routing.profiles.items()
        }
        self.plans: TinyLfu[PlanKey, Kept] = TinyLfu(PLANS_KEPT)

    def _view(
        self, profile: str, models: Mapping[str, str | Route], rules: tuple[Rule, ...], *, by_provider: bool
    ) -> View:
        path = ("profiles", profile, "models") if profile else ("models",)
        names = Names(self._providers, models, by_provider=by_provider, path=path)
        tagged = any(seeks_tag(rule.when) for rule in rules)
        return View(profile and dotted("profiles", profile), names, tuple(map(ruled, rules)), tagged)

    @property
    def profiles(self) -> tuple[str, ...]:
        """The names of the profiles."""
        return tuple(self._profiles)

    def aliases(self, profile: str = "") -> tuple[str, ...]:
        """The names that stand for themselves."""
        return self._of(profile).names.exact

    def _of(self, profile: str) -> View:
        """Raises Refused (404): a socket may have been opened in a profile that is there no more."""
        view = self._profiles.get(profile) if profile else self._main
        if view is None:
            words = f"there is no profile `{profile}` any more"
            raise Refused(Fault("not_found", 404, words, code="unknown_profile"))
        return view

    def plan(self, dialect: str, model: str, *, embed: bool = False, profile: str = "") -> Targets:
        """The targets for a name, in order. Raises Refused: 404 unknown model, 400 no embeddings there."""
        view = self._of(profile)
        found = self._kept((view.where, dialect, model, embed), view.names, 0.0).plan
        return found.order() if isinstance(found, Choice) else found

    def _kept(self, key: PlanKey, finder: Finder, now: float) -> Kept:
        kept = self.plans.get(key)
        if kept is None or now >= kept.until:
            kept = self._look_up(key, finder, kept, now)
        if kept.fault is not None:
            raise Refused(kept.fault)
        return kept

    def _look_up(self, key: PlanKey, finder: Finder, before: Kept | None, now: float) -> Kept:
        _, dialect, model, embed = key
        if len(model) > MOST_CHARACTERS:
            return Kept(None, fault=self._unknown(key))
        lead = finder.lead(dialect, model)
        if before is not None and before.lead == lead:
            # The plan remembers whose turn it is.
            kept = before
        elif lead is None:
            kept = Kept(lead, fault=self._unknown(key))
        else:
            kept = self._made(DIALECTS[dialect], model, lead, embed=embed)
        self.plans.put(key, kept)
        kept.until = now + PLANS_LAST
        return kept

    def _unknown(self, key: PlanKey) -> Fault:
        where, _, model, _ = key
        view = next((one for one in self._profiles.values() if one.where == where), self._main)
        return view.names.unknown(model)

    def _made(self, client: Dialect, model: str, lead: Lead, *, embed: bool) -> Kept:
        ranks = [self._rank(client, tier, lead.model, embed=embed) for tier in lead.tiers]
        tiers = [tier for tier, rank in zip(lead.tiers, ranks, strict=True) if rank is not None]
        there = tuple(rank for rank in ranks if rank is not None)
        if not there:
            first, _ = self._target(lead.tiers[0].shares[0].to, lead.model)
            return Kept(lead, fault=_no_embeddings(model, first))
        plan = planned(there, tuple(tier.affinity for tier in tiers), leaving=self._workshop.leaving)
        return Kept(lead, plan, label=lead.where, why=of_plan(lead.led, lead.where, tiers))

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
            exchange.decision = BY_PATH
            return
        try:
            kept = self.found(exchange)
        except Refused:
            if exchange.operation != "count_tokens":
                raise
            return
        found = kept.plan
        exchange.decision = kept.why
        exchange.targets = _ordered(exchange, found) if isinstance(found, Choice) else found
        exchange.route = kept.label

    def found(self, exchange: Exchange, told: list[Ruled] | None = None) -> Kept:
        """The plan of a request. Raises Refused. `told`: what became of each rule that was asked."""
        assert exchange.peek is not None
        view = self._of(exchange.profile) if exchange.profile else self._main
        finder: Finder = view.names
        where = view.where
        if exchange.use:
            finder, where = Said(view.names, exchange.use), f"={view.where}={exchange.use}"
        elif view.rules:
            ruling = self._ruling(exchange, view, told)
            if ruling is not None:
                finder, where = ruling, ruling.where
        key = (where, exchange.dialect.name, exchange.peek.model, exchange.operation == "embed")
        return self._kept(key, finder, exchange.body_at)

    def _ruling(self, exchange: Exchange, view: View, told: list[Ruled] | None) -> Ruling | None:
        """The first rule that fits. A tag has done its work then, and does not go on."""
        assert exchange.peek is not None
        request = Request(
            exchange.dialect,
            exchange.body,
            exchange.path,
            exchange.peek,
            exchange.scope["headers"],
            exchange.caller,
            exchange.agent.decode("latin-1"),
            self._calendar,
        )
        facts = Facts(request, self._scenarios)
        ruling = first_ruling(view.rules, facts, told)
        exchange.weight = facts.weight
        if view.tagged and facts.tag is not None:
            exchange.body = without(exchange.body, facts.tag)
            exchange.agent = exchange.agent or facts.tag.name.encode()
            exchange.untagged = True
        return ruling

    def resolve(self, dialect: str, model: str, profile: str = "") -> tuple[Provider, str] | None:
        """The provider a name leads to first, and the model's name there; None for a name nobody knows."""
        found = self._of(profile).names.lead(dialect, model)
        return None if found is None else self._target(found.tiers[0].shares[0].to, found.model)

    def leads(self, dialect: str, model: str, profile: str = "") -> tuple[str, list[tuple[str, str]]]:
        """The name without a provider before it, and provider and model of every target it leads to."""
        found = self._of(profile).names.lead(dialect, model)
        if found is None:
            return model, []
        shares = (share.to for tier in found.tiers for share in tier.shares)
        there = [self._target(where, found.model) for where in shares]
        return found.model, [(provider.name, name) for provider, name in there]

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
