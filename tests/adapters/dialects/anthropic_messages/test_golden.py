"""anthropic-messages as it leaves us, field by field and in order: clients may depend on any of it."""

import json

import pytest

from adapters.dialect import ModelEntry
from adapters.dialects.anthropic_messages import DIALECT
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault
from tests.adapters.cuts import recorded_streams

REPLY = Reply(
    id="01",
    model="claude-x",
    blocks=(ThinkingBlock("Hm.", "c2ln"), TextBlock("Hi, é"), ToolBlock("call_1", "Read", '{"a": [1]}')),
    stop="tool_use",
    usage=Usage(input=1, cache_read=2, cache_write_5m=3, cache_write_1h=4, output=5, reasoning=1),
)

WHOLE = {
    "id": "msg_01",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Hi, é"},
        {"type": "tool_use", "id": "call_1", "name": "Read", "input": {"a": [1]}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 1,
        "cache_creation_input_tokens": 7,
        "cache_read_input_tokens": 2,
        "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
        "output_tokens": 5,
        "service_tier": "standard",
    },
}

STREAM: list[dict[str, object]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_01",
            "type": "message",
            "role": "assistant",
            "model": "claude-x",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 1,
                "cache_creation_input_tokens": 7,
                "cache_read_input_tokens": 2,
                "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
                "output_tokens": 0,
                "service_tier": "standard",
            },
        },
    },
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
    },
    {"type": "ping"},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "thinking_delta", "thinking": "Hm."},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "signature_delta", "signature": "c2ln"},
    },
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "text_delta", "text": "Hi, é"},
    },
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "call_1", "name": "Read", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 2,
        "delta": {"type": "input_json_delta", "partial_json": '{"a": [1]}'},
    },
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {
            "input_tokens": 1,
            "cache_creation_input_tokens": 7,
            "cache_read_input_tokens": 2,
            "output_tokens": 5,
        },
    },
    {"type": "message_stop"},
]


def test_a_whole_reply_is_written_in_anthropics_order() -> None:
    """Every field a message has, nulls included, as the reference lists them."""
    assert json.dumps(json.loads(DIALECT.write_reply(REPLY))) == json.dumps(WHOLE)


def test_a_stream_is_written_event_by_event() -> None:
    """Every event with its fields, in order."""
    flag = False
    frames = DIALECT.write_stream(REPLY, flag)
    told = [json.loads(frame.split(b"\ndata: ")[1]) for frame in frames]
    assert [json.dumps(document) for document in told] == [json.dumps(document) for document in STREAM]


def test_text_is_written_as_it_is() -> None:
    """Signs outside ASCII leave as UTF-8, and tool input keeps its bytes."""
    body = DIALECT.write_reply(REPLY)
    assert '"Hi, é"'.encode() in body
    assert b'"input":{"a": [1]}' in body


@pytest.mark.parametrize("frame", [DIALECT.sign_of_life])
def test_the_sign_of_life_is_anthropics_ping(frame: bytes) -> None:
    """A ping is said as Anthropic says it."""
    assert frame == b'event: ping\ndata: {"type": "ping"}\n\n'


def fields_of(value: object) -> object:
    """The names of a document's fields, its values left out."""
    if isinstance(value, dict):
        return {key: fields_of(held) for key, held in value.items() if key not in ("input", "partial_json")}
    return type(value).__name__ if not isinstance(value, list) else []


def shapes_of(stream: bytes) -> dict[str, set[str]]:
    """Each kind of event in a stream with the shapes it comes in, by block and delta."""
    shapes: dict[str, set[str]] = {}
    for frame in stream.split(b"\n\n")[:-1]:
        document = json.loads(frame.split(b"data: ")[1])
        kind = document.get("delta", document.get("content_block", {})).get("type", "")
        shapes.setdefault(f"{document['type']} {kind}".strip(), set()).add(
            json.dumps(fields_of(document), sort_keys=True)
        )
    return shapes


def test_our_events_have_the_shape_of_recorded_ones() -> None:
    """Each kind of event a real agent was sent is written by us with the same fields."""
    flag = False
    ours = shapes_of(b"".join(DIALECT.write_stream(REPLY, flag)))
    theirs = shapes_of(recorded_streams("anthropic-messages")["thinking-and-tool"])
    different = {name for name in theirs if theirs[name] != ours.get(name)}
    # The last usage has the caches in ours always, in theirs mostly.
    assert different <= {"message_delta"}
    assert set(ours) >= set(theirs)


ERROR = {
    "type": "error",
    "error": {"type": "not_found_error", "message": "No model is called `x`."},
    "request_id": "req_1",
}
MODELS = {
    "data": [
        {"type": "model", "id": "a", "display_name": "a", "created_at": "2023-11-14T22:13:20Z"},
        {"type": "model", "id": "b", "display_name": "b", "created_at": "1970-01-01T00:00:00Z"},
    ],
    "has_more": False,
    "first_id": "a",
    "last_id": "b",
}


def test_an_error_is_written_in_anthropics_order() -> None:
    """As a body, and as the event that ends a stream, it is the same document."""
    fault = Fault("not_found", 404, "No model is called `x`.", code="model_not_found", param="model")
    body = DIALECT.write_error(fault, "req_1")
    assert json.dumps(json.loads(body)) == json.dumps(ERROR)
    assert DIALECT.tap().failure(fault, "req_1") == b"event: error\ndata: " + body + b"\n\n"


def test_models_are_written_in_anthropics_order() -> None:
    """A list and its lines have every field the reference lists."""
    entries = [ModelEntry("a", "box", 1_700_000_000), ModelEntry("b", "box")]
    assert json.dumps(json.loads(DIALECT.write_models(entries))) == json.dumps(MODELS)
    assert json.loads(DIALECT.write_model(entries[1])) == MODELS["data"][1]  # type: ignore[index]
