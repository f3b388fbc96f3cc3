"""Requests of ollama: what routing peeks at, what a request weighs, what the demo provider reads."""

from collections.abc import Iterator

import msgspec

from adapters.dialect import Peek
from adapters.dialects.ollama.wire import CHAT_PATH, GENERATE_PATH, Request
from adapters.request import Prompt, Tool, checked_model, decode_body
from adapters.tokens import IMAGE, MESSAGE, estimate_with, weigh_json, weigh_text

_DECODE = msgspec.json.Decoder(Request).decode
_DECODE_WHOLE = msgspec.json.Decoder(dict[str, object]).decode

# Only these paths stream, unless they are told not to; no path is a chat.
_STREAMING = ("", CHAT_PATH, GENERATE_PATH)
_NO_THOUGHT = (b"null", b"false", b'""')


def peek(body: bytes, path: str = "") -> Peek:
    """Read what routing may ask; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    model = checked_model(request.model)
    limit = request.options.num_predict if request.options else None
    # Below one is as much as the model likes.
    limit = limit if limit is not None and limit > 0 else None
    streams = path in _STREAMING and request.stream is not False
    return Peek(model, streams, limit, bytes(request.think) not in _NO_THOUGHT)


def estimate(body: bytes) -> int:
    """Return about how many input tokens a request has."""
    return estimate_with(_weigh_request, body)


def _weigh_request(request: dict[str, object]) -> float:
    turns = _list(request.get("messages"))
    said = sum(_weigh_said(request, name) for name in ("system", "prompt", "suffix"))
    tools = weigh_json(request.get("tools"))
    return said + tools + _weigh_images(request) + sum(_weigh_turn(turn) for turn in turns)


def _weigh_turn(turn: object) -> float:
    if not isinstance(turn, dict):
        return weigh_json(turn)
    said = sum(_weigh_said(turn, name) for name in ("content", "thinking"))
    return MESSAGE + said + weigh_json(turn.get("tool_calls")) + _weigh_images(turn)


def _weigh_said(holder: dict[str, object], name: str) -> float:
    return weigh_text(holder[name]) if holder.get(name) is not None else 0.0


def _weigh_images(holder: dict[str, object]) -> float:
    return IMAGE * len(_list(holder.get("images")))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def read_prompt(body: bytes, path: str = "") -> Prompt:
    """Read what the demo provider answers to; raise `Malformed`."""
    seen = peek(body, path)
    request = decode_body(_DECODE_WHOLE, body)
    turns = [turn for turn in _list(request.get("messages")) if isinstance(turn, dict)]
    turns = [turn for turn in turns if turn.get("role") != "system"]
    prompt = request.get("prompt")
    return Prompt(
        model=seen.model,
        text=prompt if isinstance(prompt, str) else _last_text(turns),
        tools=tuple(_tools(request.get("tools"))),
        answered=bool(turns) and turns[-1].get("role") == "tool",
        thinking=seen.thinking,
    )


def _last_text(turns: list[dict[str, object]]) -> str:
    for turn in reversed(turns):
        content = turn.get("content")
        if turn.get("role") == "user" and isinstance(content, str):
            return content
    return ""


def _tools(tools: object) -> Iterator[Tool]:
    for tool in _list(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        name = function.get("name") if isinstance(function, dict) else None
        if isinstance(function, dict) and isinstance(name, str):
            schema = function.get("parameters")
            yield Tool(name, schema if isinstance(schema, dict) else {})
