"""Requests of openai-responses: what routing peeks at, what one weighs, what the demo provider reads."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from adapters.dialect import Peek
from adapters.dialects.openai_responses.wire import NULL, Reasoning, Request
from adapters.request import Prompt, Tool, checked_model, decode_body
from adapters.tokens import (
    IMAGE,
    MESSAGE,
    Weigh,
    estimate_with,
    weigh_base64,
    weigh_content,
    weigh_json,
    weigh_text,
)

_DECODE = msgspec.json.Decoder(Request).decode
_DECODE_REASONING = msgspec.json.Decoder(Reasoning).decode
_DECODE_WHOLE = msgspec.json.Decoder(dict[str, object]).decode

# Efforts that ask for no thinking.
_NO_EFFORT = ("none", "minimal")
_CHOICES: dict[object, Literal["any", "none"]] = {"required": "any", "none": "none"}


def peek(body: bytes, path: str = "") -> Peek:  # noqa: ARG001 - the model stands in the body
    """Read what routing may ask; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    model = checked_model(request.model)
    return Peek(model, request.stream is True, request.max_output_tokens, _thinks(request.reasoning))


def _thinks(reasoning: msgspec.Raw) -> bool:
    if reasoning is NULL:
        return False
    try:
        return _DECODE_REASONING(reasoning).effort not in _NO_EFFORT
    except msgspec.ValidationError:
        return False  # null, or an odd shape that is the provider's to judge


def estimate(body: bytes) -> int:
    """Return about how many input tokens a request has."""
    return estimate_with(_weigh_request, body)


def _weigh_request(request: dict[str, object]) -> float:
    weight = weigh_json(request.get("tools"))
    if request.get("instructions"):
        weight += weigh_text(request["instructions"])
    return weight + sum(_weigh_item(item) for item in _items(request))


def _items(request: dict[str, object]) -> list[object]:
    """The input as a list of items: a string is what the user says."""
    given = request.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _weigh_item(item: object) -> float:
    if not isinstance(item, dict):
        return weigh_json(item)
    fields = _TEXTS.get(_kind(item))
    if fields is None:
        return MESSAGE + weigh_json(item)
    return MESSAGE + sum(weigh_content(item[name], _KINDS) for name in fields if item.get(name) is not None)


# What of an item the model reads; the rest is ids and states.
_TEXTS: dict[str, tuple[str, ...]] = {
    "message": ("content",),
    "reasoning": ("summary", "content", "encrypted_content"),
    "function_call": ("name", "arguments"),
    "function_call_output": ("output",),
    "custom_tool_call": ("name", "input"),
    "custom_tool_call_output": ("output",),
    "compaction": ("encrypted_content",),
}

_KINDS: dict[str, Weigh] = {
    **dict.fromkeys(
        ("input_text", "output_text", "summary_text", "reasoning_text"),
        lambda part: weigh_text(part.get("text")),
    ),
    "refusal": lambda part: weigh_text(part.get("refusal")),
    "input_image": lambda _: IMAGE,
    "input_file": lambda part: weigh_base64(part.get("file_data")),
}


def _kind(item: dict[str, object]) -> str:
    """An item without a type is a message."""
    return str(item.get("type", "message"))


def read_prompt(body: bytes, path: str = "") -> Prompt:  # noqa: ARG001 - as `peek`
    """Read what the demo provider answers to; raise `Malformed`."""
    seen = peek(body)
    request = decode_body(_DECODE_WHOLE, body)
    items = [item for item in _items(request) if isinstance(item, dict)]
    items = [item for item in items if item.get("role") not in ("system", "developer")]
    choice = request.get("tool_choice")
    forced = _name(choice)
    return Prompt(
        model=seen.model,
        text=_last_text(items),
        tools=tuple(_tools(request.get("tools"))),
        tool_choice="any" if forced else _CHOICES.get(choice, "auto") if isinstance(choice, str) else "auto",
        forced_tool=forced,
        answered=bool(items) and _kind(items[-1]).endswith("_output"),
        thinking=seen.thinking,
    )


def _name(tool: object) -> str | None:
    name = tool.get("name") if isinstance(tool, dict) else None
    return name if isinstance(name, str) else None


def _last_text(items: list[dict[str, object]]) -> str:
    for item in reversed(items):
        content = item.get("content")
        if item.get("role") != "user" or _kind(item) != "message":
            continue
        if isinstance(content, str):
            return content
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if part.get("type") == "input_text"]
        if texts and isinstance(texts[-1], str):
            return texts[-1]
    return ""


def _tools(tools: object, namespace: str = "") -> Iterator[Tool]:
    """Tools the client runs: functions and custom tools, by themselves or in a namespace."""
    for tool in tools if isinstance(tools, list) else []:
        name = _name(tool)
        if name is None:
            continue  # a tool the provider runs
        if tool.get("type") == "namespace" and not namespace:
            yield from _tools(tool.get("tools"), name)
        elif tool.get("type") in ("function", "custom"):
            schema = tool.get("parameters")
            custom = tool["type"] == "custom"
            yield Tool(name, schema if isinstance(schema, dict) else {}, namespace, custom)
