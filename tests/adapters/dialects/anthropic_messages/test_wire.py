"""The words of anthropic-messages."""

from typing import get_args

import pytest

from adapters.dialects.anthropic_messages.wire import ERROR_TYPES, ErrorDetail, UsageIn, read_fault, told
from adapters.events import Usage
from adapters.fault import Fault, FaultKind


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_kind_of_fault_has_a_type_that_leads_back(kind: FaultKind) -> None:
    """A type read without a status is the kind it was written for; the vague type is ours."""
    back = read_fault(ErrorDetail(ERROR_TYPES[kind], "m"), None).kind
    assert back == ("internal" if kind == "upstream" else kind)


def test_counts_that_are_absent_leave_what_was_counted() -> None:
    """A later event without a count does not erase it."""
    usage = Usage(input=1, cache_read=2, cache_write_5m=3, cache_write_1h=4, output=5, reasoning=6)
    UsageIn().add_to(usage)
    assert usage == Usage(input=1, cache_read=2, cache_write_5m=3, cache_write_1h=4, output=5, reasoning=6)


def test_a_total_of_writes_below_what_is_known_is_not_negative() -> None:
    """Odd counts never make less than nothing."""
    usage = Usage(cache_write_1h=4)
    UsageIn(cache_creation_input_tokens=1).add_to(usage)
    assert (usage.cache_write_5m, usage.cache_write_1h) == (0, 4)


UNSIGNED = (
    "The encrypted content gAAA... could not be verified.",
    "The encrypted content could not be decrypted\nor parsed.",
    "Corrupted thought signature.",
    "Function call is missing a thought_signature in functionCall parts.",
)


@pytest.mark.parametrize("words", UNSIGNED)
def test_a_signature_that_another_api_refuses_is_told_in_anthropics_words(words: str) -> None:
    """Claude Code leaves its thoughts out when it reads these, and what was said stays readable."""
    said = told(Fault("invalid_request", 400, words))
    assert "Invalid `signature` in `thinking` block" in said
    assert said.endswith(words)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("invalid_request", 400, "messages.1.content.0: Invalid `signature` in `thinking` block"),
        Fault("invalid_request", 400, "Unknown parameter: 'verbosity'."),
        Fault("internal", 500, "Corrupted thought signature."),
    ],
    ids=lambda fault: fault.message,
)
def test_other_words_are_told_as_they_are(fault: Fault) -> None:
    """Only a request that is refused for a signature is told as one."""
    assert told(fault) == fault.message
