"""Wrong keys by address: so many a minute, and then nobody is let in from there for a while (feature N6).

It is asked before a key is looked up, so that what it says tells nothing about the key: right or wrong, known
or not, all are turned away alike. Pure: told the time.
"""

from typing import Final

from gateway.window import Window

# Strangers choose how many addresses they have: what is kept is bounded, the one seen longest ago goes.
MOST_KEPT: Final = 10_000
# Of an address of IPv6 that part which one subscriber has (RFC 6177): the rest is theirs to choose.
SUBSCRIBER: Final = 4


class Guesses:
    """Of one worker. `most` is a minute, 0 for any number; `kept` are the addresses that have guessed."""

    __slots__ = ("kept", "most", "turned_away")

    def __init__(self, most: int) -> None:
        self.most = most
        self.turned_away = 0
        self.kept: dict[str, Window] = {}

    def settle(self, most: int) -> None:
        """Another number from now on; who has guessed before has done so."""
        self.most = most

    def wait(self, address: str, now: float) -> float:
        """How long nobody is let in from an address; 0 where anybody may try."""
        if not self.kept or not self.most:
            return 0.0
        window = self.kept.get(subscriber(address))
        return 0.0 if window is None else window.wait(now, 1, self.most)

    def wrong(self, address: str, now: float) -> None:
        """A key was tried that is none."""
        if not self.most:
            return
        place = subscriber(address)
        window = self.kept.pop(place, None) or Window()
        if len(self.kept) >= MOST_KEPT:
            del self.kept[next(iter(self.kept))]
        self.kept[place] = window
        window.add(now, 1)


def subscriber(address: str) -> str:
    """Who an address belongs to: itself, or the network of one subscriber."""
    if ":" not in address:
        return address
    head, gap, _ = address.partition("::")
    groups = head.split(":")
    if gap and len(groups) < SUBSCRIBER:
        groups += ["0"] * (SUBSCRIBER - len(groups))
    return ":".join(groups[:SUBSCRIBER])
