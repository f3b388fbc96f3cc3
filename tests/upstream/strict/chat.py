"""openai-chat, strict: what OpenAI's API refuses, in its words."""

import json
import re
from collections.abc import Iterable
from typing import Any

from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Offered
from tests.upstream.refusal import Asked, Refused, is_base64, places

FIELDS = {*CompletionCreateParamsBase.__annotations__, "stream"}
ROLES = ("system", "assistant", "user", "function", "tool", "developer")
PARTS = {
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "system": ("text",),
    "developer": ("text",),
    "tool": ("text",),
}
# `reasoning_content` and its like are no words of OpenAI's, but of those who copied its API.
IN_MESSAGES = {"role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "function_call"}
OF_COPIES = {"reasoning_content", "reasoning", "reasoning_details"}
NAME = re.compile(r"^[a-zA-Z0-9_-]+$")
LONGEST_NAME = 64
LONGEST_ID = 40
MOST_TOOLS = 128
MOST_STOPS = 4
DATA = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,(.*)", re.DOTALL)


def hear(asked: Asked) -> Heard:
    """What a request says to who leads it."""
    body = asked.body
    shape = (body.get("response_format") or {}).get("json_schema") or {}
    return Heard(
        model=body["model"],
        stream=bool(body.get("stream")),
        turn=sum(bool(message.get("tool_calls")) for message in body["messages"]),
        tools=tuple(_offered(tool) for tool in body.get("tools") or []),
        counts=bool((body.get("stream_options") or {}).get("include_usage")),
        shape=shape.get("schema"),
    )


def check(asked: Asked, memory: Memory) -> None:
    """Refuse what OpenAI refuses."""
    del memory
    body = asked.body
    _settings(body)
    _tools(body)
    if not body["messages"]:
        raise empty("messages")
    for place, message in places(body["messages"], "messages[{}]"):
        _message(place, dict(message))
    _pairs(body["messages"])


def empty(field: str) -> Refused:
    """An empty list where there must be something."""
    words = "Expected an array with minimum length 1, but got an empty array instead."
    return Refused(f"Invalid '{field}': empty array. {words}", param=field, code="empty_array")


def check_name(place: str, name: Any) -> None:
    """Refuse a function's name OpenAI would not take."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        words = f"Expected a string that matches the pattern '{NAME.pattern}'."
        raise Refused(f"Invalid '{place}': string does not match pattern. {words}", param=place)
    check_length(place, name, LONGEST_NAME)


def check_length(place: str, text: str, most: int) -> None:
    """Refuse a text that is too long."""
    if len(text) > most:
        words = (
            f"Expected a string with maximum length {most}, but got a string with length {len(text)} instead."
        )
        raise Refused(
            f"Invalid '{place}': string too long. {words}", param=place, code="string_above_max_length"
        )


def check_schema(place: str, name: str, schema: Any, *, strict: bool) -> None:
    """Refuse the parameters of a function that are no object, or loose where they are to be strict."""
    if schema is None:
        return
    kind = schema.get("type")
    if kind != "object":
        words = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'."
        raise Refused(f"Invalid schema for function '{name}': {words}", param=place)
    if strict and schema.get("additionalProperties") is not False:
        words = "In context=(), 'additionalProperties' is required to be supplied and to be false."
        raise Refused(f"Invalid schema for function '{name}': {words}", param=place)
    if strict and set(schema.get("required", [])) != set(schema.get("properties", {})):
        words = "In context=(), 'required' is required to be supplied and to be an array including every key."
        raise Refused(f"Invalid schema for function '{name}': {words}", param=place)


def check_image(place: str, url: Any) -> None:
    """Refuse an image that is neither an address nor data."""
    found = DATA.fullmatch(url) if isinstance(url, str) else None
    if not isinstance(url, str) or not (url.startswith(("https://", "http://")) or found):
        raise Refused(
            f"Invalid '{place}'. Expected a valid URL, but got a value with an invalid format.", param=place
        )
    if found and not is_base64(found[1]):
        raise Refused("You uploaded an unsupported image. Please make sure your image is valid.", param=place)


def _offered(tool: Json) -> Offered:
    if tool["type"] == "custom":
        return Offered(tool["custom"]["name"], None)
    return Offered(tool["function"]["name"], tool["function"].get("parameters") or {})


def _settings(body: Json) -> None:
    for field in ("model", "messages"):
        if field not in body:
            raise Refused(f"Missing required parameter: '{field}'.", param=field)
    for field in body:
        if field not in FIELDS:
            raise Refused(f"Unrecognized request argument supplied: {field}", param=field)
    if "max_tokens" in body and "max_completion_tokens" in body:
        raise Refused("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
    if "stream_options" in body and not body.get("stream"):
        raise Refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    stops = body.get("stop")
    if isinstance(stops, list) and len(stops) > MOST_STOPS:
        raise Refused(
            "Invalid 'stop': array too long. Expected an array with maximum length 4.", param="stop"
        )


def _tools(body: Json) -> None:
    if "tools" not in body:
        for field in ("tool_choice", "parallel_tool_calls"):
            if field in body and body[field] != "none":
                raise Refused(f"'{field}' is only allowed when 'tools' are specified.", param=field)
        return
    tools = body["tools"]
    if not tools:
        raise empty("tools")
    if len(tools) > MOST_TOOLS:
        raise Refused(
            f"Invalid 'tools': array too long. Expected at most 128, but got {len(tools)}.", param="tools"
        )
    for place, tool in places(tools, "tools[{}]"):
        if tool.get("type") not in ("function", "custom"):
            raise invalid(f"{place}.type", tool.get("type"), ("function", "custom"))
        kind = tool["type"]
        check_name(f"{place}.{kind}.name", tool[kind].get("name"))
        schema, strict = tool[kind].get("parameters"), tool[kind].get("strict") is True
        check_schema(f"{place}.{kind}.parameters", tool[kind]["name"], schema, strict=strict)


def invalid(place: str, value: Any, known: Iterable[str]) -> Refused:
    """A value that is none of those there are."""
    listed = ", ".join(f"'{one}'" for one in known)
    words = f"Invalid value: '{value}'. Supported values are: {listed}."
    return Refused(words, param=place, code="invalid_value")


def _message(place: str, message: Json) -> None:
    role = message.get("role")
    if role not in ROLES:
        raise invalid(f"{place}.role", role, ROLES)
    for field in message:
        if field not in IN_MESSAGES | OF_COPIES:
            raise Refused(f"Unknown parameter: '{place}.{field}'.", param=f"{place}.{field}")
    _content(f"{place}.content", message)
    for there, call in places(message.get("tool_calls"), f"{place}.tool_calls[{{}}]"):
        _call(there, dict(call))
    if message.get("tool_calls") == []:
        raise empty(f"{place}.tool_calls")


def _content(place: str, message: Json) -> None:
    content, role = message.get("content"), message["role"]
    if content is None:
        if role == "assistant" and (message.get("tool_calls") or message.get("refusal")):
            return
        raise Refused("Invalid value for 'content': expected a string, got null.", param=place)
    if isinstance(content, str):
        return
    if not content:
        raise empty(place)
    for there, part in places(content, f"{place}[{{}}]"):
        kind = part.get("type")
        if role == "tool" and kind == "image_url":
            words = (
                "Image URLs are only allowed for messages with role 'user', but this message with role 'tool'"
            )
            raise Refused(f"Invalid '{place}'. {words} contains an image URL.", param=place)
        if kind not in PARTS[role]:
            raise invalid(f"{there}.type", kind, PARTS[role])
        if kind == "image_url":
            check_image(f"{there}.image_url.url", (part.get("image_url") or {}).get("url"))
        if kind == "text" and not isinstance(part.get("text"), str):
            raise Refused(f"Missing required parameter: '{there}.text'.", param=f"{there}.text")


def _call(place: str, call: Json) -> None:
    kind = call.get("type")
    if kind not in ("function", "custom"):
        raise invalid(f"{place}.type", kind, ("function", "custom"))
    check_length(f"{place}.id", call["id"], LONGEST_ID)
    check_name(f"{place}.{kind}.name", call[kind].get("name"))
    written = call[kind].get("arguments" if kind == "function" else "input")
    if not isinstance(written, str):
        words = f"expected a string, but got an {type(written).__name__} instead."
        raise Refused(f"Invalid type for '{place}.{kind}.arguments': {words}", param=place)


def _pairs(messages: list[Json]) -> None:
    """Each call is answered right after the message that made it, before anything else is said."""
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                raise Refused(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'.",
                    param="messages",
                )
            waiting.remove(message["tool_call_id"])
            continue
        _answered(waiting)
        waiting = [call["id"] for call in message.get("tool_calls") or []]
    _answered(waiting)


def _answered(waiting: list[str]) -> None:
    if waiting:
        raise Refused(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{', '.join(waiting)}",
            param="messages",
        )


def arguments_of(call: Json) -> Any:
    """The arguments of a function call; None where they are no JSON."""
    try:
        return json.loads(call["function"]["arguments"])
    except ValueError:
        return None
