"""What an upstream's answer is worth, and when a client is to come back."""

from email.utils import formatdate

import pytest

from adapters.fault import Malformed
from gateway.heads import ReplyHead
from gateway.judgement import RETRY_DEFAULT, is_object, must_be_object, own_key_refused, retry_after, unfit

NOW = 1_700_000_000.0
AFTER, AFTER_MS = b"retry-after", b"retry-after-ms"


def date(seconds: float) -> bytes:
    """A moment from now as HTTP spells it."""
    return formatdate(NOW + seconds, usegmt=True).encode()


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, RETRY_DEFAULT),
        ({AFTER: b"7"}, 7),
        ({AFTER: b"1"}, 1),
        ({AFTER: b"0"}, 1),
        ({AFTER: b"0.2"}, 1),
        ({AFTER: b"2.0"}, 2),
        ({AFTER: b"2.000001"}, 3),
        ({AFTER: b"60"}, 60),
        ({AFTER: b"61"}, 60),
        ({AFTER: b"999999999"}, 60),
        ({AFTER: b"9" * 400}, RETRY_DEFAULT),
        ({AFTER: b"-4"}, RETRY_DEFAULT),
        ({AFTER: b""}, RETRY_DEFAULT),
        ({AFTER: b"soon"}, RETRY_DEFAULT),
        ({AFTER: b"1e3"}, RETRY_DEFAULT),
        ({AFTER: b"nan"}, RETRY_DEFAULT),
        ({AFTER: b"inf"}, RETRY_DEFAULT),
        ({AFTER: b"0x10"}, RETRY_DEFAULT),
        ({AFTER: "٣".encode()}, RETRY_DEFAULT),
        ({AFTER: b"\xff\xfe"}, RETRY_DEFAULT),
        ({AFTER: date(30)}, 30),
        ({AFTER: date(-30)}, 1),
        ({AFTER: date(0)}, 1),
        ({AFTER: date(3600)}, 60),
        ({AFTER: b"Tue, 14 Nov 2023 22:13:30 +0000"}, 10),
        ({AFTER: b"Tue, 14 Nov 2023 23:13:30 +0100"}, 10),
        ({AFTER: b"Tue, 99 Nov 2023 22:13:30 GMT"}, RETRY_DEFAULT),
        ({AFTER_MS: b"700"}, 1),
        ({AFTER_MS: b"2100"}, 3),
        ({AFTER_MS: b"2000"}, 2),
        ({AFTER_MS: b"2000.5"}, 3),
        ({AFTER_MS: b"999999"}, 60),
        ({AFTER_MS: b"2100", AFTER: b"20"}, 3),
        ({AFTER_MS: b"x", AFTER: b"20"}, 20),
    ],
)
def test_when_to_come_back(fields: dict[bytes, bytes], seconds: int) -> None:
    """However it is spelled, it becomes whole seconds from 1 to 60."""
    assert retry_after(list(fields.items()), NOW) == seconds


@pytest.mark.parametrize(("body", "verdict"), [(b"{}", True), (b' {"a":[1,{}]} ', True), (b'{"a":1', False)])
def test_an_object_is_told_from_what_is_none(body: bytes, verdict: bool) -> None:
    """Whole JSON objects only."""
    assert is_object(body) is verdict


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"1", b"<html>", b'{"a":' * 100_000, b"{}{}"])
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    """Arrays, scalars, pages and nesting without end are no object, and no crash."""
    assert not is_object(body)
    with pytest.raises(Malformed):
        must_be_object(body)


@pytest.mark.parametrize(
    ("status", "said", "kind", "code"),
    [
        (101, 502, "upstream", "upstream_garbage"),
        (301, 502, "upstream", "upstream_redirect"),
        (304, 502, "upstream", "upstream_redirect"),
        (400, 400, "invalid_request", "upstream_400"),
        (401, 401, "authentication", "upstream_401"),
        (403, 403, "permission", "upstream_403"),
        (404, 404, "not_found", "upstream_404"),
        (413, 413, "too_large", "upstream_413"),
        (418, 418, "invalid_request", "upstream_418"),
        (429, 429, "rate_limited", "upstream_429"),
        (500, 500, "upstream", "upstream_500"),
        (503, 503, "overloaded", "upstream_503"),
        (529, 529, "overloaded", "upstream_529"),
    ],
)
def test_an_answer_that_cannot_be_passed_on(status: int, said: int, kind: str, code: str) -> None:
    """Redirects and switches are a 502, an error that is no JSON keeps its status; all name the provider."""
    fault = unfit("ant", ReplyHead(status, [], media=b"text/html; charset=utf-8"), NOW).fault
    assert (fault.status, fault.kind, fault.code) == (said, kind, code)
    assert "`ant`" in fault.message
    assert str(status) in fault.message
    assert (fault.retry_after is not None) == (status in (429, 503))


def test_a_hostile_content_type_is_shown_harmlessly() -> None:
    """What an upstream calls its body is cut and shown as text."""
    message = unfit("ant", ReplyHead(500, [], media=b"\xff" * 5000), NOW).fault.message
    assert len(message) < 300


def test_our_refused_key_is_not_the_clients_fault() -> None:
    """It is a 502 that asks for no retry: a 401 would make clients log their users out."""
    refused = own_key_refused("ant", 401)
    assert (refused.fault.status, refused.fault.code) == (502, "upstream_credentials_exhausted")
    assert (b"x-should-retry", b"false") in refused.headers
