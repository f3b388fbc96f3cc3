"""The list of models a client may ask for: aliases first, then what each provider lists (feature I9).

Providers are asked at once, over the same pools as everything else, and together have three seconds;
one that fails or is late is left out. What they said is kept for a minute. Nobody asks twice at the
same time.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from adapters.dialect import ModelEntry
from gateway.codings import MAX_DECODED
from gateway.errors import UpstreamError
from gateway.provider import MODELS_PATH, Door, Provider
from gateway.routing import PICKABLE, Router

DEADLINE: Final = 3.0  # seconds for all providers together
KEPT: Final = 60.0  # seconds a list is good for
ANTHROPIC: Final = "anthropic-messages"
CLAUDE_WORDS: Final = ("claude", "anthropic")


class _Listed(msgspec.Struct):
    """One model in a provider's list; all dialects have these under the same names, or not at all."""

    id: str
    created: int | None = None


class _List(msgspec.Struct):
    data: list[_Listed]


DECODE: Final = msgspec.json.Decoder(_List).decode


class Catalogue:
    """Models by provider and dialect, as last listed."""

    __slots__ = ("_asking", "_clock", "_kept", "_providers", "_router")

    def __init__(self, providers: Mapping[str, Provider], router: Router, clock: Callable[[], float]) -> None:
        self._providers = providers
        self._router = router
        self._clock = clock
        self._kept: dict[str, tuple[float, list[ModelEntry]]] = {}
        self._asking: dict[str, asyncio.Task[list[ModelEntry]]] = {}

    async def entries(self, dialect: str) -> list[ModelEntry]:
        """The models a client of this dialect may ask for."""
        kept = self._kept.get(dialect)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        task = self._asking.get(dialect)
        if task is None:
            task = self._asking[dialect] = asyncio.get_running_loop().create_task(self._ask(dialect))
            task.add_done_callback(lambda _: self._asking.pop(dialect, None))
        # One client that leaves must not take the list away from the others who wait for it.
        return await asyncio.shield(task)

    async def _ask(self, dialect: str) -> list[ModelEntry]:
        doors = {one.name: one.doors[dialect] for one in self._providers.values() if dialect in one.doors}
        listed = await asyncio.gather(*(self._listed(name, door) for name, door in doors.items()))
        entries = self._aliases(dialect) + self._local()
        for found in listed:
            entries += [self._as_asked_for(dialect, entry) for entry in found]
        known: dict[str, ModelEntry] = {}
        for entry in entries:
            known.setdefault(entry.id, entry)
        result = list(known.values())
        self._kept[dialect] = (self._clock() + KEPT, result)
        return result

    def _as_asked_for(self, dialect: str, entry: ModelEntry) -> ModelEntry:
        """A listed name must lead where it was found: if it does not, the provider stands before it."""
        found = self._router.resolve(dialect, entry.id)
        if found is not None and found[0].name == entry.owner:
            return entry
        return msgspec.structs.replace(entry, id=f"{entry.owner}/{entry.id}")

    def _aliases(self, dialect: str) -> list[ModelEntry]:
        names = self._router.reachable_aliases(dialect)
        if dialect == ANTHROPIC:
            names = [name if _pickable(name) else PICKABLE + name for name in names]
        return [ModelEntry(name, "penstock") for name in names]

    def _local(self) -> list[ModelEntry]:
        return [ModelEntry(one.name, "penstock") for one in self._providers.values() if one.local]

    async def _listed(self, name: str, door: Door) -> list[ModelEntry]:
        """What one provider lists; nothing when it fails or is late."""
        with suppress(UpstreamError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError):
            async with asyncio.timeout(DEADLINE):
                body = await self._fetch(door)
            return [ModelEntry(one.id, name, one.created or 0) for one in DECODE(body).data]
        return []

    async def _fetch(self, door: Door) -> bytes:
        wire = await door.pool.open()  # never a kept one: there is no second try here if it is stale
        try:
            fields = (
                b"accept: application/json\r\naccept-encoding: identity\r\nanthropic-version: 2023-06-01\r\n"
            )
            wire.send(
                b"GET %b HTTP/1.1\r\n%b%b\r\n" % (door.targets[MODELS_PATH], door.constant, fields), b""
            )
            while (head := wire.head()) is None:
                await wire.wait()
            body = bytearray()
            while (piece := wire.pull()) != b"" and len(body) < MAX_DECODED:
                if piece is None:
                    await wire.wait()
                else:
                    body += piece
            return bytes(body) if head.status == 200 else b""
        finally:
            door.pool.give_back(wire, self._clock())


def _pickable(name: str) -> bool:
    return any(word in name.lower() for word in CLAUDE_WORDS)
