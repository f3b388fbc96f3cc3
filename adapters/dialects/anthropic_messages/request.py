"""Requests of anthropic-messages: what routing peeks at, what one weighs, what the demo provider reads."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from adapters.dialect import Peek
from adapters.dialects.anthropic_messages.wire import Request, Thinking
from adapters.reader import given
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
_DECODE_THINKING = msgspec.json.Decoder(Thinking).decode
_DECODE_WHOLE = msgspec.json.Decoder(dict[str, object]).decode

_CHOICES: dict[str, Literal["any", "none"]] = {"any": "any", "tool": "any", "none": "none"}


def peek(body: bytes, path: str = "") -> Peek:  # noqa: ARG001 - the model stands in the body
    """Read what routing may ask; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    model = checked_model(request.model)
    return Peek(model, request.stream is True, request.max_tokens, _thinks(request.thinking))


def _thinks(thinking: msgspec.Raw) -> bool:
    if not given(thinking):
        return False
    try:
        return _DECODE_THINKING(thinking).type in ("enabled", "adaptive")
    except msgspec.ValidationError:
        return False  # an odd shape is the provider's to judge


def estimate(body: bytes) -> int:
    """Return about how many input tokens a request has."""
    return estimate_with(_weigh_request, body)


def _weigh_request(request: dict[str, object]) -> float:
    messages = request.get("messages")
    turns = messages if isinstance(messages, list) else []
    weight = weigh_content(request.get("system"), _KINDS) if request.get("system") else 0.0
    return weight + weigh_json(request.get("tools")) + sum(_weigh_turn(turn) for turn in turns)


def _weigh_turn(turn: object) -> float:
    if not isinstance(turn, dict):
        return weigh_json(turn)
    return MESSAGE + weigh_content(turn.get("content"), _KINDS)


def _weigh_document(block: dict[str, object]) -> float:
    source = block.get("source")
    if not isinstance(source, dict):
        return weigh_json(block)
    if source.get("type") == "base64":
        return weigh_base64(source.get("data"))
    if "data" in source:
        return weigh_text(source["data"])
    return weigh_content(source.get("content"), _KINDS)


_KINDS: dict[str, Weigh] = {
    "text": lambda block: weigh_text(block.get("text")),
    "thinking": lambda block: weigh_text(block.get("thinking")),
    "image": lambda _: IMAGE,
    "document": _weigh_document,
    "tool_use": lambda block: weigh_json(block.get("name")) + weigh_json(block.get("input")),
    "tool_result": lambda block: weigh_content(block.get("content"), _KINDS),
}


def read_prompt(body: bytes, path: str = "") -> Prompt:  # noqa: ARG001 - as `peek`
    """Read what the demo provider answers to; raise `Malformed`."""
    seen = peek(body)
    request = decode_body(_DECODE_WHOLE, body)
    messages = request.get("messages")
    turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    # A system turn may stand anywhere, also last: it is nobody's turn.
    turns = [turn for turn in turns if turn.get("role") != "system"]
    choice = request.get("tool_choice")
    chosen = choice if isinstance(choice, dict) else {}
    name = chosen.get("name")
    return Prompt(
        model=seen.model,
        text=_last_text(turns),
        tools=tuple(_tools(request.get("tools"))),
        tool_choice=_CHOICES.get(str(chosen.get("type")), "auto"),
        forced_tool=name if isinstance(name, str) else None,
        answered=bool(turns) and any(block.get("type") == "tool_result" for block in _blocks(turns[-1])),
        thinking=seen.thinking,
    )


def _blocks(turn: dict[str, object]) -> list[dict[str, object]]:
    content = turn.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _last_text(turns: list[dict[str, object]]) -> str:
    for turn in reversed(turns):
        if turn.get("role") != "user":
            continue
        texts = [block.get("text") for block in _blocks(turn) if block.get("type") == "text"]
        if texts and isinstance(texts[-1], str):
            return texts[-1]
    return ""


def _tools(tools: object) -> Iterator[Tool]:
    """Tools with a schema; the provider's own tools have none, and a deferred one is not to be called yet."""
    for tool in tools if isinstance(tools, list) else []:
        if not isinstance(tool, dict) or tool.get("defer_loading") is True:
            continue
        name, schema = tool.get("name"), tool.get("input_schema")
        if isinstance(name, str) and isinstance(schema, dict):
            yield Tool(name, schema)
