"""What a worker has, built and closed in one place.

Most of it lives as long as the worker. What is made of the settings is furniture: when the configuration is
read again, the house is refurnished, which makes a second one beside it that shares all the rest. A request
stays in the house it entered, whatever happens meanwhile; providers that only the old one has are closed when
the last request has left it.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Final

from gateway.admission import CLOSING, Admission
from gateway.affinity import Affinity
from gateway.auth import Callers
from gateway.breaker import Breakers
from gateway.cache import Counted, Holding
from gateway.catalogue import Catalogue
from gateway.drift import Drift
from gateway.errors import Refused
from gateway.estimates import Estimates
from gateway.fitness import Fitness
from gateway.guesses import Guesses
from gateway.health import Health
from gateway.journal import Journal
from gateway.lessons import Lessons
from gateway.limits import Limits, limits_for
from gateway.load import Loads
from gateway.memory import Memory, limit_for
from gateway.plan_targets import Workshop
from gateway.prices import Hand, Prices
from gateway.provider import Provider
from gateway.replies import replies_for, same_replies
from gateway.retries import Retries
from gateway.routing import Router
from gateway.sessions import Sessions
from gateway.settings import ProviderSettings, Settings
from gateway.sharing import Sharing
from gateway.state import Exchange
from gateway.tallies import Tallies
from gateway.timekeeper import Timekeeper
from gateway.visitors import visitors_for

if TYPE_CHECKING:
    from gateway.keeping import Keeping
    from gateway.registry import Registry
    from gateway.reload import Reload
    from gateway.spending import Spending

HOUSEKEEPING: Final = 5.0  # seconds between two looks at idle connections
UNASKED: Final = (
    "store: there are keys, but nobody is asked for one, and their limits hold for nobody; "
    '`keys = "required"` in [server] asks'
)


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
        self.clock = clock
        self.chance = chance
        self.calendar = calendar
        self.breakers = Breakers(settings.failure.rest)
        self.loads = Loads(clock)
        self.affinity = Affinity(clock)
        self.admission = Admission(settings.server.max_inside)
        self.guesses = Guesses(settings.server.guesses)
        self.tallies = Tallies()
        self.estimates = Estimates(clock)
        self.by_hand = Hand()
        self.retries = Retries()
        self.lessons = Lessons(clock, settings.failure.remember)
        self.journal = Journal(settings.log)
        self.memory = Memory(limit_for(settings.server), self.journal)
        self.sessions = Sessions()
        self.drift = Drift(self.journal, calendar)
        self.timekeeper = Timekeeper(clock)
        self.health = Health({}, self.breakers, self.journal, clock)
        self.limits: Limits | None = None
        self.reload: Reload | None = None
        self.keeping = _keeping_for(settings, self.journal)
        self.registry = None if self.keeping is None else _registry_for(self.keeping, calendar, self.by_hand)
        self.spending = None if self.keeping is None else _spending_for(settings, self.keeping, calendar)
        self._housekeeping: asyncio.TimerHandle | None = None
        self._retired: dict[Provider, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._parted: list[Sharing] = []
        self.replies = replies_for(settings, clock)
        self.furnish(settings, {})

    def furnish(self, settings: Settings, there: Mapping[str, Provider]) -> None:
        """Make what belongs to these settings; providers that are there and the same stay as they are."""
        rest = settings.failure.credential_rest
        self.settings = settings
        self.providers = {
            one.name: there[one.name] if _same(there.get(one.name), one) else Provider(one, rest)
            for one in settings.providers
        }
        leaving = settings.failure.leaving != "always"
        self.prices = Prices(settings, self.by_hand, self.calendar)
        workshop = Workshop(self.breakers, self.loads, self.prices, leaving=leaving)
        self.router = Router(self.providers, settings, workshop, self.chance, self.calendar)
        self.by_hand.rememberers.add(self.router.plans)
        self.callers = Callers(settings, self.clock, self.guesses, self.registry)
        self.visitors = visitors_for(settings.server)
        budgets = None if self.spending is None else self.spending.budgets
        self.limits = limits_for(settings, self.clock, self.calendar, budgets, self.limits)
        self.catalogue = Catalogue(self.providers, self.router, self.clock)
        self.fitness = Fitness(settings.capabilities, self.lessons, self.estimates)
        self.health = self.health.moved(self.providers)

    def refurnished(self, settings: Settings) -> "House":
        """A house by other settings that shares what lives as long as the worker. This one is as it was."""
        other = copy(self)
        other.furnish(settings, self.providers)
        if not same_replies(self.settings, settings):
            other.replies = replies_for(settings, self.clock)
        return other

    def give_way(self, other: "House") -> None:
        """From now on requests enter the other: what both share follows its settings."""
        now, settings = self.clock(), other.settings
        retired = {one for one in self.providers.values() if other.providers.get(one.name) is not one}
        for provider in retired:
            provider.retire(now)
            self._retired[provider] = now
        for provider in other.providers.values():
            provider.settle(settings.failure.credential_rest)
        changed = {provider.name for provider in retired}
        self.health.part(other.health)
        self.breakers.settle(settings.failure.rest, changed)
        self.loads.forget(changed)
        self.affinity.pins.forget(changed)
        self.lessons.forget_providers({one.name for one in retired if _moved(one, other.providers)})
        self.lessons.term = settings.failure.remember
        self.admission.most = settings.server.max_inside
        self.guesses.settle(settings.server.guesses)
        self.memory.limit = limit_for(settings.server)
        if self.replies is not None and self.replies is not other.replies:
            self._parted.append(self.replies.sharing)
        if settings.log != self.settings.log:
            self.journal.settle(settings.log)
        if self.spending is not None:
            self.spending.settle(settings)
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            other.open()

    @property
    def retired(self) -> int:
        """How many providers are no longer in the configuration, and still asked or about to be closed."""
        return len(self._retired)

    def open(self) -> None:
        """Begin to keep house: needs a running loop."""
        self.prices.warm()
        self._keep()

    def _keep(self) -> None:
        now = self.clock()
        for provider in self.providers.values():
            provider.expire(now)
            provider.prepare(self.clock)
        self.lessons.expire(now)
        if self.replies is not None:
            self.replies.kept.expire(now)
        self.health.look(now)
        if self.limits is not None:
            self.limits.expire()
        if self.keeping is not None:
            self.keeping.look()
        if self.memory.limit:
            self.memory.look(self.caches())
        if self._retired or self._parted:
            self._part(now)
        self._housekeeping = asyncio.get_running_loop().call_later(HOUSEKEEPING, self._keep)

    def _part(self, now: float) -> None:
        """Close the retired providers that nobody asks any more, and forget what they shared.

        Not before one look has passed: the lists of models are asked for beside the requests, for less.
        """
        self._parted[:] = [sharing for sharing in self._parted if sharing.count]
        entered = self.timekeeper.houses()
        for provider, since in list(self._retired.items()):
            provider.expire(now)
            there = any(house.providers.get(provider.name) is provider for house in entered)
            if not there and not provider.busy() and now - since >= HOUSEKEEPING:
                del self._retired[provider]
                task = asyncio.get_running_loop().create_task(provider.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

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

    async def open_store(self) -> None:
        """Open what is kept on disk: before the first request, as far as that is possible soon."""
        if self.keeping is None:
            return
        await self.keeping.open()
        if self.registry is not None:
            await self.registry.open(self.keeping.patience)
            if len(self.registry.snapshot) and not self.settings.server.keys_required:
                self.journal.say("error", UNASKED)
        if self.spending is not None:
            await self.spending.open(self.keeping.patience)

    async def close(self) -> None:
        """Close every connection, and write what the ledger and the log still hold."""
        self.admission.closing = True
        if self._housekeeping is not None:
            self._housekeeping.cancel()
        await self.health.close()
        for sharing in ([self.replies.sharing] if self.replies is not None else []) + self._parted:
            await sharing.close()
        for provider in (*self.providers.values(), *self._retired):
            await provider.close()
        self._retired.clear()
        await asyncio.gather(*self._closing)
        if self.registry is not None:
            await self.registry.close()
        if self.spending is not None:
            await self.spending.close()
        if self.keeping is not None:
            await self.keeping.close()
        self.journal.flush()


def _keeping_for(settings: Settings, journal: Journal) -> "Keeping | None":
    if not settings.store.path:
        return None
    # SQLite is loaded by those who keep something.
    from gateway.keeping import FOR_KEYS, Keeping  # noqa: PLC0415

    patience = FOR_KEYS if settings.server.keys_required else None
    return Keeping(settings.store, journal, patience=patience)


def _registry_for(keeping: "Keeping", calendar: Callable[[], float], by_hand: Hand) -> "Registry":
    from gateway.registry import Registry  # noqa: PLC0415  # as above

    return Registry(keeping.database, keeping.journal, calendar, by_hand)


def _spending_for(settings: Settings, keeping: "Keeping", calendar: Callable[[], float]) -> "Spending":
    from gateway.spending import Spending  # noqa: PLC0415  # as above

    return Spending(settings, keeping, calendar)


def _same(provider: Provider | None, settings: ProviderSettings) -> bool:
    return provider is not None and provider.settings == settings


def _moved(provider: Provider, there: Mapping[str, Provider]) -> bool:
    """Whether a provider is gone, or is another under the same name: another key alone makes it none."""
    found = there.get(provider.name)
    return found is None or found.settings.base_urls != provider.settings.base_urls
