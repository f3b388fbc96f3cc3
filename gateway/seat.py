"""What a request holds at a provider that is not simply asked: a turn, and one of its keys.

Only a provider with several keys or a limit has seats; the others are asked without one.
"""

from gateway.credentials import NONE
from gateway.load import Load
from gateway.provider import Provider


class Seat:
    """One request's, for all its tries at one provider. `key` is the place of the key of the last try.

    `load`: where it counts as under way. `turn`: it has one to give back. `probe`: it finds out whether its
    key was mended. `tried` are keys that were answered no; `suspects` those whose no may be about what is
    asked.
    """

    __slots__ = ("key", "load", "probe", "provider", "suspects", "tried", "turn")

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.key = NONE
        self.load: Load | None = None
        self.probe = self.turn = False
        self.tried: frozenset[int] = frozenset()
        self.suspects: frozenset[int] = frozenset()
