"""What reaches the client beside the body: the upstream's headers, less what is not for it, and our own."""

import re

import pytest

from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.replies import events
from tests.upstream.scripts import EVENT_STREAM, JSON, stream, whole
from tests.upstream.steps import Script

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
STAGES = ["auth", "plan", "wait", "upstream", "own"]


@each_dialect
def test_request_id_is_made(house: House, dialect: Dialect) -> None:
    """Without a request id of the client's, a UUIDv7 is made."""
    assert UUID7.fullmatch(house.ask(dialect, whole(dialect.whole)).reply.header("x-request-id") or "")


@each_dialect
def test_request_id_is_taken(house: House, dialect: Dialect) -> None:
    """A valid request id of the client's is echoed."""
    reply = house.ask(dialect, whole(dialect.whole), [("x-request-id", "Abc.1_2-3")]).reply
    assert reply.header("x-request-id") == "Abc.1_2-3"


@pytest.mark.parametrize("value", ["", "a" * 129, "has space", "café", 'quo"te', "semi;colon"])
def test_invalid_request_id_is_replaced(house: House, value: str) -> None:
    """A request id that is too long, empty or of other characters is replaced by our own."""
    reply = house.ask(MESSAGES, whole(MESSAGES.whole), [("x-request-id", value)]).reply
    assert reply.status == 200
    assert UUID7.fullmatch(reply.header("x-request-id") or "")


def test_request_id_of_the_anthropic_dialect(house: House) -> None:
    """On the anthropic dialect the request id also stands in request-id, which its SDKs read."""
    reply = house.ask(MESSAGES, whole(MESSAGES.whole)).reply
    assert reply.header("request-id") == reply.header("x-request-id")


@each_dialect
def test_errors_of_our_own_carry_the_request_id(house: House, dialect: Dialect) -> None:
    """An error that never reached an upstream carries the request id too."""
    reply = house.post(dialect, b"not json", [("x-request-id", "mine-1")])
    assert reply.header("x-request-id") == "mine-1"


EARLY = {
    "body coding": ("", [("content-encoding", "br")]),
    "long URL": (f"?x={'y' * 20_000}", []),
    "long headers": ("", [(f"x-{number}", "v" * 4000) for number in range(20)]),
}


@pytest.mark.parametrize("reason", EARLY)
@each_dialect
def test_early_refusals_carry_the_request_id(house: House, dialect: Dialect, reason: str) -> None:
    """What is refused at its head, whatever stood before the request id, carries the request id too."""
    query, headers = EARLY[reason]
    path = dialect.path + query
    mine = house.post(dialect, dialect.body(), [*headers, ("x-request-id", "mine-2")], path)
    other = house.post(dialect, dialect.body(), headers, path)
    assert mine.status == other.status >= 400
    assert mine.header("x-request-id") == "mine-2"
    assert UUID7.fullmatch(other.header("x-request-id") or "")


@each_dialect
def test_what_served_is_named(house: House, dialect: Dialect) -> None:
    """Provider, model and number of attempts are named in headers."""
    reply = house.ask(dialect, whole(dialect.whole), body=dialect.body(dialect.alias)).reply
    assert reply.header("x-penstock-provider") in {"ant", "box"}
    assert reply.header("x-penstock-model") == dialect.upstream_model
    assert reply.header("x-penstock-attempts") == "1"


@each_dialect
def test_server_timing_has_every_stage(house: House, dialect: Dialect) -> None:
    """Server-Timing names each stage once, in milliseconds."""
    timing = house.ask(dialect, whole(dialect.whole)).reply.header("server-timing") or ""
    entries = [re.fullmatch(r"([a-z]+);dur=(\d+(?:\.\d+)?)", entry.strip()) for entry in timing.split(",")]
    assert [entry and entry[1] for entry in entries] == STAGES


@each_dialect
def test_streams_carry_our_headers(house: House, dialect: Dialect) -> None:
    """A streamed reply carries the same headers of ours."""
    reply = house.ask_stream(dialect, stream(events(dialect.name))).reply
    ours = {
        "x-request-id",
        "x-penstock-provider",
        "x-penstock-model",
        "x-penstock-attempts",
        "x-penstock-body",
    }
    assert ours | {"server-timing"} <= set(reply.names)


FORBIDDEN = [
    ("set-cookie", "__cf_bm=tracking; path=/"),
    ("set-cookie", "second=1"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "request-id"),
    ("alt-svc", 'h3=":443"; ma=86400'),
    ("connection", "keep-alive, x-hop"),
    ("x-hop", "named by connection"),
    ("keep-alive", "timeout=9"),
    ("proxy-authenticate", "Basic"),
    ("upgrade", "h2c"),
]
KEPT = [
    ("anthropic-ratelimit-requests-remaining", "3999"),
    ("anthropic-ratelimit-unified-status", "allowed"),
    ("anthropic-organization-id", "org-1"),
    ("openai-processing-ms", "12"),
    ("x-ratelimit-remaining-requests", "4999"),
    ("cf-ray", "8f00-AMS"),
    ("x-odd", "a, b;c"),
]


@each_dialect
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_forbidden_headers_are_removed(house: House, dialect: Dialect, *, streamed: bool) -> None:
    """Cookies, CORS, alt-svc and hop-by-hop headers of an upstream never reach the client."""
    script = _reply(dialect, FORBIDDEN, streamed=streamed)
    reply = house.ask(dialect, script, body=dialect.body(stream=streamed)).reply
    assert reply.status == 200
    assert not {value for _, value in reply.headers} & {value for _, value in FORBIDDEN}
    assert not [name for name in reply.names if name.startswith("access-control-")]


@each_dialect
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_other_headers_are_kept(house: House, dialect: Dialect, *, streamed: bool) -> None:
    """Every other header of the upstream reaches the client with its value."""
    script = _reply(dialect, KEPT, streamed=streamed)
    reply = house.ask(dialect, script, body=dialect.body(stream=streamed)).reply
    assert set(KEPT) <= set(reply.headers)


@each_dialect
def test_upstreams_request_id_is_kept_apart(house: House, dialect: Dialect) -> None:
    """The upstream's own request id comes back under a name of its own, and does not shadow ours."""
    name = "request-id" if dialect is MESSAGES else "x-request-id"
    asked = house.ask(dialect, whole(dialect.whole, headers=[*JSON.items(), (name, "req_theirs")]))
    assert asked.reply.header("x-penstock-upstream-request-id") == "req_theirs"
    assert asked.reply.names.count("x-request-id") == 1
    assert "req_theirs" not in {asked.reply.header("x-request-id"), asked.reply.header("request-id")}


@each_dialect
def test_error_replies_keep_the_upstreams_headers(house: House, dialect: Dialect) -> None:
    """An upstream's error status brings its headers along."""
    body = dialect.upstream_error("no")
    reply = house.ask(dialect, whole(body, 400, [*JSON.items(), *KEPT])).reply
    assert set(KEPT) <= set(reply.headers)


@each_dialect
def test_no_cross_origin_headers(house: House, dialect: Dialect) -> None:
    """A browser page of another origin is told nothing: no CORS, not even on a preflight."""
    origin = [("origin", "https://evil.example"), ("access-control-request-method", "POST")]
    replies = [house.post(dialect, dialect.body(), origin), house.call("OPTIONS", dialect.path, origin)]
    assert not [name for reply in replies for name in reply.names if name.startswith("access-control-")]


def _reply(dialect: Dialect, headers: list[tuple[str, str]], *, streamed: bool) -> Script:
    if streamed:
        return stream(events(dialect.name), [*EVENT_STREAM.items(), *headers])
    return whole(dialect.whole, headers=[*JSON.items(), *headers])
