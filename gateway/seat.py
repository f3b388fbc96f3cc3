"""What a request holds at a provider that is not simply asked: which of its keys, and what those said before.

Only a provider with several keys has seats; the others are asked without one.
"""

from gateway.credentials import NONE
from gateway.provider import Provider


class Seat:
    """One request's, for all its tries at one provider. `key` is the place of the key of the last try.

    `tried` are keys that were answered no; `suspects` those of them whose no may be about the request.
    """

    __slots__ = ("key", "probe", "provider", "suspects", "tried")

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.key = NONE
        self.probe = False
        self.tried: frozenset[int] = frozenset()
        self.suspects: frozenset[int] = frozenset()
