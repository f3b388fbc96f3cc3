"""An upstream that does not answer as HTTP, its dialect or sense would have it: one clear answer each."""

import pytest

from tests.path.dialects import MESSAGES, Dialect, each_dialect
from tests.path.house import House
from tests.upstream.replies import events, fixture
from tests.upstream.scripts import (
    EVENT_STREAM,
    JSON,
    begun,
    chunked,
    close_delimited,
    cut,
    head,
    paced,
    raw,
    stream,
    whole,
)
from tests.upstream.steps import Close, Hang, Pause, Reset, Script

HTML = {"content-type": "text/html"}
PAGE = b"<!doctype html><html><body>Please sign in</body></html>"
OK = b"HTTP/1.1 200 OK\r\n"

# What may come instead of any reply, streamed or whole -> 502.
NO_REPLY: dict[str, Script] = {
    "nothing": (Close(),),
    "reset": (Reset(),),
    "half a head": (*raw(OK + b"content-type: applic"), Close()),
    "half a head, reset": (*raw(OK + b"content-type: applic"), Reset()),
    "garbage": (*raw(b"\x16\x03\x01\x02 SSH-2.0-OpenSSH_9.6\r\n\r\n"), Close()),
    "binary": (*raw(bytes(range(256))), Close()),
    "HTTP/2 preface": (*raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x80"), Close()),
    "bad content-length": (*raw(OK + b"content-length: banana\r\n\r\n{}"), Close()),
    "bad status line": (*raw(b"HTTP/1.1 abc OK\r\n\r\n"), Close()),
    "switching protocols": (
        *raw(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"),
        Close(),
    ),
    "redirect": whole(b"", 302, {"location": "http://127.0.0.1:1/elsewhere"}),
    "permanent redirect": whole(b"{}", 308, {"location": "/v1/elsewhere", **JSON}),
    "no content": raw(head(204)),
    "not modified": raw(head(304)),
    "html": whole(PAGE, headers=HTML),
    "empty": whole(b""),
    "empty, no type": whole(b"", headers={}),
    "wrong content type": whole(b"hello", headers={"content-type": "text/plain"}),
    "an image": whole(b"\x89PNG\r\n", headers={"content-type": "image/png"}),
}
# What may come instead of a whole reply -> 502.
NO_WHOLE: dict[str, Script] = {
    "half a body": (*raw(head(200, [*JSON.items(), ("content-length", "500")]) + b'{"id":'), Close()),
    "half a body, reset": (*raw(head(200, [*JSON.items(), ("content-length", "500")]) + b'{"id":'), Reset()),
    "half chunked": (*begun([b'{"id":'], headers=JSON), Close()),
    "half a chunk": (*raw(head(200, {**JSON, "transfer-encoding": "chunked"}) + b'50\r\n{"id":'), Close()),
    "bad chunk size": (*raw(head(200, {**JSON, "transfer-encoding": "chunked"}) + b"zz\r\n{}\r\n"), Close()),
    "broken JSON": whole(b'{"id": "msg_1", "type": '),
    "JSON that is no object": whole(b"[1, 2]"),
    "JSON cut by close": close_delimited(b'{"id": "msg_1", "ty'),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", NO_REPLY)
@each_dialect
def test_no_reply_is_a_bad_gateway(house: House, dialect: Dialect, fault: str, *, streamed: bool) -> None:
    """What is no reply of the dialect is a 502 in the client's dialect that names the provider."""
    reply = house.ask(dialect, NO_REPLY[fault], body=dialect.body(stream=streamed)).reply
    assert reply.status == 502
    error = dialect.error(reply)
    assert error["message"]
    assert reply.header("content-type") == "application/json"
    assert reply.header("location") is None


@pytest.mark.parametrize("fault", NO_WHOLE)
@each_dialect
def test_half_a_reply_is_a_bad_gateway(house: House, dialect: Dialect, fault: str) -> None:
    """A whole reply that is cut or is not what it should be is a 502, never half a body with 200."""
    reply = house.ask(dialect, NO_WHOLE[fault]).reply
    assert reply.status == 502
    dialect.error(reply)


@each_dialect
def test_whole_reply_to_a_stream_request(house: House, dialect: Dialect) -> None:
    """JSON with 200 where a stream was asked for is told as a stream, to its end."""
    reply = house.ask_stream(dialect, whole(dialect.whole)).reply
    assert reply.status == 200
    assert (reply.header("content-type") or "").startswith("text/event-stream")
    assert dialect.terminal in reply.body


@each_dialect
def test_stream_to_a_whole_request(house: House, dialect: Dialect) -> None:
    """An event stream where a whole reply was asked for is a 502."""
    reply = house.ask(dialect, stream(events(dialect.name))).reply
    assert reply.status == 502
    dialect.error(reply)


@each_dialect
def test_redirects_are_not_followed(house: House, dialect: Dialect) -> None:
    """A redirect is not followed: the address it names is never asked."""
    elsewhere = house.replay.plays(whole(dialect.whole))
    moved = whole(b"", 307, {"location": f"{house.replay.address}{dialect.path}"})
    asked = house.ask(dialect, moved)
    assert asked.reply.status == 502
    assert len(asked.exchange.requests) == 1
    assert elsewhere.requests == []


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@each_dialect
def test_connection_refused(house: House, dialect: Dialect, *, streamed: bool) -> None:
    """An address nobody listens on is a 502 in the dialect that names the provider."""
    reply = house.post(dialect, dialect.body(dialect.refused, stream=streamed))
    assert reply.status == 502
    assert "-closed" in dialect.error(reply)["message"]


def test_name_that_does_not_resolve(house: House) -> None:
    """A host name that does not exist is a 502 in the dialect that names the provider."""
    reply = house.post(MESSAGES, MESSAGES.body("nowhere-claude"))
    assert reply.status == 502
    assert "ant-nowhere" in MESSAGES.error(reply)["message"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@each_dialect
def test_silence_before_the_head(house: House, dialect: Dialect, *, streamed: bool) -> None:
    """An upstream that does not answer within first_byte is a 504, and its connection is closed."""
    asked = house.ask(dialect, (Hang(),), body=dialect.body(dialect.quick, stream=streamed))
    assert asked.reply.status == 504
    dialect.error(asked.reply)
    asked.exchange.wait_until_left()


@each_dialect
def test_silence_in_a_whole_body(house: House, dialect: Dialect) -> None:
    """A whole reply that stops in its middle is a 504, never half a body with 200."""
    script = (*raw(head(200, [*JSON.items(), ("content-length", "500")]) + b'{"id":'), Hang())
    asked = house.ask(dialect, script, body=dialect.body(dialect.quick))
    assert asked.reply.status == 504
    dialect.error(asked.reply)
    asked.exchange.wait_until_left()


@each_dialect
def test_whole_reply_has_a_limit_in_all(house: House, dialect: Dialect) -> None:
    """A whole reply that keeps dripping past the limit for the whole is a 504."""
    opening = raw(head(200, [*JSON.items(), ("content-length", "500")]))
    dripping = paced((*opening, *raw(*[b" "] * 100)), 0.3)
    asked = house.ask(dialect, dripping, body=dialect.body(dialect.quick))
    assert asked.reply.status == 504
    asked.exchange.wait_until_left()


# Replies that are well, however odd their framing.
def _well(dialect: Dialect) -> dict[str, Script]:
    body = dialect.whole
    plain = whole(body)[0].data  # type: ignore[attr-defined]
    many = [*JSON.items(), *((f"x-many-{number}", "v") for number in range(200))]
    return {
        "chunked": chunked([body]),
        "byte chunks": chunked(cut(body, 1)),
        "close delimited": close_delimited(body),
        "HTTP/1.0": (*raw(plain.replace(b"HTTP/1.1", b"HTTP/1.0")), Close()),
        "continue first": raw(b"HTTP/1.1 100 Continue\r\n\r\n" + plain),
        "continue, then wait": (*raw(b"HTTP/1.1 100 Continue\r\n\r\n"), Pause(0.05), *raw(plain)),
        "early hints": raw(b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n", plain),
        "huge header": whole(body, headers=[*JSON.items(), ("x-huge", "h" * 60_000)]),
        "many headers": whole(body, headers=many),
        "no reason": raw(plain.replace(b"200 OK", b"200 ")),
        "byte by byte": raw(*cut(plain, 1)),
        "type with charset": whole(body, headers={"content-type": "Application/JSON; charset=utf-8"}),
        "trailers": raw(
            head(200, {**JSON, "transfer-encoding": "chunked"})
            + b"%x;ext=1\r\n%b\r\n0\r\nx-trailer: t\r\n\r\n" % (len(body), body)
        ),
    }


@pytest.mark.parametrize("framing", _well(MESSAGES))
@each_dialect
def test_framing_does_not_matter(house: House, dialect: Dialect, framing: str) -> None:
    """However HTTP frames a whole reply, the client gets it byte for byte."""
    reply = house.ask(dialect, _well(dialect)[framing]).reply
    assert reply.status == 200
    assert reply.body == dialect.whole
    assert reply.complete


@each_dialect
def test_large_whole_reply(house: House, dialect: Dialect) -> None:
    """A whole reply of 8 MB crosses byte for byte."""
    body = dialect.whole.replace(b"Under the bridge", b"Under the bridge " * 500_000)
    reply = house.ask(dialect, whole(body)).reply
    assert reply.body == body


@each_dialect
def test_tool_reply_is_verbatim(house: House, dialect: Dialect) -> None:
    """A whole reply with a tool call crosses byte for byte."""
    body = fixture(dialect.name, "tool.json")
    assert house.ask(dialect, whole(body)).reply.body == body


@each_dialect
def test_error_inside_a_stream_type(house: House, dialect: Dialect) -> None:
    """An error status with an event-stream content type keeps its status."""
    script = whole(dialect.upstream_error("no"), 529, EVENT_STREAM)
    assert house.ask_stream(dialect, script).reply.status == 529
