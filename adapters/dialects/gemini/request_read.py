"""Reading a request of gemini into the middle: its settings and its tools; its turns are in `turns_read`.

Both spellings of fields are taken, and both kinds of schemas. What is cached at Google is content that
nobody else has: it stands as an opaque part before all others, and so is refused by other providers.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from adapters.conversation import (
    ChatRequest,
    Choice,
    Effort,
    Format,
    Opaque,
    Reasoning,
    Sampling,
    ServerTool,
    Text,
    Tool,
    Turn,
    given,
)
from adapters.dialects.gemini.media_read import NAME
from adapters.dialects.gemini.request import is_stream, model_of
from adapters.dialects.gemini.request_wire import (
    GENERATION_KNOWN,
    INSIDE,
    KNOWN,
    TOOL_CONFIG_KNOWN,
    CallingIn,
    ContentIn,
    FunctionIn,
    GenerationIn,
    RequestIn,
    ThinkingIn,
    ToolConfigIn,
)
from adapters.dialects.gemini.schema import lowered
from adapters.dialects.gemini.spelling import respelled
from adapters.dialects.gemini.turns_read import TurnReader, texts_of
from adapters.fault import Malformed
from adapters.request import checked_schema, decode_body, decode_fields, decode_part

# What stands before a setting of `generationConfig` among the extras.
GENERATION = "generationConfig."
TOOL_CONFIG = "toolConfig"
CACHED = "cachedContent"

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_CONTENT = msgspec.json.Decoder(ContentIn | str).decode
_DECODE_GENERATION = msgspec.json.Decoder(GenerationIn | None).decode
_DECODE_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_DECODE_TOOL_CONFIG = msgspec.json.Decoder(ToolConfigIn | None).decode
_DECODE_FUNCTIONS = msgspec.json.Decoder(list[FunctionIn] | None).decode

_ENCODE = msgspec.json.Encoder().encode

_FUNCTIONS = "functionDeclarations"
_MODES: dict[str, Literal["auto", "any", "none"]] = {
    "AUTO": "auto",
    "MODE_UNSPECIFIED": "auto",
    "VALIDATED": "auto",
    "ANY": "any",
    "NONE": "none",
}
LEVELS: dict[str, Effort] = {
    "MINIMAL": "minimal",
    "LOW": "low",
    "MEDIUM": "medium",
    "HIGH": "high",
    "XHIGH": "xhigh",
}
_JSON = "application/json"
_PLAIN = ("text/plain", None)
_DYNAMIC = -1
_DISPLAYS = {True: "summarized", False: "omitted", None: None}


def read_request(body: bytes, path: str) -> ChatRequest:
    """Read a request; raise `Malformed` with the place of what is wrong."""
    body = _unwrapped(respelled(body))
    fields = decode_fields(_DECODE_KEYS, body)
    request = decode_body(_DECODE, body)
    if request.contents is None:
        raise Malformed("`contents` is required.", param="contents")
    generation = decode_part(_DECODE_GENERATION, request.generation_config, "generationConfig")
    generation = generation or GenerationIn()
    settings = decode_part(_DECODE_FIELDS, request.generation_config, "generationConfig") or {}
    calling = _calling(request.tool_config)
    top_k = generation.top_k
    return ChatRequest(
        dialect=NAME,
        model=model_of(request.model, path),
        system=tuple(_system(request.system_instruction)),
        turns=tuple(_turns(request)),
        tools=tuple(_allowed(list(_tools(request)), calling)),
        choice=_choice(calling),
        max_tokens=generation.max_output_tokens,
        sampling=Sampling(
            generation.temperature,
            generation.top_p,
            None if top_k is None else int(top_k),
            generation.seed,
            generation.frequency_penalty,
            generation.presence_penalty,
            generation.response_logprobs,
            generation.logprobs,
        ),
        stop=tuple(generation.stop_sequences or ()),
        reasoning=_reasoning(generation.thinking_config),
        format=_format(generation),
        service_tier=request.service_tier,
        answers=generation.candidate_count or 1,
        stream=is_stream(path),
        include_usage=True,
        extras={
            **{key: raw for key, raw in fields.items() if key not in KNOWN},
            **{GENERATION + key: raw for key, raw in settings.items() if key not in GENERATION_KNOWN},
            **_odd_tool_config(request.tool_config, calling),
        },
        unread=tuple(_unread(request, generation)),
    )


def _unwrapped(body: bytes) -> bytes:
    """The request inside a count, where there is one."""
    inside = decode_body(_DECODE_KEYS, body).get(INSIDE)
    return body if inside is None else bytes(inside)


def _unread(request: RequestIn, generation: GenerationIn) -> Iterator[str]:
    """The settings whose values have no place in the middle."""
    thinking = generation.thinking_config
    if thinking and thinking.thinking_level and thinking.thinking_level.upper() not in LEVELS:
        yield "generationConfig.thinkingConfig.thinkingLevel"
    if generation.response_mime_type not in (*_PLAIN, _JSON):
        yield "generationConfig.responseMimeType"
    for tool in request.tools or ():
        functions = decode_part(_DECODE_FUNCTIONS, tool.get(_FUNCTIONS, msgspec.Raw(b"null")), "tools")
        if any(given(one.response) or given(one.response_json_schema) for one in functions or ()):
            yield "tools.functionDeclarations.response"


# --- settings -----------------------------------------------------------------------------------------


def _calling(raw: msgspec.Raw) -> CallingIn | None:
    config = decode_part(_DECODE_TOOL_CONFIG, raw, TOOL_CONFIG)
    calling = config.function_calling_config if config else None
    if calling and (calling.mode or "AUTO").upper() not in _MODES:
        raise Malformed(f"`toolConfig` has a mode {calling.mode!r} that is not known.", param=TOOL_CONFIG)
    return calling


def _choice(calling: CallingIn | None) -> Choice | None:
    if calling is None:
        return None
    mode, names = _MODES[(calling.mode or "AUTO").upper()], calling.allowed_function_names or ()
    return Choice("one", names[0]) if mode == "any" and len(names) == 1 else Choice(mode)


def _allowed(tools: list[Tool | ServerTool], calling: CallingIn | None) -> list[Tool | ServerTool]:
    """The tools that may be called now; a choice among some is kept by offering no others."""
    names = (calling.allowed_function_names if calling else None) or ()
    if len(names) <= 1:
        return tools
    return [tool for tool in tools if isinstance(tool, ServerTool) or tool.name in names]


def _odd_tool_config(raw: msgspec.Raw, calling: CallingIn | None) -> dict[str, msgspec.Raw]:
    """The whole of a configuration that says more than which tools may be called."""
    fields = decode_part(_DECODE_FIELDS, raw, TOOL_CONFIG) or {}
    more = fields.keys() - TOOL_CONFIG_KNOWN
    validated = calling is not None and (calling.mode or "").upper() == "VALIDATED"
    return {TOOL_CONFIG: raw} if more or validated else {}


def _reasoning(thinking: ThinkingIn | None) -> Reasoning | None:
    if thinking is None:
        return None
    budget = thinking.thinking_budget
    if budget == 0:
        return Reasoning("none", thinks=False)
    shown = _DISPLAYS[thinking.include_thoughts]
    effort = LEVELS.get((thinking.thinking_level or "").upper())
    return Reasoning(effort, None if budget == _DYNAMIC else budget, display=shown)


def _format(generation: GenerationIn) -> Format | None:
    if generation.response_mime_type != _JSON:
        return None
    schema = given(generation.response_json_schema) or given(generation.response_schema)
    if schema is None:
        return Format(name="")
    return Format(schema=lowered(schema, "generationConfig.responseSchema"))


def _tools(request: RequestIn) -> Iterator[Tool | ServerTool]:
    for index, tool in enumerate(request.tools or ()):
        for kind, raw in tool.items():
            if kind == _FUNCTIONS:
                yield from _functions(raw, f"tools[{index}].{kind}")
            else:
                yield ServerTool(NAME, kind, kind, msgspec.Raw(_ENCODE({kind: raw})))


def _functions(raw: msgspec.Raw, place: str) -> Iterator[Tool]:
    for index, function in enumerate(decode_part(_DECODE_FUNCTIONS, raw, place) or ()):
        yield _tool(function, f"{place}[{index}]")


def _tool(function: FunctionIn, place: str) -> Tool:
    if not function.name:
        raise Malformed(f"`{place}.name` is required.", param=f"{place}.name")
    schema = checked_schema(function.parameters_json_schema, f"{place}.parametersJsonSchema")
    if schema is None:
        schema = checked_schema(function.parameters, f"{place}.parameters")
    return Tool(
        name=function.name,
        description=function.description,
        schema=None if schema is None else lowered(schema, place),
    )


# --- turns --------------------------------------------------------------------------------------------


def _system(instruction: ContentIn | str | None) -> Iterator[Text]:
    if isinstance(instruction, str):
        yield Text(instruction)
    elif instruction is not None:
        yield from texts_of(instruction, "systemInstruction")


def _turns(request: RequestIn) -> Iterator[Turn]:
    cached = given(request.cached_content)
    if cached is not None:
        yield Turn("user", (Opaque(NAME, CACHED, CACHED, cached),))
    contents = request.contents
    if isinstance(contents, str | ContentIn):
        yield TurnReader().turn(contents, "contents")
        return
    reader = TurnReader()
    for index, raw in enumerate(contents or ()):
        place = f"contents[{index}]"
        yield reader.turn(decode_part(_DECODE_CONTENT, raw, place), place)
