"""Requests that are wrong: each its own clear answer, in the client's dialect, with what and where."""

import json

import pytest

from tests.path.client import Wire
from tests.path.dialects import CHAT, MESSAGES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.scripts import whole

JSON = ("content-type", "application/json")
DEEP = b'{"model":"MODEL","messages":' + b"[" * 20_000 + b"]" * 20_000 + b"}"
# What is sent (MODEL: a model of the dialect) -> words one of which the message must hold.
WRONG: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("empty",)),
    "only spaces": (b"  \n ", ("empty", "JSON")),
    "not JSON": (b"hello there", ("JSON",)),
    "half JSON": (b'{"model":"MODEL","messages":[', ("JSON",)),
    "two objects": (b'{"model":"MODEL"} {"model":"MODEL"}', ("JSON",)),
    "array": (b'[{"model":"MODEL"}]', ("object",)),
    "string": (b'"MODEL"', ("object",)),
    "null": (b"null", ("object",)),
    "no model": (b'{"messages":[]}', ("model",)),
    "nested model only": (b'{"messages":[],"metadata":{"model":"MODEL"}}', ("model",)),
    "model null": (b'{"model":null,"messages":[]}', ("model",)),
    "model number": (b'{"model":5,"messages":[]}', ("model",)),
    "model object": (b'{"model":{"name":"MODEL"},"messages":[]}', ("model",)),
    "model empty": (b'{"model":"","messages":[]}', ("model",)),
    "stream string": (b'{"model":"MODEL","stream":"yes","messages":[]}', ("stream",)),
    "stream number": (b'{"model":"MODEL","stream":1,"messages":[]}', ("stream",)),
    "bad UTF-8 in the model": (b'{"model":"MOD\xffEL","messages":[]}', ("UTF-8", "JSON", "model")),
    "UTF-16": ('{"model":"MODEL"}'.encode("utf-16"), ("UTF-8", "JSON")),
    "deep nesting": (DEEP, ("deep", "nest", "JSON")),
}


@pytest.mark.parametrize("wrong", WRONG)
@each_dialect
def test_wrong_body_is_a_400(house: House, dialect: Dialect, wrong: str) -> None:
    """A body that cannot be read is a 400 in the dialect that says what is wrong; nobody is asked."""
    body, words = WRONG[wrong]
    exchange = house.replay.plays(whole(dialect.whole))
    reply = house.post(dialect, body.replace(b"MODEL", dialect.model.encode()), [exchange.header])
    assert reply.status == 400
    error = dialect.error(reply)
    assert error["type"] == "invalid_request_error"
    assert any(word in error["message"] for word in words), error["message"]
    assert exchange.requests == []


@pytest.mark.parametrize("field", ["model", "stream"])
def test_chat_errors_name_the_parameter(house: House, field: str) -> None:
    """On the chat dialect the wrong field also stands in param."""
    body = json.dumps({"model": CHAT.model, "messages": [], field: 7}).encode()
    assert CHAT.error(house.post(CHAT, body))["param"] == field


@each_dialect
def test_unknown_model_names_the_nearest(house: House, dialect: Dialect) -> None:
    """A model that leads nowhere is a 404 in the dialect that names the nearest known ones."""
    reply = house.post(dialect, dialect.body(dialect.alias.replace("quick", "quikc")))
    assert reply.status == 404
    error = dialect.error(reply)
    assert error["type"] in {"not_found_error", "invalid_request_error"}
    assert dialect.alias in error["message"]


@pytest.mark.parametrize(
    "model", ["<script>", "a" * 5000, 'qu"ote', "new\nline", "é日本🙂", "../../etc", "%00"]
)
@each_dialect
def test_odd_model_names_are_harmless(house: House, dialect: Dialect, model: str) -> None:
    """Whatever a model is called, the answer is a well-formed 404 of bounded size."""
    reply = house.post(dialect, dialect.body(model))
    assert reply.status == 404
    dialect.error(reply)
    assert len(reply.body) < 2000


@each_dialect
def test_announced_body_over_the_limit(restless: House, dialect: Dialect) -> None:
    """A body announced larger than the limit is a 413 in the dialect before any of it was read."""
    with Wire(restless.address) as wire:
        wire.socket.sendall(wire.head("POST", dialect.path, [JSON, ("content-length", str(10**9))]))
        reply = wire.read()
    assert reply.status == 413
    dialect.error(reply)


@each_dialect
def test_default_limit(house: House, dialect: Dialect) -> None:
    """Without a setting the limit is 32 MiB."""
    with Wire(house.address) as wire:
        wire.socket.sendall(
            wire.head("POST", dialect.path, [JSON, ("content-length", str(32 * 1024 * 1024 + 1))])
        )
        assert wire.read().status == 413


@each_dialect
def test_chunked_body_over_the_limit(restless: House, dialect: Dialect) -> None:
    """A chunked body is counted while it is read: a 413 in the dialect, though its end never comes."""
    piece = b"%x\r\n%b\r\n" % (40_000, b" " * 40_000)
    with Wire(restless.address) as wire:
        head = wire.head("POST", dialect.path, [JSON, ("transfer-encoding", "chunked")])
        wire.socket.sendall(head + piece + piece)
        reply = wire.read()
    assert reply.status == 413
    dialect.error(reply)


@each_dialect
def test_body_at_the_limit_is_taken(restless: House, dialect: Dialect) -> None:
    """A body of exactly the limit is taken."""
    body = dialect.body()
    assert restless.post(dialect, body + b" " * (64 * 1024 - len(body))).status == 200
    assert restless.post(dialect, body + b" " * (64 * 1024 + 1 - len(body))).status == 413


@each_dialect
def test_headers_over_the_limit(house: House, dialect: Dialect) -> None:
    """Headers over the limit are a 431."""
    reply = house.post(dialect, dialect.body(), [(f"x-{number}", "v" * 4000) for number in range(20)])
    assert reply.status == 431
    dialect.error(reply)


@each_dialect
def test_url_over_the_limit(house: House, dialect: Dialect) -> None:
    """A URL that is too long is a 414."""
    reply = house.post(dialect, dialect.body(), path=f"{dialect.path}?x={'y' * 20_000}")
    assert reply.status == 414
    dialect.error(reply)


@pytest.mark.parametrize("coding", ["lzma", "gzip, x-unknown", "gzip, br, zstd"])
@each_dialect
def test_unknown_request_coding(house: House, dialect: Dialect, coding: str) -> None:
    """A body in an unknown coding, or in three, is a 415 in the dialect that says what is understood."""
    reply = house.post(dialect, dialect.body(), [("content-encoding", coding)])
    assert reply.status == 415
    assert coding in dialect.error(reply)["message"]
    assert reply.header("accept-encoding") == "gzip, deflate, br, zstd"


@each_dialect
def test_model_said_twice(house: House, dialect: Dialect) -> None:
    """With two models in one body the upstream reads the one that was routed, or it is a 400."""
    pair = f'"model":"{dialect.alias}","messages":[],"model":"{dialect.model}"'
    asked = house.ask(dialect, whole(dialect.whole), body=f"{{{pair}}}".encode())
    if asked.reply.status != 400:
        read = json.loads(asked.exchange.request.body)["model"]
        assert read == asked.reply.header("x-penstock-model")


def test_identity_request_body(house: House) -> None:
    """content-encoding: identity is no coding at all."""
    assert house.post(MESSAGES, MESSAGES.body(), [("content-encoding", "identity")]).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", ""])
@each_dialect
def test_content_type_does_not_matter(house: House, dialect: Dialect, kind: str) -> None:
    """A JSON body under another content type is read all the same, as providers do."""
    reply = house.call("POST", dialect.path, [("content-type", kind)], dialect.body())
    assert reply.status == 200


@pytest.mark.parametrize("value", ["a\r\nx-api-key: stolen", "a\nb"])
def test_header_injection_is_impossible(house: House, value: str) -> None:
    """A model or a query cannot add a header to the upstream request."""
    before = len(house.replay.requests)
    house.post(MESSAGES, MESSAGES.body(f"claude-{value}"))
    house.post(MESSAGES, MESSAGES.body(), path="/v1/messages?x=%0d%0ax-api-key:%20stolen")
    for received in house.replay.requests[before:]:
        assert "stolen" not in received.all("x-api-key")


def test_the_gateway_survives_all_of_it(house: House) -> None:
    """After bytes that are no HTTP at all, the gateway still answers."""
    for data in (
        b"\x00\xff" * 100,
        b"GET\r\n\r\n",
        b"POST /v1/messages HTTP/1.1\r\ncontent-length: -5\r\n\r\n",
    ):
        with Wire(house.address) as wire:
            wire.socket.sendall(data)
            wire.socket.settimeout(2)
            try:
                wire.socket.recv(1000)
            except OSError:
                continue
    assert house.post(MESSAGES, MESSAGES.body()).status == 200
