"""A client of one dialect and a provider of another: what reaches the upstream, and what comes back."""

from typing import Any

import msgspec
import pytest

from tests.path.dialects import ALL, CHAT, MESSAGES, RESPONSES, Dialect, failure_in
from tests.path.house import CHAT_KEY, MESSAGES_KEY, Asked, House
from tests.upstream.scripts import JSON, begun, stream, whole
from tests.upstream.steps import Close, Pause, Script

PAIRS = [(client, there) for client in ALL for there in ALL if client is not there]
each_crossing = pytest.mark.parametrize(
    ("client", "there"), PAIRS, ids=[f"{client.name} to {there.name}" for client, there in PAIRS]
)
BOXES = {MESSAGES.name: "only-messages", CHAT.name: "only-chat", RESPONSES.name: "only-responses"}
MODEL = "some-model"
TEXT = {MESSAGES.name: b'"text":"', CHAT.name: b'"content":"', RESPONSES.name: b'"delta":"'}
# What a whole reply of a dialect has, and no other's.
MARK = {MESSAGES.name: "stop_reason", CHAT.name: "choices", RESPONSES.name: "output"}


def ask(
    house: House, client: Dialect, there: Dialect, script: Script, *headers: tuple[str, str], **fields: object
) -> Asked:
    """Ask a model that only a provider of another dialect has."""
    body = client.body(f"{BOXES[there.name]}/{MODEL}", **fields)
    return house.ask(client, script, headers, body=body)


def sent(asked: Asked) -> dict[str, Any]:
    """The body that reached the upstream."""
    body: dict[str, Any] = msgspec.json.decode(asked.exchange.request.body)
    return body


@each_crossing
def test_a_whole_reply_comes_back_in_the_clients_dialect(
    house: House, client: Dialect, there: Dialect
) -> None:
    """The upstream is asked on its own path with its own key, the client is answered as it asked."""
    asked = ask(house, client, there, whole(there.whole))
    request, reply = asked.exchange.request, asked.reply
    assert request.target == there.path
    assert request.header(there.key_header) == there.key_value(
        MESSAGES_KEY if there is MESSAGES else CHAT_KEY
    )
    assert sent(asked)["model"] == MODEL
    assert reply.status == 200
    assert reply.header("content-type") == "application/json"
    assert reply.header("x-penstock-body") == "rewritten(translation)"
    assert reply.json()["model"] == f"{BOXES[there.name]}/{MODEL}"
    assert reply.json()["usage"]
    assert {name for name, mark in MARK.items() if mark in reply.json()} == {client.name}


@each_crossing
def test_a_stream_comes_back_in_the_clients_dialect(house: House, client: Dialect, there: Dialect) -> None:
    """Every event is the client's, the last one too."""
    asked = ask(house, client, there, stream(there.events), stream=True)
    assert sent(asked)["stream"] is True
    assert asked.reply.header("content-type") == "text/event-stream; charset=utf-8"
    assert client.terminal in asked.reply.body
    assert there.terminal not in asked.reply.body
    assert TEXT[client.name] in asked.reply.body


@each_crossing
def test_a_stream_reads_the_same_however_it_is_cut(house: House, client: Dialect, there: Dialect) -> None:
    """One byte a write and all in one write are the same reply."""
    data = b"".join(there.events)
    bodies = [
        ask(house, client, there, stream(pieces), ("x-request-id", "same"), stream=True).reply.body
        for pieces in ([data], there.events, [data[at : at + 7] for at in range(0, len(data), 7)])
    ]
    assert bodies[0] == bodies[1] == bodies[2]


@each_crossing
def test_nothing_of_the_clients_headers_is_told_to_a_stranger(
    house: House, client: Dialect, there: Dialect
) -> None:
    """What is meant for the client's own provider goes to nobody else; what traces a request goes on."""
    theirs = [
        ("anthropic-beta", "x"),
        ("x-stainless-os", "Linux"),
        ("openai-organization", "o"),
        ("x-app", "c"),
    ]
    trace = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    request = ask(house, client, there, whole(there.whole), *theirs, trace).exchange.request
    assert not {name.lower() for name, _ in request.headers} & {name for name, _ in theirs}
    assert request.header("traceparent") == trace[1]
    assert request.header("anthropic-version") == ("2023-06-01" if there is MESSAGES else None)
    assert (request.header("user-agent") or "").startswith("penstock/")


@each_crossing
def test_settings_that_cannot_be_carried_are_named(house: House, client: Dialect, there: Dialect) -> None:
    """In the header of the reply and not in silence."""
    asked = ask(house, client, there, whole(there.whole), x_unknown=1, service_tier="odd")
    named = asked.reply.header("x-penstock-dropped") or ""
    assert sorted(named.split(", ")) == ["service_tier", "x_unknown"]
    assert "x_unknown" not in sent(asked)


def test_content_that_cannot_be_carried_is_a_refusal(house: House) -> None:
    """It names the block and its place, in the client's dialect, and nothing goes upstream."""
    part = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}
    asked = house.post(CHAT, CHAT.body("only-messages/x", messages=[{"role": "user", "content": [part]}]))
    assert asked.status == 400
    assert "messages[0].content[0]" in CHAT.error(asked)["message"]


KINDS = {
    400: ("invalid_request_error", "invalid_request_error"),
    403: ("permission_error", "permission_error"),
    404: ("not_found_error", "invalid_request_error"),
    413: ("request_too_large", "invalid_request_error"),
    429: ("rate_limit_error", "rate_limit_error"),
    500: ("api_error", "server_error"),
}


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("streamed", [False, True])
@each_crossing
def test_an_error_keeps_its_status_and_its_words(
    house: House, client: Dialect, there: Dialect, status: int, *, streamed: bool
) -> None:
    """It is told in the client's dialect; a 429 always says when to come back."""
    asked = ask(
        house, client, there, whole(there.upstream_error(f"trouble {status}"), status), stream=streamed
    )
    assert asked.reply.status == status
    error = client.error(asked.reply)
    assert error["message"] == f"trouble {status}"
    assert error["type"] == KINDS[status][client is not MESSAGES]
    assert (asked.reply.header("retry-after") or "").isdigit() == (status == 429)


@each_crossing
def test_an_error_before_any_content_is_a_status(house: House, client: Dialect, there: Dialect) -> None:
    """What an upstream says inside a 200 before anything else is no stream to the client."""
    error = (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}\n\n'
        if there is MESSAGES
        else b'data: {"error":{"message":"busy","type":"server_error","code":"overloaded"}}\n\n'
    )
    asked = ask(house, client, there, stream([error]), stream=True)
    assert asked.reply.status in (503, 529)
    assert client.error(asked.reply)["message"] == "busy"


@each_crossing
def test_a_cut_stream_ends_as_a_failure(house: House, client: Dialect, there: Dialect) -> None:
    """Cleanly closed or broken off, a reply without its end never looks complete."""
    some = there.events[:4]
    for script in (stream(some), (*begun(some), Close())):
        asked = ask(house, client, there, script, stream=True)
        assert failure_in(client, asked.reply.body)


@each_crossing
def test_a_page_is_no_reply(house: House, client: Dialect, there: Dialect) -> None:
    """HTML, or JSON of no dialect, is a 502 that names the provider."""
    assert there is not client
    for body, streamed in ((b"<html></html>", False), (b"[]", False), (b"<html></html>", True)):
        asked = ask(house, client, there, whole(body, 200, {"content-type": "text/html"}), stream=streamed)
        assert asked.reply.status == 502
        assert client.error(asked.reply)["message"].startswith("provider `")


@each_crossing
def test_a_whole_answer_to_a_stream_request_is_streamed(
    house: House, client: Dialect, there: Dialect
) -> None:
    """Some boxes cannot stream: what they answer whole is told as a stream."""
    asked = ask(house, client, there, whole(there.whole), stream=True)
    assert asked.reply.status == 200
    assert client.terminal in asked.reply.body
    assert TEXT[client.name] in asked.reply.body


def test_tokens_are_counted_for_a_provider_that_cannot_count(house: House) -> None:
    """A count for a model that is spoken to in another dialect is estimated here; nothing goes upstream."""
    body = MESSAGES.body("only-chat/x")
    reply = house.call("POST", "/v1/messages/count_tokens", JSON.items(), body)
    assert reply.status == 200
    assert reply.json()["input_tokens"] > 0


def test_usage_of_a_stream_is_asked_for_upstream_and_shown_as_the_client_wants(house: House) -> None:
    """A chat client that asks for no usage sees none, and one that asks does."""
    script, wanted = stream(MESSAGES.events), {"stream_options": {"include_usage": True}}
    quiet = ask(house, CHAT, MESSAGES, script, stream=True).reply.body
    told = ask(house, CHAT, MESSAGES, script, stream=True, **wanted).reply.body
    assert b'"usage"' not in quiet
    assert b'"usage":{' in told
    assert sent(ask(house, MESSAGES, CHAT, stream(CHAT.events), stream=True))["stream_options"] == {
        "include_usage": True
    }


def test_an_upstream_that_never_ends_is_not_waited_for(house: House) -> None:
    """After its last event a stream is over, whether or not the connection is closed."""
    asked = ask(house, MESSAGES, CHAT, (*begun(CHAT.events), Pause(20.0)), stream=True)
    assert MESSAGES.terminal in asked.reply.body


@pytest.mark.parametrize("client", ALL, ids=[client.name for client in ALL])
def test_half_a_surrogate_pair_does_not_end_the_conversation(house: House, client: Dialect) -> None:
    """A text an agent cut inside an emoji goes on as it came, or with U+FFFD where it is written anew."""
    half = rb"cut \ud83d here"
    for there in ALL:
        body = client.body(f"{BOXES[there.name]}/{MODEL}").replace("é".encode(), half)
        assert half in body
        asked = house.ask(client, whole(there.whole), body=body)
        assert asked.reply.status == 200
        arrived = half if client is there else "cut \ufffd here".encode()
        assert arrived in asked.exchange.request.body
