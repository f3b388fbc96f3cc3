"""What is cached and shared, and for whom: `[cache]`, checked and resolved."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeVar

from gateway.configuration.document import Cache, CacheFor
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.configuration.quantities import seconds, size
from gateway.settings import CacheSettings, Caching, CachingFor

Amount = TypeVar("Amount", int, float)


def resolve_cache(raw: Cache, keys: AbstractSet[str], problems: list[Problem]) -> CacheSettings:
    """What is cached. `keys` are the names of the callers' keys there are."""
    problems += [
        Problem(dotted("cache", "keys", name), "there is no such key", nearest(name, keys))
        for name in raw.keys
        if name not in keys
    ]
    if raw.max_entries < 1:
        problems.append(
            Problem("cache.max_entries", "expected 1 or more", 'to cache nothing, say responses = "off"')
        )
    usual = Caching(
        responses=raw.responses,
        coalesce=raw.coalesce,
        force=raw.force,
        ttl=_amount(("ttl",), _life, raw.ttl, problems),
    )
    return CacheSettings(
        usual=usual,
        max_entries=raw.max_entries,
        max_bytes=_amount(("max_bytes",), size, raw.max_bytes, problems),
        models=_said("models", raw.models, problems),
        keys=_said("keys", raw.keys, problems),
    )


def _said(table: str, raw: Mapping[str, CacheFor], problems: list[Problem]) -> dict[str, CachingFor]:
    return {
        name: CachingFor(
            responses=said.responses,
            coalesce=said.coalesce,
            force=said.force,
            ttl=None if said.ttl is None else _amount((table, name, "ttl"), _life, said.ttl, problems),
        )
        for name, said in raw.items()
    }


def _amount(
    path: tuple[str, ...],
    understand: Callable[[float | str], Amount],
    value: float | str,
    problems: list[Problem],
) -> Amount:
    try:
        return understand(value)
    except ValueError as failure:
        problems.append(Problem(dotted("cache", *path), str(failure)))
        return understand(1)


def _life(value: float | str) -> float:
    amount = seconds(value)
    if amount == 0:
        message = 'a reply that is kept for no time is not kept: to cache nothing, say responses = "off"'
        raise ValueError(message)
    return amount
