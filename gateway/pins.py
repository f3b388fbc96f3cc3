"""Where conversations live: the targets and keys that have answered them, and what their prompt caches hold.

Pure: told the time. A pin is forgotten an hour after it was last used, and the one that was used longest ago
when there are too many. (A cache that counts how often things are used would turn new conversations away.)
"""

from collections.abc import Collection, Hashable, Sequence
from typing import Final, Protocol, TypeVar

from adapters.events import Usage
from gateway.cache import Figures
from gateway.credentials import NONE

MOST_PINS: Final = 10_000
IDLE: Final = 3600.0  # seconds
# Where one conversation may have been: each tier of its plan, and more than one target or key there.
MOST_HOMES: Final = 6
# How long a prompt cache holds what was read or written last, in seconds; what was written for an hour, that.
SHORT: Final = 300.0
LONG: Final = 3600.0

Where = tuple[str, str]


class Place(Protocol):
    """What a conversation may live at."""

    @property
    def where(self) -> Where:
        """Provider and model."""


PlaceT = TypeVar("PlaceT", bound=Place)


class Home:
    """One target, and one key of it, that has answered a conversation. `where`: provider and model."""

    __slots__ = ("_lifetime", "_tokens", "_warm_until", "key", "used_at", "where")

    def __init__(self, where: Where, key: int, now: float) -> None:
        self.where = where
        self.key = key
        self.used_at = now
        self._tokens = 0
        self._warm_until = 0.0
        self._lifetime = SHORT

    def tokens(self, now: float) -> int:
        """What its prompt cache holds of the conversation, as far as it was reported."""
        return self._tokens if now < self._warm_until else 0

    def better(self, other: "Home", now: float) -> bool:
        """Whether more of it is warm here, or it is colder nowhere and was used here later."""
        here, there = self.tokens(now), other.tokens(now)
        return here > there or (here == there and self.used_at > other.used_at)

    def hear(self, usage: Usage, now: float) -> None:
        """What a request used. A small one beside the conversation takes nothing from what is known."""
        held = usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
        if usage.cache_write_1h:
            self._lifetime = LONG
        if held and held >= self.tokens(now):
            self._tokens = held
            self._warm_until = now + self._lifetime


class Pin:
    """One conversation's homes."""

    __slots__ = ("homes", "used_at")

    def __init__(self, now: float) -> None:
        self.homes: list[Home] = []
        self.used_at = now

    def live(self, where: Where, key: int, now: float) -> Home:
        """It was answered there."""
        home = self._at(where, key)
        if home is None:
            home = Home(where, key, now)
            if len(self.homes) >= MOST_HOMES:
                self.homes.remove(min(self.homes, key=lambda one: one.used_at))
            self.homes.append(home)
        home.used_at = now
        return home

    def best(self, where: Where, now: float) -> Home | None:
        """Its home at one target: with the key where most of it is warm; of cold ones the last."""
        best = None
        for home in self.homes:
            if home.where == where and (best is None or home.better(best, now)):
                best = home
        return best

    def among(self, places: Sequence[PlaceT], now: float) -> PlaceT | None:
        """The one of these where most of it is warm; of cold ones the last; None where it was at none."""
        best = found = None
        for place in places:
            home = self.best(place.where, now)
            if home is not None and (best is None or home.better(best, now)):
                best, found = home, place
        return found

    def key(self, where: Where, now: float) -> int:
        """The key that it is to be asked with there; NONE where it does not matter."""
        home = self.best(where, now)
        return NONE if home is None else home.key

    def tokens(self, where: Where, key: int, now: float) -> int:
        """What is warm at a target, with a key."""
        home = self._at(where, key)
        return 0 if home is None else home.tokens(now)

    def _at(self, where: Where, key: int) -> Home | None:
        return next((home for home in self.homes if home.where == where and home.key == key), None)


class Pins:
    """The pins of one worker, in the order they were used last."""

    __slots__ = ("_found", "_kept", "_new")

    def __init__(self) -> None:
        self._kept: dict[Hashable, Pin] = {}
        self._found = self._new = 0.0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._kept)

    def of(self, conversation: Hashable, now: float) -> Pin:
        """The pin of a conversation, from now on the one used last."""
        pin = self._kept.pop(conversation, None)
        if pin is None or now - pin.used_at > IDLE:
            self._new += 1
            pin = Pin(now)
            self._make_room(now)
        else:
            self._found += 1
        pin.used_at = now
        self._kept[conversation] = pin
        return pin

    def figures(self) -> Figures:
        """How many conversations are known, and how often one came back."""
        return Figures(len(self._kept), None, int(self._found), int(self._new))

    def clear(self) -> int:
        """Forget where conversations live; how many they were."""
        count = len(self._kept)
        self._kept.clear()
        return count

    def halve(self) -> int:
        """Forget the half that was used longest ago."""
        older = list(self._kept)[: (len(self._kept) + 1) // 2]
        for conversation in older:
            del self._kept[conversation]
        return len(older)

    def forget(self, providers: Collection[str]) -> None:
        """These providers are others now: nobody lives there, and places of their keys mean nothing."""
        for pin in self._kept.values():
            pin.homes = [home for home in pin.homes if home.where[0] not in providers]

    def _make_room(self, now: float) -> None:
        while self._kept:
            oldest = next(iter(self._kept))
            if len(self._kept) < MOST_PINS and now - self._kept[oldest].used_at <= IDLE:
                return
            del self._kept[oldest]
