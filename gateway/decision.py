"""Why a try was made, and why at this target, in a few words: for the ledger and whoever reads it.

    the first try     what led to the plan, and what put this target first in it
    each later one    what came of the one before, and what was done about that

The words of a first try are made with its plan, which is kept: a request only carries them. What makes a
request go on is rare enough to be put together where it happens, from words that stand here.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from gateway.settings import Tier

# What led to a plan: an entry of a table of names, a rule, or the name itself.
Means = Literal["alias", "glob", "expression", "rule", "provider in the name", "family", "only provider"]
Way = Literal["again", "mended", "next", "next key", "way out"]

BY_PATH: Final = "provider in the path"
BY_HEADER: Final = "x-penstock-route"
ALONE: Final = "no fallback wanted"
STAYS: Final = "where the conversation was"
# As much of what was left out as is worth keeping.
MOST_LEFT_OUT: Final = 400
LONGEST: Final = 200


def of_plan(led: str, where: str, tiers: Sequence[Tier]) -> str:
    """The words of a plan: what led to it, and how its first target is chosen where there are more."""
    words = f"{led} {where[:LONGEST]}" if where else led
    if len(tiers[0].shares) > 1:
        return f"{words}, {tiers[0].strategy.replace('_', ' ')}"
    return f"{words}, in order" if len(tiers) > 1 else words


@lru_cache(1024)
def stays(words: str) -> str:
    """The words of a plan whose first target is the conversation's own."""
    return f"{words}, {STAYS}"


def also(words: str, more: str) -> str:
    """What decided beside that."""
    return f"{words}; {more}"


def past(words: str, names: Iterable[str]) -> str:
    """Targets that stand before this one are left alone for a while."""
    return also(words, f"past {', '.join(names)}: breaker open")


def without(words: str, lacks: Iterable[str]) -> str:
    """Targets were left out of the plan."""
    return also(words, f"without {'; '.join(lacks)[:MOST_LEFT_OUT]}")


def after(cause: str) -> str:
    """What made a request go on."""
    return f"after {cause}"


def goes(way: Way, words: str) -> str:
    """How it goes on, before what made it."""
    return f"{way} {words}"


def hedged(seconds: float) -> str:
    """The rival of a try that shows nothing."""
    return f"hedge after {seconds:g}s without content"
