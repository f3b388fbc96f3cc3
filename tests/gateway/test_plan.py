"""Plans that are another for each request: who goes first how often, and who comes after."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from adapters.table import DIALECTS
from gateway.breaker import Breaker
from gateway.load import Load
from gateway.plan import Choice, Rank, Target, planned
from gateway.plan_ranks import ranked
from gateway.provider import Provider
from gateway.settings import Price, Strategy
from tests.gateway.indoors import provider
from tests.gateway.loops import Clock

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
    return ranked(targets(names), weights or (1,) * len(names), strategy, chances.__next__)


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
    second = turning.first()[1]
    assert [called(turning.led_by(second)), called(turning.order())] == ["bca", "bca"]


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


# By what is known of the targets.


def loaded(names: str, clock: Clock) -> tuple[Target, ...]:
    """A target for each letter, with a load of its own."""
    return tuple(msgspec.structs.replace(target, load=Load(clock)) for target in targets(names))


def load_of(target: Target) -> Load:
    """What is under way at a target."""
    assert target.load is not None
    return target.load


def test_the_least_busy_is_first() -> None:
    """By requests under way; equal ones are taken in turn."""
    given = loaded("abc", Clock())
    busy = ranked(given, (1, 1, 1), "least_busy", lambda: 0.0)
    assert [called(busy.order()) for _ in range(3)] == ["abc", "bca", "cab"]
    load_of(given[0]).inside = 2
    load_of(given[1]).inside = 1
    assert called(busy.order()) == "cba"
    assert (called(busy.first()), busy.fixed) == ("abc", False)


def test_of_two_that_are_drawn_the_faster_is_first() -> None:
    """By the time until something worth showing; the others follow by the same measure."""
    given = loaded("abc", Clock())
    for target, seconds in zip(given, (0.9, 0.1, 0.5), strict=True):
        load_of(target).heard(seconds)
    for chances, order in (((0.0, 0.0), "bca"), ((0.0, 0.9), "cba"), ((0.9, 0.9), "bca")):
        fast = ranked(given, (1, 1, 1), "fastest", iter(chances).__next__)
        assert (called(fast.order()), called(fast.first()), fast.fixed) == (order, "abc", False)


def test_what_is_fast_and_busy_is_not_the_fastest() -> None:
    """Ten under way at one that takes a tenth of a second are as long as one second."""
    given = loaded("ab", Clock())
    load_of(given[0]).heard(0.1)
    load_of(given[1]).heard(0.5)
    fast = ranked(given, (1, 1), "fastest", lambda: 0.0)
    assert called(fast.order()) == "ab"
    load_of(given[0]).inside = 10
    assert called(fast.order()) == "ba"


def test_one_alone_is_the_fastest() -> None:
    """A group of one is no choice."""
    alone = ranked(loaded("a", Clock()), (1,), "fastest", lambda: 0.0)
    assert (alone.fixed, called(alone.order())) == (True, "a")


def test_the_cheapest_is_first_and_the_unknown_last() -> None:
    """By input and output together; a price nobody knows is not nothing. It is no choice to be made anew."""
    prices = (None, (3, 15), (1, 2), (3, 14))
    given = tuple(
        msgspec.structs.replace(
            target, price=price and Price(input=price[0], output=price[1], cache_read=0, cache_write=0)
        )
        for target, price in zip(targets("abcd"), prices, strict=True)
    )
    cheap = ranked(given, (1,) * 4, "cheapest", lambda: 0.0)
    assert (called(cheap.order()), cheap.fixed) == ("cdba", True)
