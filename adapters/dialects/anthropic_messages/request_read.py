"""Reading a request of anthropic-messages into the middle.

A block nobody else knows becomes `Opaque` and keeps its bytes; what is no block at all is `Malformed`, with
its place. A document made of blocks becomes those blocks.
"""

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
    KNOWN,
    BlockIn,
    ChoiceIn,
    KindIn,
    MessageIn,
    OutputIn,
    RequestIn,
    SourceIn,
    ThinkingIn,
    ToolIn,
)
from adapters.fault import Malformed
from adapters.request import checked_model, checked_schema, decode_body, decode_fields, decode_part
from adapters.seal import unsealed

NAME = "anthropic-messages"
# The key of an input that holds what a model wrote instead of a JSON object.
RAW_KEY = "__raw"

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_BLOCK = msgspec.json.Decoder(BlockIn).decode
_DECODE_KIND = msgspec.json.Decoder(KindIn).decode
_DECODE_SOURCE = msgspec.json.Decoder(SourceIn).decode
_DECODE_CONTENT = msgspec.json.Decoder(str | list[msgspec.Raw] | None).decode
_DECODE_TOOL = msgspec.json.Decoder(ToolIn).decode
_DECODE_STRING = msgspec.json.Decoder(str).decode
_DECODE_RAW_KEY = msgspec.json.Decoder(dict[str, str]).decode

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
    extras = {key: raw for key, raw in decode_fields(_DECODE_KEYS, body).items() if key not in KNOWN}
    request = decode_body(_DECODE, body)
    outputs = [request.output_config, *(message.output_config for message in request.messages)]
    choice = request.tool_choice
    return ChatRequest(
        dialect=NAME,
        model=checked_model(request.model),
        system=tuple(_system(request.system)),
        turns=tuple(_turn(message, f"messages[{index}]") for index, message in enumerate(request.messages)),
        tools=tuple(_tool(raw, f"tools[{index}]") for index, raw in enumerate(request.tools or ())),
        choice=_choice(choice) if choice else None,
        parallel=None
        if choice is None or choice.disable_parallel_tool_use is None
        else not choice.disable_parallel_tool_use,
        max_tokens=request.max_tokens,
        sampling=Sampling(request.temperature, request.top_p, request.top_k),
        stop=tuple(request.stop_sequences or ()),
        reasoning=_reasoning(request.thinking, [output for output in outputs if output]),
        format=_format(request.output_config),
        user=request.metadata.user_id if request.metadata else None,
        service_tier=request.service_tier,
        stream=request.stream is True,
        include_usage=True,
        extras=extras,
        unread=tuple(_unread(request.output_config)),
    )


def _unread(output: OutputIn | None) -> Iterator[str]:
    """The settings whose values have no place in the middle."""
    if output and output.effort and output.effort not in EFFORTS:
        yield "output_config.effort"
    if output and output.format and output.format.type != "json_schema":
        yield "output_config.format"


# --- settings -----------------------------------------------------------------------------------------


def _system(system: str | list[BlockIn] | None) -> Iterator[Text]:
    if isinstance(system, str):
        yield Text(system)
        return
    for index, block in enumerate(system or ()):
        if block.type != "text":
            raise Malformed(f"`system[{index}]`: a block of type {block.type!r} cannot stand here.")
        yield Text(block.text, given(block.cache_control), given(block.citations))


def _choice(choice: ChoiceIn) -> Choice:
    mode = _MODES.get(choice.type)
    if mode is None:
        raise Malformed(f"`tool_choice.type` {choice.type!r} is not known.", param="tool_choice")
    return Choice(mode, choice.name)


def _reasoning(thinking: ThinkingIn | None, outputs: list[OutputIn]) -> Reasoning | None:
    """The effort said last holds: Claude Code says it anew where a turn changes it."""
    efforts = [EFFORTS.get(output.effort) for output in outputs if output.effort]
    effort = efforts[-1] if efforts else None
    if thinking is None:
        return Reasoning(effort, thinks=False) if effort else None
    if thinking.type == "disabled":
        return Reasoning("none", thinks=False)
    return Reasoning(effort, thinking.budget_tokens, display=thinking.display)


def _format(output: OutputIn | None) -> Format | None:
    shape = output.format if output else None
    return Format(schema=shape.schema, strict=True) if shape and shape.type == "json_schema" else None


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


def _turn(message: MessageIn, place: str) -> Turn:
    role = _ROLES.get(message.role)
    if role is None:
        raise Malformed(f"`{place}.role` {message.role!r} is not known.", param=f"{place}.role")
    return Turn(role, tuple(_parts(message.content, place)))


def _parts(content: str | list[msgspec.Raw] | None, place: str) -> Iterator[Part]:
    if isinstance(content, str):
        yield Text(content)
        return
    for index, raw in enumerate(content or ()):
        yield from _block(raw, f"{place}.content[{index}]")


def _block(raw: msgspec.Raw, place: str) -> Iterator[Part]:
    kind = decode_part(_DECODE_KIND, raw, place).type
    read = _BLOCKS.get(kind)
    if read is None:
        yield Opaque(NAME, kind, place, raw)
        return
    yield from read(decode_part(_DECODE_BLOCK, raw, place), raw, place)


def _text(block: BlockIn, _: msgspec.Raw, __: str) -> Iterator[Part]:
    yield Text(block.text, given(block.cache_control), given(block.citations))


def _thinking(block: BlockIn, _: msgspec.Raw, __: str) -> Iterator[Part]:
    seal = unsealed(block.signature or "", NAME)
    yield Thinking(block.thinking, seal.signature, seal.redacted, seal.maker)


def _redacted(block: BlockIn, _: msgspec.Raw, __: str) -> Iterator[Part]:
    yield Thinking("", redacted=block.data, maker=NAME)


def _call(block: BlockIn, _: msgspec.Raw, place: str) -> Iterator[Part]:
    text = decode_part(_as_text, block.input, f"{place}.input")
    yield ToolCall(block.id, block.name, _arguments(text), cache=given(block.cache_control))


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


def _result(block: BlockIn, _: msgspec.Raw, place: str) -> Iterator[Part]:
    content = decode_part(_DECODE_CONTENT, block.content, f"{place}.content")
    parts = tuple(_parts(content, place))
    for index, part in enumerate(parts):
        if not isinstance(part, Text | Media | ToolReference | Opaque):
            raise Malformed(
                f"`{place}.content[{index}]`: a block of this type cannot stand in a tool_result."
            )
    inner = tuple(part for part in parts if isinstance(part, Text | Media | ToolReference | Opaque))
    yield ToolResult(
        id=block.tool_use_id,
        parts=inner,
        place=place,
        is_error=block.is_error is True,
        cache=given(block.cache_control),
    )


def _reference(block: BlockIn, _: msgspec.Raw, __: str) -> Iterator[Part]:
    yield ToolReference(block.tool_name)


def _image(block: BlockIn, raw: msgspec.Raw, place: str) -> Iterator[Part]:
    yield _media("image", block, raw, place)


def _document(block: BlockIn, raw: msgspec.Raw, place: str) -> Iterator[Part]:
    source = decode_part(_DECODE_SOURCE, block.source, f"{place}.source")
    if source.type == "content":
        yield from (Text(words) for words in (block.title, block.context) if words)
        yield from _parts(source.content, f"{place}.source")
        return
    yield _media("document", block, raw, place)


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
    )


def _search_result(block: BlockIn, raw: msgspec.Raw, place: str) -> Iterator[Part]:
    """A result the client searched for itself; elsewhere it is text with its title and source."""
    content = decode_part(_DECODE_CONTENT, block.content, f"{place}.content")
    texts = [part.text for part in _parts(content, place) if isinstance(part, Text)]
    source = decode_part(_DECODE_STRING, block.source, f"{place}.source")
    yield Opaque(NAME, block.type, place, raw, "\n".join(filter(None, (block.title, source, *texts))))


_BLOCKS: dict[str, Callable[[BlockIn, msgspec.Raw, str], Iterator[Part]]] = {
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
