"""A conversation over the WebSocket of openai-responses: turns, and what is remembered between them."""

from typing import Any

import msgspec
import pytest
from openai import OpenAI

from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect
from tests.path.house import House
from tests.path.responses import data_of, frames, response, said, user
from tests.path.sockets import PING, PONG, TEXT, Event, Socket
from tests.upstream.exchange import Exchange
from tests.upstream.scripts import begun, stream
from tests.upstream.steps import Gate, Send

MODEL = RESPONSES.model
CREATED = ["response.created", "response.in_progress", "response.completed"]
FOREIGN = pytest.mark.parametrize(
    ("dialect", "model"),
    [(CHAT, "only-chat/gpt-5.1"), (MESSAGES, "only-messages/claude-opus-5-5")],
    ids=[CHAT.name, MESSAGES.name],
)


def open_socket(house: House, exchange: Exchange, *headers: tuple[str, str]) -> Socket:
    """A socket whose requests are answered by an exchange."""
    return Socket(house.address, [exchange.header, *headers])


def bodies(exchange: Exchange) -> list[dict[str, Any]]:
    """Every request that reached the upstream."""
    return [msgspec.json.decode(request.body) for request in exchange.requests]


def inputs(exchange: Exchange) -> list[Any]:
    """The input of every request that reached the upstream."""
    return [body["input"] for body in bodies(exchange)]


def id_of(events: list[Event]) -> str:
    """The id of the response that these events told, which must be one."""
    assert events[-1]["type"] == "response.completed", events[-1]
    (name,) = {event["response"]["id"] for event in events if "response" in event}
    return str(name)


def test_events_are_the_bytes_of_the_upstream(house: House) -> None:
    """Each event of the stream is one message with the very bytes of its data, and nothing else is said."""
    noise = [b": a comment\n\n", *frames("a"), b"data: [DONE]\n\n"]
    exchange = house.replay.plays(stream(noise))
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input="é")
        assert client.texts() == [data_of(frame) for frame in frames("a")]
        client.send(PING, b"alive?")
        assert client.read() == (PONG, b"alive?")


def test_a_request_goes_on_as_it_came(house: House) -> None:
    """But for its envelope, and the word that asks for a stream, a message is the body, byte for byte."""
    exchange = house.replay.plays(response("a"))
    beta = ("openai-beta", "responses_websockets=2026-02-06, other=1")
    with open_socket(house, exchange, beta, ("session-id", "s-1"), ("accept-encoding", "gzip")) as client:
        client.say(
            b'{"type": "response.create", "model":"gpt-5.1", "x_unknown":[1, 2.50], "input": [ ], "stream":0}'
        )
        client.texts()
    request = exchange.request
    assert request.body == b'{"model":"gpt-5.1","x_unknown":[1, 2.50],"input":[ ],"stream":true}'
    assert (request.method, request.target) == ("POST", "/v1/responses")
    assert (request.header("openai-beta"), request.header("session-id")) == ("other=1", "s-1")
    assert (request.header("accept"), request.header("accept-encoding")) == ("text/event-stream", "identity")
    assert not [name for name, _ in request.headers if name.startswith("sec-websocket")]
    assert request.header("upgrade") is None


def test_a_message_in_several_frames(house: House) -> None:
    """A message cut into frames, with a ping between them, is one request."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        text = msgspec.json.encode({"type": "response.create", "model": MODEL, "input": "é日本🙂"})
        client.send(TEXT, text[:50], final=False)
        client.send(PING, b"")
        client.send(0, text[50:])
        assert client.read() == (PONG, b"")
        id_of(client.events())
    assert inputs(exchange) == ["é日本🙂"]


def test_many_turns_on_one_socket(house: House) -> None:
    """A request that names the response before it goes on with all that was said until then."""
    names = [f"turn{number}" for number in range(12)]
    exchange = house.replay.plays(*map(response, names))
    conversation: list[object] = []
    previous: dict[str, str] = {}
    with open_socket(house, exchange) as client:
        for name in names:
            conversation.append(user(name))
            events = client.ask(model=MODEL, input=[user(name)], **previous)
            assert inputs(exchange)[-1] == conversation
            conversation.append(said(name))
            previous = {"previous_response_id": id_of(events)}
    assert len(exchange.requests) == len(names)
    assert not any("previous_response_id" in body for body in bodies(exchange))


def test_a_warm_up_asks_nobody(house: House) -> None:
    """With `generate: false` an id comes back and nothing goes on; the next turn has what it said."""
    exchange = house.replay.plays(response("a"))
    with open_socket(house, exchange) as client:
        warm = client.ask(model=MODEL, generate=False, instructions="Be kind.", input=[user("first")])
        assert [event["type"] for event in warm] == CREATED
        assert warm[-1]["response"]["output"] == []
        assert warm[-1]["response"]["model"] == MODEL
        assert exchange.requests == []
        client.ask(model=MODEL, previous_response_id=id_of(warm), input=[user("second")])
    assert inputs(exchange) == [[user("first"), user("second")]]


def test_going_on_from_an_earlier_response(house: House) -> None:
    """Every response of the conversation may be named; what came after the one named is left out."""
    exchange = house.replay.plays(*map(response, "abcd"))
    with open_socket(house, exchange) as client:
        first = id_of(client.ask(model=MODEL, input=[user("1")]))
        second = id_of(client.ask(model=MODEL, input=[user("2")], previous_response_id=first))
        client.ask(model=MODEL, input=[user("3")], previous_response_id=first)
        assert inputs(exchange)[-1] == [user("1"), said("a"), user("3")]
        (error,) = client.ask(model=MODEL, input=[user("4")], previous_response_id=second)
        assert error["error"]["code"] == "previous_response_not_found"


def test_a_string_is_what_the_user_says(house: House) -> None:
    """An input that was a string is remembered as the message it stands for."""
    exchange = house.replay.plays(*map(response, "ab"))
    with open_socket(house, exchange) as client:
        first = id_of(client.ask(model=MODEL, input="é"))
        client.ask(model=MODEL, previous_response_id=first, input="more")
    spoken = [{"type": "message", "role": "user", "content": text} for text in ("é", "more")]
    assert inputs(exchange) == ["é", [spoken[0], said("a"), spoken[1]]]


@FOREIGN
def test_turns_at_a_provider_of_another_dialect(house: House, dialect: Dialect, model: str) -> None:
    """A conversation crosses turn by turn to a provider that knows neither sockets nor responses."""
    exchange = house.replay.plays(stream(dialect.events))
    asked: dict[str, Any] = {"model": model, "max_output_tokens": 64, "store": False}
    with open_socket(house, exchange) as client:
        warm = client.ask(**asked, generate=False, input=[user("first")])
        turn = client.ask(**asked, previous_response_id=id_of(warm), input=[])
        client.ask(**asked, previous_response_id=id_of(turn), input=[user("second")])
    one, two = bodies(exchange)
    assert [message["role"] for message in one["messages"]] == ["user"]
    assert [message["role"] for message in two["messages"]] == ["user", "assistant", "user"]
    assert "Under the bridge" in msgspec.json.encode(two["messages"][1]).decode()


def test_two_sockets_side_by_side(house: House) -> None:
    """Each socket has a conversation of its own: what one remembers the other does not know."""
    one, two = house.replay.plays(*map(response, "ab")), house.replay.plays(*map(response, "cd"))
    with open_socket(house, one) as first, open_socket(house, two) as second:
        first.create(model=MODEL, input=[user("1")])
        second.create(model=MODEL, input=[user("2")])
        known, other = id_of(first.events()), id_of(second.events())
        (error,) = second.ask(model=MODEL, input=[], previous_response_id=known)
        assert error["error"]["code"] == "previous_response_not_found"
        second.ask(model=MODEL, input=[user("3")], previous_response_id=other)
    assert inputs(two) == [[user("2")], [user("2"), said("c"), user("3")]]


def test_a_client_that_asks_ahead_waits_its_turn(house: House) -> None:
    """A request sent while a response is made is answered after it, on the strength of it."""
    exchange = house.replay.plays(*map(response, "ab"))
    with open_socket(house, exchange) as client:
        client.create(model=MODEL, input=[user("1")])
        client.create(model=MODEL, input=[user("2")], previous_response_id="resp_a")
        assert (id_of(client.events()), id_of(client.events())) == ("resp_a", "resp_b")
    assert inputs(exchange)[1] == [user("1"), said("a"), user("2")]


def test_a_silent_turn_shows_life(restless: House) -> None:
    """While the provider is silent in the middle of a response, the client is told that it is in progress."""
    first, rest = begun(frames("a")[:3]), begun(frames("a")[3:])[1:]
    exchange = restless.replay.plays((*first, Gate(), *rest, Send(b"0\r\n\r\n")))
    with open_socket(restless, exchange) as client:
        client.create(model=MODEL, input="é")
        begins = [client.event() for _ in range(4)]
        assert begins[-1]["type"] == "response.in_progress"
        assert begins[-1]["response"]["id"] == "resp_a"
        exchange.release()
        assert id_of(client.events()) == "resp_a"


def test_each_turn_is_a_line_in_the_log(house: House) -> None:
    """A turn is counted and logged as a request like any other, with its usage."""
    exchange = house.replay.plays(*map(response, "ab"))
    with open_socket(house, exchange) as client:
        for model in ("gpt-of-the-log-1", "gpt-of-the-log-2"):
            id_of(client.ask(model=model, input="é"))
    written = house.gateway.wait_for_output("gpt-of-the-log-2")
    lines = [line for line in written.splitlines() if "gpt-of-the-log" in line]
    assert len(lines) == 2
    assert all("200 complete openai-responses generate" in line and " out=" in line for line in lines)


@pytest.mark.filterwarnings("ignore:connect:DeprecationWarning")  # how the SDK uses its own library
def test_the_official_sdk(house: House) -> None:
    """OpenAI's own client holds a conversation of two turns, after a warm-up."""
    exchange = house.replay.plays(*map(response, "ab"))
    name, value = exchange.header
    sdk = OpenAI(base_url=f"{house.address}/v1", api_key="dummy", max_retries=0)
    with sdk.responses.connect(extra_headers={name: value}) as connection:
        previous: str | None = None
        for generate in (False, True, True):
            connection.response.create(
                model=MODEL, input="é", generate=generate, previous_response_id=previous, store=False
            )
            completed = next(event for event in connection if event.type == "response.completed")
            previous = completed.response.id
    assert previous == "resp_b"
    assert [len(each) for each in inputs(exchange)] == [2, 4]
