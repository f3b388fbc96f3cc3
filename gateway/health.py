"""Active health, of providers that are watched: asked for their models, which costs no token (feature F13).

A provider that does not answer, or with a 5xx, has failed: the breakers of its models hear of it as of a try,
and the second time in a row they open. One that answers at all, were it with a 401 or a 404, is there: open
breakers may let a request in at once. What requests find out by themselves is not touched by any of this.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from adapters.table import DIALECTS
from gateway.breaker import Breakers
from gateway.errors import UpstreamError
from gateway.journal import Journal
from gateway.listing import ask_for_models
from gateway.provider import Provider
from gateway.redaction import redact

# A provider that says nothing for so long is not well, in seconds.
PATIENCE: Final = 5.0
FAILED: Final = 500
# So many probes in a row must fail before its models are left alone.
ENOUGH: Final = 2


class Watched:
    """One provider under watch. Times are the clock's of the house."""

    __slots__ = ("counts", "failures", "looked_at", "name", "probe", "provider")

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self.provider = provider
        self.looked_at = float("-inf")
        self.failures = 0
        self.counts = {"up": 0, "down": 0}
        self.probe: asyncio.Task[None] | None = None

    @property
    def up(self) -> bool:
        """Whether the last probe was answered; so it is taken to be before the first."""
        return not self.failures


class Health:
    """Who is watched, in one worker."""

    __slots__ = ("_breakers", "_clock", "_journal", "patience", "watched")

    def __init__(
        self,
        providers: Mapping[str, Provider],
        breakers: Breakers,
        journal: Journal,
        clock: Callable[[], float],
    ) -> None:
        self._breakers = breakers
        self._journal = journal
        self._clock = clock
        self.patience = PATIENCE
        asked = (one for one in providers.values() if one.settings.probe and not one.local)
        self.watched = tuple(Watched(one) for one in asked)

    def moved(self, providers: Mapping[str, Provider]) -> "Health":
        """The watch over other providers: what is known of those that are the same goes on."""
        other = Health(providers, self._breakers, self._journal, self._clock)
        known = {one.provider: one for one in self.watched}
        other.watched = tuple(known.get(one.provider, one) for one in other.watched)
        other.patience = self.patience
        return other

    def part(self, other: "Health") -> None:
        """End the probes of those that the other does not watch."""
        for one in set(self.watched).difference(other.watched):
            if one.probe is not None:
                one.probe.cancel()

    def look(self, now: float) -> None:
        """Begin the probes that are due; one at a time for each provider."""
        for one in self.watched:
            if one.probe is None and now - one.looked_at >= one.provider.settings.probe:
                one.looked_at = now
                one.probe = asyncio.get_running_loop().create_task(self._probe(one))

    async def close(self) -> None:
        """End what is under way."""
        probes = [one.probe for one in self.watched if one.probe is not None]
        for probe in probes:
            probe.cancel()
        if probes:
            await asyncio.wait(probes)

    async def _probe(self, one: Watched) -> None:
        try:
            trouble = await self._trouble(one.provider)
            self._take_down(one, trouble)
        finally:
            one.probe = None

    async def _trouble(self, provider: Provider) -> str:
        """What is wrong with a provider; nothing where it answers."""
        dialect, door = next(iter(provider.doors.items()))
        constant = door.constants[provider.key_at(self._clock())]
        try:
            async with asyncio.timeout(self.patience):
                status, _ = await ask_for_models(door, DIALECTS[dialect], constant, self._clock)
        except UpstreamError as error:
            return str(error)
        except TimeoutError:
            return f"it did not answer within {self.patience:g} seconds"
        return f"it answered {status}" if status >= FAILED else ""

    def _take_down(self, one: Watched, trouble: str) -> None:
        now, was_up = self._clock(), one.up
        breakers = self._breakers.of_provider(one.name)
        one.counts["down" if trouble else "up"] += 1
        if not trouble:
            one.failures = 0
            for breaker in breakers:
                breaker.relent(now)
            if not was_up:
                self._journal.say("info", f"provider {one.name} is up again")
            return
        one.failures += 1
        for breaker in breakers:
            breaker.bad(now, 1.0)
            if one.failures >= ENOUGH:
                breaker.trip(now)
        if was_up:
            self._journal.say("error", redact(f"provider {one.name} is down: {trouble}"))
