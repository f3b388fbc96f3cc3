"""The replies of a house: what is cached, what is shared, and what the configuration says of whom.

There is one only where the configuration asks for any of it.
"""

from collections.abc import Callable
from typing import Final

from gateway.cache import Cache
from gateway.replies_kept import KeptReply
from gateway.replies_rules import caching_for
from gateway.settings import Caching, Settings
from gateway.sharing import Sharing

# Who asks for what: a client chooses the model's name, so what is remembered is bounded.
SAID_KEPT: Final = 2048
# What an entry takes beside its bytes: the key, the structs, the places in two tables.
OVERHEAD: Final = 512


class Replies:
    """See the head of this file."""

    __slots__ = ("_said", "_settings", "kept", "sharing")

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        cache = self._settings = settings.cache
        self.kept: Cache[KeptReply] = Cache(clock, cache.max_entries, cache.max_bytes)
        self.sharing = Sharing(clock, settings.failure.reconnect)
        self._said: dict[tuple[str, str], Caching] = {}

    def caching(self, caller: str, model: str) -> Caching:
        """What the configuration says for a caller who asks for a model."""
        asked = (caller, model)
        found = self._said.get(asked)
        if found is None:
            if len(self._said) >= SAID_KEPT:
                self._said.clear()
            found = self._said[asked] = caching_for(self._settings, caller, model)
        return found

    def keep(self, key: bytes, reply: KeptReply, life: float) -> None:
        """Keep a reply for so many seconds."""
        self.kept.put(key, reply, len(reply.body) + OVERHEAD, life)


def replies_for(settings: Settings, clock: Callable[[], float]) -> Replies | None:
    """The replies of a house with these settings; None where nothing is kept or shared."""
    if settings.cache.off and not settings.failure.reconnect:
        return None
    return Replies(settings, clock)


def same_replies(before: Settings, after: Settings) -> bool:
    """Whether replies given under settings may be given under others: the same would be asked of the same.

    And by the same: a caller is known by the name of a key, and a name may be given to somebody else. A name
    that is new has been told nothing.
    """
    known, there = ({(key.name, key.digest) for key in one.keys} for one in (before, after))
    return _asked(before) == _asked(after) and known <= there


def _asked(one: Settings) -> tuple[object, ...]:
    return one.cache, one.failure.reconnect, one.models, one.routing, one.providers
