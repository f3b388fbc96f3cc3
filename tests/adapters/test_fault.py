"""Faults as data."""

import pytest

from adapters.fault import Fault, FaultKind, Malformed, client_status, kind_of

KINDS: list[tuple[int, FaultKind]] = [
    (400, "invalid_request"),
    (401, "authentication"),
    (402, "billing"),
    (403, "permission"),
    (404, "not_found"),
    (405, "invalid_request"),
    (408, "timeout"),
    (413, "too_large"),
    (414, "too_large"),
    (415, "invalid_request"),
    (422, "invalid_request"),
    (426, "invalid_request"),
    (429, "rate_limited"),
    (431, "too_large"),
    (500, "internal"),
    (501, "upstream"),
    (502, "upstream"),
    (503, "overloaded"),
    (504, "timeout"),
    (520, "upstream"),
    (529, "overloaded"),
]


@pytest.mark.parametrize(("status", "kind"), KINDS)
def test_every_status_has_a_kind(status: int, kind: FaultKind) -> None:
    """A status stands for one kind of fault."""
    assert kind_of(status) == kind


def test_malformed_says_what_and_where() -> None:
    """The error of a bad body carries its words, its field and the status 400."""
    error = Malformed("`stream` must be a boolean, not a string.", param="stream")
    assert (str(error), error.param, error.status) == (
        "`stream` must be a boolean, not a string.",
        "stream",
        400,
    )


# What a provider of another dialect said, and the status its clients recover from.
CLIENT_STATUSES: list[tuple[FaultKind, int, str, int]] = [
    ("overloaded", 503, "anthropic-messages", 529),
    ("overloaded", 529, "anthropic-messages", 529),
    ("overloaded", 429, "anthropic-messages", 529),
    ("overloaded", 529, "openai-chat", 503),
    ("overloaded", 529, "openai-responses", 503),
    ("overloaded", 529, "gemini", 503),
    ("overloaded", 529, "ollama", 503),
    ("billing", 429, "anthropic-messages", 402),
    ("billing", 402, "openai-chat", 429),
    ("billing", 402, "openai-responses", 429),
    ("billing", 402, "ollama", 402),
    ("rate_limited", 429, "anthropic-messages", 429),
    ("not_found", 404, "anthropic-messages", 404),
    ("too_large", 413, "openai-chat", 413),
    ("invalid_request", 422, "anthropic-messages", 422),
    ("timeout", 408, "openai-chat", 408),
    ("internal", 500, "gemini", 500),
]


@pytest.mark.parametrize(("kind", "said", "dialect", "told"), CLIENT_STATUSES)
def test_a_status_is_one_the_client_recovers_from(
    kind: FaultKind, said: int, dialect: str, told: int
) -> None:
    """25: a full provider is a 529 where 529 is known and a 503 elsewhere; the rest keeps its status."""
    assert client_status(dialect, Fault(kind, said, "m")) == told
