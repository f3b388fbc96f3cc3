"""What several workers tell, made one: counts are added up, sessions are those of all.

A gauge is the sum of what the workers say, unless the tables below say otherwise.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway.edge.figures import figures
from gateway.edge.sessions import listed, one
from gateway.house import House

# What all workers know alike, or where the worst of them is what counts.
GREATEST: Final = frozenset(
    (
        "penstock_breaker_state",
        "penstock_budget_used_ratio",
        "penstock_configuration",
        "penstock_keys",
        "penstock_limit_used_ratio",
        "penstock_loop_held_up_seconds",
        "penstock_provider_keys",
        "penstock_provider_probe_age_seconds",
    )
)
LEAST: Final = frozenset(
    (
        "penstock_configuration_loaded_timestamp_seconds",
        "penstock_keys_synchronised",
        "penstock_ledger_persists",
        "penstock_provider_up",
    )
)
FIGURES: Final = b"figures"
SESSIONS: Final = b"sessions"
SESSION: Final = b"session "
_MOST: Final = 500
_Object = dict[str, Any]


def told(house: House, question: bytes) -> bytes:
    """What this worker says to another; nothing to what it does not know."""
    if question == FIGURES:
        return figures(house)
    if question == SESSIONS:
        return msgspec.json.encode(listed(house))
    if question.startswith(SESSION):
        found = one(house, question.removeprefix(SESSION).decode("latin-1"))
        return b"" if found is None else msgspec.json.encode(found)
    return b""


def joined_figures(own: bytes, others: Iterable[bytes]) -> bytes:
    """The counts of all, and of how many workers they are, where they are several."""
    others = list(others)
    if not others:
        return own
    all_of = [msgspec.json.decode(answer, type=_Object) for answer in (own, *others)]
    whole = all_of[0]
    for other in all_of[1:]:
        for name, family in other["metrics"].items():
            here = whole["metrics"].setdefault(name, {**family, "samples": []})
            _join(here["samples"], family["samples"], _way(name))
    return msgspec.json.encode({**whole, "workers": len(all_of)})


def joined_sessions(own: list[_Object], others: Iterable[bytes]) -> list[_Object]:
    """The sessions of all, the latest first."""
    found: dict[str, list[_Object]] = {}
    for rows in (own, *(msgspec.json.decode(answer, type=list[_Object]) for answer in others)):
        for row in rows:
            found.setdefault(row["session"], []).append(row)
    joined = [_session(parts) for parts in found.values()]
    return sorted(joined, key=lambda row: -row["at"])[:_MOST]


def joined_session(own: _Object | None, others: Iterable[bytes]) -> _Object | None:
    """One session, as all have seen it; None where nobody has. What is left is what its last worker says."""
    parts = [msgspec.json.decode(answer, type=_Object) for answer in others]
    if own is not None:
        parts.append(own)
    return _session(parts) if parts else None


def _session(parts: list[_Object]) -> _Object:
    last = max(parts, key=lambda part: part["at"])
    sums = {
        name: sum(part[name] for part in parts)
        for name, value in last.items()
        if isinstance(value, int) and name != "at"
    }
    return {**last, **sums}


def _way(name: str) -> Callable[[float, float], float]:
    if name in GREATEST:
        return max
    return min if name in LEAST else _sum


def _sum(one: float, other: float) -> float:
    return one + other


def _join(here: list[_Object], there: list[_Object], way: Callable[[float, float], float]) -> None:
    """Add samples to those of the same labels."""
    known = {tuple(sorted(sample["labels"].items())): sample for sample in here}
    for sample in there:
        mine = known.get(tuple(sorted(sample["labels"].items())))
        if mine is None:
            here.append(sample)
        elif "value" in sample:
            mine["value"] = way(mine["value"], sample["value"])
        else:
            _add(mine, sample)


def _add(mine: _Object, other: _Object) -> None:
    """A histogram or a summary: all that it has are counts."""
    for name, value in other.items():
        if name == "buckets":
            buckets = mine.setdefault(name, {})
            for bound, count in value.items():
                buckets[bound] = buckets.get(bound, 0.0) + count
        elif name != "labels":
            mine[name] = mine.get(name, 0.0) + value
