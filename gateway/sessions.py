"""What the latest sessions of clients have used, in memory: for whoever asks how a session is getting on.

A session is what a client calls one; who sends no such name is not here. The latest are kept, the others
forgotten: the ledger is what remembers.
"""

from typing import Any, Final

from gateway.caller import NOBODY
from gateway.state import Exchange

MOST: Final = 500
LONGEST: Final = 200


class Session:
    """The sums of one session, and who answered it last. `cost` is in micro-dollars."""

    __slots__ = (
        *("at", "cache_read", "cache_write", "caller", "cost", "errors", "input"),
        *("model", "output", "provider", "requests", "target", "unpriced"),
    )

    def __init__(self) -> None:
        self.caller = NOBODY
        self.model = self.provider = self.target = ""
        self.requests = self.errors = self.unpriced = 0
        self.input = self.cache_read = self.cache_write = self.output = self.cost = 0
        self.at = 0.0

    def told(self) -> dict[str, Any]:
        """All of it but the caller."""
        return {name: getattr(self, name) for name in sorted(self.__slots__) if name != "caller"}


class Sessions:
    """Of one worker."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        # The latest last.
        self._kept: dict[bytes, Session] = {}

    def note(self, exchange: Exchange) -> None:
        """Count a request of a session that wanted a reply and is over."""
        peek, usage, name = exchange.peek, exchange.usage, exchange.session
        if peek is None or exchange.operation != "generate" or len(name) > LONGEST:
            return
        session = self._kept.pop(name, None) or self._new()
        self._kept[name] = session
        session.at = exchange.house.calendar()
        session.caller = exchange.caller
        session.requests += 1
        if exchange.outcome == "error":
            session.errors += 1
        elif exchange.target is not None:
            session.model = peek.model[:LONGEST]
            session.provider = exchange.target.provider.name
            session.target = exchange.target.model[:LONGEST]
        if usage is None:
            return
        session.input += usage.input
        session.cache_read += usage.cache_read
        session.cache_write += usage.cache_write_5m + usage.cache_write_1h
        session.output += usage.output
        if exchange.cost is None:
            session.unpriced += 1
        else:
            session.cost += exchange.cost

    def find(self, name: bytes) -> Session | None:
        """The session of that name, while it is among the latest."""
        return self._kept.get(name)

    def latest(self) -> list[tuple[bytes, Session]]:
        """All that are kept, the latest first."""
        return list(reversed(self._kept.items()))

    def _new(self) -> Session:
        if len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        return Session()
