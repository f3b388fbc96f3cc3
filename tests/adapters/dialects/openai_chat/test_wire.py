"""The words of openai-chat."""

from typing import get_args

import pytest

from adapters.dialects.openai_chat.wire import ERROR_WORDS, ErrorDetail, UsageIn, read_fault
from adapters.events import Usage
from adapters.fault import FaultKind

# Kinds whose words are OpenAI's general ones: only the status tells them apart.
GENERAL = {
    "not_found": "invalid_request",
    "too_large": "invalid_request",
    "upstream": "internal",
    "permission": "internal",
}


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_kind_of_fault_has_words_that_lead_back(kind: FaultKind) -> None:
    """Type and code read without a status are the kind they were written for, or the general one."""
    words, code = ERROR_WORDS[kind]
    back = read_fault(ErrorDetail("m", words, None, code), None).kind
    assert back == GENERAL.get(kind, kind)


@pytest.mark.parametrize(
    ("detail", "status", "told"),
    [
        (ErrorDetail("m", "server_error"), 503, 503),
        (ErrorDetail("m", "server_error"), None, 500),
        (ErrorDetail("m", None, None, 429), None, 429),
        (ErrorDetail("m", None, None, "503"), None, 503),
        (ErrorDetail("m", None, None, "²"), None, 500),
        (ErrorDetail("m", None, None, 1301), None, 500),
        (ErrorDetail("m", None, None, "insufficient_quota"), None, 429),
        ("m", None, 500),
    ],
)
def test_a_fault_has_a_status_even_in_a_stream(
    detail: ErrorDetail | str, status: int | None, told: int
) -> None:
    """The status is the reply's, else the one its words usually have, else the code that is one."""
    assert read_fault(detail, status).status == told


def test_counts_that_are_absent_leave_what_was_counted() -> None:
    """A later chunk without a count does not erase it."""
    usage = Usage(input=1, cache_read=2, output=5, reasoning=6)
    UsageIn().add_to(usage)
    assert usage == Usage(input=1, cache_read=2, output=5, reasoning=6)
