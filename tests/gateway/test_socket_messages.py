"""Messages on a socket: what is read of them, and how errors are told."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_steer_failed_event import ResponseSteerFailedEvent
from openai.types.responses.responses_server_event import ResponseWsError

from adapters.fault import Fault
from gateway.errors import Refused
from gateway.socket_messages import Ask, idle_too_long, read, tell_fault, tell_reply, unknown_previous

FAULT = Fault("overloaded", 503, "come back", code="away", retry_after=3)


def ask(**fields: object) -> Ask:
    """A request read."""
    found = read(msgspec.json.encode({"type": "response.create", **fields}))
    assert isinstance(found, Ask)
    return found


def test_the_envelope_stays_behind() -> None:
    """What a message says to the socket does not go on; everything else does, in its order."""
    found = ask(model="m", generate=True, x=[1], stream=False, store=False, previous_response_id=None)
    assert found.body(b"") == b'{"model":"m","x":[1],"store":false,"stream":true}'
    assert (found.model, found.generate, found.stored, found.previous) == ("m", True, False, None)


def test_what_is_left_out() -> None:
    """A message that says nothing of it is generated and stored, and begins a conversation."""
    found = ask()
    assert (found.model, found.generate, found.stored, found.previous) == ("", True, True, None)
    assert ask(previous_response_id="").previous is None
    assert not ask(generate=False).generate


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ([], b""),
        (None, b""),
        ("é", '{"type":"message","role":"user","content":"é"}'.encode()),
        ([{"a": 1}, {"b": [2]}], b'{"a":1},{"b":[2]}'),
    ],
)
def test_the_items_of_an_input(said: object, items: bytes) -> None:
    """A string is what the user says, a list is its items, and nothing is nothing."""
    assert ask(input=said).items == items


def test_going_on() -> None:
    """A request that goes on holds what was said before, in front of its own items."""
    previous = {"previous_response_id": "r"}
    for said, before, whole in (
        ([1], b"0", b"[0,1]"),
        ([], b"0", b"[0]"),
        ([1], b"", b"[1]"),
        (None, b"", b"[]"),
    ):
        body = ask(model="m", input=said, **previous).body(before)
        assert body == b'{"model":"m","input":%b,"stream":true}' % whole
    assert ask(model="m", **previous).body(b"0") == b'{"model":"m","input":[0],"stream":true}'


@given(st.binary() | st.text().map(str.encode) | st.from_type(dict).map(repr).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Whatever comes, it is a request, nothing, or a refusal with a 400."""
    assert outcome(data) in (Ask, bytes, 400)


def outcome(data: bytes) -> object:
    """What a message was read as, or the status it was refused with."""
    try:
        return type(read(data))
    except Refused as refused:
        return refused.fault.status


def test_steering_is_refused_as_the_sdk_reads_it() -> None:
    """What is not said to a response comes back whole, in OpenAI's own shape."""
    told = read(b'{"type":"response.steer","previous_response_id":"r","input":"faster"}')
    assert isinstance(told, bytes)
    event = ResponseSteerFailedEvent.model_validate_json(told)
    assert event.error.code == "steering_not_supported"
    assert (event.steer.previous_response_id, event.steer.input) == ("r", "faster")


def as_the_sdk(event: bytes) -> ResponseWsError:
    """An error event, checked by the type OpenAI's SDK has for it."""
    return ResponseWsError.model_validate_json(event)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (FAULT, "away", "come back"),
        (unknown_previous("r", 0), "previous_response_not_found", "'r' not found"),
        (unknown_previous("r", 77), "previous_response_not_found", "77 bytes"),
        (unknown_previous("r" * 9000, 0), "previous_response_not_found", "whole input"),
        (idle_too_long(3600), "websocket_connection_limit_reached", "60 minutes"),
    ],
)
def test_our_faults_are_events(fault: Fault, code: str, words: str) -> None:
    """A fault of ours is an error event with its status, its code and its words, at a bounded length."""
    event = tell_fault(fault)
    found = as_the_sdk(event)
    assert (found.status, found.error.code) == (fault.status, code)
    assert words in found.error.message
    assert len(event) < 1000


def test_when_to_come_back_is_a_header() -> None:
    """A fault that says when to come back says it where Codex looks."""
    assert msgspec.json.decode(tell_fault(FAULT))["headers"] == {"retry-after": "3"}
    assert "headers" not in msgspec.json.decode(tell_fault(unknown_previous("r", 0)))


@pytest.mark.parametrize(
    ("status", "body", "message", "code"),
    [
        (429, b'{"error":{"message":"slow","type":"t","code":"c","x":1}}', "slow", "c"),
        (429, b'{"error":{"message":"slow","code":429}}', "slow", "429"),
        (400, b'{"error":"no"}', "no", None),
        (400, b'{"message":"no","object":"error"}', "no", None),
        (418, b"{}", "the provider answered 418", None),
        (502, b"", "the provider answered 502", "upstream_error"),
    ],
)
def test_replies_are_events(status: int, body: bytes, message: str, code: str | None) -> None:
    """An error reply is told with its own words where clients can read them, and in ours elsewhere."""
    headers = [(b"content-type", b"text/plain"), (b"retry-after", b"7"), (b"x-odd", b"\xe9")]
    event = tell_reply(status, headers, body)
    found = as_the_sdk(event)
    assert (found.status, found.error.message, found.error.code) == (status, message, code)
    told: dict[str, Any] = msgspec.json.decode(event)
    assert told["headers"] == {"retry-after": "7", "x-odd": "é"}
    assert told["error"].get("x") == (1 if code == "c" else None)
