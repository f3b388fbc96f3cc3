"""openai-chat as it leaves us, field by field and in order: clients may depend on any of it."""

import json
from typing import Any

from adapters.dialect import ModelEntry
from adapters.dialects.openai_chat import DIALECT
from adapters.events import Reply, TextBlock, ToolBlock, Usage
from adapters.fault import Fault
from tests.adapters.cuts import recorded_streams

REPLY = Reply(
    id="01",
    model="gpt-x",
    blocks=(TextBlock("Hi, é"), ToolBlock("call_1", "Read", '{"a": [1]}')),
    stop="tool_use",
    usage=Usage(input=1, cache_read=2, output=5, reasoning=1),
    created=1_700_000_000,
)

USAGE = {
    "prompt_tokens": 3,
    "completion_tokens": 5,
    "total_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 2, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 1,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}

WHOLE = {
    "id": "chatcmpl-01",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-x",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Hi, é",
                "refusal": None,
                "annotations": [],
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "Read", "arguments": '{"a": [1]}'},
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "tool_calls",
        }
    ],
    "usage": USAGE,
    "service_tier": "default",
    "system_fingerprint": None,
}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """One chunk of the stream with usage asked for."""
    return {
        "id": "chatcmpl-01",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "gpt-x",
        "service_tier": "default",
        "system_fingerprint": None,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
    }


STREAM = [
    chunk({"role": "assistant", "content": None, "refusal": None}),
    chunk({"content": "Hi, é"}),
    chunk(
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "Read", "arguments": ""},
                }
            ]
        }
    ),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a": [1]}'}}]}),
    chunk({}, "tool_calls"),
    {**chunk({}), "choices": [], "usage": USAGE},
]


def test_a_whole_reply_is_written_in_openais_order() -> None:
    """Every field a completion has, nulls included, as the reference lists them."""
    assert json.dumps(json.loads(DIALECT.write_reply(REPLY))) == json.dumps(WHOLE)


def test_a_stream_is_written_chunk_by_chunk() -> None:
    """Every chunk with its fields, in order, then the end."""
    flag = True
    *frames, done = DIALECT.write_stream(REPLY, flag)
    told = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    assert [json.dumps(document) for document in told] == [json.dumps(document) for document in STREAM]
    assert done == b"data: [DONE]\n\n"


def test_without_usage_the_field_is_absent() -> None:
    """A client that did not ask sees no usage, not even a null one."""
    flag = False
    *frames, _ = DIALECT.write_stream(REPLY, flag)
    told = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    bare = [{key: value for key, value in document.items() if key != "usage"} for document in STREAM[:-1]]
    assert told == bare


def test_text_is_written_as_it_is() -> None:
    """Signs outside ASCII leave as UTF-8, and arguments are the text of JSON."""
    body = DIALECT.write_reply(REPLY)
    assert '"Hi, é"'.encode() in body
    assert rb'"arguments":"{\"a\": [1]}"' in body


def test_the_sign_of_life_is_a_comment() -> None:
    """A comment is the one heartbeat every chat client takes."""
    assert DIALECT.sign_of_life == b": penstock\n\n"


def fields_of(stream: bytes) -> dict[str, list[str]]:
    """The fields of a stream's chunks and of their choices, in the order they come."""
    documents = [
        json.loads(frame.removeprefix(b"data: ")) for frame in stream.split(b"\n\n") if b"{" in frame
    ]
    choices = [choice for document in documents for choice in document["choices"]]
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls", [])]
    return {
        "chunk": sorted(documents[0]),
        "choice": sorted(choices[0]),
        "first delta": sorted(choices[0]["delta"]),
        "first call": sorted(calls[0]),
        "next call": sorted(calls[1]),
        "last choice": sorted(choices[-1]["delta"]),
        "usage": sorted(documents[-1]["usage"]),
    }


def test_our_chunks_have_the_shape_of_recorded_ones() -> None:
    """Each kind of chunk a real agent was sent is written by us with the same fields."""
    flag = True
    ours = fields_of(b"".join(DIALECT.write_stream(REPLY, flag)))
    assert ours == fields_of(recorded_streams("openai-chat")["tool"])


ERROR = {
    "error": {
        "message": "No model is called `x`.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }
}
MODELS = {
    "object": "list",
    "data": [
        {"id": "a", "object": "model", "created": 1_700_000_000, "owned_by": "box"},
        {"id": "b", "object": "model", "created": 0, "owned_by": "box"},
    ],
}


def test_an_error_is_written_in_openais_order() -> None:
    """As a body, and as the chunk that ends a stream, it is the same document."""
    fault = Fault("not_found", 404, "No model is called `x`.", code="model_not_found", param="model")
    body = DIALECT.write_error(fault, "req_1")
    assert json.dumps(json.loads(body)) == json.dumps(ERROR)
    assert DIALECT.tap().failure(fault, "req_1") == b"data: " + body + b"\n\n"


def test_models_are_written_in_openais_order() -> None:
    """A list and its lines have every field the reference lists."""
    entries = [ModelEntry("a", "box", 1_700_000_000), ModelEntry("b", "box")]
    assert json.dumps(json.loads(DIALECT.write_models(entries))) == json.dumps(MODELS)
    assert json.loads(DIALECT.write_model(entries[0])) == MODELS["data"][0]
