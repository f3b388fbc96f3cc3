"""Requests of openai-chat: what routing peeks at, what a request weighs, what the demo provider reads."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from adapters.dialect import Peek
from adapters.dialects.openai_chat.wire import NULL, Request
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
_DECODE_WHOLE = msgspec.json.Decoder(dict[str, object]).decode

# Values of `reasoning_effort` that ask for none.
_NO_EFFORT = (b'"none"', b'"minimal"', b"null")
_CHOICES: dict[object, Literal["any", "none"]] = {"required": "any", "none": "none"}


def peek(body: bytes, path: str = "") -> Peek:  # noqa: ARG001 - the model stands in the body
    """Read what routing may ask; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    model = checked_model(request.model)
    limit = request.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens
    return Peek(model, request.stream is True, limit, _thinks(request))


def _thinks(request: Request) -> bool:
    if request.reasoning_effort is NULL and request.reasoning is NULL:
        return False
    return bytes(request.reasoning_effort) not in _NO_EFFORT or bytes(request.reasoning).startswith(b"{")


def estimate(body: bytes) -> int:
    """Return about how many input tokens a request has."""
    return estimate_with(_weigh_request, body)


def _weigh_request(request: dict[str, object]) -> float:
    messages = request.get("messages")
    turns = messages if isinstance(messages, list) else []
    tools = weigh_json(request.get("tools")) + weigh_json(request.get("functions"))
    return tools + sum(_weigh_turn(turn) for turn in turns)


def _weigh_turn(turn: object) -> float:
    if not isinstance(turn, dict):
        return weigh_json(turn)
    weight = MESSAGE + weigh_json(turn.get("tool_calls"))
    # An assistant turn that only calls tools has a null content.
    texts = (turn[name] for name in ("content", "reasoning_content", "refusal") if turn.get(name) is not None)
    return weight + sum(weigh_content(text, _KINDS) for text in texts)


def _weigh_part(part: dict[str, object], name: str, field: str) -> float:
    held = part.get(name)
    return weigh_base64(held.get(field)) if isinstance(held, dict) else weigh_json(part)


_KINDS: dict[str, Weigh] = {
    "text": lambda part: weigh_text(part.get("text")),
    "refusal": lambda part: weigh_text(part.get("refusal")),
    "image_url": lambda _: IMAGE,
    "input_audio": lambda part: _weigh_part(part, "input_audio", "data"),
    "file": lambda part: _weigh_part(part, "file", "file_data"),
}


def read_prompt(body: bytes, path: str = "") -> Prompt:  # noqa: ARG001 - as `peek`
    """Read what the demo provider answers to; raise `Malformed`. A chat has no place to show thinking."""
    seen = peek(body)
    request = decode_body(_DECODE_WHOLE, body)
    messages = request.get("messages")
    turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    turns = [turn for turn in turns if turn.get("role") not in ("system", "developer")]
    choice = request.get("tool_choice")
    forced = _function_name(choice)
    return Prompt(
        model=seen.model,
        text=_last_text(turns),
        tools=tuple(_tools(request.get("tools"))),
        tool_choice="any" if forced else _CHOICES.get(choice, "auto") if isinstance(choice, str) else "auto",
        forced_tool=forced,
        answered=bool(turns) and turns[-1].get("role") == "tool",
        include_usage=_includes_usage(request.get("stream_options")),
    )


def _includes_usage(options: object) -> bool:
    return isinstance(options, dict) and options.get("include_usage") is True


def _function(tool: object) -> dict[str, object]:
    function = tool.get("function") if isinstance(tool, dict) else None
    return function if isinstance(function, dict) else {}


def _function_name(tool: object) -> str | None:
    name = _function(tool).get("name")
    return name if isinstance(name, str) else None


def _last_text(turns: list[dict[str, object]]) -> str:
    for turn in reversed(turns):
        content = turn.get("content")
        if turn.get("role") != "user":
            continue
        if isinstance(content, str):
            return content
        parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
        texts = [part.get("text") for part in parts if part.get("type") == "text"]
        if texts and isinstance(texts[-1], str):
            return texts[-1]
    return ""


def _tools(tools: object) -> Iterator[Tool]:
    for tool in tools if isinstance(tools, list) else []:
        name = _function_name(tool)
        if name is not None:
            schema = _function(tool).get("parameters")
            yield Tool(name, schema if isinstance(schema, dict) else {})
