"""ollama as it leaves us, field by field and in order: clients may depend on any of it."""

import json
from typing import Any

from adapters.conversation import (
    PLAIN,
    ChatRequest,
    Choice,
    Format,
    Reasoning,
    Sampling,
    Text,
    Tool,
    Turn,
)
from adapters.dialect import ModelEntry
from adapters.dialects.ollama import DIALECT
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault

REPLY = Reply(
    id="01",
    model="qwen3:8b",
    blocks=(ThinkingBlock("Hm"), TextBlock("Hi, é"), ToolBlock("call_1", "Read", '{"a": [1]}')),
    stop="tool_use",
    usage=Usage(input=1, cache_read=2, cache_write_5m=3, cache_write_1h=4, output=5, reasoning=1),
    created=1_700_000_000,
)
CALLS = [{"id": "call_1", "function": {"index": 0, "name": "Read", "arguments": {"a": [1]}}}]
HEAD = {"model": "qwen3:8b", "created_at": "2023-11-14T22:13:20Z"}
LAST = {
    "done": True,
    "done_reason": "stop",
    "total_duration": 0,
    "load_duration": 0,
    "prompt_eval_count": 10,
    "prompt_eval_duration": 0,
    "eval_count": 5,
    "eval_duration": 0,
}
WHOLE = {
    **HEAD,
    "message": {"role": "assistant", "content": "Hi, é", "thinking": "Hm", "tool_calls": CALLS},
    "response": "Hi, é",
    "thinking": "Hm",
    **LAST,
}


def line(message: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One line of the stream."""
    said = {"role": "assistant", "content": "", **message}
    return {**HEAD, "message": said, "response": said["content"], "done": False, **fields}


STREAM = [
    {**HEAD, "message": {"role": "assistant", "content": "", "thinking": "Hm"}}
    | {"response": "", "thinking": "Hm", "done": False},
    line({"content": "Hi, é"}),
    line({"tool_calls": CALLS}),
    line({}, **LAST),
]


def test_a_whole_reply_is_written_in_ollamas_order() -> None:
    """Every field a reply has, and the text of /api/generate beside the message."""
    assert json.dumps(json.loads(DIALECT.write_reply(REPLY))) == json.dumps(WHOLE)


def test_a_stream_is_written_line_by_line() -> None:
    """Every line with its fields, in order; what was used stands in the last one."""
    flag = True
    told = [json.loads(frame) for frame in DIALECT.write_stream(REPLY, flag)]
    assert [json.dumps(one) for one in told] == [json.dumps(one) for one in STREAM]


def test_text_is_written_as_it_is() -> None:
    """Signs outside ASCII leave as UTF-8, arguments as JSON."""
    body = DIALECT.write_reply(REPLY)
    assert '"Hi, é"'.encode() in body
    assert b'"arguments":{"a": [1]}' in body


def test_an_error_is_its_words() -> None:
    """As a body, and as the line that ends a stream, it is the same document."""
    fault = Fault("not_found", 404, "model 'x' not found", code="model_not_found", param="model")
    assert DIALECT.write_error(fault, "req_1") == b"""{"error":"model 'x' not found"}"""
    assert DIALECT.tap().failure(fault, "req_1") == b"""{"error":"model 'x' not found"}\n"""


def test_the_sign_of_life_is_a_line_that_says_nothing() -> None:
    """Empty texts are all that every client of both paths takes."""
    told = json.loads(DIALECT.sign_of_life)
    assert told == {
        "model": "",
        "created_at": "1970-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": ""},
        "response": "",
        "done": False,
    }


DETAILS = {
    "parent_model": "",
    "format": "",
    "family": "box",
    "families": ["box"],
    "parameter_size": "",
    "quantization_level": "",
}
SHOWN = {
    "modelfile": "",
    "parameters": "",
    "template": "",
    "details": DETAILS,
    "model_info": {"general.architecture": "box", "general.basename": "a"},
    "capabilities": ["completion", "tools"],
    "modified_at": "2023-11-14T22:13:20Z",
}
LISTED = {
    "models": [
        {
            "name": "a",
            "model": "a",
            "modified_at": "2023-11-14T22:13:20Z",
            "size": 0,
            "digest": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
            "details": DETAILS,
        }
    ]
}


def test_models_are_written_in_ollamas_order() -> None:
    """A list, and one model, have every field that its command line reads."""
    entry = ModelEntry("a", "box", 1_700_000_000)
    assert json.dumps(json.loads(DIALECT.write_models([entry]))) == json.dumps(LISTED)
    assert json.dumps(json.loads(DIALECT.write_model(entry))) == json.dumps(SHOWN)


REQUEST = ChatRequest(
    dialect="anthropic-messages",
    model="gpt-oss:20b",
    system=(Text("s"),),
    turns=(Turn("user", (Text("Hi"),)),),
    tools=(Tool(name="f", description="d"),),
    choice=Choice("auto"),
    max_tokens=9,
    sampling=Sampling(temperature=0.5, logprobs=True),
    stop=("END",),
    reasoning=Reasoning("high"),
    format=Format(),
    stream=True,
)
WRITTEN = {
    "model": "gpt-oss:20b",
    "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Hi"}],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {}},
            },
        }
    ],
    "format": "json",
    "options": {"num_predict": 9, "temperature": 0.5, "stop": ["END"]},
    "think": "high",
    "logprobs": True,
    "stream": True,
    "truncate": False,
}


def test_a_request_is_written_whole() -> None:
    """Every setting at its place: what is drawn with is among the options, the rest beside them."""
    write_request = DIALECT.write_request
    told = write_request(REQUEST, PLAIN)
    assert json.dumps(json.loads(told.body)) == json.dumps(WRITTEN)
    assert told.dropped == ()
