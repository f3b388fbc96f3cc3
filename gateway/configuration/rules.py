"""`[[rules]]`, `[scenarios]` and `[profiles]`, checked and resolved.

A rule is refused that can never match: because its own conditions contradict each other, or because one
before it takes all it would.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from gateway.configuration.document import Document
from gateway.configuration.document import Rule as RawRule
from gateway.configuration.document import When as RawWhen
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.configuration.routes import Leads, Table
from gateway.settings import Profile, RoutingSettings, Rule, Scenarios, When

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_DAY = 24 * 60


class Known(msgspec.Struct, frozen=True):
    """What rules may name."""

    providers: AbstractSet[str]
    dialects: tuple[str, ...]


def resolve_routing(document: Document, known: Known, problems: list[Problem]) -> RoutingSettings:
    """All that is said of routing beside `[models]`."""
    small = document.scenarios.background_models
    scenarios = Scenarios(
        long_context_tokens=document.scenarios.long_context_tokens,
        background_models=Scenarios().background_models if small is None else tuple(small),
    )
    if scenarios.long_context_tokens < 0:
        problems.append(Problem("scenarios.long_context_tokens", "expected 0 or more"))
    reader = _Reader(known, scenarios, problems)
    main = Table(document.models)
    profiles = {}
    for name, raw in document.profiles.items():
        if not _NAME.fullmatch(name):
            remedy = "use letters, digits, `.`, `_` and `-`"
            problems.append(Problem(dotted("profiles", name), "is no part of a URL", remedy))
        table = Table({**document.models, **raw.models}, raw.models, name)
        inherited = raw.rules is None
        rules = document.rules if raw.rules is None else raw.rules
        models = Leads(known.providers, table, problems).all()
        profiles[name] = Profile(models, reader.rules(rules, table, inherited=inherited))
    return RoutingSettings(
        by_provider=document.routing.by_provider,
        rules=reader.rules(document.rules, main, inherited=True),
        scenarios=scenarios,
        profiles=profiles,
    )


class _Reader:
    """Reads lists of rules."""

    def __init__(self, known: Known, scenarios: Scenarios, problems: list[Problem]) -> None:
        self._known = known
        self._scenarios = scenarios
        self._problems = problems

    def rules(self, raws: Iterable[RawRule], table: Table, *, inherited: bool) -> tuple[Rule, ...]:
        """The rules of a table of names; those that are inherited stand in the main list."""
        leads = Leads(self._known.providers, table, self._problems)
        above = ("rules",) if inherited else ("profiles", table.profile, "rules")
        rules: list[Rule] = []
        for place, raw in enumerate(raws):
            path = (*above, str(place))
            rule = Rule(
                self._when(raw.when, (*path, "when")), leads.lead(raw.use, (*path, "use")), dotted(*path)
            )
            self._judge(rule, rules)
            rules.append(rule)
        return tuple(rules)

    def _when(self, raw: RawWhen, path: tuple[str, ...]) -> When:
        if raw.dialect is not None and raw.dialect not in self._known.dialects:
            remedy = nearest(raw.dialect, self._known.dialects)
            self._report(dotted(*path, "dialect"), f'"{raw.dialect}" is no API that is spoken here', remedy)
        same = {name: getattr(raw, name) for name in _AS_THEY_ARE}
        return When(
            **same,
            model=(raw.model,) if isinstance(raw.model, str) else tuple(raw.model or ()),
            headers={name.lower(): glob for name, glob in raw.headers.items()},
            time=self._window(raw.time, (*path, "time")),
            days=tuple(map(_DAYS.index, raw.days or ())),
        )

    def _window(self, text: str | None, path: tuple[str, ...]) -> tuple[int, int] | None:
        if text is None:
            return None
        match = _WINDOW.fullmatch(text.replace(" ", ""))
        if match is None:
            self._report(dotted(*path), f'"{text}" is no part of a day', 'say it as "22:00-06:00", in UTC')
            return None
        hour, minute, until_hour, until_minute = map(int, match.groups())
        return hour * 60 + minute, until_hour * 60 + until_minute

    def _judge(self, rule: Rule, before: list[Rule]) -> None:
        """Whether a rule can ever match."""
        contradiction = _contradiction(rule.when, self._scenarios)
        if contradiction:
            self._report(rule.where, f"can never match: {contradiction}", "take one of the two away")
            return
        for other in before:
            if takes_all(other.when, rule.when):
                remedy = "put it before that one, or take one of them away"
                self._report(rule.where, f"can never match: {other.where} takes all it would", remedy)
                return

    def _report(self, path: str, problem: str, remedy: str) -> None:
        found = Problem(path, problem, remedy)
        if found not in self._problems:
            self._problems.append(found)


_AS_THEY_ARE = (
    *("scenario", "dialect", "tokens_over", "tokens_under", "tools", "images", "thinking", "stream"),
    *("web_search", "key", "team", "agent"),
)
# What a scenario says of a condition that may stand beside it.
_SAID = {"thinking": "thinking", "web_search": "web_search", "image": "images"}


def _contradiction(when: When, scenarios: Scenarios) -> str:
    """Which two conditions of a rule can never hold together."""
    over, under = when.tokens_over, when.tokens_under
    if over is not None and under is not None and over + 1 >= under:
        return f"no input has over {over} and under {under} tokens"
    if under is not None and under < 1:
        return f"no input has under {under} tokens"
    said = _SAID.get(when.scenario or "", "")
    if said and getattr(when, said) is False:
        return f'the scenario "{when.scenario}" and {said} = false'
    long = scenarios.long_context_tokens
    if when.scenario == "long_context" and (long == 0 or (under is not None and under <= long + 1)):
        return f"no context is long with under {under} tokens" if long else "no context is ever long"
    return "the time ends as it begins" if when.time is not None and when.time[0] == when.time[1] else ""


def takes_all(first: When, later: When) -> bool:
    """Whether a rule takes all that a later one would: each of its conditions follows from the other's."""
    return all(
        _follows(name, wanted, getattr(later, name))
        for name, wanted in msgspec.structs.asdict(first).items()
        if wanted not in (None, (), {})
    )


def _follows(name: str, wanted: Any, given: Any) -> bool:
    """Whether a condition holds wherever another of its name does."""
    if given in (None, (), {}):
        return False
    return wanted == given or (name in _WEAKER and _WEAKER[name](wanted, given))


def _glob_takes(glob: str, other: str) -> bool:
    """Whether a glob fits all that another does; only where that is plain to see."""
    return glob == other or ("?" not in glob and "[" not in glob and fnmatchcase(other, glob))


def _model_takes(globs: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return all(any(_glob_takes(glob, other) for glob in globs) for other in others)


def _headers_take(globs: Mapping[str, str], others: Mapping[str, str]) -> bool:
    return all(name in others and _glob_takes(glob, others[name]) for name, glob in globs.items())


def _minutes(window: tuple[int, int]) -> set[int]:
    start, end = window
    return {minute % _DAY for minute in range(start, end if start < end else end + _DAY)}


_WEAKER: dict[str, Callable[[Any, Any], bool]] = {
    "model": _model_takes,
    "key": _glob_takes,
    "team": _glob_takes,
    "agent": _glob_takes,
    "headers": _headers_take,
    "tokens_over": lambda wanted, given: wanted <= given,
    "tokens_under": lambda wanted, given: wanted >= given,
    "days": lambda wanted, given: set(wanted) >= set(given),
    "time": lambda wanted, given: _minutes(wanted) >= _minutes(given),
}
