"""What each error becomes for the client."""

import pytest

from adapters.fault import Fault, Malformed
from gateway.errors import UNEXPECTED, ClientGone, Refused, UpstreamError, fault_of

FAULT = Fault("rate_limited", 429, "slow down", retry_after=3)


@pytest.mark.parametrize(
    ("error", "status", "kind", "code"),
    [
        (Refused(FAULT), 429, "rate_limited", None),
        (Malformed("no model", param="model"), 400, "invalid_request", None),
        (Malformed("too deep", status=413), 413, "too_large", None),
        (UpstreamError("connect", "refused", "x"), 502, "upstream", "upstream_refused"),
        (UpstreamError("connect", "unresolved", "x"), 502, "upstream", "upstream_unresolved"),
        (UpstreamError("connect", "tls", "x"), 502, "upstream", "upstream_tls"),
        (UpstreamError("connect", "proxy", "x"), 502, "upstream", "upstream_proxy"),
        (UpstreamError("head", "closed", "x"), 502, "upstream", "upstream_closed"),
        (UpstreamError("head", "reset", "x"), 502, "upstream", "upstream_reset"),
        (UpstreamError("body", "truncated", "x"), 502, "upstream", "upstream_truncated"),
        (UpstreamError("body", "garbage", "x"), 502, "upstream", "upstream_garbage"),
        (UpstreamError("connect", "timeout", "x"), 504, "timeout", "upstream_timeout"),
        (UpstreamError("head", "timeout", "x"), 504, "timeout", "upstream_timeout"),
        (ValueError("secret"), 500, "internal", None),
        (KeyError("secret"), 500, "internal", None),
        (ClientGone(), 500, "internal", None),
    ],
)
def test_each_error_has_its_fault(error: Exception, status: int, kind: str, code: str | None) -> None:
    """Refusals carry theirs, upstream errors are 502 or 504, what nobody foresaw is a 500."""
    fault = fault_of(error)
    assert (fault.status, fault.kind, fault.code) == (status, kind, code)


def test_what_nobody_foresaw_says_nothing_of_itself() -> None:
    """The words of an unexpected error stay inside."""
    assert fault_of(ValueError("secret")) is UNEXPECTED
    assert "secret" not in UNEXPECTED.message


def test_what_is_malformed_names_its_parameter() -> None:
    """Where in the body it is, and the reader's own words."""
    fault = fault_of(Malformed("`stream` must be true or false", param="stream"))
    assert (fault.message, fault.param) == ("`stream` must be true or false", "stream")
