"""Whether a throttled target is waited for: the sum, by every policy, with prices and without."""

from typing import Any

import pytest

from gateway.leaving import Stay, decide_leaving
from gateway.settings import FailureSettings, Price

# Three dollars a million, a tenth of it from the cache.
DEAR = Price(input=3_000_000, output=15_000_000, cache_read=300_000, cache_write=3_750_000)
CHEAP = Price(input=100_000, output=400_000, cache_read=10_000, cache_write=100_000)


def stay(**fields: Any) -> Stay:
    """A hundred thousand tokens that are warm here, ten seconds to wait, the same prices elsewhere."""
    return Stay(
        **{"seconds": 10.0, "latest": 100.0, "tokens": 100_000, "here": DEAR, "there": DEAR, **fields}
    )


def waits(policy: FailureSettings | None = None, **fields: Any) -> bool:
    """What is decided."""
    return decide_leaving(stay(**fields), policy or FailureSettings()).wait


def test_the_sum() -> None:
    """The tokens at the input price there less the cached price here, against seconds at what they cost."""
    leaving = decide_leaving(stay(), FailureSettings())
    assert (leaving.loss, leaving.cost, leaving.wait) == (270_000, 100_000, True)
    assert leaving.words() == "waited: 100000 tokens warm, 10s to wait, leaving $0.270000, waiting $0.100000"


@pytest.mark.parametrize(
    ("fields", "wait"),
    [
        ({"tokens": 37_038}, True),
        ({"tokens": 37_037}, False),
        ({"seconds": 20.0}, True),
        ({"seconds": 20.1}, False),
        ({"there": CHEAP}, False),
        ({"latest": 9.0}, False),
        ({"tokens": 0, "seconds": 0.0}, False),
    ],
)
def test_it_is_waited_where_leaving_costs_more(fields: dict[str, Any], *, wait: bool) -> None:
    """To the token; never longer than is allowed, or than the request has; never for a cold one."""
    assert waits(**fields) is wait


def test_where_it_is_cheaper_elsewhere_leaving_gains() -> None:
    """What costs less there than the cache here is left, and the log has the sum."""
    leaving = decide_leaving(stay(there=CHEAP), FailureSettings())
    assert (leaving.loss, leaving.wait) == (-20_000, False)
    assert leaving.words().startswith("left: 100000 tokens warm")


@pytest.mark.parametrize("unknown", ["here", "there"])
def test_without_a_price_tokens_are_held_against_seconds(unknown: str) -> None:
    """Twenty thousand are worth ten seconds, forty thousand twenty."""
    assert waits(tokens=20_000, **{unknown: None})
    assert not waits(tokens=19_999, **{unknown: None})
    assert not waits(tokens=39_999, seconds=20.0, **{unknown: None})
    words = decide_leaving(stay(**{unknown: None}), FailureSettings()).words()
    assert words == "waited: 100000 tokens warm, 10s to wait"


def test_each_option() -> None:
    """`leaving`, `wait_at_most`, `patience` and `worth_waiting_tokens` each turn the decision."""
    assert not waits(FailureSettings(leaving="always"))
    assert waits(FailureSettings(leaving="never"), tokens=1)
    assert not waits(FailureSettings(leaving="never"), seconds=21.0)
    assert waits(FailureSettings(leaving="never", wait_at_most=30.0), seconds=21.0)
    assert not waits(FailureSettings(wait_at_most=5.0))
    assert not waits(FailureSettings(patience=30_000))
    assert not waits(FailureSettings(worth_waiting_tokens=200_000), here=None)
