"""The price of leaving: whether a throttled target that holds a prompt cache is waited for (feature R8).

Pure. Elsewhere the tokens that are warm here are read anew: that is what leaving costs. Waiting costs what
the operator's patience is worth. Where a price is not known, tokens are held against seconds.
"""

from typing import Final

import msgspec

from gateway.settings import FailureSettings, Price

MILLION: Final = 1_000_000
# Tokens that are worth waiting for are said for so many seconds.
FOR_SECONDS: Final = 10.0


class Stay(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided on: how long to wait and by when at the latest, what is warm here, and both prices."""

    seconds: float
    latest: float
    tokens: int
    here: Price | None
    there: Price | None


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """The decision and its sum, in millionths of a dollar; None where a price is not known."""

    wait: bool
    seconds: float
    tokens: int
    loss: int | None = None
    cost: int | None = None

    def words(self) -> str:
        """For the log."""
        verb = "waited" if self.wait else "left"
        words = f"{verb}: {self.tokens} tokens warm, {self.seconds:g}s to wait"
        if self.loss is None or self.cost is None:
            return words
        return f"{words}, leaving ${self.loss / MILLION:.6f}, waiting ${self.cost / MILLION:.6f}"


def decide_leaving(stay: Stay, policy: FailureSettings) -> Leaving:
    """Whether to wait, by the policy; for longer than it allows nobody waits."""
    loss, cost = _loss(stay), round(policy.patience * stay.seconds)
    if policy.leaving == "never":
        worth = True
    elif policy.leaving == "always":
        worth = False
    elif loss is None:
        worth = stay.tokens * FOR_SECONDS >= policy.worth_waiting_tokens * stay.seconds
    else:
        worth = loss > cost
    wait = worth and stay.tokens > 0 and stay.seconds <= min(policy.wait_at_most, stay.latest)
    return Leaving(
        wait=wait,
        seconds=stay.seconds,
        tokens=stay.tokens,
        loss=loss,
        cost=None if loss is None else cost,
    )


def _loss(stay: Stay) -> int | None:
    """What reading the warm tokens anew costs there beyond reading them from the cache here."""
    if stay.here is None or stay.there is None:
        return None
    return round(stay.tokens * (stay.there.input - stay.here.cache_read) / MILLION)
