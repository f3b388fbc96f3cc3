"""What reaches the upstream: the client's body byte for byte, its headers less what is not the upstream's."""

import json
import re
import time

import pytest

from tests.path.client import Wire
from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import OUR_KEYS, House
from tests.upstream.scripts import whole

# A body no JSON library would write again the same way.
ODD = (
    b'\n{ "x_first":1.0e2 ,"messages":[{"role":"user","content":"\\u00e9 \xc3\xa9 \\/ model"}],\t"dup":1,'
    b'"dup":2,\r\n'
    b' "nested":{"model":"not this one","big":12345678901234567890.10}, "model" :\t"MODEL" , "max_tokens":5 ,'
    b'"x_after":null }\n '
)


def odd_body(model: str) -> bytes:
    """Write the odd body for a model."""
    return ODD.replace(b"MODEL", model.encode())


@each_dialect
def test_body_is_verbatim(house: House, dialect: Dialect) -> None:
    """A body that need not change reaches the upstream byte for byte, and the proof header says so."""
    asked = house.ask(dialect, whole(dialect.whole), body=odd_body(dialect.model))
    assert asked.reply.status == 200
    assert asked.exchange.request.body == odd_body(dialect.model)
    assert asked.reply.header("x-penstock-body") == "verbatim"


@each_dialect
def test_body_that_comes_slowly_is_verbatim(house: House, dialect: Dialect) -> None:
    """A body that comes slower than the timekeeper ticks loses nothing to the watch on its client."""
    exchange = house.replay.plays(whole(dialect.whole))
    body = odd_body(dialect.model)
    with Wire(house.address) as wire:
        wire.socket.sendall(
            wire.head("POST", dialect.path, [exchange.header, ("content-length", str(len(body)))])
        )
        for start in range(0, len(body), 60):
            wire.socket.sendall(body[start : start + 60])
            time.sleep(0.03)  # what the test is about, and not a wait for anything
        assert wire.read().status == 200
    assert exchange.request.body == body


@each_dialect
def test_alias_changes_the_model_span_only(house: House, dialect: Dialect) -> None:
    """With an alias the span of the top-level model differs, and no other byte."""
    asked = house.ask(dialect, whole(dialect.whole), body=odd_body(dialect.alias))
    assert asked.reply.status == 200
    assert asked.exchange.request.body == odd_body(dialect.upstream_model)
    assert asked.reply.header("x-penstock-body") == "model-span"


@each_dialect
def test_escaped_model_is_understood(house: House, dialect: Dialect) -> None:
    """A model spelled with JSON escapes is the same model, and is passed on as it was spelled."""
    spelled = "".join(f"\\u{ord(letter):04x}" for letter in dialect.model)
    asked = house.ask(dialect, whole(dialect.whole), body=odd_body(spelled))
    assert asked.reply.status == 200
    assert asked.exchange.request.body == odd_body(spelled)


@each_dialect
def test_large_body_is_verbatim(house: House, dialect: Dialect) -> None:
    """A body of 5 MB with the model at its end crosses whole."""
    text = json.dumps([{"role": "user", "content": "é" * 2_500_000}], ensure_ascii=False)
    body = f'{{"messages":{text},"model":"{dialect.model}","max_tokens":9}}'.encode()
    asked = house.ask(dialect, whole(dialect.whole), body=body)
    assert asked.reply.status == 200
    assert asked.exchange.request.body == body


@each_dialect
def test_chunked_request_is_understood(house: House, dialect: Dialect) -> None:
    """A client may send its body chunked; the upstream receives the same bytes."""
    body = odd_body(dialect.model)
    exchange = house.replay.plays(whole(dialect.whole))
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:7], body[7:8], body[8:]))
    with Wire(house.address) as wire:
        headers = [("content-type", "application/json"), exchange.header, ("transfer-encoding", "chunked")]
        wire.socket.sendall(wire.head("POST", dialect.path, headers) + chunks + b"0\r\n\r\n")
        assert wire.read().status == 200
    assert exchange.request.body == body


@each_dialect
def test_whole_reply_is_verbatim(house: House, dialect: Dialect) -> None:
    """A whole reply reaches the client byte for byte."""
    asked = house.ask(dialect, whole(dialect.whole))
    assert asked.reply.body == dialect.whole
    assert asked.reply.header("content-type") == "application/json"


@each_dialect
def test_unknown_headers_survive(house: House, dialect: Dialect) -> None:
    """Headers the gateway does not know reach the upstream with their values."""
    sent = [
        ("anthropic-beta", "one-2026-01-01,two"),
        ("anthropic-version", "2023-06-01"),
        ("X-Stainless-Lang", "js"),
        ("x-claude-code-agent-id", "agent-7"),
        ("openai-organization", "org-1"),
        ("user-agent", "some-agent/1.0 (external, cli)"),
        ("x-odd", 'a;b="c" , d'),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ]
    asked = house.ask(dialect, whole(dialect.whole), sent)
    received = asked.exchange.request
    assert [received.all(name.lower()) for name, _ in sent] == [[value] for _, value in sent]


@each_dialect
def test_repeated_header_survives(house: House, dialect: Dialect) -> None:
    """A header sent twice keeps both of its values, in order."""
    asked = house.ask(dialect, whole(dialect.whole), [("anthropic-beta", "one"), ("anthropic-beta", "two")])
    assert re.split(r",\s*", ",".join(asked.exchange.request.all("anthropic-beta"))) == ["one", "two"]


REMOVED = [
    ("connection", "keep-alive, x-named"),
    ("x-named", "named by connection"),
    ("keep-alive", "timeout=5"),
    ("te", "trailers"),
    ("proxy-authorization", "Basic c2VjcmV0"),
    ("proxy-connection", "keep-alive"),
    ("cookie", "session=secret"),
    ("authorization", "Bearer client-secret"),
    ("x-api-key", "client-secret"),
    ("x-goog-api-key", "client-secret"),
    ("api-key", "client-secret"),
    ("accept-encoding", "x-unheard-of"),
]


@each_dialect
def test_private_headers_are_removed(house: House, dialect: Dialect) -> None:
    """Hop-by-hop headers, what Connection names, cookies and credentials stop at the gateway."""
    asked = house.ask(dialect, whole(dialect.whole), REMOVED)
    assert asked.reply.status == 200
    values = {value for _, value in asked.exchange.request.headers}
    assert not values & {value for _, value in REMOVED}


@each_dialect
def test_host_is_the_upstreams(house: House, dialect: Dialect) -> None:
    """The upstream sees its own host, once."""
    asked = house.ask(dialect, whole(dialect.whole))
    assert asked.exchange.request.all("host") == [f"127.0.0.1:{house.replay.port}"]


@each_dialect
def test_provider_key_is_set_in_the_dialects_way(house: House, dialect: Dialect) -> None:
    """The provider's own key travels in the header its dialect uses, and in no other."""
    asked = house.ask(
        dialect, whole(dialect.whole), [("x-api-key", "client"), ("authorization", "Bearer client")]
    )
    received = asked.exchange.request
    key = OUR_KEYS[dialect.name]
    assert received.all(dialect.key_header) == [dialect.key_value(key)]
    assert received.head.count(key.encode()) == 1


def test_passthrough_credential_reaches_its_provider(house: House) -> None:
    """With auth = "passthrough" the client's own credential goes on, as it was."""
    credential = [("authorization", "Bearer own-token"), ("anthropic-beta", "oauth-2025-04-20")]
    asked = house.ask(MESSAGES, whole(MESSAGES.whole), credential, body=MESSAGES.body("own-claude"))
    assert asked.reply.status == 200
    assert asked.exchange.request.all("authorization") == ["Bearer own-token"]
    assert asked.exchange.request.all("x-api-key") == []


def test_passthrough_api_key_reaches_its_provider(house: House) -> None:
    """With auth = "passthrough" a key in x-api-key goes on in x-api-key."""
    asked = house.ask(
        MESSAGES, whole(MESSAGES.whole), [("x-api-key", "own-key")], body=MESSAGES.body("own-claude")
    )
    assert asked.exchange.request.all("x-api-key") == ["own-key"]
    assert asked.exchange.request.all("authorization") == []


@each_dialect
def test_query_survives_without_the_key(house: House, dialect: Dialect) -> None:
    """The query goes on as it was, less the key it carried."""
    exchange = house.replay.plays(whole(dialect.whole))
    target = f"{dialect.path}?beta=true&key=client-secret&x=%C3%A9+1&empty=&flag"
    assert house.post(dialect, dialect.body(), [exchange.header], target).status == 200
    assert exchange.request.target == f"{dialect.path}?beta=true&x=%C3%A9+1&empty=&flag"


@pytest.mark.parametrize("query", ["%6bey=client-secret", "ke%79=client-secret", "key=client-secret&key=x"])
def test_key_in_disguise_is_removed(house: House, query: str) -> None:
    """A key in the query is removed however it is spelled, and as often as it is said."""
    exchange = house.replay.plays(whole(MESSAGES.whole))
    assert house.post(MESSAGES, MESSAGES.body(), [exchange.header], f"/v1/messages?{query}").status == 200
    assert exchange.request.target == "/v1/messages"


@each_dialect
def test_content_length_is_right(house: House, dialect: Dialect) -> None:
    """The upstream is told the length of the body it gets, once, and nothing is chunked."""
    asked = house.ask(dialect, whole(dialect.whole), body=odd_body(dialect.alias))
    received = asked.exchange.request
    assert received.all("content-length") == [str(len(received.body))]
    assert received.all("transfer-encoding") == []


@each_dialect
def test_expectation_is_met_by_the_gateway(house: House, dialect: Dialect) -> None:
    """A client that waits for 100 Continue gets it, and the upstream is not asked to."""
    exchange = house.replay.plays(whole(dialect.whole))
    body = dialect.body()
    headers = [exchange.header, ("expect", "100-continue"), ("content-length", str(len(body)))]
    with Wire(house.address) as wire:
        wire.socket.sendall(wire.head("POST", dialect.path, headers))
        assert wire.socket.recv(12) == b"HTTP/1.1 100"
        wire.socket.sendall(body)
        while wire.socket.recv(1) != b"\n":
            pass
        wire.socket.recv(2)
        assert wire.read().status == 200
    assert exchange.request.all("expect") == []


def test_count_tokens_is_asked_of_the_upstream(house: House) -> None:
    """count_tokens reaches an upstream that can count, byte for byte, and its answer comes back."""
    asked = house.replay.plays(whole(b'{"input_tokens" : 77}'))
    body = odd_body(MESSAGES.model)
    path = "/v1/messages/count_tokens?beta=true"
    reply = house.post(MESSAGES, body, [asked.header], path)
    assert reply.body == b'{"input_tokens" : 77}'
    assert asked.request.target == path
    assert asked.request.body == body
