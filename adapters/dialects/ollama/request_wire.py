"""The wire of a request of ollama, only what the middle reads; the rest crosses as raw JSON.

What is read may be null. Source: as `wire`.
"""

import msgspec

from adapters.dialects.ollama.wire import NULL


class FunctionCallIn(msgspec.Struct):
    """A function's name and its arguments, an object."""

    name: str
    arguments: msgspec.Raw = NULL


class ToolCallIn(msgspec.Struct):
    """A call; older clients, and the official SDK, know no ids."""

    function: FunctionCallIn
    id: str | None = None


class MessageIn(msgspec.Struct):
    """A message of any role; what a role does not have is absent. `images` are base64."""

    role: str
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCallIn] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class FunctionIn(msgspec.Struct):
    """A function that may be called."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = NULL


class ToolIn(msgspec.Struct):
    """A tool: there is one type."""

    function: FunctionIn


class OptionsIn(msgspec.Struct):
    """The options that others know too; what is not here is an extra."""

    num_predict: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: str | list[str] | None = None


class SettingsIn(msgspec.Struct):
    """What requests of both kinds have; what is not here, nor in the kind, is an extra."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    stream: bool | None = None
    format: msgspec.Raw = NULL
    options: dict[str, msgspec.Raw] | None = None
    think: bool | str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


class ChatIn(SettingsIn):
    """A request of /api/chat; without messages it only loads the model."""

    messages: list[MessageIn] | None = None
    tools: list[msgspec.Raw] | None = None


class GenerateIn(SettingsIn):
    """A request of /api/generate: one prompt. `context` is a conversation in the tokens of one model."""

    prompt: str | None = None
    system: str | None = None
    suffix: str | None = None
    images: list[str] | None = None
    context: list[int] | None = None
    raw: bool | None = None
    template: str | None = None
