"""An upstream that says no: its status and words are kept where the client can use them."""

import time
from email.utils import formatdate

import pytest

from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import OUR_KEYS, House
from tests.upstream.scripts import JSON, whole
from tests.upstream.steps import Close, Script

KEPT = [400, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529]
HTML = {"content-type": "text/html; charset=utf-8"}
PAGE = b"<!doctype html><html><title>502</title><body><h1>Bad gateway</h1>nginx \xe9</body></html>"


def refusal(dialect: Dialect, status: int, *headers: tuple[str, str]) -> Script:
    """An error as a provider of the dialect writes it."""
    return whole(dialect.upstream_error(f"trouble {status}"), status, [*JSON.items(), *headers])


@pytest.mark.parametrize("status", KEPT)
@each_dialect
def test_status_and_body_are_kept(house: House, dialect: Dialect, status: int) -> None:
    """An error status of the upstream reaches the client with its body unchanged."""
    reply = house.ask(dialect, refusal(dialect, status)).reply
    assert reply.status == status
    assert reply.body == dialect.upstream_error(f"trouble {status}")
    assert reply.header("content-type") == "application/json"


@pytest.mark.parametrize("status", KEPT)
@each_dialect
def test_a_refused_stream_is_no_stream(house: House, dialect: Dialect, status: int) -> None:
    """An error that answers a stream request is that status and body, not an event stream."""
    reply = house.ask_stream(dialect, refusal(dialect, status)).reply
    assert (reply.status, reply.body) == (status, dialect.upstream_error(f"trouble {status}"))


@each_dialect
def test_our_wrong_key_is_not_the_clients_fault(house: House, dialect: Dialect) -> None:
    """A 401 to our own key is a 502 that names the provider, says so clearly and asks for no retry."""
    reply = house.ask(dialect, refusal(dialect, 401)).reply
    assert reply.status == 502
    assert reply.header("x-should-retry") == "false"
    message = dialect.error(reply)["message"]
    assert "key" in message
    assert ("ant" if dialect is MESSAGES else "box") in message


@each_dialect
def test_echoed_key_never_reaches_the_client(house: House, dialect: Dialect) -> None:
    """A 401 whose body repeats our key says nothing of it to the client."""
    body = dialect.upstream_error(f"Incorrect API key provided: {OUR_KEYS[dialect.name]}")
    reply = house.ask(dialect, whole(body, 401)).reply
    assert OUR_KEYS[dialect.name].encode() not in reply.body


def test_the_clients_own_wrong_key_is_its_401(house: House) -> None:
    """A 401 to the client's own credential, passed through, stays a 401 with its body."""
    script = refusal(MESSAGES, 401)
    reply = house.ask(
        MESSAGES, script, [("authorization", "Bearer own")], body=MESSAGES.body("own-claude")
    ).reply
    assert (reply.status, reply.body) == (401, MESSAGES.upstream_error("trouble 401"))


RETRY_AFTER = [
    ([], "5"),
    ([("retry-after", "7")], "7"),
    ([("retry-after", "0.2")], "1"),
    ([("retry-after", "2.5")], "3"),
    ([("retry-after", "0")], "1"),
    ([("retry-after", "60")], "60"),
    ([("retry-after", "3600")], "60"),
    ([("retry-after", "-4")], "5"),
    ([("retry-after", "soon")], "5"),
    ([("retry-after", formatdate(0, usegmt=True))], "1"),
    ([("retry-after", formatdate(4_000_000_000, usegmt=True))], "60"),
    ([("retry-after-ms", "700")], "1"),
    ([("retry-after-ms", "2100")], "3"),
]


@pytest.mark.parametrize(("headers", "seconds"), RETRY_AFTER, ids=str)
@each_dialect
def test_retry_after_is_whole_seconds(
    house: House, dialect: Dialect, headers: list[tuple[str, str]], seconds: str
) -> None:
    """A 429 always says when to come back, once, in whole seconds between 1 and 60."""
    reply = house.ask(dialect, refusal(dialect, 429, *headers)).reply
    assert reply.status == 429
    assert [value for name, value in reply.headers if name == "retry-after"] == [seconds]


def test_retry_after_date_is_turned_into_seconds(house: House) -> None:
    """A date in Retry-After becomes the seconds until then."""
    reply = house.ask(
        MESSAGES, refusal(MESSAGES, 429, ("retry-after", formatdate(time.time() + 30, usegmt=True)))
    ).reply
    assert 20 <= int(reply.header("retry-after") or 0) <= 31


@pytest.mark.parametrize("status", [403, 404, 429, 500, 502, 503])
@each_dialect
def test_html_error_becomes_the_dialects(house: House, dialect: Dialect, status: int) -> None:
    """An HTML error page keeps its status and becomes an error in the dialect's shape."""
    reply = house.ask(dialect, whole(PAGE, status, HTML)).reply
    assert reply.status == status
    assert reply.header("content-type") == "application/json"
    assert b"<html" not in reply.body
    dialect.error(reply)


@pytest.mark.parametrize("body", [b"", b"upstream connect error", b'{"detail": ', b"null", b'["no"]'])
@each_dialect
def test_shapeless_error_becomes_the_dialects(house: House, dialect: Dialect, body: bytes) -> None:
    """An error body that is empty, plain text or broken JSON becomes an error in the dialect's shape."""
    reply = house.ask(dialect, whole(body, 503, {"content-type": "text/plain"})).reply
    assert reply.status == 503
    dialect.error(reply)


@each_dialect
def test_upstreams_should_retry_is_kept(house: House, dialect: Dialect) -> None:
    """An x-should-retry of the upstream reaches the client; none is made up."""
    said = house.ask(dialect, refusal(dialect, 529, ("x-should-retry", "true"))).reply
    silent = house.ask(dialect, refusal(dialect, 529)).reply
    assert (said.header("x-should-retry"), silent.header("x-should-retry")) == ("true", None)


@each_dialect
def test_a_refusal_is_asked_once(house: House, dialect: Dialect) -> None:
    """With one target an error status is not tried again: the client's own retries are enough."""
    asked = house.ask(dialect, refusal(dialect, 500))
    assert len(asked.exchange.requests) == 1
    assert asked.reply.header("x-penstock-attempts") == "1"


def test_an_early_refusal_is_heard(house: House) -> None:
    """An upstream that answers 413 before it read the body and closes is quoted, not called broken."""
    body = MESSAGES.upstream_error("too big")
    closing = whole(body, 413, [*JSON.items(), ("connection", "close")])
    exchange = house.replay.plays_early((*closing, Close()))
    reply = house.post(MESSAGES, MESSAGES.body(), [exchange.header])
    assert (reply.status, reply.body) == (413, body)
