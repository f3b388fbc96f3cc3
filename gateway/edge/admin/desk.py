"""Where one request to the admin API is worked on: the house, the database, and who asks.

The database may keep whoever asks it waiting, so it is asked in a thread. What is changed is written down
under the name of who changed it in the same transaction, and is live here before the reply.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import msgspec

from gateway.edge.admin.refusal import Refusal
from gateway.house import House
from gateway.roles import ADMIN
from store.audit import Change, changing
from store.connect import Database

NO_STORE: Final = "this gateway keeps nothing: set `path` of [store] in its configuration"

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Reach(msgspec.Struct, frozen=True):
    """What there is for somebody: all, or what is of one principal and those below, or of one key alone."""

    under: str = ""
    key: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is everything."""
        return not self.under and not self.key


class Official(msgspec.Struct, frozen=True):
    """Who asks. `permissions` are the bits of roles.py; `own` is what is theirs without being an official."""

    name: str
    permissions: int = int(ADMIN)
    reach: Reach = Reach()
    own: Reach = Reach()


# Asks a provider's model for one token: the status and the body of what it is answered.
Probe = Callable[[House, str, str], Awaitable[tuple[int, bytes]]]


class Desk:
    """One request's. `reach` is what there is for who asks, with what this request may."""

    __slots__ = ("house", "probe", "reach", "who")

    def __init__(self, house: House, who: Official, reach: Reach, probe: Probe | None = None) -> None:
        self.probe = probe
        self.house = house
        self.who = who
        self.reach = reach

    @property
    def now(self) -> int:
        """The time as it is kept."""
        return int(self.house.calendar() * 1000)

    @property
    def database(self) -> Database:
        """Where everything is kept. Raises Refusal (409) where nothing is."""
        if self.house.keeping is None:
            raise Refusal(409, NO_STORE)
        return self.house.keeping.database

    async def read(
        self, ask: Callable[Concatenate[Any, Given], Found], *given: Given.args, **named: Given.kwargs
    ) -> Found:
        """What a function finds in the database, which it is given first."""
        database = self.database

        def reading() -> Found:
            with database.reading() as connection:
                return ask(connection, *given, **named)

        return await asyncio.to_thread(reading)

    async def change(
        self, do: Callable[Concatenate[Change, Given], Found], *given: Given.args, **named: Given.kwargs
    ) -> Found:
        """What a function has changed; live in this worker when it is done."""
        database, actor, now = self.database, self.who.name, self.now

        def writing() -> Found:
            with changing(database, actor, now) as change:
                return do(change, *given, **named)

        found = await asyncio.to_thread(writing)
        if self.house.reload is not None:
            await self.house.reload.follow()
        if self.house.registry is not None:
            await self.house.registry.refresh()
        return found
