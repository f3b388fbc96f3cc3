"""Requests of gemini: what routing peeks at, what one weighs, what the demo provider reads.

The model and whether the reply is a stream stand in the path; only a count that holds a whole request may
name the model in its body too.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

from adapters.dialect import Operation, Peek
from adapters.dialects.gemini.schema import lowered
from adapters.dialects.gemini.spelling import respelled
from adapters.dialects.gemini.wire import NULL
from adapters.fault import Malformed
from adapters.request import Prompt, Tool, checked_model, decode_body
from adapters.span import replace_model
from adapters.tokens import IMAGE, MESSAGE, estimate_with, weigh_base64, weigh_json, weigh_text

Json = dict[str, object]

_PREFIX = "models/"
_TUNED = "tunedModels/"
_PLACE = re.compile(r"/((?:tunedModels|models)/.*):(\w+)$")
_INSIDE = "generateContentRequest"
_ACTIONS: dict[tuple[Operation, bool], str] = {
    ("generate", False): "generateContent",
    ("generate", True): "streamGenerateContent",
    ("count_tokens", False): "countTokens",
    ("count_tokens", True): "countTokens",
}
STREAM = _ACTIONS["generate", True]


class _Thinking(msgspec.Struct, rename={"budget": "thinkingBudget", "budget_snake": "thinking_budget"}):
    """How to think, as far as a peek looks."""

    budget: int | None = None
    budget_snake: int | None = None


class _Generation(
    msgspec.Struct,
    rename={
        "limit": "maxOutputTokens",
        "limit_snake": "max_output_tokens",
        "thinking": "thinkingConfig",
        "thinking_snake": "thinking_config",
    },
):
    """What a peek reads of the settings, in both spellings."""

    limit: int | None = None
    limit_snake: int | None = None
    thinking: msgspec.Raw = NULL
    thinking_snake: msgspec.Raw = NULL


class _Request(
    msgspec.Struct,
    rename={"generation": "generationConfig", "generation_snake": "generation_config"},
):
    """What a peek reads of a request."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    generation: _Generation | None = None
    generation_snake: _Generation | None = None


_DECODE = msgspec.json.Decoder(_Request).decode
_DECODE_THINKING = msgspec.json.Decoder(_Thinking).decode
_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_WHOLE = msgspec.json.Decoder(dict[str, object]).decode
_ENCODE = msgspec.json.Encoder().encode

_CHOICES: dict[str, Literal["any", "none"]] = {"ANY": "any", "NONE": "none"}


# --- path ---------------------------------------------------------------------------------------------


def locate(operation: Operation, model: str, stream: bool) -> str:  # noqa: FBT001 - a dialect's shape
    """Return the path of an operation on a model."""
    place = quote(model.removeprefix(_PREFIX), safe="/:@")
    whole = place if model.startswith(_TUNED) else _PREFIX + place
    return f"/v1beta/{whole}:{_ACTIONS[operation, stream]}"


def model_of(body_model: str | msgspec.UnsetType, path: str) -> str:
    """Return the model a request names, in its path or else in its body; raise `Malformed`."""
    match = _PLACE.search(path)
    if match is None:
        return bare_model(checked_model(body_model))
    return checked_model(bare_model(unquote(match[1])))


def bare_model(name: str) -> str:
    """Return a model's name without Google's prefix; tuned models keep theirs."""
    while name.startswith(_PREFIX):
        name = name.removeprefix(_PREFIX)
    return name


def is_stream(path: str) -> bool:
    """Whether a path asks for a stream."""
    return path.endswith(f":{STREAM}")


def peek(body: bytes, path: str) -> Peek:
    """Read what routing may ask; raise `Malformed`."""
    request = decode_body(_DECODE, body)
    model = model_of(request.model, path)
    generation = request.generation or request.generation_snake or _Generation()
    limit = generation.limit_snake if generation.limit is None else generation.limit
    return Peek(
        model, is_stream(path), limit, any(map(_thinks, (generation.thinking, generation.thinking_snake)))
    )


def _thinks(config: msgspec.Raw) -> bool:
    if not bytes(config).startswith(b"{"):
        return False
    try:
        thinking = _DECODE_THINKING(config)
    except msgspec.ValidationError:
        return False  # an odd shape is the provider's to judge
    return 0 not in (thinking.budget, thinking.budget_snake)


def rename(body: bytes, model: str) -> bytes:
    """Return the body with the model it names replaced; as it came where it names none, as nearly always."""
    fields = decode_body(_DECODE_KEYS, body)
    named = model if model.startswith(_TUNED) else _PREFIX + bare_model(model)
    if "model" in fields:
        body = replace_model(body, named)
    inner = fields.get(_INSIDE)
    if inner is None or "model" not in decode_body(_DECODE_KEYS, bytes(inner)):
        return body
    fields = decode_body(_DECODE_KEYS, body)
    return _ENCODE({**fields, _INSIDE: msgspec.Raw(replace_model(bytes(inner), named))})


# --- weight -------------------------------------------------------------------------------------------


def estimate(body: bytes) -> int:
    """Return about how many input tokens a request has."""
    # A body that cannot be read counts by its length.
    with suppress(Malformed):
        body = respelled(body)
    return estimate_with(_weigh_request, body)


def _weigh_request(request: Json) -> float:
    inside = request.get(_INSIDE)
    if isinstance(inside, dict):
        return _weigh_request(inside)
    system = request.get("systemInstruction")
    weight = _weigh_content(system) if system else 0.0
    return (
        weight + weigh_json(request.get("tools")) + sum(map(_weigh_content, listed(request.get("contents"))))
    )


def _weigh_content(content: object) -> float:
    if not isinstance(content, dict):
        return weigh_text(content)
    return MESSAGE + sum(map(_weigh_part, listed(content.get("parts"))))


def _weigh_part(part: object) -> float:
    if not isinstance(part, dict):
        return weigh_json(part)
    if "text" in part:
        return weigh_text(part["text"])
    data = part.get("inlineData")
    if isinstance(data, dict):
        kind = str(data.get("mimeType"))
        return IMAGE if kind.startswith("image/") else weigh_base64(data.get("data"))
    if "fileData" in part:
        return IMAGE
    # A signature is nothing the model reads as words.
    return weigh_json({key: value for key, value in part.items() if key != "thoughtSignature"})


def listed(value: object) -> list[object]:
    """Return a list as it is, what stands alone as a list of one, nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# --- prompt -------------------------------------------------------------------------------------------


def read_prompt(body: bytes, path: str = "") -> Prompt:
    """Read what the demo provider answers to; raise `Malformed`."""
    seen = peek(body, path)
    request = decode_body(_DECODE_WHOLE, respelled(body))
    contents = [content for content in listed(request.get("contents")) if isinstance(content, dict)]
    calling = _inner(_inner(request, "toolConfig"), "functionCallingConfig")
    mode = str(calling.get("mode"))
    allowed = listed(calling.get("allowedFunctionNames"))
    forced = allowed[0] if len(allowed) == 1 else None
    thinking = _inner(_inner(request, "generationConfig"), "thinkingConfig")
    return Prompt(
        model=seen.model,
        text=_last_text(contents),
        tools=tuple(_tools(request.get("tools"))),
        tool_choice=_CHOICES.get(mode, "auto"),
        forced_tool=forced if isinstance(forced, str) and mode == "ANY" else None,
        answered=bool(contents) and any("functionResponse" in part for part in _parts(contents[-1])),
        thinking=seen.thinking and thinking.get("includeThoughts") is True,
        include_usage=True,
    )


def _inner(document: Json, key: str) -> Json:
    inner = document.get(key)
    return inner if isinstance(inner, dict) else {}


def _parts(content: Json) -> list[Json]:
    return [part for part in listed(content.get("parts")) if isinstance(part, dict)]


def _last_text(contents: list[Json]) -> str:
    for content in reversed(contents):
        if content.get("role") == "model":
            continue
        texts = [part.get("text") for part in _parts(content) if "text" in part]
        if texts and isinstance(texts[-1], str):
            return texts[-1]
    return ""


def _tools(tools: object) -> Iterator[Tool]:
    for tool in listed(tools):
        declared = tool.get("functionDeclarations") if isinstance(tool, dict) else None
        for function in listed(declared):
            name = function.get("name") if isinstance(function, dict) else None
            if isinstance(name, str) and isinstance(function, dict):
                yield Tool(name, _schema(function))


def _schema(function: Json) -> Json:
    schema = function.get("parametersJsonSchema", function.get("parameters"))
    if not isinstance(schema, dict):
        return {}
    plain: Json = msgspec.json.decode(lowered(msgspec.Raw(_ENCODE(schema)), "tools"))
    return plain
