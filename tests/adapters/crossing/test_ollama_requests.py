"""Requests taken to Ollama and from it: nothing that was said is missing, and the SDKs know them."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from anthropic.types import message_create_params
from hypothesis import given, settings
from hypothesis import strategies as some
from ollama._types import ChatRequest
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from adapters.conversation import PLAIN, Written
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, ollama, openai_chat
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import Body, body_of, crossed, decoded
from tests.adapters.cuts import recorded_bodies

OLLAMA, MESSAGES, CHAT = ollama.DIALECT, anthropic_messages.DIALECT, openai_chat.DIALECT
# A recorded request that holds a PDF.
WITH_PDF = "claude/0002"
# Claude Code's bodies, and Chat's of another agent.
RECORDED = {
    name: (body, CHAT if name in {"opencode/0001", "opencode/0002", "opencode/0003"} else MESSAGES)
    for name, body in recorded_bodies().items()
    if "messages" in json.loads(body) and name != WITH_PDF
}
PNG = "iVBORw0KGgoAAA"
LOOP: Body = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?", "images": [PNG]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "hm",
            "tool_calls": [
                {"function": {"name": "weather", "arguments": {"city": "Tōkyō"}}},
                {"function": {"name": "time", "arguments": {}}},
            ],
        },
        {"role": "tool", "tool_name": "time", "content": "noon"},
        {"role": "tool", "tool_name": "weather", "content": "sunny"},
        {"role": "user", "content": "Thanks"},
    ],
    "tools": [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
    "options": {"temperature": 0.5, "num_predict": 50, "num_ctx": 4096, "stop": ["END"]},
    "think": "high",
    "format": {"type": "object", "properties": {}},
    "keep_alive": "5m",
}


def to_ollama(body: bytes, source: Dialect) -> Written:
    """Take a request to Ollama."""
    return crossed(body, source, OLLAMA, PLAIN)


def from_ollama(fields: Body, target: Dialect) -> Written:
    """Take a request of Ollama's to another dialect."""
    return crossed(body_of(fields), OLLAMA, target, PLAIN)


def test_a_tool_loop_reaches_anthropic() -> None:
    """Images, thoughts, calls and results in the order of their calls, with ids that nobody gave them."""
    told = decoded(from_ollama(LOOP, MESSAGES))
    assert told["system"] == [{"type": "text", "text": "Be brief."}] or told["system"] == "Be brief."
    shown, asked = told["messages"][0]["content"]
    assert shown["source"] == {"type": "base64", "media_type": "image/png", "data": PNG}
    assert asked["text"] == "Weather?"
    calls = [block for block in told["messages"][1]["content"] if block["type"] == "tool_use"]
    assert [(call["id"], call["name"]) for call in calls] == [("call_2_0", "weather"), ("call_2_1", "time")]
    assert calls[0]["input"] == {"city": "Tōkyō"}
    results = [block for block in told["messages"][2]["content"] if block["type"] == "tool_result"]
    assert [(one["tool_use_id"], one["content"]) for one in results] == [
        ("call_2_0", "sunny"),
        ("call_2_1", "noon"),
    ]
    TypeAdapter(message_create_params.MessageCreateParams).validate_python(told)


def test_settings_reach_anthropic_or_are_named() -> None:
    """The limit and the stops have their places, the window of the model and its rest have none."""
    written = from_ollama(LOOP, MESSAGES)
    told = decoded(written)
    assert (told["max_tokens"], told["stop_sequences"]) == (50, ["END"])
    assert told["stream"] is True
    assert set(written.dropped) >= {"options.num_ctx", "keep_alive"}


def test_a_tool_loop_reaches_chat() -> None:
    """Each result stands right after the calls, by its id; effort and schema have their places."""
    written = from_ollama(LOOP, CHAT)
    told = decoded(written)
    assert [message["role"] for message in told["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
    ]
    results = told["messages"][3:5]
    assert [(one["tool_call_id"], one["content"]) for one in results] == [
        ("call_2_0", "sunny"),
        ("call_2_1", "noon"),
    ]
    address = told["messages"][1]["content"][0]["image_url"]["url"]
    assert address == f"data:image/png;base64,{PNG}"
    assert told["reasoning_effort"] == "high"
    assert told["response_format"]["json_schema"]["schema"] == LOOP["format"]
    assert told["stream_options"] == {"include_usage": True}
    TypeAdapter(completion_create_params.CompletionCreateParams).validate_python(told)


@pytest.mark.parametrize("target", [MESSAGES, CHAT, OLLAMA], ids=lambda target: target.name)
def test_a_prompt_becomes_a_conversation(target: Dialect) -> None:
    """What was asked of /api/generate is one turn of the user."""
    body = b'{"model":"m","prompt":"Why?","system":"s","stream":false,"raw":true}'
    written = target.write_request(OLLAMA.read_request(body, "/api/generate"), PLAIN)
    (asked,) = [message for message in decoded(written)["messages"] if message["role"] == "user"]
    assert asked["content"] in ("Why?", [{"type": "text", "text": "Why?"}])
    assert written.dropped == ("raw",)


def strings(value: object) -> Iterator[str]:
    """Every string inside a value."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def said_in(message: Body) -> Iterator[str]:
    """The words, images and names of a recorded message, of either dialect."""
    content = message.get("content") or ""
    if isinstance(content, str):
        yield content
        content = []
    for block in content:
        if block["type"] == "tool_result":
            yield from said_in(block)
        elif block["type"] == "image":
            yield block["source"]["data"]
        elif block["type"] in ("text", "tool_use"):
            yield from (block[key] for key in ("text", "name") if key in block)
            yield from strings(block.get("input"))
    for call in message.get("tool_calls") or ():
        yield call["function"]["name"]
        yield from strings(json.loads(call["function"]["arguments"]))


@pytest.mark.parametrize("name", RECORDED)
def test_what_agents_say_reaches_ollama(name: str) -> None:
    """Every word, image, name and argument of a recorded request is in what is sent."""
    body, source = RECORDED[name]
    written = to_ollama(body, source)
    told = decoded(written)
    ChatRequest.model_validate_json(written.body)
    assert told["stream"] is json.loads(body).get("stream", False)
    everything = "\n".join(strings(told))
    names = {tool.name: sent for sent, tool in written.tools.items()}
    for message in json.loads(body)["messages"]:
        for said in said_in(message):
            assert names.get(said, said).strip() in everything


@pytest.mark.parametrize("name", RECORDED)
def test_messages_of_agents_are_in_ollamas_order(name: str) -> None:
    """Results follow right after their calls, each with the name and the id of its own."""
    told = decoded(to_ollama(*RECORDED[name]))["messages"]
    for place, message in enumerate(told):
        calls = [(call["function"]["name"], call["id"]) for call in message.get("tool_calls", ())]
        answers = [(one["tool_name"], one["tool_call_id"]) for one in told[place + 1 :][: len(calls)]]
        assert answers == calls
        assert message["role"] != "tool" or told[place - 1]["role"] in ("tool", "assistant")


def test_an_agents_pdf_is_refused_by_name() -> None:
    """Ollama reads no documents but text, and says so nowhere else."""
    place = r"`messages\[3\].content\[2\].content\[1\]`"
    with pytest.raises(Malformed, match=f"{place}: document of type application/pdf"):
        to_ollama(recorded_bodies()[WITH_PDF], MESSAGES)


def test_claude_codes_thinking_upsets_no_model() -> None:
    """Adaptive thinking is what a model does by itself; an effort is named as dropped where none is known."""
    fields = {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}, "max_tokens": 9}
    written = to_ollama(body_of(fields), MESSAGES)
    assert "think" not in decoded(written)
    assert "thinking" in written.dropped
    levelled = to_ollama(body_of({**fields, "model": "gpt-oss:120b"}), MESSAGES)
    assert decoded(levelled)["think"] == "high"
    off = to_ollama(body_of({"thinking": {"type": "disabled"}, "max_tokens": 9}), MESSAGES)
    assert decoded(off)["think"] is False


anything = some.recursive(
    some.none() | some.booleans() | some.integers(-2, 9) | some.text(max_size=4),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
call = some.fixed_dictionaries(
    {"function": some.fixed_dictionaries({"name": some.text(max_size=4), "arguments": anything})},
    optional={"id": some.sampled_from("abc")},
)
message = some.fixed_dictionaries(
    {
        "role": some.sampled_from(("user", "assistant", "system", "tool")),
        "content": some.text(max_size=3),
    },
    optional={
        "images": some.lists(some.sampled_from((PNG, "QUJD")), max_size=2),
        "thinking": some.text(max_size=3),
        "tool_calls": some.lists(call, max_size=3),
        "tool_name": some.text(max_size=2),
        "tool_call_id": some.sampled_from("abc"),
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.lists(message, max_size=5), some.dictionaries(some.sampled_from(("think", "format")), anything))
def test_made_up_requests_are_carried_or_refused(messages: list[Any], fields: Body) -> None:
    """What is written is JSON with a model and messages; what is not written raised `Malformed`."""
    for target in (MESSAGES, CHAT, OLLAMA):
        with suppress(Malformed):
            told = decoded(from_ollama({"messages": messages, **fields}, target))
            assert {"model", "messages"} <= told.keys()
