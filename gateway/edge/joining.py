"""What several workers tell, made one: counts are added up, sessions are those of all.

A gauge is the sum of what the workers say, unless the tables below say otherwise.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from gateway.cache import Figures
from gateway.edge.figures import figures
from gateway.edge.sessions import listed, one
from gateway.house import House
from gateway.lessons import Row

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
LESSONS: Final = b"lessons"
CACHES: Final = b"caches"
# These change something: what is answered is how much was changed.
LEVEL: Final = b"level "
CLEAR: Final = b"clear "
FORGET: Final = b"forget "
_MOST: Final = 500
_Object = dict[str, Any]


def told(house: House, question: bytes) -> bytes:
    """What this worker says to another; nothing to what it does not know."""
    word, space, name = question.partition(b" ")
    say = _SAYS.get(word + space)
    return b"" if say is None else say(house, name.decode("latin-1"))


def _session_of(house: House, name: str) -> bytes:
    found = one(house, name)
    return b"" if found is None else msgspec.json.encode(found)


def _level(house: House, level: str) -> bytes:
    house.journal.set_level(level)
    return b"1"


def _clear(house: House, name: str) -> bytes:
    cache = house.caches().get(name)
    return b"%d" % (0 if cache is None else cache.clear())


def _forget(house: House, identity: str) -> bytes:
    lessons = house.lessons
    return b"%d" % (lessons.forget(identity) if identity else lessons.forget_all())


def caches_of(house: House) -> dict[str, Figures]:
    """What each cache says of itself."""
    return {name: cache.figures() for name, cache in house.caches().items()}


_SAYS: Final[dict[bytes, Callable[[House, str], bytes]]] = {
    FIGURES: lambda house, _: figures(house),
    SESSIONS: lambda house, _: msgspec.json.encode(listed(house)),
    SESSION: _session_of,
    LESSONS: lambda house, _: msgspec.json.encode(house.lessons.rows(house.calendar())),
    CACHES: lambda house, _: msgspec.json.encode(caches_of(house)),
    LEVEL: _level,
    CLEAR: _clear,
    FORGET: _forget,
}


def joined_lessons(own: list[Row], others: Iterable[bytes]) -> list[Row]:
    """What any of them has learned; of what several have, the own one."""
    rows = [*own]
    for answer in others:
        rows += msgspec.json.decode(answer, type=list[Row])
    return list({row.id: row for row in reversed(rows)}.values())[::-1]


def joined_caches(own: dict[str, Figures], others: Iterable[bytes]) -> dict[str, Figures]:
    """The caches of all, added up; bytes are None where nobody counts them."""
    found = dict(own)
    for answer in others:
        for name, there in msgspec.json.decode(answer, type=dict[str, Figures]).items():
            here = found.get(name)
            found[name] = there if here is None else _both(here, there)
    return found


def _both(here: Figures, there: Figures) -> Figures:
    size = None if here.bytes is None or there.bytes is None else here.bytes + there.bytes
    return Figures(here.entries + there.entries, size, here.hits + there.hits, here.misses + there.misses)


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
