"""gemini, strict: what Google's API refuses, in its words."""

import re
from collections.abc import Container, Mapping
from typing import Any

from google.genai import types

from tests.upstream.kinds import fields_of
from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Offered
from tests.upstream.refusal import Asked, Refused, is_base64, places
from tests.upstream.strict import gemini_order

TOP = {
    "contents",
    "tools",
    "toolConfig",
    "safetySettings",
    "systemInstruction",
    "generationConfig",
    "cachedContent",
    "labels",
    "model",
    "serviceTier",
    "store",
}
# Which of the things a part can be; the rest are said about it.
DATA = {
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
}
PART = fields_of(types.Part)
SCHEMA = fields_of(types.Schema) | {"$ref", "$defs"}
# The models that insist on signatures of calls.
SIGNED = re.compile(r"/gemini-[3-9]")
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}")


def hear(asked: Asked) -> Heard:
    """What a request says to who leads it."""
    body = asked.body
    config = body.get("generationConfig") or {}
    thinking = config.get("thinkingConfig") or {}
    turns = (content for content in body["contents"] if content.get("role") == "model")
    return Heard(
        model=asked.path.rpartition("/")[2].partition(":")[0],
        stream=asked.path.endswith(":streamGenerateContent"),
        turn=sum(any("functionCall" in part for part in turn["parts"]) for turn in turns),
        tools=tuple(
            Offered(
                function["name"], function.get("parametersJsonSchema") or function.get("parameters") or {}
            )
            for tool in body.get("tools") or []
            for function in tool.get("functionDeclarations") or []
        ),
        # Google's SDK writes this one in snake case.
        thinks=bool(thinking.get("includeThoughts") or thinking.get("include_thoughts")),
        shape=config.get("responseJsonSchema") or config.get("responseSchema"),
    )


def check(asked: Asked, memory: Memory) -> None:
    """Refuse what Google refuses."""
    body = asked.body
    _known(body, TOP, "")
    _settings(body)
    _tools(body)
    contents = body.get("contents")
    if not contents:
        raise Refused("* GenerateContentRequest.contents: contents is not specified\n")
    for place, content in places(contents, "contents[{}]"):
        _content(place, content, ("user", "model"))
    if "systemInstruction" in body:
        _content("system_instruction", body["systemInstruction"], ("user", "model", "system"))
    gemini_order.check_order(contents)
    gemini_order.check_signatures(contents, memory)
    if SIGNED.search(asked.path):
        gemini_order.check_signed(contents)


def _known(given: Mapping[str, Any], known: Container[str], place: str) -> None:
    """Fields are taken as they are documented and in snake case, as protobuf's JSON does."""
    for field in given:
        if _camel(field) not in known:
            there = f" at '{place}'" if place else ""
            raise Refused(f'Invalid JSON payload received. Unknown name "{field}"{there}: Cannot find field.')


def _camel(field: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), field)


def _settings(body: Json) -> None:
    config = body.get("generationConfig") or {}
    _known(config, fields_of(types.GenerationConfig), "generation_config")
    _known(
        config.get("thinkingConfig") or {},
        fields_of(types.ThinkingConfig),
        "generation_config.thinking_config",
    )
    _known(body.get("toolConfig") or {}, fields_of(types.ToolConfig), "tool_config")
    if "responseSchema" in config:
        _schema(config["responseSchema"], "generation_config.response_schema")
    if len(config.get("stopSequences") or []) > 5:
        raise Refused("Invalid value at 'generation_config.stop_sequences': at most 5 stop sequences.")
    thinking = config.get("thinkingConfig") or {}
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        raise Refused("You can only set only one of thinking budget and thinking level.")


def _tools(body: Json) -> None:
    names = set()
    for place, tool in places(body.get("tools"), "tools[{}]"):
        _known(tool, fields_of(types.Tool), place)
        for there, function in places(
            tool.get("functionDeclarations"), f"{place}.function_declarations[{{}}]"
        ):
            _declaration(there, function)
            if function["name"] in names:
                raise Refused(f"Duplicate function declaration found: {function['name']}")
            names.add(function["name"])
    mode = ((body.get("toolConfig") or {}).get("functionCallingConfig") or {}).get("mode")
    if mode == "ANY" and not names:
        raise Refused("Function calling mode is set to ANY but no function declarations were provided.")


def _declaration(place: str, function: Mapping[str, Any]) -> None:
    _known(function, fields_of(types.FunctionDeclaration), place)
    if not NAME.fullmatch(function.get("name", "")):
        raise Refused(
            f"* GenerateContentRequest.{place}.name: Invalid function name. Must start with a letter or an "
            "underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or "
            "dashes (-), with a maximum length of 128.\n"
        )
    if "parameters" in function and "parametersJsonSchema" in function:
        raise Refused(
            f"* GenerateContentRequest.{place}: only one of parameters and parameters_json_schema may be set."
        )
    if "parameters" in function:
        _schema(function["parameters"], f"{place}.parameters")


def _schema(schema: Mapping[str, Any], place: str) -> None:
    """Schemas in `parameters` are of an OpenAPI kind: a keyword it lacks is an unknown field."""
    _known(schema, SCHEMA, place)
    kind = schema.get("type")
    if isinstance(kind, list):
        raise Refused(
            f"Invalid value at '{place}.type' (type.googleapis.com/google.ai.generativelanguage.v1beta.Type)"
        )
    for name, inside in (schema.get("properties") or {}).items():
        _schema(inside, f"{place}.properties[{name}]")
    if schema.get("items"):
        _schema(schema["items"], f"{place}.items")


def _content(place: str, content: Mapping[str, Any], roles: Container[str]) -> None:
    _known(content, {"parts", "role"}, place)
    if content.get("role", "user") not in roles:
        raise Refused("Please use a valid role: user, model.")
    if not content.get("parts"):
        raise Refused(f"* GenerateContentRequest.{place}.parts: contents.parts must not be empty.\n")
    for there, part in places(content["parts"], f"{place}.parts[{{}}]"):
        _part(there, part)


def _part(place: str, part: Mapping[str, Any]) -> None:
    _known(part, PART, place)
    data = {_camel(field) for field in part} & DATA
    if len(data) != 1:
        words = "required oneof field 'data' must have one initialized field"
        raise Refused(f"* GenerateContentRequest.{place}.data: {words}\n")
    if "inlineData" in part:
        _blob(f"{place}.inline_data", part["inlineData"])
    if "functionCall" in part:
        _known(part["functionCall"], fields_of(types.FunctionCall), f"{place}.function_call")
    if "functionResponse" in part:
        _response(f"{place}.function_response", part["functionResponse"])
    signature = part.get("thoughtSignature")
    if signature is not None and not is_base64(signature) and signature not in gemini_order.WAIVERS:
        raise Refused(f"Invalid value at '{place}.thought_signature' (TYPE_BYTES), Base64 decoding failed")


def _response(place: str, response: Mapping[str, Any]) -> None:
    _known(response, fields_of(types.FunctionResponse), place)
    if not response.get("name"):
        raise Refused(f"* GenerateContentRequest.{place}.name: Name cannot be empty.\n")
    if not isinstance(response.get("response", {}), Mapping):
        raise Refused(f"Invalid value at '{place}.response' (type.googleapis.com/google.protobuf.Struct)")
    for there, part in places(response.get("parts"), f"{place}.parts[{{}}]"):
        _known(part, fields_of(types.FunctionResponsePart), there)
        if "inlineData" in part:
            _blob(f"{there}.inline_data", part["inlineData"])


def _blob(place: str, blob: Mapping[str, Any]) -> None:
    _known(blob, fields_of(types.Blob), place)
    if not is_base64(blob.get("data")):
        raise Refused(f"Invalid value at '{place}.data' (TYPE_BYTES), Base64 decoding failed")
    if not blob.get("mimeType"):
        raise Refused(f"* GenerateContentRequest.{place}.mime_type: must be set\n")
