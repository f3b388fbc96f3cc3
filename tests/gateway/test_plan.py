"""Plans that are another for each request: who goes first how often, and who comes after."""

from collections import Counter
from collections.abc import Iterator

import pytest

from adapters.table import DIALECTS
from gateway.breaker import Breaker
from gateway.plan import Choice, Rank, Target, planned
from gateway.provider import Provider
from gateway.settings import Strategy
from tests.gateway.indoors import provider

CHAT = DIALECTS["openai-chat"]
BOX = Provider(provider("box", "http://b.test", "openai-chat"))


def targets(names: str) -> tuple[Target, ...]:
    """A target for each letter."""
    return tuple(Target(BOX, name, (), CHAT, Breaker()) for name in names)


def spread(count: int) -> Iterator[float]:
    """Chances spread evenly from 0 up to 1."""
    return (number / count for number in range(count))


def rank(names: str, *weights: int, strategy: Strategy = "weighted", chances: Iterator[float]) -> Rank:
    """A rank of targets called by letters."""
    return Rank(targets(names), weights or (1,) * len(names), strategy, chances.__next__)


def called(order: tuple[Target, ...]) -> str:
    """The letters of an order."""
    return "".join(target.model for target in order)


def test_weights_are_shares() -> None:
    """Of four thousand chances three thousand begin with what weighs three of four."""
    three_to_one = rank("ab", 3, 1, chances=spread(4000))
    drawn = Counter(called(three_to_one.order()) for _ in range(4000))
    assert drawn == {"ab": 3000, "ba": 1000}


def test_what_was_not_drawn_follows_by_weight() -> None:
    """The heaviest of the others is next; equal ones keep the order they are written in."""
    chosen = rank("abcd", 1, 5, 2, 2, chances=iter((0.0, 0.1, 0.6, 0.999)))
    assert [called(chosen.order()) for _ in range(4)] == ["abcd", "bcda", "cbda", "dbca"]


def test_in_turn_each_is_first() -> None:
    """Round robin: one after another, and the others follow in their order."""
    turning = rank("abc", strategy="round_robin", chances=spread(0))
    assert [called(turning.order()) for _ in range(4)] == ["abc", "bca", "cab", "abc"]


@pytest.mark.parametrize("strategy", ["weighted", "round_robin"])
def test_an_order_is_made_once(strategy: Strategy) -> None:
    """What a request gets was there before: choosing makes no targets and no tuples."""
    one = rank("ab", strategy=strategy, chances=iter((0.0, 0.0, 0.0)))
    orders = {id(one.order()) for _ in range(3)}
    assert len(orders) == (1 if strategy == "weighted" else 2)
    choice = Choice((rank("ab", chances=iter((0.0, 0.0))),))
    assert choice.order() is choice.order()


def test_tiers_without_a_choice_are_targets() -> None:
    """A list of single targets is a plan as it stands: nothing is chosen."""
    plan = planned((rank("a", chances=spread(0)), rank("b", chances=spread(0))))
    assert isinstance(plan, tuple)
    assert called(plan) == "ab"


def test_a_group_among_tiers() -> None:
    """Before and after a group stand the other tiers, whoever begins it."""
    plan = planned(
        (
            rank("a", chances=iter((0.0, 0.0))),
            rank("bc", chances=iter((0.0, 0.9))),
            rank("d", chances=iter((0.0, 0.0))),
        )
    )
    assert isinstance(plan, Choice)
    assert called(plan.first()) == "abcd"
    assert [called(plan.order()) for _ in range(2)] == ["abcd", "acbd"]
