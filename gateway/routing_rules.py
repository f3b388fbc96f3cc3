"""The rules of the configuration, compiled once: the first whose conditions all hold says where to go.

The conditions of a rule are asked from the cheapest to the dearest, in the order of `MAKERS`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

import msgspec

from gateway.routing_facts import Facts
from gateway.routing_names import Lead
from gateway.settings import Rule, Tier, When, tiers_of

Holds = Callable[[Facts], bool]


class Condition(NamedTuple):
    """One condition, as it is called in the configuration, and what asks it."""

    name: str
    holds: Holds


class Ruling(msgspec.Struct, frozen=True):
    """One rule. `where`: its place in the configuration; `label`: that, as the log has it."""

    where: str
    label: str
    tiers: tuple[Tier, ...]
    conditions: tuple[Condition, ...]

    def unmet(self, facts: Facts) -> str | None:
        """The first condition that does not hold; None when all do."""
        return next((name for name, holds in self.conditions if not holds(facts)), None)

    def lead(self, dialect: str, model: str) -> Lead | None:  # noqa: ARG002  # as names lead
        """Where a request goes that the rule is for; a target without a model keeps the name asked for."""
        return Lead(self.tiers, model, self.label, "rule")


class Ruled(msgspec.Struct, omit_defaults=True):
    """What became of one rule: taken, or passed over for a condition that does not hold.

    `scenario`: that of the request, where the rule asks for one.
    """

    where: str
    unmet: str = ""
    scenario: str = ""


def first_ruling(rulings: tuple[Ruling, ...], facts: Facts, told: list[Ruled] | None = None) -> Ruling | None:
    """The first rule that fits. `told`: what became of each that was asked."""
    for ruling in rulings:
        unmet = ruling.unmet(facts)
        if told is not None:
            told.append(Ruled(ruling.where, unmet or "", facts.scenario))
        if unmet is None:
            return ruling
    return None


def ruled(rule: Rule) -> Ruling:
    """Compile a rule."""
    said = {name: getattr(rule.when, name) for name in MAKERS}
    conditions = tuple(
        Condition(name, MAKERS[name](value)) for name, value in said.items() if value not in (None, (), {})
    )
    label = f"{rule.where} ({rule.when.scenario})" if rule.when.scenario else rule.where
    return Ruling(rule.where, label, tiers_of(rule.lead), conditions)


def seeks_tag(when: When) -> bool:
    """Whether a rule asks who of an agent's agents asks."""
    return when.agent is not None or when.scenario == "subagent"


def _as(fact: Callable[[Facts], object]) -> Callable[[Any], Holds]:
    """Conditions that a fact is just so."""
    return lambda wanted: lambda facts: fact(facts) == wanted


def _like(fact: Callable[[Facts], str]) -> Callable[[str], Holds]:
    """Conditions that a fact is like a glob."""
    return lambda glob: lambda facts: fnmatchcase(fact(facts), glob)


def _model(globs: tuple[str, ...]) -> Holds:
    return lambda facts: any(fnmatchcase(facts.request.peek.model, glob) for glob in globs)


def _headers(globs: Mapping[str, str]) -> Holds:
    # A field that is not there is like no glob, not even `*`.
    return lambda facts: all(
        name in facts.headers and fnmatchcase(facts.headers[name], glob) for name, glob in globs.items()
    )


def _team(glob: str) -> Holds:
    # Whoever is of no team is of none that a glob fits.
    return lambda facts: any(
        fnmatchcase(name, glob) for name in (facts.request.caller.team_id, facts.request.caller.team) if name
    )


def _days(days: tuple[int, ...]) -> Holds:
    return lambda facts: facts.time.weekday() in days


def _time(window: tuple[int, int]) -> Holds:
    return lambda facts: within(window, facts.time)


def within(window: tuple[int, int], moment: datetime) -> bool:
    """Whether a moment is in a part of the day, in minutes; it may go on over midnight."""
    start, end = window
    minute = moment.hour * 60 + moment.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def _over(tokens: int) -> Holds:
    return lambda facts: facts.over(tokens)


def _under(tokens: int) -> Holds:
    return lambda facts: not facts.over(tokens - 1)


MAKERS: Final[dict[str, Callable[[Any], Holds]]] = {
    "model": _model,
    "dialect": _as(lambda facts: facts.request.dialect.name),
    "stream": _as(lambda facts: facts.request.peek.stream),
    "thinking": _as(lambda facts: facts.request.peek.thinking),
    "key": _like(lambda facts: facts.request.caller.name),
    "team": _team,
    "headers": _headers,
    "time": _time,
    "days": _days,
    "agent": _like(lambda facts: facts.agent),
    "tools": _as(lambda facts: facts.tools),
    "web_search": _as(lambda facts: facts.web_search),
    "tokens_over": _over,
    "tokens_under": _under,
    "images": _as(lambda facts: facts.images),
    "scenario": _as(lambda facts: facts.scenario),
}
