"""What lives as long as a worker, built and closed in one place."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from gateway.admission import CLOSING, Admission
from gateway.affinity import Affinity
from gateway.auth import Callers
from gateway.breaker import Breakers
from gateway.cache import Counted, Holding
from gateway.catalogue import Catalogue
from gateway.errors import Refused
from gateway.estimates import Estimates
from gateway.fitness import Fitness
from gateway.health import Health
from gateway.journal import Journal
from gateway.lessons import Lessons
from gateway.load import Loads
from gateway.plan_targets import Workshop
from gateway.prices import Prices
from gateway.provider import Provider
from gateway.replies import replies_for
from gateway.retries import Retries
from gateway.routing import Router
from gateway.settings import Settings
from gateway.state import Exchange
from gateway.tallies import Tallies
from gateway.timekeeper import Timekeeper

HOUSEKEEPING: Final = 5.0  # seconds between two looks at idle connections


class House:
    """See the head of this file.

    Tests move `clock` (monotonic, in seconds), `chance` (from 0 up to 1) and `calendar` (since the epoch).
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        calendar: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.providers = {
            one.name: Provider(one, settings.failure.credential_rest) for one in settings.providers
        }
        self.chance = chance
        self.breakers = Breakers(settings.failure.rest)
        self.loads = Loads(clock)
        self.affinity = Affinity(clock)
        leaving = settings.failure.leaving != "always"
        workshop = Workshop(self.breakers, self.loads, Prices(settings.prices), leaving=leaving)
        self.router = Router(self.providers, settings, workshop, chance, calendar)
        self.callers = Callers(
            {key.digest: key.name for key in settings.keys}, clock, required=settings.server.keys_required
        )
        self.admission = Admission(settings.server.max_inside)
        self.catalogue = Catalogue(self.providers, self.router, clock)
        self.tallies = Tallies()
        self.estimates = Estimates(clock)
        self.retries = Retries()
        self.lessons = Lessons(clock, settings.failure.remember)
        self.fitness = Fitness(settings.capabilities, self.lessons, self.estimates)
        self.replies = replies_for(settings, clock)
        self.journal = Journal(settings.log)
        self.timekeeper = Timekeeper(clock)
        self.health = Health(self.providers, self.breakers, self.journal, clock)
        self._housekeeping: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to keep house: needs a running loop."""
        self._keep()

    def _keep(self) -> None:
        now = self.clock()
        for provider in self.providers.values():
            provider.expire(now)
        self.lessons.expire(now)
        if self.replies is not None:
            self.replies.kept.expire(now)
        self.health.look(now)
        self._housekeeping = asyncio.get_running_loop().call_later(HOUSEKEEPING, self._keep)

    def caches(self) -> dict[str, Holding]:
        """What is kept only to be quick, by name: all of it may be emptied."""
        found: dict[str, Holding] = {
            "callers": self.callers,
            "conversations": self.affinity.pins,
            "plans": Counted(self.router.plans),
            "model_lists": self.catalogue,
        }
        if self.replies is not None:
            found["responses"] = self.replies.kept
        return found

    def speaks(self, provider: str, dialect: str) -> bool:
        """Whether there is such a provider, and requests of this dialect can go there as they are."""
        found = self.providers.get(provider)
        return found is not None and found.speaks(dialect)

    def leave(self) -> None:
        """Let nobody in any more; whoever is not done when the time to drain is over is told so (F12)."""
        if not self.admission.closing:
            self.admission.closing = True
            drain = self.settings.server.drain
            asyncio.get_running_loop().call_later(drain, self.timekeeper.interrupt_all, Refused(CLOSING))

    def give_back(self, exchange: Exchange) -> None:
        """The connection of an exchange goes back to its pool, which keeps it or closes it."""
        if exchange.pool is not None and exchange.wire is not None:
            exchange.pool.give_back(exchange.wire, self.clock())
        exchange.source = exchange.wire = exchange.pool = None

    async def close(self) -> None:
        """Close every connection and write what the log still holds."""
        self.admission.closing = True
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        if self.replies is not None:
            await self.replies.sharing.close()
        await self.health.close()
        for provider in self.providers.values():
            await provider.close()
        self.journal.flush()
