"""From a model's name to where it leads: one table of names, that of `[models]` or of a profile.

The order: an exact name; a regular expression (`re:…`), in the order they are written; the longest glob;
`provider/model` said by the client, where that is allowed; a family of names that can only mean one provider
(`claude-*`); and, when the table says nothing at all, the one provider that speaks the client's dialect, or
the only one there is.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import msgspec

from adapters.fault import Fault
from gateway.configuration.problems import dotted
from gateway.decision import BY_HEADER, Means
from gateway.errors import Refused
from gateway.provider import Provider
from gateway.routing_globs import Globs, is_glob
from gateway.settings import EXPRESSION, Route, Share, Tier, tiers_of

SEPARATORS: Final = ("/", ",", ":")
# Claude Code offers only ids that contain `claude` or `anthropic`: other aliases are shown with this prefix.
PICKABLE: Final = "anthropic/"
# No model is called longer: a regular expression of the operator's is not run on a client's novel.
LONGEST: Final = 256
# Of more names than this, only those that begin alike are compared with a wrong one.
MANY: Final = 500


class Lead(msgspec.Struct, frozen=True):
    """Where a name leads: tiers, and the name that is kept where a target sets none.

    `where` is the place in the configuration that says so; empty where no entry does. `led` is what found it.
    """

    tiers: tuple[Tier, ...]
    model: str
    where: str = ""
    led: str = ""


class Names:
    """One table of names."""

    __slots__ = ("_exact", "_expressions", "_globs", "_models", "_path", "_providers", "by_provider")

    def __init__(
        self,
        providers: Mapping[str, Provider],
        models: Mapping[str, str | Route],
        *,
        by_provider: bool = True,
        path: tuple[str, ...] = ("models",),
    ) -> None:
        self._providers = providers
        self._models = models
        self._path = path
        self.by_provider = by_provider
        plain = [name for name in models if not name.startswith(EXPRESSION)]
        self._exact = {name: models[name] for name in plain if not is_glob(name)}
        self._globs = Globs(name for name in plain if is_glob(name))
        self._expressions = {
            name: re.compile(name.removeprefix(EXPRESSION)) for name in models if name.startswith(EXPRESSION)
        }

    @property
    def exact(self) -> tuple[str, ...]:
        """The names that stand for themselves."""
        return tuple(self._exact)

    def lead(self, dialect: str, model: str) -> Lead | None:
        """Where a name leads; None for one that nobody knows."""
        for find in (self.alias, self._by_expression, self._by_glob, self._by_provider, self._by_family):
            found = find(model)
            if found is not None:
                return found
        if not self._models:
            reached = [one for one in self._providers.values() if not one.local]
            speaking = [one for one in reached if one.speaks(dialect)] or reached
            if len(speaking) == 1:
                return _untold("only provider", speaking[0].name, model)
        return None

    def alias(self, model: str) -> Lead | None:
        """Where an exact name of the table leads."""
        if model in self._exact:
            return self._entry("alias", model, model)
        bare = model.removeprefix(PICKABLE)
        return self._entry("alias", bare, bare) if bare in self._exact else None

    def _entry(self, led: Means, name: str, model: str) -> Lead:
        return Lead(tiers_of(self._models[name]), model, dotted(*self._path, name), led)

    def _by_expression(self, model: str) -> Lead | None:
        if len(model) > LONGEST:
            return None
        for name, expression in self._expressions.items():
            if expression.fullmatch(model):
                return self._entry("expression", name, model)
        return None

    def _by_glob(self, model: str) -> Lead | None:
        glob = self._globs.longest(model)
        return None if glob is None else self._entry("glob", glob, model)

    def _by_provider(self, model: str) -> Lead | None:
        if not self.by_provider:
            return None
        if model.startswith(PICKABLE):
            # `anthropic/openai/gpt-5` is how the list shows another provider's model to Claude Code.
            found = self.said(model.removeprefix(PICKABLE))
            if found is not None:
                return found
        return self.said(model)

    def said(self, model: str) -> Lead | None:
        """Where a name leads that names its provider."""
        for separator in SEPARATORS:
            name, found, rest = model.partition(separator)
            if found and rest and name in self._providers:
                return _untold("provider in the name", name, rest)
        return None

    def _by_family(self, model: str) -> Lead | None:
        for provider in self._providers.values():
            if any(fnmatchcase(model, family) for family in provider.settings.families):
                return _untold("family", provider.name, model)
        return None

    def unknown(self, model: str) -> Fault:
        """What a client is told of a name that leads nowhere."""
        if not self.by_provider and self.said(model) is not None:
            words = f"the model `{model[:200]}` names its provider, which this gateway does not allow: "
            words += f"ask for one of the names it knows{_some(self._known())}"
            return Fault("not_found", 404, words, "model_not_found", "model")
        near = get_close_matches(model[:LONGEST], _alike(model, self._known()), n=3, cutoff=0.5)
        hint = f"; did you mean: {', '.join(near)}" if near else _some(self._known())
        return Fault(
            "not_found", 404, f"the model `{model[:200]}` is not known{hint}", "model_not_found", "model"
        )

    def _known(self) -> list[str]:
        families = [family for one in self._providers.values() for family in one.settings.families]
        reached = [one for one in self._providers.values() if not one.local]
        names = [f"{one.name}/<model>" for one in reached if self.by_provider]
        return [*self._exact, *self._globs.globs, *families, *names]


class Said(NamedTuple):
    """What a caller who may has said instead of the model: where that leads."""

    names: Names
    use: str

    def lead(self, dialect: str, model: str) -> Lead | None:
        """Where it leads; a name of the table keeps the model asked for. Raises Refused (404)."""
        found = self.names.alias(self.use)
        if found is not None:
            return msgspec.structs.replace(found, model=model, led=f"{BY_HEADER}, {found.led}")
        found = self.names.lead(dialect, self.use)
        if found is None:
            raise Refused(self.names.unknown(self.use))
        return msgspec.structs.replace(found, led=f"{BY_HEADER}, {found.led}")


def _untold(led: Means, provider: str, model: str) -> Lead:
    """One provider, which keeps the name asked for; no entry says so."""
    return Lead((Tier((Share(provider),)),), model, led=led)


def _some(known: list[str]) -> str:
    return f"; known here: {', '.join(sorted(known)[:8])}" if known else ""


def _alike(model: str, known: list[str]) -> Iterable[str]:
    """Names worth comparing: all of them while they are few."""
    if len(known) <= MANY:
        return known
    return [name for name in known if name[:2] == model[:2]][:MANY]
