"""The options that say what a key, or all below somebody, may do: models, providers, limits and budgets."""

import re
from collections.abc import Callable
from typing import Any, Final, cast, get_args

import click
import msgspec

from gateway.budgets_periods import a_span
from gateway.cli import Failure
from gateway.configuration.quantities import dollars, micro_dollars
from gateway.edge.admin.words import MOST, Glob, Name
from gateway.grants import Grants, Ungrantable, grants_of, settings_of
from gateway.settings import Budget, LimitSettings, Span

WINDOWS: Final = get_args(Span)
LIMITS: Final = {
    "requests_per_minute": "Requests in any minute.",
    "tokens_per_minute": "Tokens in any minute, in and out together.",
    "input_tokens_per_minute": "Tokens of input in any minute.",
    "output_tokens_per_minute": "Tokens of output in any minute.",
    "concurrent": "Requests at once.",
}
# As the admin API takes them: what is finer than a micro-dollar would be rounded, perhaps to nothing.
_DOLLARS: Final = r"[0-9]{1,9}(?:\.[0-9]{1,6})?|\.[0-9]{1,6}"
_BUDGET: Final = re.compile(rf"\$?({_DOLLARS})/({'|'.join(WINDOWS)})(?:/(rolling))?")


class _WordType(click.ParamType[str]):
    """A name or a glob, as the admin API takes it. `ends` may be said as well, and ends what was set."""

    name = "text"

    def __init__(self, kind: Any, what: str, ends: str | None = None) -> None:
        self._kind = kind
        self._what = what
        self._ends = ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same words. Fails for what nobody could see or say, or would speak to a terminal."""
        if value == self._ends:
            return ""
        try:
            said: str = msgspec.convert(value, self._kind)
        except msgspec.ValidationError:
            said = ""
        if not said.strip():
            self.fail(f"expected {self._what}, without control characters", param, ctx)
        return said


NAME: Final = _WordType(Name, "a name of 1 to 200 characters")
GLOB: Final = _WordType(Glob, 'a name or a glob of 1 to 256 characters, or ""', "")


class _BudgetType(click.ParamType[Budget | None]):
    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Budget | None:
        """Dollars and a window: "10/day", "2.50/hour/rolling"; "" is none."""
        if isinstance(value, Budget):
            return value
        if not value:
            return None
        found = _BUDGET.fullmatch(value)
        if found is None:
            self.fail(
                f'{value!r} is not dollars and a window such as "10/day" or "2.50/hour/rolling"; '
                f"windows are {', '.join(WINDOWS)}",
                param,
                ctx,
            )
        return Budget(dollars=micro_dollars(found[1]), window=cast("Span", found[2]), rolling=bool(found[3]))


def grant_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options, as arguments of the same names; what is not said is None, or ()."""
    several = {
        "--model": ("models", GLOB, "GLOB", "May use models of this name only; again for more."),
        "--provider": ("providers", GLOB, "GLOB", "May use providers of this name only; again for more."),
        "--budget": (
            "budgets",
            _BudgetType(),
            "DOLLARS/WINDOW",
            'May spend so much: "10/day"; again for more.',
        ),
    }
    flag = click.option("--overrides/--no-overrides", default=None, help="May say where requests go.")
    command = flag(command)
    for name, words in reversed(LIMITS.items()):
        spelled = f"--{name.replace('_', '-')}"
        command = click.option(spelled, name, type=click.IntRange(0, MOST), help=f"{words} 0 is any number.")(
            command
        )
    for option, (name, kind, metavar, words) in reversed(several.items()):
        command = click.option(option, name, multiple=True, type=kind, metavar=metavar, help=words)(command)
    return command


def granted(before: Grants, said: dict[str, Any]) -> Grants:
    """What is granted when this is said of it: the rest stays. "" allows all, and ends budgets."""
    limits = {name: said[name] for name in LIMITS if said.get(name) is not None}
    changed: dict[str, Any] = {"limits": msgspec.structs.replace(before.limits, **limits)}
    for name in ("models", "providers"):
        if said.get(name):
            changed[name] = () if said[name] == ("",) else said[name]
    if said.get("budgets"):
        changed["budgets"] = tuple(one for one in said["budgets"] if one is not None)
    if said.get("overrides") is not None:
        changed["overrides"] = said["overrides"]
    return msgspec.structs.replace(before, **changed)


def read(settings: str) -> Grants:
    """What the settings of a row grant. Raises Failure where they cannot be read."""
    try:
        return grants_of(settings)
    except Ungrantable as failure:
        raise Failure(f"what is granted cannot be read: {failure}") from None


def spelled(grants: Grants) -> str:
    """What is granted, as it is kept. Raises Failure for what the gateway would not take."""
    settings = settings_of(grants)
    try:
        grants_of(settings)
    except Ungrantable as failure:
        raise Failure(f"this cannot be granted: {failure}") from None
    return settings


def told(grants: Grants) -> dict[str, Any]:
    """What is granted, for programs: only what was said, money in dollars."""
    found: dict[str, Any] = {}
    if grants.models:
        found["models"] = list(grants.models)
    if grants.providers:
        found["providers"] = list(grants.providers)
    limits = {name: most for name, most in msgspec.structs.asdict(grants.limits).items() if most}
    if limits:
        found["limits"] = limits
    if grants.budgets:
        found["budgets"] = [
            {"dollars": dollars(one.dollars), "window": one.window, "rolling": one.rolling}
            for one in grants.budgets
        ]
    if grants.overrides:
        found["overrides"] = True
    return found


def in_words(grants: Grants) -> str:
    """What is granted, for people."""
    words = [*grants.models, *(f"{glob}/" for glob in grants.providers)]
    words += [f"{most:,} {name.replace('_', ' ')}" for name, most in _limits(grants.limits)]
    words += [
        f"${dollars(one.dollars).rstrip('0').rstrip('.')} {a_span(one.window)}"
        f"{' (rolling)' if one.rolling else ''}"
        for one in grants.budgets
    ]
    return ", ".join(words)


def _limits(limits: LimitSettings) -> list[tuple[str, int]]:
    return [(name, most) for name, most in msgspec.structs.asdict(limits).items() if most]
