"""Reading a request of openai-chat into the middle.

System and developer messages before the first turn are the system; later ones are turns. Functions of the
old kind (`functions`, `function_call`, role `function`) are tools whose calls have ids of our own.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

from adapters.conversation import (
    ChatRequest,
    Choice,
    Effort,
    Format,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
    given,
)
from adapters.conversation_thoughts import recall
from adapters.dialects.openai_chat.request_wire import (
    KNOWN,
    ChoiceIn,
    ExtraIn,
    FormatIn,
    FunctionIn,
    ImageIn,
    KindIn,
    MessageIn,
    PartIn,
    RequestIn,
    ToolCallIn,
    ToolIn,
    ToolNameIn,
)
from adapters.fault import Malformed
from adapters.request import checked_model, checked_schema, decode_body, decode_fields, decode_part
from adapters.seal import Seal, unsealed_all

NAME = "openai-chat"
# Whose signatures stand on calls where they are no seals.
_GOOGLE = "gemini"

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_PART = msgspec.json.Decoder(PartIn).decode
_DECODE_KIND = msgspec.json.Decoder(KindIn).decode
_DECODE_TOOL = msgspec.json.Decoder(ToolIn).decode
_DECODE_EXTRA = msgspec.json.Decoder(ExtraIn | None).decode
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.=+-]+)*;base64,", re.IGNORECASE)

_MODES: dict[str, Literal["auto", "any", "none"]] = {"auto": "auto", "required": "any", "none": "none"}
_EFFORTS: dict[str, Effort] = {
    "none": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
_FORMATS = ("json_schema", "json_object")


def read_request(body: bytes, path: str = "") -> ChatRequest:  # noqa: ARG001 - all stands in the body
    """Read a request; raise `Malformed` with the place of what is wrong."""
    extras = {key: raw for key, raw in decode_fields(_DECODE_KEYS, body).items() if key not in KNOWN}
    request = decode_body(_DECODE, body)
    system, turns = _conversation(request.messages)
    choice = request.function_call if request.tool_choice is None else request.tool_choice
    tools = _tools(request)
    limit = request.max_tokens if request.max_completion_tokens is None else request.max_completion_tokens
    options = request.stream_options
    effort = request.reasoning_effort or ""
    return ChatRequest(
        dialect=NAME,
        model=checked_model(request.model),
        system=system,
        turns=turns,
        tools=tuple(_allowed(tools, choice)),
        choice=_choice(choice),
        parallel=request.parallel_tool_calls,
        max_tokens=limit,
        sampling=_sampling(request),
        stop=(request.stop,) if isinstance(request.stop, str) else tuple(request.stop or ()),
        reasoning=Reasoning(_EFFORTS[effort], thinks=effort != "none") if effort in _EFFORTS else None,
        format=_format(request.response_format),
        user=request.user,
        service_tier=request.service_tier,
        answers=request.n or 1,
        stream=request.stream is True,
        include_usage=options is not None and options.include_usage is True,
        extras=extras,
        unread=tuple(_unread(request)),
    )


def _unread(request: RequestIn) -> Iterator[str]:
    """The settings whose values have no place in the middle."""
    if any(message.name for message in request.messages if message.role in ("user", "assistant", "system")):
        yield "messages.name"
    if request.reasoning_effort and request.reasoning_effort not in _EFFORTS:
        yield "reasoning_effort"
    if request.response_format and request.response_format.type not in (*_FORMATS, "text"):
        yield "response_format"


# --- settings -----------------------------------------------------------------------------------------


def _sampling(request: RequestIn) -> Sampling:
    return Sampling(
        request.temperature,
        request.top_p,
        request.top_k,
        request.seed,
        request.frequency_penalty,
        request.presence_penalty,
        request.logprobs,
        request.top_logprobs,
    )


def _format(shape: FormatIn | None) -> Format | None:
    if shape is None or shape.type not in _FORMATS:
        return None
    schema = shape.json_schema
    if schema is None:
        return Format(name="")
    return Format(given(schema.schema), schema.name, schema.description, schema.strict)


def _choice(choice: object) -> Choice | None:
    if isinstance(choice, ChoiceIn) and choice.allowed_tools is not None:
        choice = choice.allowed_tools.mode
    if isinstance(choice, str):
        return _mode(choice)
    name = _name_of(choice)
    return None if name is None else Choice("one", name)


def _mode(mode: str) -> Choice:
    if mode not in _MODES:
        raise Malformed(f"`tool_choice` {mode!r} is not known.", param="tool_choice")
    return Choice(_MODES[mode])


def _name_of(choice: object) -> str | None:
    named = (choice.function or choice.custom) if isinstance(choice, ToolNameIn) else choice
    name = getattr(named, "name", None)
    return name if isinstance(name, str) else None


def _allowed(tools: list[Tool | ServerTool], choice: object) -> list[Tool | ServerTool]:
    """The tools that may be called now; a choice among some is kept by offering no others."""
    if not isinstance(choice, ChoiceIn) or choice.allowed_tools is None:
        return tools
    names = {_name_of(tool) for tool in choice.allowed_tools.tools}
    return [tool for tool in tools if tool.name in names]


def _tools(request: RequestIn) -> list[Tool | ServerTool]:
    tools = [_tool(raw, f"tools[{index}]") for index, raw in enumerate(request.tools or ())]
    functions = enumerate(request.functions or ())
    return [*tools, *(_function(function, f"functions[{index}]") for index, function in functions)]


def _tool(raw: msgspec.Raw, place: str) -> Tool | ServerTool:
    tool = decode_part(_DECODE_TOOL, raw, place)
    if tool.function is not None:
        return _function(tool.function, f"{place}.function")
    if tool.custom is not None:
        custom = tool.custom
        return Tool(
            name=custom.name, description=custom.description, freeform=True, grammar=given(custom.format)
        )
    if tool.type in ("function", "custom"):
        raise Malformed(f"`{place}.{tool.type}` is required.", param=place)
    return ServerTool(NAME, tool.type, tool.type, raw)


def _function(function: FunctionIn, place: str) -> Tool:
    return Tool(
        name=function.name,
        description=function.description,
        schema=checked_schema(function.parameters, f"{place}.parameters"),
        strict=function.strict,
    )


# --- turns --------------------------------------------------------------------------------------------


def _conversation(messages: list[MessageIn]) -> tuple[tuple[Text, ...], tuple[Turn, ...]]:
    """The system and the turns; a result of an old function answers the last call."""
    system: list[Text] = []
    turns: list[Turn] = []
    called = ""
    for index, message in enumerate(messages):
        place = f"messages[{index}]"
        turn = _turn(message, place, called)
        called = place if message.function_call else called
        if turn.role == "system" and not turns:
            system.extend(part for part in turn.parts if isinstance(part, Text))
        else:
            turns.append(turn)
    return tuple(system), tuple(turns)


def _turn(message: MessageIn, place: str, called: str) -> Turn:
    if message.role in ("system", "developer"):
        return Turn("system", tuple(_texts(message, place)))
    if message.role == "user":
        return Turn("user", tuple(_parts(message, place)))
    if message.role == "assistant":
        return Turn("assistant", tuple(_assistant(message, place)))
    if message.role not in ("tool", "function"):
        raise Malformed(f"`{place}.role` {message.role!r} is not known.", param=f"{place}.role")
    answered = message.tool_call_id if message.role == "tool" else _own_id(called)
    if not answered:
        raise Malformed(f"`{place}.tool_call_id` is required.", param=f"{place}.tool_call_id")
    parts = tuple(_result_parts(message, place))
    return Turn("user", (ToolResult(id=answered, parts=parts, place=place),))


def _result_parts(message: MessageIn, place: str) -> Iterator[Text | Media | Opaque]:
    for part in _parts(message, place):
        yield part if isinstance(part, Text | Media | Opaque) else Text(part.text)


def _own_id(place: str) -> str:
    """An id for a call of an old function, by the place of its message."""
    return re.sub(r"\W+", "_", place).strip("_")


def _texts(message: MessageIn, place: str) -> Iterator[Text]:
    for index, part in enumerate(_parts(message, place)):
        if not isinstance(part, Text):
            raise Malformed(f"`{place}.content[{index}]`: only text can stand in a {message.role} message.")
        yield part


def _assistant(message: MessageIn, place: str) -> list[Part]:
    thought = message.reasoning_content or message.reasoning
    parts: list[Part] = [Thinking(thought, maker=NAME)] if thought else []
    parts += _parts(message, place)
    if message.refusal:
        parts.append(Refusal(message.refusal))
    if given(message.audio) is not None:
        parts.append(Opaque(NAME, "audio", f"{place}.audio", message.audio))
    for index, call in enumerate(message.tool_calls or ()):
        recall(parts, _carried(call.extra_content))
        parts.append(_call(call, f"{place}.tool_calls[{index}]"))
    if message.function_call:
        function = message.function_call
        parts.append(ToolCall(_own_id(place), function.name, function.arguments or ""))
    return parts


def _carried(extra: msgspec.Raw) -> tuple[Seal, ...]:
    """What a call carries; a signature that is no seal is Google's own, and anything else is skipped."""
    try:
        read = _DECODE_EXTRA(extra)
    except (ValueError, RecursionError):
        return ()
    signature = read.google.thought_signature if read and read.google else None
    return unsealed_all(signature, _GOOGLE) if signature else ()


def _call(call: ToolCallIn, place: str) -> ToolCall:
    if call.function is not None:
        return ToolCall(call.id, call.function.name, call.function.arguments or "")
    if call.custom is not None:
        return ToolCall(call.id, call.custom.name, call.custom.input, freeform=True)
    raise Malformed(f"`{place}.function` is required.", param=place)


def _parts(message: MessageIn, place: str) -> Iterator[Text | Media | Refusal | Opaque]:
    if isinstance(message.content, str):
        yield Text(message.content)
        return
    for index, raw in enumerate(message.content or ()):
        yield _part(raw, f"{place}.content[{index}]")


def _part(raw: msgspec.Raw, place: str) -> Text | Media | Refusal | Opaque:
    kind = decode_part(_DECODE_KIND, raw, place).type
    read = _KINDS.get(kind)
    part = read(decode_part(_DECODE_PART, raw, place), place) if read else None
    return part or Opaque(NAME, kind, place, raw)


def _image(part: PartIn, place: str) -> Media | None:
    if part.image_url is None:
        return None
    url, detail = (part.image_url, None) if isinstance(part.image_url, str) else _address(part.image_url)
    kind, data = _split(url)
    if data is None:
        return Media(kind="image", place=place, url=url, detail=detail)
    return Media(kind="image", place=place, media_type=kind, data=data, detail=detail)


def _address(image: ImageIn) -> tuple[str, str | None]:
    return image.url, None if image.detail == "auto" else image.detail


def _split(url: str) -> tuple[str, str | None]:
    """Return the media type and the base64 of a data URI; no data where it is another address."""
    match = _DATA_URI.match(url)
    return (match[1] or "", url[match.end() :]) if match else ("", None)


def _audio(part: PartIn, place: str) -> Media | None:
    sound = part.input_audio
    if sound is None:
        return None
    return Media(kind="audio", place=place, media_type=f"audio/{sound.format}", data=sound.data)


def _file(part: PartIn, place: str) -> Media | None:
    file = part.file
    if file is None:
        return None
    kind, data = _split(file.file_data or "")
    # Some clients send the base64 alone.
    kind = kind or ("application/pdf" if (file.filename or "").lower().endswith(".pdf") else "")
    return Media(
        kind="image" if kind.startswith("image/") else "document",
        place=place,
        media_type=kind,
        data=data or file.file_data,
        file=file.file_id,
        name=file.filename,
    )


_KINDS: dict[str, Callable[[PartIn, str], Text | Media | Refusal | None]] = {
    "text": lambda part, _: Text(part.text),
    "refusal": lambda part, _: Refusal(part.refusal),
    "image_url": _image,
    "input_audio": _audio,
    "file": _file,
}
