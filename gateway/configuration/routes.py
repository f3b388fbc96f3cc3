"""Where names lead, and what happens where that fails: `[models]` and `[failure]`, checked and resolved."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import pairwise

import msgspec

from gateway.configuration.document import Failure, Group, Limits, Target
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.configuration.quantities import micro_dollars, seconds
from gateway.settings import EXPRESSION, FailureSettings, Recourse, Route, Share, Tier, tiers_of

Raw = str | list[str | Group] | Group
_SAY_WHERE = 'say "provider/model"'
_MOST_TRIES = 100
# Names that lead to one another, before it is more likely a mistake.
_MOST_NAMES = 32
# What a group says of the name it stands for, beside its targets.
_OF_A_NAME = ("too_long", "refused", "hedge")


class Table(msgspec.Struct, frozen=True):
    """One table of names: the main one, or a profile's. `own`: what a profile says itself."""

    models: Mapping[str, Raw]
    own: Mapping[str, Raw] = {}
    profile: str = ""

    def path(self, name: str) -> tuple[str, ...]:
        """The place of an entry in the file."""
        return ("profiles", self.profile, "models", name) if name in self.own else ("models", name)


def resolve_models(
    models: Mapping[str, Raw], names: AbstractSet[str], problems: list[Problem]
) -> dict[str, str | Route]:
    """Where each name leads. `names` are the providers there are."""
    return Leads(names, Table(models), problems).all()


class Leads:
    """Reads what may stand where a name leads; what is wrong goes to the list of problems."""

    def __init__(self, names: AbstractSet[str], table: Table, problems: list[Problem]) -> None:
        self._names = names
        self._table = table
        self._models = table.models
        self._problems = problems
        self._resolved: dict[str, str | Route] = {}
        # The names that are being read, each named by the one before it.
        self._way: list[str] = []

    def all(self) -> dict[str, str | Route]:
        """Where each name of the table leads."""
        return {name: self.resolved(name) for name in self._models}

    def resolved(self, name: str) -> str | Route:
        """Where a name of the table leads."""
        found = self._resolved.get(name)
        if found is None:
            self._check(name)
            self._way.append(name)
            found = self._resolved[name] = self.lead(self._models[name], self._table.path(name))
            self._way.pop()
        return found

    def _check(self, name: str) -> None:
        if name.startswith(EXPRESSION):
            try:
                re.compile(name.removeprefix(EXPRESSION))
            except re.error as failure:
                self._report(self._table.path(name), f"is not a regular expression: {failure}", "")

    def _named(self, word: str) -> bool:
        """Whether a word in a target's place is another name of the table; a provider comes first."""
        return word in self._models and word not in self._names

    def _followed(self, name: str, path: tuple[str, ...]) -> str | Route:
        """Where another name leads that stands in a target's place."""
        if name in self._way:
            ring = " -> ".join([*self._way[self._way.index(name) :], name])
            self._report(path, f"leads in a ring: {ring}", "let one of them lead to a provider")
        elif len(self._way) > _MOST_NAMES:
            self._report(path, f"leads through more than {_MOST_NAMES} names", "name the target itself")
        else:
            return self.resolved(name)
        return Route(())

    def lead(self, raw: Raw, path: tuple[str, ...]) -> str | Route:
        """Where a value leads that stands at this path."""
        if isinstance(raw, str):
            return self._followed(raw, path) if self._named(raw) else self._target(raw, path)
        if isinstance(raw, Group):
            recourse = self._recourse(raw, path)
            tiers = self._group(raw, path)
            return Route(tuple(msgspec.structs.replace(tier, recourse=recourse) for tier in tiers))
        if not raw:
            self._report(path, "leads nowhere: the list is empty", _SAY_WHERE)
        read = [self._tiers(each, (*path, str(place))) for place, each in enumerate(raw)]
        tiers = tuple(tier for one in read for tier in one)
        for place, (before, tier) in enumerate(pairwise(tiers), 1):
            if before == tier:
                self._report(
                    (*path, str(place)), "is the same target twice in a row", "leave one of them out"
                )
        return Route(tiers)

    def _tiers(self, raw: str | Group, path: tuple[str, ...]) -> tuple[Tier, ...]:
        if isinstance(raw, str):
            return tiers_of(self.lead(raw, path))
        for name in _OF_A_NAME:
            if getattr(raw, name) is not None:
                remedy = f'make it [{dotted(*path[:-1])}] with targets, strategy = "in_order" and {name}'
                self._report((*path, name), "belongs to a name, not to a part of it", remedy)
        return self._group(raw, path)

    def _recourse(self, raw: Group, path: tuple[str, ...]) -> Recourse | None:
        """Where a name leads beside its targets."""
        found = {"too_long": raw.too_long or "", "refused": raw.refused or ""}
        for name, where in found.items():
            if where and where in self._way[-1:]:
                self._report((*path, name), "leads back to itself", "name another model")
            elif where and where not in self._models:
                self._target(where, (*path, name))
        recourse = Recourse(**found, hedge=self._hedge(raw, path))
        return None if recourse == Recourse() else recourse

    def _hedge(self, raw: Group, path: tuple[str, ...]) -> float:
        if raw.hedge is None:
            return 0.0
        if len(raw.targets) == 1:
            self._report((*path, "hedge"), "means nothing with one target", "name another one to ask")
        try:
            delay = seconds(raw.hedge)
        except ValueError as failure:
            self._report((*path, "hedge"), str(failure), "")
            return 0.0
        if not delay:
            self._report((*path, "hedge"), "would ask two targets every time", 'say a delay such as "2s"')
        return delay

    def _group(self, raw: Group, path: tuple[str, ...]) -> tuple[Tier, ...]:
        path = (*path, "targets")
        if not raw.targets:
            self._report(path, "leads nowhere: the list is empty", _SAY_WHERE)
        shares = [
            self._share(each, (*path, str(place)), raw.strategy) for place, each in enumerate(raw.targets)
        ]
        seen: set[str] = set()
        for place, share in enumerate(shares):
            if share.to in seen:
                self._report((*path, str(place)), "is in this group already", "raise the weight of the other")
            seen.add(share.to)
        timeouts = self._timeouts(raw.timeouts, (*path[:-1], "timeouts"))
        if raw.strategy == "in_order":
            return tuple(Tier((share,), timeouts=timeouts, affinity=raw.affinity) for share in shares)
        return (Tier(tuple(shares), raw.strategy, timeouts, affinity=raw.affinity),)

    def _share(self, raw: str | Target, path: tuple[str, ...], strategy: str) -> Share:
        if isinstance(raw, str):
            return Share(self._one(raw, path))
        if raw.weight is not None and strategy != "weighted":
            self._report(
                (*path, "weight"),
                f"means nothing with {strategy}",
                'leave it out, or say strategy = "weighted"',
            )
        if raw.weight is not None and raw.weight < 1:
            self._report(
                (*path, "weight"), "must be 1 or more", "leave a target out that is not to be chosen"
            )
        return Share(self._one(raw.to, (*path, "to")), 1 if raw.weight is None else raw.weight)

    def _one(self, word: str, path: tuple[str, ...]) -> str:
        """The target that a word in a group stands for."""
        found = self.lead(word, path)
        if isinstance(found, str):
            return found
        if found.tiers:
            remedy = "name its targets here, or name it in a list"
            self._report(path, f'"{word}" is several targets, and a group weighs each by itself', remedy)
        return word

    def _timeouts(self, raw: Limits, path: tuple[str, ...]) -> dict[str, float]:
        """The limits that are said here, in seconds."""
        said = {name: value for name in raw.__struct_fields__ if (value := getattr(raw, name)) is not None}
        return {name: self._limit(value, (*path, name)) for name, value in said.items()}

    def _limit(self, value: float | str, path: tuple[str, ...]) -> float:
        try:
            limit = seconds(value)
        except ValueError as failure:
            self._report(path, str(failure), "")
            return 1.0
        if limit <= 0:
            self._report(path, "a time limit must be more than nothing", "")
        return limit

    def _target(self, target: str, path: tuple[str, ...]) -> str:
        provider, slash, model = target.partition("/")
        if provider not in self._names:
            problem = f'leads to "{provider}", and no such provider is configured'
            known = self._names if slash else {*self._names, *self._models}
            self._report(path, problem, nearest(provider, known))
        elif slash and not model:
            remedy = f'say "{provider}" to keep the name asked for'
            self._report(path, "names no model behind the /", remedy)
        return target

    def _report(self, path: tuple[str, ...], problem: str, remedy: str) -> None:
        found = Problem(dotted(*path), problem, remedy)
        # What a profile has from the main table is read for both.
        if found not in self._problems:
            self._problems.append(found)


def resolve_failure(raw: Failure, problems: list[Problem]) -> FailureSettings:
    """How often is tried, and how long is waited."""
    problems += [
        Problem(f"failure.{name}", f"expected a number from 1 to {_MOST_TRIES}")
        for name in ("tries", "tries_per_target")
        if not 1 <= getattr(raw, name) <= _MOST_TRIES
    ]
    if raw.worth_waiting_tokens < 1:
        problems.append(Problem("failure.worth_waiting_tokens", "expected 1 or more"))
    return FailureSettings(
        tries=raw.tries,
        tries_per_target=raw.tries_per_target,
        pause=_duration("pause", raw.pause, problems),
        deadline=_duration("deadline", raw.deadline, problems),
        rest=_duration("rest", raw.rest, problems),
        queue=_duration("queue", raw.queue, problems),
        leaving=raw.leaving,
        wait_at_most=_duration("wait_at_most", raw.wait_at_most, problems),
        patience=_patience(raw.patience, problems),
        worth_waiting_tokens=raw.worth_waiting_tokens,
        credential_rest=_duration("credential_rest", raw.credential_rest, problems),
        learn=raw.learn,
        remember=_duration("remember", raw.remember, problems),
        reconnect=_duration("reconnect", raw.reconnect, problems),
    )


def _patience(value: float | str, problems: list[Problem]) -> int:
    try:
        return micro_dollars(value)
    except ValueError as failure:
        problems.append(Problem("failure.patience", str(failure)))
        return 0


def _duration(key: str, value: float | str, problems: list[Problem]) -> float:
    try:
        return seconds(value)
    except ValueError as failure:
        problems.append(Problem(f"failure.{key}", str(failure)))
        return 0.0
