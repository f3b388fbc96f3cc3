"""What is wrong with a configuration, as data, and the one exception that carries all of it."""

import difflib
import re
from collections.abc import Iterable

import msgspec

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong: where it stands, what it is, what mends it. Never holds a secret's value."""

    path: str
    problem: str
    remedy: str = ""

    def __str__(self) -> str:
        remedy = f"\n    {self.remedy}" if self.remedy else ""
        return f"{self.path}: {self.problem}{remedy}"


class ConfigurationError(Exception):
    """A configuration that cannot be used, with every problem that was found in it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def dotted(*parts: str) -> str:
    """A path as TOML spells it: parts that are no bare keys are quoted."""
    return ".".join(part if _BARE_KEY.fullmatch(part) else f'"{part}"' for part in parts)


def nearest(word: str, known: Iterable[str]) -> str:
    """A remedy that names the known words nearest to a wrong one, or all of them when they are few."""
    names = sorted(known)
    matches = difflib.get_close_matches(word, names, n=2, cutoff=0.6)
    if matches:
        return f"did you mean {' or '.join(matches)}?"
    return f"known: {', '.join(names)}" if names else ""
