"""A request read and written in its own dialect: what is said is said again, the unknown included."""

import json
from typing import Any

import pytest

from adapters.conversation import ClientTool, Quirks
from adapters.dialects.anthropic_messages import request_read as anthropic_read
from adapters.dialects.anthropic_messages import request_write as anthropic_write
from adapters.dialects.openai_chat import request_read as chat_read
from adapters.dialects.openai_chat import request_write as chat_write
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import HI, Body, body_of

MARK = {"cache_control": {"type": "ephemeral"}}
SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}


def said(**block: object) -> Body:
    """A request with this block beside a marked text."""
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", **MARK}, block]}]}


def answered(**block: object) -> Body:
    """A request with this block in an assistant's turn, and a user's after it."""
    return {"messages": [HI, {"role": "assistant", "content": [block, {"type": "text", "text": "b"}]}, HI]}


CALL: Body = {"type": "tool_use", "id": "c1", "name": "x", "input": {"a": 1}, **MARK}
RESULT: Body = {
    "type": "tool_result",
    "tool_use_id": "c1",
    "content": [{"type": "tool_reference", "tool_name": "y"}],
    "is_error": True,
    **MARK,
}
ANTHROPIC: dict[str, Body] = {
    "marks": {
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: a"},
            {"type": "text", "text": "b", **MARK},
        ]
    },
    "a system turn": {"messages": [HI, {"role": "system", "content": "now"}]},
    "thinking": answered(type="thinking", thinking="hm", signature="s"),
    "hidden thinking": answered(type="redacted_thinking", data="x"),
    "a server tool": answered(type="server_tool_use", id="s1", name="web_search", input={"q": 1}),
    "citations": answered(type="text", text="a", citations=[{"type": "page_location"}]),
    "an image": said(type="image", source={"type": "file", "file_id": "f1"}, **MARK),
    "a document": said(
        type="document",
        source={"type": "base64", "media_type": "application/pdf", "data": "QUJD"},
        title="t",
        context="c",
        citations={"enabled": True},
        **MARK,
    ),
    "an unknown block": said(type="new", text=[1]),
    "a tool's round": {
        "messages": [HI, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
    },
    "tools": {
        "tools": [
            {
                "name": "x",
                "description": "d",
                "input_schema": SCHEMA,
                "strict": False,
                "defer_loading": True,
                **MARK,
            },
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
        ],
        "tool_choice": {"type": "tool", "name": "web_search", "disable_parallel_tool_use": True},
    },
    "thinking asked": {
        "thinking": {"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
        "temperature": 1,
        "top_p": 1,
        "top_k": 5,
    },
    "adaptive": {
        "thinking": {"type": "adaptive", "display": "updates"},
        "output_config": {"effort": "max", "format": {"type": "json_schema", "schema": SCHEMA}},
    },
    "an effort": {"output_config": {"effort": "xhigh"}},
    "disabled": {"thinking": {"type": "disabled"}},
    "the rest": {
        "metadata": {"user_id": "u"},
        "service_tier": "standard_only",
        "stop_sequences": ["a"],
        "stream": True,
        "context_management": {"edits": []},
        "safeguards": [{"type": "x"}],
    },
}


@pytest.mark.parametrize("fields", ANTHROPIC.values(), ids=ANTHROPIC)
def test_anthropic_survives_the_middle(fields: Body) -> None:
    """Marks, signatures, blocks and settings of Anthropic's own come out as they went in."""
    body = body_of({"max_tokens": 4000, **fields})
    written = anthropic_write.write_request(anthropic_read.read_request(body))
    assert json.loads(written.body) == json.loads(body)
    assert (written.dropped, written.tools) == ((), {})


CUSTOM: Body = {"type": "custom", "custom": {"name": "p", "description": "d", "format": {"type": "text"}}}
FREE: Body = {"id": "c1", "type": "custom", "custom": {"name": "p", "input": "a"}}
CHAT: dict[str, Body] = {
    "a system": {"messages": [{"role": "system", "content": "a"}, HI, {"role": "system", "content": "b"}]},
    "a custom tool": {
        "tools": [CUSTOM],
        "messages": [
            HI,
            {"role": "assistant", "content": None, "tool_calls": [FREE]},
            {"role": "tool", "tool_call_id": "c1", "content": "b"},
        ],
    },
    "media": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}},
                    {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
                ],
            }
        ]
    },
    "a refusal": {"messages": [HI, {"role": "assistant", "content": None, "refusal": "No."}]},
    "sampling": {"temperature": 1.5, "top_p": 0.5, "seed": 7, "logprobs": True, "top_logprobs": 2},
    "the rest": {
        "n": 2,
        "max_completion_tokens": 5,
        "stop": ["a"],
        "user": "u",
        "service_tier": "flex",
        "reasoning_effort": "high",
        "response_format": {"type": "json_object"},
        "store": False,
        "prediction": {"type": "content", "content": "x"},
    },
    "a schema": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "r", "description": "d", "schema": SCHEMA},
        }
    },
    "a tool of the provider's": {"tools": [{"type": "new", "new": {}}], "tool_choice": "required"},
}


@pytest.mark.parametrize("fields", CHAT.values(), ids=CHAT)
def test_chat_survives_the_middle(fields: Body) -> None:
    """Messages, media, freeform tools and settings of OpenAI's own come out as they went in."""
    body = body_of(fields)
    written = chat_write.write_request(chat_read.read_request(body), Quirks(freeform_tools=True))
    assert json.loads(written.body) == json.loads(body)
    assert (written.dropped, written.tools) == ((), {})


def test_a_freeform_tool_is_bridged_where_the_provider_has_none() -> None:
    """Definition and history become a function with one string, and the map says so."""
    body = body_of(CHAT["a custom tool"])
    written = chat_write.write_request(chat_read.read_request(body))
    sent: dict[str, Any] = json.loads(written.body)
    assert sent["tools"][0]["function"]["parameters"]["required"] == ["input"]
    assert sent["messages"][1]["tool_calls"][0]["function"] == {"name": "p", "arguments": '{"input":"a"}'}
    assert written.tools == {"p": ClientTool("p", freeform=True)}


def test_a_sound_nobody_plays_is_refused() -> None:
    """Chat takes two kinds of sound."""
    sound = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "flac"}}
    body = body_of({"messages": [{"role": "user", "content": [sound]}]})
    with pytest.raises(Malformed, match="a sound of type 'audio/flac'"):
        chat_write.write_request(chat_read.read_request(body))


def test_a_budget_too_small_is_dropped() -> None:
    """Where the limit leaves no room for the least budget, thinking is not asked for."""
    fields = {"max_tokens": 500, "thinking": {"type": "enabled", "budget_tokens": 2000}}
    written = anthropic_write.write_request(anthropic_read.read_request(body_of(fields)))
    assert "thinking" not in json.loads(written.body)
    assert written.dropped == ("thinking",)
