"""Paths that name a provider, `/p/{provider}/…`: forwarded as they come, with all that any request gets."""

import gzip
import os
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply, Wire
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES
from tests.path.house import CHAT_KEY, MESSAGES_KEY, House, configuration
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import JSON, begun, chunk, chunked, head, raw, stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Close, Gate, Send

FILES = b'{"object":"list","data":[]}'


def ask(house: House, exchange: Exchange, method: str, target: str, body: bytes | None = None) -> Reply:
    """Ask for a path of a provider, with a client's key that is to go nowhere."""
    own = ("authorization", "Bearer sk-the-clients-own")
    return house.call(method, target, [exchange.header, own], body)


def line_of(house: House, reply: Reply) -> dict[str, Any]:
    """The line of the log about a reply."""
    identity = reply.header("x-request-id") or ""
    lines = house.gateway.wait_for_output(identity).split("\n")
    return msgspec.json.decode(next(line for line in lines if identity in line), type=dict[str, Any])


@pytest.fixture(scope="module")
def told(gateway: Start, replay: Upstream) -> House:
    """A gateway that logs in JSON."""
    return House(gateway(configuration(replay) + '\n[log]\nformat = "json"\n'), replay)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_any_path_and_method_goes_on(house: House, method: str) -> None:
    """Method, path, query and body reach the provider as they came, with its key and not the client's."""
    exchange = house.replay.plays(whole(FILES))
    body = None if method in {"GET", "DELETE"} else b"--x\r\nno JSON at all\r\n--x--"
    reply = ask(house, exchange, method, "/p/box/v1/files/a%2Fb%20c?limit=3&order=asc", body)
    sent = exchange.request
    assert (reply.status, reply.body) == (200, FILES)
    assert (sent.method, sent.target) == (method, "/v1/files/a%2Fb%20c?limit=3&order=asc")
    assert sent.body == (body or b"")
    assert sent.all("authorization") == [f"Bearer {CHAT_KEY}"]
    assert reply.header("x-penstock-provider") == "box"
    assert reply.header("x-penstock-body") == "verbatim"


def test_a_head_has_no_body(house: House) -> None:
    """HEAD is answered with the head, and the connection serves the next request."""
    exchange = house.replay.plays(raw(head(200, [*JSON.items(), ("content-length", "27")])))
    assert ask(house, exchange, "HEAD", "/p/box/v1/files").status == 200
    after = house.replay.plays(whole(FILES))
    assert ask(house, after, "GET", "/p/box/v1/files").body == FILES


@pytest.mark.parametrize("status", [201, 302, 400, 404, 429, 500])
def test_any_answer_is_the_answer(house: House, status: int) -> None:
    """Whatever the provider says of its own path passes, and is asked for once."""
    exchange = house.replay.plays(whole(b'{"said":"there"}', status, {**JSON, "location": "/elsewhere"}))
    reply = ask(house, exchange, "POST", "/p/box/v1/batches", b"{}")
    assert (reply.status, reply.json()) == (status, {"said": "there"})
    assert exchange.request.body == b"{}"


def test_codings_pass_both_ways(house: House) -> None:
    """An encoded body goes on as it is, and a reply comes back in the coding that the client offered."""
    exchange = house.replay.plays(whole(gzip.compress(FILES), headers={**JSON, "content-encoding": "gzip"}))
    offered = [exchange.header, ("accept-encoding", "gzip, br"), ("content-encoding", "gzip")]
    reply = house.call("POST", "/p/box/v1/files", offered, gzip.compress(b"{}"))
    assert exchange.request.header("content-encoding") == "gzip"
    assert exchange.request.header("accept-encoding") == "gzip, br"
    assert exchange.request.body == gzip.compress(b"{}")
    assert reply.header("content-encoding") == "gzip"
    assert gzip.decompress(reply.body) == FILES


def test_a_reply_comes_as_it_is_said(house: House) -> None:
    """Pieces of a long reply leave when they come, without a word of ours between them."""
    first, last = os.urandom(3000), os.urandom(70_000)
    script = (*begun([first], headers=JSON), Gate(), Send(chunk(last)), Send(b"0\r\n\r\n"))
    exchange = house.replay.plays(script)
    with Wire(house.address) as wire:
        wire.send("GET", "/p/box/v1/files/1/content", [exchange.header])
        assert wire.read_head().status == 200
        assert wire.read_until(first) == first
        exchange.release()
        assert wire.read_body() == (last, True)


def test_a_reply_that_breaks_off_is_cut(house: House) -> None:
    """A reply that its provider does not end is no whole one to the client either."""
    exchange = house.replay.plays((*begun([b"half"], headers=JSON), Gate(), Close()))
    with Wire(house.address) as wire:
        wire.send("GET", "/p/box/v1/files/1/content", [exchange.header])
        wire.read_head()
        wire.read_until(b"half")
        exchange.release()
        assert not wire.read_body()[1]


def test_a_known_path_is_counted(told: House) -> None:
    """Where the provider speaks the dialect of the path, the request is one like any other."""
    asked = told.replay.plays(whole(CHAT.whole))
    body = CHAT.body("odd-name")
    reply = told.call("POST", "/p/box/v1/chat/completions", [*JSON.items(), asked.header], body)
    assert (reply.status, reply.body) == (200, CHAT.whole)
    assert asked.request.body == body
    assert reply.header("x-penstock-model") == "odd-name"
    line = line_of(told, reply)
    assert (line["provider"], line["target"], line["operation"]) == ("box", "odd-name", "generate")
    assert line["output"] > 0


def test_a_known_stream_is_watched(house: House) -> None:
    """A stream of a dialect that breaks off there ends in that dialect's own words."""
    exchange = house.replay.plays((*stream(MESSAGES.events)[:2], Close()))
    body = MESSAGES.body("claude-opus-5-5", stream=True)
    reply = house.call("POST", "/p/ant/v1/messages?beta=true", [*JSON.items(), exchange.header], body)
    assert exchange.request.target == "/v1/messages?beta=true"
    assert exchange.request.header("x-api-key") == MESSAGES_KEY
    assert b"event: error" in reply.body


def test_a_line_is_written(told: House) -> None:
    """What was forwarded stands in the log like any other request."""
    line = line_of(told, ask(told, told.replay.plays(chunked([FILES])), "GET", "/p/box/v1/files"))
    assert (line["operation"], line["provider"], line["status"]) == ("forward", "box", 200)


def test_an_unknown_provider_is_named(house: House) -> None:
    """A provider nobody knows is a 404 in the words of the path's dialect, with the nearest names."""
    reply = house.call("POST", "/p/boks/v1/messages", JSON.items(), MESSAGES.body())
    assert reply.status == 404
    assert reply.json()["type"] == "error"
    assert "did you mean box" in reply.json()["error"]["message"]


def test_the_demo_has_no_other_paths(gateway: Start, replay: Upstream) -> None:
    """penstock's own provider answers the paths of dialects, and nothing is behind it for the rest."""
    house = House(gateway("[server]\ndiscover = true\n"), replay)
    assert house.call("GET", "/p/demo/v1/files").status == 404
    answered = house.call("POST", "/p/demo/v1/chat/completions", JSON.items(), CHAT.body("demo"))
    assert answered.json()["object"] == "chat.completion"


@pytest.mark.parametrize("path", ["..", "%2e%2E", "a/../../b", "a%2f..%2fb", "."])
def test_nobody_climbs_out(house: House, path: str) -> None:
    """A path cannot leave the address that the provider is configured with."""
    exchange = house.replay.plays(whole(FILES))
    assert ask(house, exchange, "GET", f"/p/box/v1/{path}").status == 400
    assert not exchange.requests


def test_keys_are_wanted_here_too(gateway: Start, replay: Upstream) -> None:
    """Where callers need a key, they need it on these paths."""
    text = configuration(replay) + '\n[keys.me]\nsecret = "pst_0123456789ab_secret"\n'
    house = House(gateway(text), replay)
    exchange = replay.plays(whole(FILES))
    assert house.call("GET", "/p/box/v1/files", [exchange.header]).status == 401
    mine = ("authorization", "Bearer pst_0123456789ab_secret")
    assert house.call("GET", "/p/box/v1/files", [exchange.header, mine]).status == 200
    assert exchange.request.all("authorization") == [f"Bearer {CHAT_KEY}"]
