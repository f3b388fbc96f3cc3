"""Faults as data."""

import pytest

from adapters.fault import FaultKind, Malformed, kind_of

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
