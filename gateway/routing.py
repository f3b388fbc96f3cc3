"""From the model a client asked for to the targets to try. Pure once built: no I/O, no clock.

The order: an exact name in `[models]`; the longest glob in `[models]`; `provider/model` said by the
client; a family of names that can only mean one provider (`claude-*`); and, when `[models]` says
nothing at all, the one provider that speaks the client's dialect, or the only one there is. Anything
else is a 404 that names the nearest known names.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from adapters.fault import Fault
from adapters.quirks import quirks_for
from adapters.table import DIALECTS
from gateway.errors import Refused
from gateway.plan import Target
from gateway.provider import Provider
from gateway.state import Exchange, Pair

# Plans kept per dialect. A client chooses the names, so what is kept is bounded: full means start again.
PLANS_KEPT: Final = 2048
SEPARATORS: Final = ("/", ",", ":")
# Claude Code offers only ids that contain `claude` or `anthropic`: other aliases are shown with this prefix.
PICKABLE: Final = "anthropic/"


Plans = dict[str, dict[str, tuple[Target, ...]]]


class Router:
    """The routes of one settings snapshot."""

    __slots__ = ("_embedding_plans", "_exact", "_globs", "_plans", "_providers", "aliases")

    def __init__(self, providers: Mapping[str, Provider], models: Mapping[str, str]) -> None:
        self._providers = dict(providers)
        self.aliases = tuple(name for name in models if not _is_glob(name))
        self._exact = {name: models[name] for name in self.aliases}
        # The longest glob is the most particular one; equal lengths keep the order they were written in.
        self._globs = sorted(
            (item for item in models.items() if _is_glob(item[0])), key=lambda item: -len(item[0])
        )
        self._plans: Plans = {}
        self._embedding_plans: Plans = {}

    def plan(self, dialect: str, model: str, *, embed: bool = False) -> tuple[Target, ...]:
        """The targets for a model, in order. Raises Refused: 404 unknown model, 400 no embeddings there."""
        plans = (self._embedding_plans if embed else self._plans).setdefault(dialect, {})
        targets = plans.get(model)
        if targets is None:
            if len(plans) >= PLANS_KEPT:
                plans.clear()
            targets = plans[model] = self._targets(dialect, model, embed=embed)
        return targets

    def _targets(self, dialect: str, model: str, *, embed: bool) -> tuple[Target, ...]:
        found = self.resolve(dialect, model)
        if found is None:
            raise Refused(self._unknown(model))
        provider, name = found
        client = DIALECTS[dialect]
        there = provider.embedding_dialect_for(client) if embed else provider.dialect_for(client)
        if there is None:
            raise Refused(_no_embeddings(model, provider))
        quirks = quirks_for(provider.settings.row or "", there.name, name)
        return (Target(provider, name, _headers(provider, name), there, quirks),)

    def route(self, exchange: Exchange) -> None:
        """Set the exchange's targets. Raises Refused, but for a count: without a target it is estimated."""
        assert exchange.peek is not None
        try:
            embed = exchange.operation == "embed"
            exchange.targets = self.plan(exchange.dialect.name, exchange.peek.model, embed=embed)
        except Refused:
            if exchange.operation != "count_tokens":
                raise

    def resolve(self, dialect: str, model: str) -> tuple[Provider, str] | None:
        """The provider a name leads to, and the model's name there; None for a name nobody knows."""
        for find in (self._by_name, self._by_glob, self._by_provider, self._by_family):
            found = find(model)
            if found is not None:
                return found
        if not self._exact and not self._globs:
            reached = [one for one in self._providers.values() if not one.local]
            speaking = [one for one in reached if one.speaks(dialect)] or reached
            if len(speaking) == 1:
                return speaking[0], model
        return None

    def _by_name(self, model: str) -> tuple[Provider, str] | None:
        where = self._exact.get(model)
        if where is None and model.startswith(PICKABLE):
            where = self._exact.get(model.removeprefix(PICKABLE))
            model = model.removeprefix(PICKABLE)
        return None if where is None else self._leads(where, model)

    def _by_glob(self, model: str) -> tuple[Provider, str] | None:
        for pattern, where in self._globs:
            if fnmatchcase(model, pattern):
                return self._leads(where, model)
        return None

    def _by_provider(self, model: str) -> tuple[Provider, str] | None:
        if model.startswith(PICKABLE):
            # `anthropic/openai/gpt-5` is how the list shows another provider's model to Claude Code.
            found = self._named(model.removeprefix(PICKABLE))
            if found is not None:
                return found
        return self._named(model)

    def _named(self, model: str) -> tuple[Provider, str] | None:
        for separator in SEPARATORS:
            name, found, rest = model.partition(separator)
            if found and rest and name in self._providers:
                return self._providers[name], rest
        return None

    def _by_family(self, model: str) -> tuple[Provider, str] | None:
        for provider in self._providers.values():
            if any(fnmatchcase(model, family) for family in provider.settings.families):
                return provider, model
        return None

    def _leads(self, where: str, model: str) -> tuple[Provider, str]:
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


def _is_glob(name: str) -> bool:
    return any(mark in name for mark in "*?[")


def _headers(provider: Provider, model: str) -> tuple[Pair, ...]:
    # A model's name is the client's word: only what may stand in a header field goes into one.
    shown = "".join(mark if mark.isascii() and mark.isprintable() else "?" for mark in model[:200])
    return ((b"x-penstock-provider", provider.name.encode()), (b"x-penstock-model", shown.encode()))


def _no_embeddings(model: str, provider: Provider) -> Fault:
    words = (
        f"the model `{model[:200]}` leads to the provider `{provider.name}`, which speaks "
        f"{', '.join(provider.doors)}: no API that has embeddings"
    )
    return Fault("invalid_request", 400, words, code="no_embeddings", param="model")
