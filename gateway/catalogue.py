"""The list of models a client may ask for: aliases first, then what each provider lists (feature I9).

Providers are asked at once, over the same pools as everything else, and together have three seconds;
one that fails or is late is left out. What they said is kept for a minute. Nobody asks twice at the
same time.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final

import msgspec

from adapters.dialect import Dialect, ModelEntry
from adapters.table import DIALECTS
from gateway.cache import Figures
from gateway.errors import UpstreamError
from gateway.listing import ask_for_models
from gateway.provider import Door, Provider
from gateway.routing import PICKABLE, Router

DEADLINE: Final = 3.0  # seconds for all providers together
KEPT: Final = 60.0  # seconds a list is good for
ANTHROPIC: Final = "anthropic-messages"
CLAUDE_WORDS: Final = ("claude", "anthropic")


class _Listed(msgspec.Struct):
    """One model in a provider's list, by its id, or by its name where a dialect knows no ids."""

    id: str = ""
    name: str = ""
    created: int | None = None

    def asked_for(self) -> str:
        """What a request calls it."""
        return self.id or self.name.removeprefix("models/")


class _List(msgspec.Struct):
    data: list[_Listed] = []
    models: list[_Listed] = []


DECODE: Final = msgspec.json.Decoder(_List).decode


class Catalogue:
    """Models by provider and dialect, as last listed."""

    __slots__ = ("_asking", "_clock", "_hits", "_kept", "_misses", "_providers", "_router")

    def __init__(self, providers: Mapping[str, Provider], router: Router, clock: Callable[[], float]) -> None:
        self._providers = providers
        self._router = router
        self._clock = clock
        self._kept: dict[str, tuple[float, list[ModelEntry]]] = {}
        self._asking: dict[str, asyncio.Task[list[ModelEntry]]] = {}
        self._hits = self._misses = 0.0  # as in tallies.py

    async def entries(self, dialect: str, profile: str = "") -> list[ModelEntry]:
        """The models a client of this dialect may ask for, of a profile if it says so."""
        key = f"{dialect} {profile}" if profile else dialect
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._clock():
            self._hits += 1
            return kept[1]
        self._misses += 1
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.get_running_loop().create_task(
                self._ask(key, dialect, profile)
            )
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        # One client that leaves must not take the list away from the others who wait for it.
        return await asyncio.shield(task)

    def figures(self) -> Figures:
        """How many lists are kept, and how often that was of use."""
        return Figures(len(self._kept), None, int(self._hits), int(self._misses))

    def clear(self) -> int:
        """Forget the lists: providers are asked again."""
        count = len(self._kept)
        self._kept.clear()
        return count

    def halve(self) -> int:
        """Forget all of it: lists are few, and each may be long."""
        return self.clear()

    async def _ask(self, key: str, dialect: str, profile: str) -> list[ModelEntry]:
        doors = self._doors(DIALECTS[dialect])
        listed = await asyncio.gather(*(self._listed(name, *door) for name, door in doors.items()))
        entries = self._aliases(dialect, profile) + self._local()
        for found in listed:
            entries += [self._as_asked_for(dialect, entry, profile) for entry in found]
        known: dict[str, ModelEntry] = {}
        for entry in entries:
            # Where clients may not name a provider, a name that would have to is no use to them.
            if self._router.resolve(dialect, entry.id, profile) is not None:
                known.setdefault(entry.id, entry)
        result = list(known.values())
        self._kept[key] = (self._clock() + KEPT, result)
        return result

    def _doors(self, client: Dialect) -> dict[str, tuple[Door, Dialect]]:
        """Where a client of a dialect is led at each provider, and the dialect spoken there."""
        spoken = ((one, one.dialect_for(client)) for one in self._providers.values() if not one.local)
        return {one.name: (one.doors[there.name], there) for one, there in spoken}

    def _as_asked_for(self, dialect: str, entry: ModelEntry, profile: str) -> ModelEntry:
        """A listed name must lead where it was found: if it does not, the provider stands before it."""
        found = self._router.resolve(dialect, entry.id, profile)
        leads = found is not None and found[0].name == entry.owner
        name = entry.id if leads else f"{entry.owner}/{entry.id}"
        if dialect == ANTHROPIC and not _pickable(name):
            name = f"{PICKABLE}{entry.owner}/{entry.id}"
        return entry if name == entry.id else msgspec.structs.replace(entry, id=name)

    def _aliases(self, dialect: str, profile: str) -> list[ModelEntry]:
        names = list(self._router.aliases(profile))
        if dialect == ANTHROPIC:
            names = [name if _pickable(name) else PICKABLE + name for name in names]
        return [ModelEntry(name, "penstock") for name in names]

    def _local(self) -> list[ModelEntry]:
        return [ModelEntry(one.name, "penstock") for one in self._providers.values() if one.local]

    async def _listed(self, name: str, door: Door, there: Dialect) -> list[ModelEntry]:
        """What one provider lists; nothing when it fails or is late."""
        with suppress(UpstreamError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError):
            async with asyncio.timeout(DEADLINE):
                key = self._providers[name].key_at(self._clock())
                constant = door.constants[key]
                status, body = await ask_for_models(door, there, constant, self._clock)
            found = DECODE(body if status == HTTPStatus.OK else b"")
            named = (one for one in found.data + found.models if one.asked_for())
            return [ModelEntry(one.asked_for(), name, one.created or 0) for one in named]
        return []


def _pickable(name: str) -> bool:
    return any(word in name.lower() for word in CLAUDE_WORDS)
