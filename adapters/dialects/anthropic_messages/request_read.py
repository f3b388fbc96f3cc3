"""Reading a request of anthropic-messages into the middle.

A block nobody else knows becomes `Opaque` and keeps its bytes; what is no block at all is `Malformed`, with
its place. A document made of blocks becomes those blocks.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Literal

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
    Role,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolReference,
    ToolResult,
    Turn,
    given,
)
from adapters.dialects.anthropic_messages.request_wire import (
    CARRIED,
    KNOWN,
    BlockIn,
    ChoiceIn,
    KindIn,
    MessageIn,
    OutputIn,
    RequestIn,
    SourceIn,
    StrictIn,
    ThreadIn,
    ToolIn,
)
from adapters.dialects.anthropic_messages.wire import NULL
from adapters.fault import Malformed
from adapters.request import checked_model, checked_schema, decode_body, decode_fields, decode_part
from adapters.seal import unsealed

NAME = "anthropic-messages"
# The key of an input that holds what a model wrote instead of a JSON object.
RAW_KEY = "__raw"

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_STRICTLY = msgspec.json.Decoder(StrictIn).decode
_CARRIED_BY = attrgetter(*CARRIED)
_NOT_DRAWN = (None, None, None)
_NOTHING = (NULL,) * len(CARRIED)
_DECODE_BLOCK = msgspec.json.Decoder(BlockIn).decode
_DECODE_KIND = msgspec.json.Decoder(KindIn).decode
_DECODE_SOURCE = msgspec.json.Decoder(SourceIn).decode
_DECODE_CONTENT = msgspec.json.Decoder(str | list[msgspec.Raw] | None).decode
_DECODE_TOOL = msgspec.json.Decoder(ToolIn).decode
_DECODE_THREAD = msgspec.json.Decoder(ThreadIn).decode
_DECODE_STRING = msgspec.json.Decoder(str).decode
_DECODE_RAW_KEY = msgspec.json.Decoder(dict[str, str]).decode

# No text holds these bytes, for its quotes are escaped.
_CITED = b'"citations"'

_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_MODES: dict[str, Literal["auto", "any", "one", "none"]] = {
    "auto": "auto",
    "any": "any",
    "tool": "one",
    "none": "none",
}
EFFORTS: dict[str, Effort] = {
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def read_request(body: bytes, path: str = "") -> ChatRequest:  # noqa: ARG001 - all stands in the body
    """Read a request; raise `Malformed` with the place of what is wrong."""
    request, extras = _decoded(body)
    turns = _turns(request.messages)
    return ChatRequest(
        dialect=NAME,
        model=checked_model(request.model),
        turns=turns,
        max_tokens=request.max_tokens,
        stream=request.stream is True,
        include_usage=True,
        extras=extras,
        cited=body.find(_CITED) >= 0 and any(_cites(part) for turn in turns for part in turn.parts),
        continues=_continued(extras["thread"]) if "thread" in extras else "",
        **_said(request),
    )


def _said(request: RequestIn) -> dict[str, Any]:
    """What most small requests do not say, as fields of the middle: what is not here has its default."""
    said: dict[str, Any] = {}
    if request.system is not None:
        said["system"] = _system(request.system)
    if request.tools:
        said["tools"] = _tools(request.tools)
    if request.tool_choice:
        said["choice"], said["parallel"] = _choice(request.tool_choice)
    drawn = (request.temperature, request.top_p, request.top_k)
    if drawn != _NOT_DRAWN:
        said["sampling"] = Sampling(*drawn)
    if request.stop_sequences:
        said["stop"] = tuple(request.stop_sequences)
    reasoning = _reasoning(request)
    if reasoning is not None:
        said["reasoning"] = reasoning
    if request.output_config:
        said["format"], said["unread"] = _format(request.output_config), _unread(request.output_config)
    if request.metadata:
        said["user"] = request.metadata.user_id
    if request.service_tier is not None:
        said["service_tier"] = request.service_tier
    return said


def _decoded(body: bytes) -> tuple[RequestIn, dict[str, msgspec.Raw]]:
    """Decode a body, and what of it only this dialect knows, as it came.

    Nearly every body has no field but those that are known, and is read once; one with others is read again.
    """
    try:
        request = decode_fields(_DECODE_STRICTLY, body)
    except Malformed:
        keys = decode_fields(_DECODE_KEYS, body)
        return decode_body(_DECODE, body), {key: raw for key, raw in keys.items() if key not in KNOWN}
    found = _CARRIED_BY(request)
    if found == _NOTHING:
        return request, {}
    return request, {name: raw for name, raw in zip(CARRIED, found, strict=True) if raw != NULL}


def _continued(thread: msgspec.Raw) -> str:
    """Name the setting that leads to earlier turns; one that begins a conversation has them all beside it."""
    try:
        kind = _DECODE_THREAD(thread).type
    except msgspec.ValidationError:
        return ""  # an odd shape, or none, leads nowhere
    return "thread" if kind == "continue" else ""


def _cites(part: Part) -> bool:
    if isinstance(part, ToolResult):
        return any(map(_cites, part.parts))
    return isinstance(part, Text | Media) and part.citations is not None


def _unread(output: OutputIn) -> tuple[str, ...]:
    """The settings whose values have no place in the middle."""
    unread = []
    if output.effort and output.effort not in EFFORTS:
        unread.append("output_config.effort")
    if output.format and output.format.type != "json_schema":
        unread.append("output_config.format")
    return tuple(unread)


# --- settings -----------------------------------------------------------------------------------------


def _system(system: str | list[BlockIn]) -> tuple[Text, ...]:
    if isinstance(system, str):
        return (Text(system),)
    for index, block in enumerate(system):
        if block.type != "text":
            raise Malformed(f"`system[{index}]`: a block of type {block.type!r} cannot stand here.")
    return tuple([_text_of(block) for block in system])


def _choice(choice: ChoiceIn) -> tuple[Choice, bool | None]:
    """Which tools, and whether several at once; None where that is not said."""
    mode = _MODES.get(choice.type)
    if mode is None:
        raise Malformed(f"`tool_choice.type` {choice.type!r} is not known.", param="tool_choice")
    alone = choice.disable_parallel_tool_use
    return Choice(mode, choice.name), None if alone is None else not alone


def _reasoning(request: RequestIn) -> Reasoning | None:
    """The effort said last holds: Claude Code says it anew where a turn changes it."""
    thinking = request.thinking
    said = [message.output_config for message in request.messages if message.output_config]
    if thinking is None and request.output_config is None and not said:
        return None
    efforts = [output.effort for output in (request.output_config, *said) if output and output.effort]
    effort = EFFORTS.get(efforts[-1]) if efforts else None
    if thinking is None:
        return Reasoning(effort, thinks=False) if effort else None
    if thinking.type == "disabled":
        return Reasoning("none", thinks=False)
    return Reasoning(effort, thinking.budget_tokens, display=thinking.display)


def _format(output: OutputIn) -> Format | None:
    shape = output.format
    return Format(schema=shape.schema, strict=True) if shape and shape.type == "json_schema" else None


def _tools(tools: list[msgspec.Raw]) -> tuple[Tool | ServerTool, ...]:
    return tuple([_tool(raw, f"tools[{index}]") for index, raw in enumerate(tools)])


def _tool(raw: msgspec.Raw, place: str) -> Tool | ServerTool:
    tool = decode_part(_DECODE_TOOL, raw, place)
    if tool.type not in (None, "custom"):
        return ServerTool(NAME, tool.type or "", tool.name or tool.type or "", raw)
    if not tool.name:
        raise Malformed(f"`{place}.name` is required.", param=f"{place}.name")
    return Tool(
        name=tool.name,
        description=tool.description,
        schema=checked_schema(tool.input_schema, f"{place}.input_schema"),
        strict=tool.strict,
        deferred=tool.defer_loading is True,
        cache=given(tool.cache_control),
    )


# --- turns --------------------------------------------------------------------------------------------


def _turns(messages: list[MessageIn]) -> tuple[Turn, ...]:
    return tuple([_turn(message, f"messages[{index}]") for index, message in enumerate(messages)])


def _turn(message: MessageIn, place: str) -> Turn:
    role = _ROLES.get(message.role)
    if role is None:
        raise Malformed(f"`{place}.role` {message.role!r} is not known.", param=f"{place}.role")
    return Turn(role, _parts(message.content, place))


def _parts(content: str | list[msgspec.Raw] | None, place: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),)
    parts: list[Part] = []
    for index, raw in enumerate(content or ()):
        parts += _block(raw, f"{place}.content[{index}]")
    return tuple(parts)


def _block(raw: msgspec.Raw, place: str) -> Sequence[Part]:
    try:
        block = _DECODE_BLOCK(raw)
    except (ValueError, RecursionError):
        # Only a kind that is known here must have what that kind has.
        kind = decode_part(_DECODE_KIND, raw, place).type
        block = decode_part(_DECODE_BLOCK, raw, place) if kind in _BLOCKS else BlockIn(kind)
    read = _BLOCKS.get(block.type)
    return (Opaque(NAME, block.type, place, raw),) if read is None else read(block, raw, place)


def _text_of(block: BlockIn) -> Text:
    if block.cache_control is NULL and block.citations is NULL:
        return Text(block.text)
    return Text(block.text, given(block.cache_control), given(block.citations))


def _text(block: BlockIn, _: msgspec.Raw, __: str) -> Sequence[Part]:
    return (_text_of(block),)


def _thinking(block: BlockIn, _: msgspec.Raw, __: str) -> Sequence[Part]:
    seal = unsealed(block.signature or "", NAME)
    return (Thinking(block.thinking, seal.signature, seal.redacted, seal.maker),)


def _redacted(block: BlockIn, _: msgspec.Raw, __: str) -> Sequence[Part]:
    return (Thinking("", redacted=block.data, maker=NAME),)


def _call(block: BlockIn, _: msgspec.Raw, place: str) -> Sequence[Part]:
    text = decode_part(_as_text, block.input, f"{place}.input")
    return (ToolCall(block.id, block.name, _arguments(text), cache=given(block.cache_control)),)


def _as_text(raw: bytes | msgspec.Raw) -> str:
    return bytes(raw).decode()


def _arguments(text: str) -> str:
    """The text of an input; one that our own writer wrapped is what the model wrote."""
    if RAW_KEY not in text:
        return text if text != "null" else "{}"
    try:
        fields = _DECODE_RAW_KEY(text)
    except (ValueError, RecursionError):
        return text
    return fields[RAW_KEY] if fields.keys() == {RAW_KEY} else text


def _result(block: BlockIn, _: msgspec.Raw, place: str) -> Sequence[Part]:
    content = decode_part(_DECODE_CONTENT, block.content, f"{place}.content")
    parts = _parts(content, place)
    for index, part in enumerate(parts):
        if not isinstance(part, Text | Media | ToolReference | Opaque):
            raise Malformed(
                f"`{place}.content[{index}]`: a block of this type cannot stand in a tool_result."
            )
    inner = tuple(part for part in parts if isinstance(part, Text | Media | ToolReference | Opaque))
    result = ToolResult(
        id=block.tool_use_id,
        parts=inner,
        place=place,
        is_error=block.is_error is True,
        cache=given(block.cache_control),
    )
    return (result,)


def _reference(block: BlockIn, _: msgspec.Raw, __: str) -> Sequence[Part]:
    return (ToolReference(block.tool_name),)


def _image(block: BlockIn, raw: msgspec.Raw, place: str) -> Sequence[Part]:
    return (_media("image", block, raw, place),)


def _document(block: BlockIn, raw: msgspec.Raw, place: str) -> Sequence[Part]:
    source = decode_part(_DECODE_SOURCE, block.source, f"{place}.source")
    if source.type == "content":
        words = [Text(words) for words in (block.title, block.context) if words]
        return (*words, *_parts(source.content, f"{place}.source"))
    return (_media("document", block, raw, place),)


def _media(
    kind: Literal["image", "document"], block: BlockIn, raw: msgspec.Raw, place: str
) -> Media | Opaque:
    source = decode_part(_DECODE_SOURCE, block.source, f"{place}.source")
    if source.type not in ("base64", "url", "file", "text"):
        return Opaque(NAME, f"{kind} with a source of type {source.type}", place, raw)
    return Media(
        kind=kind,
        place=place,
        media_type=source.media_type,
        data=source.data if source.type == "base64" else None,
        text=source.data if source.type == "text" else None,
        url=source.url or None,
        file=source.file_id or None,
        name=block.title,
        context=block.context,
        cache=given(block.cache_control),
        citations=given(block.citations),
    )


def _search_result(block: BlockIn, raw: msgspec.Raw, place: str) -> Sequence[Part]:
    """A result the client searched for itself; elsewhere it is text with its title and source."""
    content = decode_part(_DECODE_CONTENT, block.content, f"{place}.content")
    texts = [part.text for part in _parts(content, place) if isinstance(part, Text)]
    source = decode_part(_DECODE_STRING, block.source, f"{place}.source")
    words = "\n".join(filter(None, (block.title, source, *texts)))
    return (Opaque(NAME, block.type, place, raw, words),)


_BLOCKS: dict[str, Callable[[BlockIn, msgspec.Raw, str], Sequence[Part]]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
    "tool_use": _call,
    "tool_result": _result,
    "tool_reference": _reference,
    "search_result": _search_result,
}
