"""The budget of tries, swept: when everything fails, who fails must not be asked much more often.

First tries are one a request and target. What is bounded is the rest: tries at a target that has failed the
same request already. They may be a fifth of the requests, and what was saved up before.
"""

import pytest

from gateway.retries import PRICE, SAVED
from gateway.settings import FailureSettings
from tests.gateway.failing import EVENTS, ask, failing, no, tried
from tests.gateway.indoors import open_house, tiers
from tests.gateway.loops import in_loop
from tests.upstream.scripts import begun, raw
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Script

PROVIDERS = ("one/x", "two/y", "three/z")
BURST = SAVED / PRICE
# A try more at each target than is usual, so that the budget is all that bounds them.
EAGER = FailureSettings(tries=12, tries_per_target=4, pause=0.0)
FAILURES: dict[str, tuple[Script, bool]] = {
    "overloaded": (no(529), False),
    "closed unread": ((Close(),), False),
    "no HTTP": ((*raw(b"\x00" * 40), Close()), False),
    "cut in the opening": ((*begun(EVENTS[:1]), Close()), True),
}


@pytest.mark.parametrize("requests", [1, 10, 200])
@pytest.mark.parametrize("targets", [1, 2, 3])
@pytest.mark.parametrize("what", FAILURES)
@in_loop
async def test_tries_at_what_failed_are_a_fifth(
    alone: Upstream, what: str, targets: int, requests: int
) -> None:
    """At 100 % failure: each target once a request, and a fifth of the requests above that in all."""
    script, streamed = FAILURES[what]
    async with open_house(failing(alone, tiers(*PROVIDERS[:targets]), EAGER)) as house:
        further, per_target = 0, dict.fromkeys(("one", "two", "three")[:targets], 0)
        for _ in range(requests):
            exchange = alone.plays(script)
            client = await ask(house, exchange, streamed=streamed)
            assert b"error" in client.body
            asked = tried(exchange)
            assert set(asked) == per_target.keys()
            further += len(asked) - len(per_target)
            for name in asked:
                per_target[name] += 1
    assert further <= requests / PRICE + BURST
    assert max(per_target.values()) <= requests * (1 + 1 / PRICE) + BURST
    # With one target clients try again themselves: here only what was closed unread is.
    if requests == 200 and (targets > 1 or what == "closed unread"):
        assert further >= requests / PRICE


@in_loop
async def test_what_is_not_spent_is_saved_to_a_bound(alone: Upstream) -> None:
    """A thousand good requests pay for ten further tries, and no more."""
    async with open_house(failing(alone, tiers("one/x", "two/y"), EAGER)) as house:
        for _ in range(1000):
            house.retries.earn()
        further = 0
        for _ in range(20):
            exchange = alone.plays(no(529))
            await ask(house, exchange)
            further += len(exchange.requests) - 2
    assert BURST <= further <= BURST + 20 / PRICE
