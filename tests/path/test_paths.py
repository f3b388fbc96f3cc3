"""The paths a client may call, however it spells them, and what every other path answers."""

import pytest

from tests.path.client import Wire
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.scripts import whole

SPELLINGS = ["{}", "/v1{}", "{}/", "/{}", "{}?beta=true", "/v1{}/?beta=true", "{}?", "{}//"]


@pytest.mark.parametrize("spelling", SPELLINGS)
@each_dialect
def test_spellings_of_a_path(house: House, dialect: Dialect, spelling: str) -> None:
    """A doubled /v1, slashes too many and any query lead to the same path, upstream in its one spelling."""
    exchange = house.replay.plays(whole(dialect.whole))
    reply = house.post(dialect, dialect.body(), [exchange.header], spelling.format(dialect.path))
    assert reply.status == 200
    assert exchange.request.path == dialect.path


@pytest.mark.parametrize("path", ["/v1/messages/count_tokens", "/v1/v1/messages/count_tokens/?beta=true"])
def test_count_tokens_is_never_missing(house: House, path: str) -> None:
    """count_tokens answers a number, however its path is spelled."""
    reply = house.post(MESSAGES, MESSAGES.body(), path=path)
    assert reply.status == 200
    assert isinstance(reply.json()["input_tokens"], int)


@pytest.mark.parametrize("status", [404, 405, 501])
def test_count_tokens_is_estimated_where_the_upstream_cannot(house: House, status: int) -> None:
    """An upstream that has no count_tokens is stood in for by an estimate."""
    exchange = house.replay.plays(whole(MESSAGES.upstream_error("unknown path"), status))
    reply = house.post(MESSAGES, MESSAGES.body(), [exchange.header], "/v1/messages/count_tokens")
    assert reply.status == 200
    assert 1 <= reply.json()["input_tokens"] < 1000


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("HEAD", "/"), ("HEAD", "/api/hello")])
def test_greetings(house: House, method: str, path: str) -> None:
    """The probes of agents are answered with 200 at once."""
    reply = house.call(method, path)
    assert reply.status == 200
    assert (reply.body == b"") == (method == "HEAD")


def test_root_names_the_program(house: House) -> None:
    """GET / says name and version."""
    assert b"penstock" in house.call("GET", "/").body


def test_healthz(house: House) -> None:
    """/healthz is 200."""
    assert house.call("GET", "/healthz").status == 200


def test_readyz_tells_three_truths(house: House) -> None:
    """/readyz tells apart whether it serves, persists and is synchronised."""
    reply = house.call("GET", "/readyz")
    assert reply.status == 200
    truths = reply.json()
    assert {"serves", "persists", "synchronised"} <= truths.keys()


def test_metrics_are_prometheus_text(house: House) -> None:
    """/metrics is Prometheus text that counts requests, durations, tokens and stream outcomes."""
    house.post(MESSAGES, MESSAGES.body())
    house.post(CHAT, CHAT.body(stream=True))
    reply = house.call("GET", "/metrics")
    assert reply.status == 200
    assert (reply.header("content-type") or "").startswith("text/plain")
    names = {line.split()[2] for line in reply.body.decode().splitlines() if line.startswith("# TYPE ")}
    assert all(any(word in name for name in names) for word in ("request", "seconds", "token", "stream"))


def test_models_in_openai_shape(house: House) -> None:
    """GET /v1/models lists what a client of its dialect may ask for, in OpenAI's shape by default."""
    listing = house.call("GET", "/v1/models").json()
    assert listing["object"] == "list"
    names = {entry["id"] for entry in listing["data"]}
    assert {CHAT.alias, MESSAGES.alias} <= names
    assert all(entry["object"] == "model" for entry in listing["data"])


def test_models_in_anthropic_shape(house: House) -> None:
    """With anthropic-version the list has Anthropic's shape, and what is picked by name is offered."""
    listing = house.call("GET", "/v1/models?limit=1000", [("anthropic-version", "2023-06-01")]).json()
    assert listing["has_more"] is False
    assert MESSAGES.alias in {entry["id"] for entry in listing["data"]}
    assert all(entry["type"] == "model" and entry["display_name"] for entry in listing["data"])


def test_one_model(house: House) -> None:
    """GET /v1/models/{id} answers one model in the client's shape, and 404 for an unknown one."""
    assert house.call("GET", f"/v1/models/{CHAT.alias}").json()["id"] == CHAT.alias
    version = [("anthropic-version", "2023-06-01")]
    assert house.call("GET", f"/v1/models/{MESSAGES.alias}", version).json()["type"] == "model"
    CHAT.error(house.call("GET", "/v1/models/no-such-model"))
    MESSAGES.error(house.call("GET", "/v1/models/no-such-model", version))


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
@pytest.mark.parametrize("path", ["/v1/responses/resp_1", "/v1/responses/resp_1/cancel"])
def test_no_response_is_kept(house: House, path: str, method: str) -> None:
    """What a client asks of a response made before is a 404 in OpenAI's shape that says why."""
    reply = house.call(method, path)
    assert reply.status == 404
    error = RESPONSES.error(reply)
    assert error["code"] == "response_not_found"
    assert "no response is kept" in error["message"]


def test_codex_headers_pass(house: House) -> None:
    """What Codex says of its session and its request goes on to the provider."""
    headers = [("session-id", "s-1"), ("thread-id", "t-1"), ("x-client-request-id", "c-1")]
    headers += [("x-codex-window-id", "w-1"), ("originator", "codex_exec")]
    asked = house.ask(RESPONSES, whole(RESPONSES.whole), headers)
    (received,) = asked.exchange.requests
    assert set(headers) <= set(received.headers)


@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/unknown"])
def test_unknown_anthropic_path(house: House, path: str) -> None:
    """An unknown path under /v1/messages is a 404 in Anthropic's shape."""
    reply = house.post(MESSAGES, b"{}", path=path)
    assert reply.status == 404
    MESSAGES.error(reply)


@pytest.mark.parametrize("path", ["/v1/chat/unknown", "/v1/completions", "/v1/files", "/nothing", "/v1"])
def test_unknown_path(house: House, path: str) -> None:
    """Any other unknown path is a 404 in OpenAI's shape."""
    reply = house.post(CHAT, b"{}", path=path)
    assert reply.status == 404
    CHAT.error(reply)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
@each_dialect
def test_wrong_method(house: House, dialect: Dialect, method: str) -> None:
    """Another method on a known path is a 405 in the dialect that names the right one."""
    reply = house.call(method, dialect.path)
    assert reply.status == 405
    assert "POST" in (reply.header("allow") or "")
    dialect.error(reply)


@each_dialect
def test_keep_alive_of_clients(house: House, dialect: Dialect) -> None:
    """A client may make one request after the other on one connection, errors in between."""
    with Wire(house.address) as wire:
        for body, status in [(dialect.body(), 200), (b"{", 400), (dialect.body(stream=True), 200)] * 2:
            wire.send("POST", dialect.path, body=body)
            assert wire.read().status == status
