"""Reading a request of ollama into the middle.

System messages before the first turn are the system; later ones are turns. Calls may have no ids: they get
some by their place. A result is for the call whose id it says, else for the first open one of its tool, else
for the first open one. A request of /api/generate is one turn of the user.
"""

from typing import Final

import msgspec

from adapters.conversation import (
    ChatRequest,
    Effort,
    Format,
    Media,
    Part,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from adapters.dialects.ollama.arguments import as_text
from adapters.dialects.ollama.request_wire import (
    ChatIn,
    GenerateIn,
    MessageIn,
    OptionsIn,
    SettingsIn,
    ToolIn,
)
from adapters.dialects.ollama.wire import GENERATE_PATH
from adapters.fault import Malformed
from adapters.request import checked_model, checked_schema, decode_body, decode_fields, decode_part

NAME: Final = "ollama"
# Before the name of an option among the extras.
OPTION: Final = "options."

LEVELS: Final[dict[str, Effort]] = {"low": "low", "medium": "medium", "high": "high", "max": "max"}

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_CHAT = msgspec.json.Decoder(ChatIn).decode
_DECODE_GENERATE = msgspec.json.Decoder(GenerateIn).decode
_DECODE_OPTIONS = msgspec.json.Decoder(OptionsIn).decode
_DECODE_TOOL = msgspec.json.Decoder(ToolIn).decode
_ENCODE = msgspec.json.Encoder().encode
_OPTIONS = frozenset(OptionsIn.__struct_fields__)
# How the base64 of an image begins: here nobody says what it is.
_IMAGES: Final = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}


def read_request(body: bytes, path: str = "") -> ChatRequest:
    """Read a request; raise `Malformed` with the place of what is wrong."""
    if path == GENERATE_PATH:
        return _generate(body)
    request = decode_body(_DECODE_CHAT, body)
    conversation = _Conversation()
    for index, message in enumerate(request.messages or ()):
        conversation.take(message, f"messages[{index}]", index)
    return msgspec.structs.replace(
        _settings(request, body),
        system=tuple(conversation.system),
        turns=tuple(conversation.turns),
        tools=tuple(_tool(raw, f"tools[{index}]") for index, raw in enumerate(request.tools or ())),
    )


def _generate(body: bytes) -> ChatRequest:
    request = decode_body(_DECODE_GENERATE, body)
    for name in ("suffix", "context"):
        if getattr(request, name):
            raise Malformed(f"`{name}` cannot be carried to this model's provider.", param=name)
    parts = (*_images(request.images, "images"), *([Text(request.prompt)] if request.prompt else ()))
    # A prompt that is written as the model sees it is read as if it were not.
    unread = tuple(name for name in ("raw", "template") if getattr(request, name))
    return msgspec.structs.replace(
        _settings(request, body),
        system=(Text(request.system),) if request.system else (),
        turns=(Turn("user", parts),) if parts else (),
        unread=unread,
    )


# --- settings -----------------------------------------------------------------------------------------


def _settings(request: SettingsIn, body: bytes) -> ChatRequest:
    """The request but for what is said in it."""
    known = type(request).__struct_fields__
    extras = {key: raw for key, raw in decode_fields(_DECODE_KEYS, body).items() if key not in known}
    raw_options = request.options or {}
    options = decode_part(_DECODE_OPTIONS, _ENCODE(raw_options), "options")
    limit = options.num_predict
    # Below one is as much as the model likes, which only Ollama can be told.
    unlimited = limit is not None and limit < 1
    extras |= {
        OPTION + key: raw
        for key, raw in raw_options.items()
        if key not in _OPTIONS or (key == "num_predict" and unlimited)
    }
    stop = options.stop or ()
    return ChatRequest(
        dialect=NAME,
        model=checked_model(request.model),
        max_tokens=None if unlimited else limit,
        sampling=_sampling(options, request),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        reasoning=_reasoning(request),
        format=_format(request.format),
        stream=request.stream is not False,
        include_usage=True,
        extras=extras,
    )


def _sampling(options: OptionsIn, request: SettingsIn) -> Sampling:
    return Sampling(
        options.temperature,
        options.top_p,
        options.top_k,
        options.seed,
        options.frequency_penalty,
        options.presence_penalty,
        request.logprobs,
        request.top_logprobs,
    )


def _reasoning(request: SettingsIn) -> Reasoning | None:
    think = request.think
    if think is None or think == "":
        return None
    if isinstance(think, bool):
        return Reasoning() if think else Reasoning("none", thinks=False)
    if think not in LEVELS:
        raise Malformed(f"`think` must be a boolean or one of {', '.join(LEVELS)}.", param="think")
    return Reasoning(LEVELS[think])


def _format(raw: msgspec.Raw) -> Format | None:
    text = bytes(raw)
    if text in (b"null", b'""'):
        return None
    if text == b'"json"':
        return Format(name="")
    if not text.startswith(b"{"):
        raise Malformed('`format` must be "json" or a JSON schema.', param="format")
    return Format(raw)


def _tool(raw: msgspec.Raw, place: str) -> Tool:
    function = decode_part(_DECODE_TOOL, raw, place).function
    return Tool(
        name=function.name,
        description=function.description,
        schema=checked_schema(function.parameters, f"{place}.function.parameters"),
    )


# --- turns --------------------------------------------------------------------------------------------


class _Conversation:
    """The messages read so far, and the calls among them that have no result yet."""

    __slots__ = ("_open", "system", "turns")

    def __init__(self) -> None:
        self.system: list[Text] = []
        self.turns: list[Turn] = []
        self._open: dict[str, str] = {}  # id -> name

    def take(self, message: MessageIn, place: str, index: int) -> None:
        """Read one message; raise `Malformed`."""
        role = message.role.lower()
        if role == "system":
            self._take_system(message, place)
        elif role == "user":
            self.turns.append(Turn("user", tuple(_said(message, place))))
        elif role == "assistant":
            self.turns.append(Turn("assistant", tuple(self._assistant(message, place, index))))
        elif role == "tool":
            self.turns.append(Turn("user", (self._result(message, place),)))
        else:
            raise Malformed(f"`{place}.role` {message.role!r} is not known.", param=f"{place}.role")

    def _take_system(self, message: MessageIn, place: str) -> None:
        if message.images:
            raise Malformed(f"`{place}.images`: only text can stand in a system message.", param=place)
        text = Text(message.content or "")
        if self.turns:
            self.turns.append(Turn("system", (text,)))
        else:
            self.system.append(text)

    def _assistant(self, message: MessageIn, place: str, index: int) -> list[Part]:
        parts: list[Part] = [Thinking(message.thinking, maker=NAME)] if message.thinking else []
        if message.content or message.images:
            parts += _said(message, place)
        for number, call in enumerate(message.tool_calls or ()):
            function = call.function
            identity = call.id or f"call_{index}_{number}"
            where = f"{place}.tool_calls[{number}].function.arguments"
            arguments = decode_part(_as_text, function.arguments, where)
            parts.append(ToolCall(identity, function.name, arguments))
            self._open[identity] = function.name
        return parts or [Text("")]

    def _result(self, message: MessageIn, place: str) -> ToolResult:
        identity = self._answered(message)
        if identity is None:
            raise Malformed(f"`{place}`: no tool call is open that this result could answer.", param=place)
        del self._open[identity]
        return ToolResult(id=identity, parts=tuple(_said(message, place)), place=place)

    def _answered(self, message: MessageIn) -> str | None:
        if message.tool_call_id in self._open:
            return message.tool_call_id
        named = (identity for identity, name in self._open.items() if name == message.tool_name)
        return next(named, next(iter(self._open), None))


def _as_text(raw: bytes | msgspec.Raw) -> str:
    return as_text(msgspec.Raw(raw))


def _said(message: MessageIn, place: str) -> list[Text | Media]:
    """What is shown and said: Ollama shows a model the images first."""
    images: list[Text | Media] = [*_images(message.images, f"{place}.images")]
    return [*images, Text(message.content)] if message.content else images or [Text("")]


def _images(images: list[str] | None, place: str) -> list[Media]:
    return [
        Media(kind="image", place=f"{place}[{index}]", media_type=_media_type(data), data=data)
        for index, data in enumerate(images or ())
    ]


def _media_type(data: str) -> str:
    """The type of an image by its first bytes; none where they are not known."""
    return next((kind for start, kind in _IMAGES.items() if data.startswith(start)), "")
