"""How much is under way at a target, and how long it takes until it says something worth showing.

Told the time by the house's clock. Kept only for targets of groups whose strategy asks for it.
"""

import math
import time
from collections.abc import Callable, Collection
from typing import Final

# Seconds in which what was measured loses two thirds of its weight.
MEMORY: Final = 10.0
# What a target counts as that is being asked and has never answered: the others are tried first.
UNHEARD: Final = 1e6
# Told apart up to here; a client chooses names, so what is kept is bounded.
MOST_KEPT: Final = 200


class Load:
    """One target's.

    Its peak is an average that believes a slow answer at once, and a fast one little by little.
    """

    __slots__ = ("_clock", "_peak", "_stamp", "inside")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._peak = 0.0
        self._stamp = 0.0
        self.inside = 0

    def heard(self, seconds: float) -> None:
        """A try took so long until it was good."""
        now = self._clock()
        share = math.exp((self._stamp - now) / MEMORY)
        self._peak = seconds if seconds > self._peak * share else self._peak * share + seconds * (1 - share)
        self._stamp = now

    def cost(self) -> float:
        """What one more request would wait, about. What is not heard of again is forgotten with time."""
        if not self._stamp:
            return UNHEARD if self.inside else 0.0
        peak = self._peak * math.exp((self._stamp - self._clock()) / MEMORY)
        return peak * (self.inside + 1)


class Loads:
    """The loads of one worker, by provider and model."""

    __slots__ = ("_clock", "kept")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.kept: dict[tuple[str, str], Load] = {}

    def of(self, provider: str, model: str) -> Load:
        """The load of a target. Beyond the bound every plan has one of its own."""
        load = self.kept.get((provider, model))
        if load is None:
            load = Load(self._clock)
            if len(self.kept) < MOST_KEPT:
                self.kept[provider, model] = load
        return load

    def forget(self, providers: Collection[str]) -> None:
        """These providers are others now: what is known of them is not."""
        self.kept = {target: load for target, load in self.kept.items() if target[0] not in providers}
