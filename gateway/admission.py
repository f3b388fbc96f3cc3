"""The door of the house: a permit for each exchange, given back once, at the last byte.

Limits on rate, tokens and money join here. Today it counts who is inside, lets no more in than may be there
at once (feature F11), and nobody once the house is closing (feature F12): a connection kept alive can still
bring a request then.
"""

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.state import Exchange

CLOSING = Fault(
    "overloaded", 503, "this gateway is shutting down; ask again", code="shutting_down", retry_after=1
)


FULL = Fault(
    "overloaded",
    503,
    "too many requests are under way here; ask again",
    code="too_many_inside",
    retry_after=1,
)


class Admission:
    """Who is inside, and how many may be."""

    __slots__ = ("closing", "inside", "most", "turned_away")

    def __init__(self, most: int) -> None:
        self.most = most
        self.inside = self.turned_away = 0
        self.closing = False

    def enter(self, exchange: Exchange) -> None:
        """Give a permit. Raises Refused (503) when the house is closing, or full."""
        if self.closing:
            raise Refused(CLOSING, ((b"connection", b"close"),))
        if self.inside >= self.most:
            self.turned_away += 1
            raise Refused(FULL)
        self.inside += 1
        exchange.admitted = True

    def leave(self, exchange: Exchange) -> None:
        """Take the permit back; a second time does nothing."""
        if exchange.admitted:
            exchange.admitted = False
            self.inside -= 1
