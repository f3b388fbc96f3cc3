"""What is left of limits, spelled: every number as it is, however many of its digits were kept."""

import random

import pytest

from gateway.caller import Scope
from gateway.limits_account import Account, Meter
from gateway.limits_told import tell_openai
from gateway.settings import LimitSettings

MOST = 10**12
EDGES = (0, 1, 99, 100, 999, 1000, 1001, 1099, 9999, 10_000, 10_001, 10_100, 99_999, 100_000, 123_456_789)


class Told:
    """One scope whose tokens are limited, to more than any number here."""

    def __init__(self) -> None:
        scope = Scope("everybody", LimitSettings(tokens_per_minute=MOST))
        self._account = Account((scope,), (Meter(),), ())

    def left(self, amount: int) -> bytes:
        """What is told where so much is left."""
        gauge = self._account.first
        assert gauge is not None
        gauge.window.add(0.0, gauge.window.left(0.0, MOST) - amount)
        headers: list[tuple[bytes, bytes]] = []
        tell_openai(self._account, 0.0, headers)
        return dict(headers)[b"x-ratelimit-remaining-tokens"]


@pytest.mark.parametrize("amount", EDGES)
def test_a_number_is_told_as_it_is(amount: int) -> None:
    """At every place where the way it is spelled changes."""
    assert Told().left(amount) == b"%d" % amount


def test_numbers_one_after_the_other_are_told_as_they_are() -> None:
    """What was kept of one is not said of the next."""
    told, chance = Told(), random.Random(5)  # noqa: S311  # the same numbers every time
    for _ in range(2000):
        amount = chance.randrange(10 ** chance.randrange(1, 12))
        assert told.left(amount) == b"%d" % amount
