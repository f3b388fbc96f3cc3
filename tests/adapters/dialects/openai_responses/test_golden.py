"""openai-responses as it leaves us, field by field and in order: clients may depend on any of it."""

import json
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from adapters.dialects.openai_responses import DIALECT
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault
from tests.adapters.cuts import recorded_streams

REPLY = Reply(
    id="01",
    model="gpt-x",
    blocks=(ThinkingBlock("Hm", "c2ln"), TextBlock("Hi, é"), ToolBlock("call_1", "Read", '{"a": [1]}')),
    stop="tool_use",
    usage=Usage(input=1, cache_read=2, output=5, reasoning=1),
    created=1_700_000_000,
)

USAGE = {
    "input_tokens": 3,
    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 8,
}
PART = {"type": "output_text", "annotations": [], "logprobs": [], "text": "Hi, é"}
THOUGHT: dict[str, Any] = {
    "id": "rs_0100",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm"}],
    "encrypted_content": "c2ln",
}
MESSAGE = {
    "id": "msg_0101",
    "type": "message",
    "status": "completed",
    "content": [PART],
    "role": "assistant",
}
CALL = {
    "id": "fc_0102",
    "type": "function_call",
    "status": "completed",
    "arguments": '{"a": [1]}',
    "call_id": "call_1",
    "name": "Read",
}


def response(status: str, output: list[Any], usage: object) -> dict[str, Any]:
    """A response with every field it has."""
    return {
        "id": "resp_01",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "gpt-x",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": {},
    }


BEGUN = response("in_progress", [], None)
WHOLE = response("completed", [THOUGHT, MESSAGE, CALL], USAGE)
IN_THOUGHT: dict[str, Any] = {"item_id": "rs_0100", "output_index": 0, "summary_index": 0}
IN_MESSAGE = {"item_id": "msg_0101", "output_index": 1, "content_index": 0}
IN_CALL = {"item_id": "fc_0102", "output_index": 2}
OPENED = {key: value for key, value in {**THOUGHT, "summary": []}.items() if key != "encrypted_content"}
STREAM: list[tuple[str, dict[str, Any]]] = [
    ("created", {"response": BEGUN}),
    ("in_progress", {"response": BEGUN}),
    ("output_item.added", {"output_index": 0, "item": OPENED}),
    ("reasoning_summary_part.added", {**IN_THOUGHT, "part": {"type": "summary_text", "text": ""}}),
    ("reasoning_summary_text.delta", {**IN_THOUGHT, "delta": "Hm"}),
    ("reasoning_summary_text.done", {**IN_THOUGHT, "text": "Hm"}),
    ("reasoning_summary_part.done", {**IN_THOUGHT, "part": THOUGHT["summary"][0]}),
    ("output_item.done", {"output_index": 0, "item": THOUGHT}),
    ("output_item.added", {"output_index": 1, "item": {**MESSAGE, "status": "in_progress", "content": []}}),
    ("content_part.added", {**IN_MESSAGE, "part": {**PART, "text": ""}}),
    ("output_text.delta", {**IN_MESSAGE, "delta": "Hi, é", "logprobs": []}),
    ("output_text.done", {**IN_MESSAGE, "text": "Hi, é", "logprobs": []}),
    ("content_part.done", {**IN_MESSAGE, "part": PART}),
    ("output_item.done", {"output_index": 1, "item": MESSAGE}),
    ("output_item.added", {"output_index": 2, "item": {**CALL, "status": "in_progress", "arguments": ""}}),
    ("function_call_arguments.delta", {**IN_CALL, "delta": '{"a": [1]}'}),
    ("function_call_arguments.done", {**IN_CALL, "arguments": '{"a": [1]}'}),
    ("output_item.done", {"output_index": 2, "item": CALL}),
    ("completed", {"response": WHOLE}),
]


def frames_of(reply: Reply) -> list[bytes]:
    """A reply as frames."""
    asked_for_usage = False
    return DIALECT.write_stream(reply, asked_for_usage)


def test_a_whole_reply_is_written_in_openais_order() -> None:
    """Every field a response has, nulls included, as the reference lists them."""
    assert json.dumps(json.loads(DIALECT.write_reply(REPLY))) == json.dumps(WHOLE)


def test_a_stream_is_written_event_by_event() -> None:
    """Every event with its name, its number and its fields, in order."""
    told = [frame.decode().split("\n") for frame in frames_of(REPLY)]
    for number, ((kind, fields), lines) in enumerate(zip(STREAM, told, strict=True)):
        document = {"type": f"response.{kind}", "sequence_number": number, **fields}
        assert lines[0] == f"event: response.{kind}"
        assert json.dumps(json.loads(lines[1].removeprefix("data: "))) == json.dumps(document)
        assert lines[2:] == ["", ""]


def test_usage_is_in_the_stream_unasked() -> None:
    """Responses carry their usage whoever asks: the flag of a chat means nothing here."""
    asked_for_usage = True
    assert DIALECT.write_stream(REPLY, asked_for_usage) == frames_of(REPLY)


def test_the_sign_of_life_is_a_comment() -> None:
    """A comment is the one heartbeat every client of this API takes."""
    assert DIALECT.sign_of_life == b": penstock\n\n"


def fields_of(stream: bytes) -> dict[str, set[str]]:
    """The fields of a stream's events, by kind; of those a provider may add, none."""
    added = {"phase", "obfuscation", "encrypted_content"}
    told: dict[str, set[str]] = {}
    for frame in stream.decode().removesuffix("\n\n").split("\n\n"):
        document = json.loads(frame.split("data: ", 1)[1])
        held = document.get("item") or document.get("part") or {}
        told[f"{document['type']} {held.get('type', '')}"] = {*document, *held} - added
    return told


def test_our_events_have_the_shape_of_recorded_ones() -> None:
    """Each kind of event a real agent was sent is written by us with the same fields."""
    ours = fields_of(b"".join(frames_of(REPLY)))
    theirs = fields_of(recorded_streams("openai-responses")["reasoning-and-function"])
    theirs["response.function_call_arguments.done "].remove("name")  # not in the reference
    assert ours == theirs


CALLS: dict[str, tuple[ToolBlock, dict[str, Any]]] = {
    "a function in a namespace": (
        ToolBlock("call_1", "spawn", "{}", "agents"),
        {
            "id": "fc_100",
            "type": "function_call",
            "status": "completed",
            "arguments": "{}",
            "call_id": "call_1",
            "name": "spawn",
            "namespace": "agents",
        },
    ),
    "a custom tool": (
        ToolBlock("call_1", "apply_patch", "*** Begin Patch", custom=True),
        {
            "id": "ctc_100",
            "type": "custom_tool_call",
            "status": "completed",
            "call_id": "call_1",
            "input": "*** Begin Patch",
            "name": "apply_patch",
        },
    ),
}


@pytest.mark.parametrize(("call", "item"), CALLS.values(), ids=CALLS)
def test_a_call_is_written_in_openais_order(call: ToolBlock, item: dict[str, Any]) -> None:
    """Each kind of call is an item of its own, with no field that says nothing."""
    reply = Reply("1", "m", (call,), "tool_use", Usage())
    (written,) = json.loads(DIALECT.write_reply(reply))["output"]
    assert json.dumps(written) == json.dumps(item)


def test_a_failure_is_written_in_openais_order() -> None:
    """A response that failed has every field of one, nothing in it, and the reason."""
    tap = DIALECT.tap()
    tap.feed(frames_of(REPLY)[0])
    frame = tap.failure(Fault("timeout", 504, "late"), "req_1")
    name, data, *rest = frame.decode().split("\n")
    failed = {**response("failed", [], None), "error": {"code": "server_error", "message": "late"}}
    document = {"type": "response.failed", "sequence_number": 1, "response": failed}
    assert name == "event: response.failed"
    assert json.dumps(json.loads(data.removeprefix("data: "))) == json.dumps(document)
    assert rest == ["", ""]


def test_a_reply_cut_short_is_written_in_openais_order() -> None:
    """A response that is incomplete says why in the place the reference has for it."""
    reply = Reply("01", "gpt-x", (), "max_tokens", Usage(), created=1_700_000_000)
    none = {
        "input_tokens": 0,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 0,
    }
    whole = {**response("incomplete", [], none), "incomplete_details": {"reason": "max_output_tokens"}}
    assert json.dumps(json.loads(DIALECT.write_reply(reply))) == json.dumps(whole)


STRICT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


@pytest.mark.parametrize("call", [call for call, _ in CALLS.values()], ids=CALLS)
def test_every_event_is_one_of_the_sdks_types(call: ToolBlock) -> None:
    """Not a field is missing or of another type, in any event we write, by the SDK's own definitions."""
    tap = DIALECT.tap()
    failure = tap.failure(Fault("upstream", 502, "gone"), "req_1").split(b"\n\n")[:-1]
    for frame in [*frames_of(REPLY), *frames_of(Reply("1", "m", (call,), "refusal", Usage())), *failure]:
        told = json.loads(frame.split(b"\ndata: ")[1])
        assert STRICT.validate_python(told).type == told["type"]
