"""ollama, strict: what Ollama's server cannot read, in its words; what it does not know it overlooks."""

from collections.abc import Mapping
from typing import Any

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Offered
from tests.upstream.refusal import Asked, Refused, is_base64, places

LEVELS = ("high", "medium", "low")
GO_TYPES: dict[type, str] = {str: "string", list: "array", dict: "object", int: "number", bool: "bool"}


def hear(asked: Asked) -> Heard:
    """What a request says to who leads it."""
    body = asked.body
    shape = body.get("format")
    return Heard(
        model=body["model"],
        stream=body.get("stream", True),
        turn=sum(bool(message.get("tool_calls")) for message in body["messages"]),
        tools=tuple(
            Offered(tool["function"]["name"], tool["function"].get("parameters") or {})
            for tool in body.get("tools") or []
        ),
        thinks=bool(body.get("think")),
        shape=shape if isinstance(shape, Mapping) else None,
    )


def check(asked: Asked, memory: Memory) -> None:
    """Refuse what Ollama refuses."""
    del memory
    body = asked.body
    if not body.get("model"):
        raise Refused("model is required")
    if body.get("think") not in (None, True, False, *LEVELS):
        raise Refused(
            f'invalid think value: "{body["think"]}" (must be "high", "medium", "low", true, or false)'
        )
    _is(body.get("messages", []), list, "messages")
    _is(body.get("options", {}), dict, "options")
    for _, message in places(body.get("messages"), "messages"):
        _message(message)
    for _, tool in places(body.get("tools"), "tools"):
        _is(tool.get("function", {}), dict, "tools.function")


def _message(message: Mapping[str, Any]) -> None:
    _is(message.get("role", ""), str, "messages.role")
    _is(message.get("content", ""), str, "messages.content")
    _is(message.get("thinking", ""), str, "messages.thinking")
    for image in message.get("images") or []:
        if not is_base64(image):
            raise Refused("illegal base64 data at input byte 4")
    for _, call in places(message.get("tool_calls"), "messages.tool_calls"):
        arguments = call.get("function", {}).get("arguments", {})
        _is(arguments, dict, "messages.tool_calls.function.arguments")


def _is(value: object, kind: type, place: str) -> None:
    if value is not None and not isinstance(value, kind):
        found = GO_TYPES.get(type(value), "number")
        words = f"cannot unmarshal {found} into Go struct field ChatRequest.{place} of type {GO_TYPES[kind]}"
        raise Refused(f"json: {words}")
