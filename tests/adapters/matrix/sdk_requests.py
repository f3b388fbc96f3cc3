"""What the official SDKs know of a request: its fields by their types, and those they have no word for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from anthropic.types import message_create_params
from google.genai import types
from ollama._types import ChatRequest
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import TypeAdapter

Body = dict[str, Any]

_MESSAGES: TypeAdapter[Any] = TypeAdapter(message_create_params.MessageCreateParams)
_CHAT: TypeAdapter[Any] = TypeAdapter(completion_create_params.CompletionCreateParams)
_RESPONSES: TypeAdapter[Any] = TypeAdapter(response_create_params.ResponseCreateParams)
# The SDK has types for the parts of a request of Gemini's, all of which refuse what they do not know.
_GEMINI: dict[str, TypeAdapter[Any]] = {
    "contents": TypeAdapter(list[types.Content]),
    "systemInstruction": TypeAdapter(types.Content),
    "tools": TypeAdapter(list[types.Tool]),
    "toolConfig": TypeAdapter(types.ToolConfig),
    "generationConfig": TypeAdapter(types.GenerationConfig),
    "safetySettings": TypeAdapter(list[types.SafetySetting]),
}


def _typed(adapter: TypeAdapter[Any]) -> Callable[[Body], Any]:
    return lambda body: _settled(adapter.validate_python(body))


def _settled(value: Any) -> Any:
    """What was validated, all of it: pydantic looks into an iterable only when somebody goes through it."""
    if isinstance(value, dict):
        return {key: _settled(inner) for key, inner in value.items()}
    return value if isinstance(value, str) or not isinstance(value, Iterable) else [*map(_settled, value)]


def _responses(body: Body) -> Any:
    """What the model said may come without an id, though the SDK's type of it is that of what comes out."""
    for item in body["input"]:
        if item.get("role") == "assistant" and isinstance(item["content"], list):
            item.update({"id": "msg_1", "status": "completed", **item})
            for part in item["content"]:
                part.update({"annotations": []} if part["type"] == "output_text" else {})
    return _typed(_RESPONSES)(body)


def _gemini(body: Body) -> Body:
    return {
        field: _GEMINI[field].dump_python(
            _GEMINI[field].validate_python(value), mode="json", by_alias=True, exclude_unset=True
        )
        for field, value in body.items()
        if field in _GEMINI
    }


def _ollama(body: Body) -> Any:
    return ChatRequest.model_validate(body).model_dump(mode="json", by_alias=True)


_KNOWN: dict[str, Callable[[Body], Any]] = {
    "anthropic-messages": _typed(_MESSAGES),
    "openai-chat": _typed(_CHAT),
    "openai-responses": _responses,
    "gemini": _gemini,
    "ollama": _ollama,
}


def unknown_fields(dialect: str, body: Body) -> list[str]:
    """The places in a body that the SDK of a dialect has no word for; raises for a wrong or missing one."""
    return sorted(set(_missing(body, _KNOWN[dialect](msgspec.to_builtins(body)), "")))


def _missing(given: object, kept: object, place: str) -> Iterator[str]:
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key not in kept:
                yield f"{place}.{key}".removeprefix(".")
            else:
                yield from _missing(value, kept[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(kept, list):
        for before, after in zip(given, kept, strict=True):
            yield from _missing(before, after, f"{place}[]")
