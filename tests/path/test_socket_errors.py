"""What goes wrong on a WebSocket of openai-responses: each error is one event, and the socket stays open."""

import json
from typing import Any

import pytest

from tests.path.dialects import RESPONSES
from tests.path.house import House
from tests.path.responses import frames, response, said, user
from tests.path.sockets import BINARY, TEXT, Socket
from tests.path.test_socket import MODEL, id_of, inputs, open_socket
from tests.upstream.scripts import begun, stream, whole
from tests.upstream.steps import Close, Gate, Script, Send

WORDS = RESPONSES.upstream_error("too many of you")
BARE = b'{"error":{"message":"slow down","code":429},"detail":1}'
# The status and the body of an upstream, and the words and the code a client is to see.
REFUSALS = [
    (429, WORDS, "too many of you", None),
    (400, WORDS, "too many of you", None),
    (529, WORDS, "too many of you", None),
    (429, BARE, "slow down", "429"),
    (422, b'{"detail":"no such field"}', "no such field", None),
    (503, b"<html>", "it answered 503", "upstream_503"),
]
# A response that waits in its middle until it is released.
HELD: Script = (*begun(frames("a")[:3]), Gate(), *begun(frames("a")[3:])[1:], Send(b"0\r\n\r\n"))
UNREADABLE = [
    (b"{", "not read as a JSON object"),
    (b"[1]", "not read as a JSON object"),
    (b'"text"', "not read as a JSON object"),
    (b"[" * 100_000, "not read as a JSON object"),
    (b"{}", "type ``"),
    (b'{"type":"response.cancel"}', "`response.cancel` is not understood"),
    (b'{"type":"response.create","previous_response_id":7}', "previous_response_id"),
    (b'{"type":"response.create","input":7}', "`input` is neither"),
    (b'{"type":"response.create","stream_id":"a"}', "open another one"),
]


def begin(client: Socket) -> None:
    """Read the three events that `HELD` begins with."""
    assert [client.event()["type"] for _ in range(3)][2] == "response.output_item.added"


def error_in(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The one event that tells an error, its shape checked as Codex and OpenAI's SDK read it."""
    (event,) = events
    assert event["type"] == "error"
    assert isinstance(event["status"], int)
    assert isinstance(event["error"]["message"], str)
    assert isinstance(event["error"].get("code"), str | None)
    assert all(isinstance(value, str) for value in event.get("headers", {}).values())
    return event


@pytest.mark.parametrize(("status", "body", "words", "code"), REFUSALS)
def test_a_refusal_is_an_event(house: House, status: int, body: bytes, words: str, code: str | None) -> None:
    """An upstream's error comes with its status, words and headers; the next turn is answered."""
    refusal = whole(body, status, {"content-type": "application/json", "x-should-retry": "true"})
    exchange = house.replay.plays(refusal, response("a"))
    with open_socket(house, exchange) as client:
        error = error_in(client.ask(model=MODEL, input="é"))
        assert error["status"] == status
        assert words in error["error"]["message"]
        assert error["error"].get("code") == code
        assert ("retry-after" in error["headers"]) == (status == 429 or b"html" in body)
        assert {"x-request-id", "x-penstock-provider"} <= error["headers"].keys()
        assert "content-type" not in error["headers"]
        assert id_of(client.ask(model=MODEL, input="é")) == "resp_a"


def test_an_error_keeps_the_fields_of_its_upstream(house: House) -> None:
    """What an upstream says of an error is handed on whole, unknown fields too."""
    exchange = house.replay.plays(whole(WORDS, 400))
    with open_socket(house, exchange) as client:
        error = error_in(client.ask(model=MODEL, input="é"))
    assert error["error"] == json.loads(WORDS)["error"]


def test_our_own_refusals(house: House) -> None:
    """What the gateway itself refuses is told in the same shape."""
    with Socket(house.address) as client:
        assert error_in(client.ask(model="no-such-model", input="é"))["status"] == 404
        assert error_in(client.ask(input="é"))["status"] == 400
        assert error_in(client.ask(model=RESPONSES.refused, input="é"))["status"] == 502


def test_a_response_that_fails(house: House) -> None:
    """A stream that breaks off ends with `response.failed`, and the conversation goes on from before it."""
    broken = (*begun(frames("b")[:6]), Close())
    exchange = house.replay.plays(response("a"), broken, response("c"))
    with open_socket(house, exchange) as client:
        first = id_of(client.ask(model=MODEL, input=[user("1")]))
        failed = client.ask(model=MODEL, input=[user("2")], previous_response_id=first)
        assert failed[-1]["type"] == "response.failed"
        assert failed[-1]["response"]["error"]["code"] == "server_error"
        client.ask(model=MODEL, input=[user("2")], previous_response_id=first)
        (unknown,) = client.ask(model=MODEL, input=[], previous_response_id="resp_b")
        assert unknown["error"]["code"] == "previous_response_not_found"
    assert inputs(exchange)[2] == [user("1"), said("a"), user("2")]


def test_a_response_that_was_cut_short(house: House) -> None:
    """A response that is incomplete may be gone on from."""
    cut = [frame.replace(b"response.completed", b"response.incomplete") for frame in frames("a")]
    exchange = house.replay.plays(stream(cut), response("b"))
    with open_socket(house, exchange) as client:
        assert client.ask(model=MODEL, input=[user("1")])[-1]["type"] == "response.incomplete"
        id_of(client.ask(model=MODEL, input=[user("2")], previous_response_id="resp_a"))
    assert inputs(exchange)[1] == [user("1"), said("a"), user("2")]


def test_an_unknown_response(house: House) -> None:
    """A response that is not remembered is an error that clients answer with the whole input."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        error = error_in(client.ask(model=MODEL, input=[], previous_response_id="resp_elsewhere"))
        assert error["status"] == 400
        assert error["error"]["code"] == "previous_response_not_found"
        assert error["error"]["param"] == "previous_response_id"
        assert "resp_elsewhere" in error["error"]["message"]
        id_of(client.ask(model=MODEL, input=[user("1")], previous_response_id=None))
    assert len(exchange.requests) == 1


@pytest.mark.parametrize(("text", "words"), UNREADABLE, ids=[words[:20] for _, words in UNREADABLE])
def test_what_is_no_request(house: House, text: bytes, words: str) -> None:
    """A message that is none is told so in plain words, and the socket stays open."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        client.say(text)
        error = error_in([client.event()])
        assert error["status"] == 400
        assert words in error["error"]["message"]
        id_of(client.ask(model=MODEL, input="é"))


def test_a_binary_message(house: House) -> None:
    """Binary messages are not understood."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        client.send(BINARY, b'{"type":"response.create"}')
        assert "binary" in error_in([client.event()])["error"]["message"]
        id_of(client.ask(model=MODEL, input="é"))


def test_what_needs_no_answer(house: House) -> None:
    """That a response was dealt with is heard in silence: an answer would be taken for that of the next."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        client.say(b'{"type":"response.processed","response_id":"resp_x"}')
        id_of(client.ask(model=MODEL, input="é"))


def test_a_response_is_not_steered(house: House) -> None:
    """What was to be said to a running response is given back, and the response goes on."""
    exchange = house.replay.plays(HELD)
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input="é")
        begin(client)
        client.say(b'{"type":"response.steer","previous_response_id":"resp_a","input":"faster"}')
        failed = client.event()
        assert failed["type"] == "response.steer.failed"
        assert failed["error"]["code"] == "steering_not_supported"
        assert failed["steer"] == {"input": "faster", "previous_response_id": "resp_a"}
        exchange.release()
        id_of(client.events())


def test_a_third_request_at_once(house: House) -> None:
    """While a response is made one request may wait; a further one is refused, and those two are answered."""
    exchange = house.replay.plays(HELD, response("b"))
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input="1")
        begin(client)
        client.create(model=MODEL, input="2")
        error = error_in(client.ask(model=MODEL, input="3"))
        assert (error["status"], error["error"]["code"]) == (409, "response_in_progress")
        exchange.release()
        assert (id_of(client.events()), id_of(client.events())) == ("resp_a", "resp_b")
    assert inputs(exchange) == ["1", "2"]


def test_a_message_that_is_too_large(restless: House) -> None:
    """A message above `server.max_body` is a 413, and ends the socket with 1009."""
    with Socket(restless.address) as client:
        error = error_in(client.ask(model=MODEL, input="x" * 70_000))
        assert error["status"] == 413
        assert "65536 bytes" in error["error"]["message"]
        assert client.closing() == 1009


def test_a_conversation_that_outgrows_what_is_kept(restless: House) -> None:
    """A conversation longer than `server.max_body` is not remembered; the error says how much would be."""
    exchange = restless.replay.plays(*map(response, "abc"))
    long = "x" * 40_000
    with open_socket(restless, exchange) as client:
        first = id_of(client.ask(model=MODEL, input=long))
        refused = error_in(client.ask(model=MODEL, input=long, previous_response_id=first))
        assert refused["status"] == 413
        second = id_of(client.ask(model=MODEL, input="x" * 65_400))
        error = error_in(client.ask(model=MODEL, input="y", previous_response_id=second))
        assert error["error"]["code"] == "previous_response_not_found"
        assert "65536 bytes" in error["error"]["message"]
        id_of(client.ask(model=MODEL, input="y"))


def test_a_frame_of_rubbish_ends_the_connection(house: House) -> None:
    """A frame that is none ends its socket, and nobody else's."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as other:
        with Socket(house.address) as client:
            client.send(TEXT + 2, b"no such kind")
            with pytest.raises((EOFError, ConnectionError, AssertionError)):
                client.text()
        id_of(other.ask(model=MODEL, input="é"))
