"""The counts of openai-responses."""

import pytest

from adapters.dialects.openai_responses.wire import InputDetails, OutputDetails, UsageIn
from adapters.events import Usage

USAGES: dict[str, tuple[UsageIn, Usage]] = {
    "plain": (UsageIn(3, 4), Usage(input=3, output=4)),
    "cached": (UsageIn(10, 4, InputDetails(8)), Usage(input=2, cache_read=8, output=4)),
    "written to the cache": (UsageIn(10, None, InputDetails(5, 3)), Usage(2, 5, 3)),
    "more cached than read": (UsageIn(5, None, InputDetails(8)), Usage(cache_read=8)),
    "reasoning": (UsageIn(1, 9, None, OutputDetails(5)), Usage(input=1, output=9, reasoning=5)),
    "null details": (UsageIn(1, 2, InputDetails(), OutputDetails()), Usage(input=1, output=2)),
}


@pytest.mark.parametrize(("told", "usage"), USAGES.values(), ids=USAGES)
def test_cached_tokens_are_inside_the_input(told: UsageIn, usage: Usage) -> None:
    """What a cache held or took is part of the input, and is told apart."""
    counted = Usage()
    told.add_to(counted)
    assert counted == usage


def test_counts_that_are_absent_leave_what_was_counted() -> None:
    """A later event without a count does not erase it."""
    usage = Usage(input=1, cache_read=2, output=5, reasoning=6)
    UsageIn().add_to(usage)
    assert usage == Usage(input=1, cache_read=2, output=5, reasoning=6)
