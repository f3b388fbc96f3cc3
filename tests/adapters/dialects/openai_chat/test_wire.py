"""The counts of openai-chat."""

from adapters.dialects.openai_chat.wire import UsageIn
from adapters.events import Usage


def test_counts_that_are_absent_leave_what_was_counted() -> None:
    """A later chunk without a count does not erase it."""
    usage = Usage(input=1, cache_read=2, output=5, reasoning=6)
    UsageIn().add_to(usage)
    assert usage == Usage(input=1, cache_read=2, output=5, reasoning=6)
