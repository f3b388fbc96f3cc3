"""The wire of a request of openai-responses, only what the middle reads; the rest crosses as raw JSON.

What is read may be null. An item is read by its kind: what kinds have in common is its `type`, and even that
is absent from a message. Source: the API reference of Responses and the types of the official SDK (3.52,
November 2026).
"""

import msgspec

from adapters.dialects.openai_responses.wire import NULL


class KindIn(msgspec.Struct):
    """All that is sure of an item or a part."""

    type: str | None = None
    role: str | None = None


class MessageIn(msgspec.Struct):
    """What somebody says; a string or parts."""

    role: str = ""
    content: str | list[msgspec.Raw] | None = None


class PartIn(msgspec.Struct):
    """A part of any kind that is read."""

    type: str | None = None
    text: str = ""
    refusal: str = ""
    image_url: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: str | None = None
    input_audio: "AudioIn | None" = None


class AudioIn(msgspec.Struct):
    """A sound in base64."""

    data: str
    format: str


class ReasoningIn(msgspec.Struct):
    """What a model thought: a summary, or the thoughts themselves, or both in a form only OpenAI reads."""

    id: str | None = None
    summary: list[PartIn] | None = None
    content: list[PartIn] | None = None
    encrypted_content: str | None = None


class CallIn(msgspec.Struct):
    """A call of any of the client's tools; a search has its arguments as an object."""

    call_id: str | None = None
    name: str = ""
    namespace: str | None = None
    arguments: msgspec.Raw = NULL
    input: str | None = None
    execution: str | None = None


class OutputIn(msgspec.Struct):
    """What a call brought: text or parts, or the tools a search has found."""

    call_id: str | None = None
    output: str | list[msgspec.Raw] | None = None
    tools: list[msgspec.Raw] | None = None


class CompactionIn(msgspec.Struct):
    """A conversation in short, in a form only its maker reads."""

    encrypted_content: str = ""


class ToolIn(msgspec.Struct):
    """A tool of any kind; `tools` are those in a namespace."""

    type: str = "function"
    name: str = ""
    description: str | None = None
    parameters: msgspec.Raw = NULL
    strict: bool | None = None
    format: msgspec.Raw = NULL
    defer_loading: bool | None = None
    execution: str | None = None
    tools: list[msgspec.Raw] | None = None
    server_label: str | None = None


class GrammarIn(msgspec.Struct):
    """What fits a freeform tool."""

    type: str = "text"
    syntax: str | None = None
    definition: str | None = None


class NamedIn(msgspec.Struct):
    """A tool by its kind, and its name where it has one."""

    type: str
    name: str | None = None
    server_label: str | None = None


class ChoiceIn(NamedIn):
    """The tool that must be called, or those that may be."""

    mode: str = "auto"
    tools: list[NamedIn] = []


class FormatIn(msgspec.Struct):
    """The shape of the answer."""

    type: str = "text"
    name: str = "response"
    description: str | None = None
    schema: msgspec.Raw = NULL
    strict: bool | None = None


class RequestIn(msgspec.Struct):
    """A request; what is not here is an extra, and so is what `reasoning` and `text` hold besides."""

    input: str | list[msgspec.Raw] | None = None
    model: str | msgspec.UnsetType = msgspec.UNSET
    instructions: str | None = None
    tools: list[msgspec.Raw] | None = None
    tool_choice: str | ChoiceIn | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    reasoning: dict[str, msgspec.Raw] | None = None
    text: dict[str, msgspec.Raw] | None = None
    temperature: float | None = None
    top_p: float | None = None
    user: str | None = None
    service_tier: str | None = None
    stream: bool | None = None
    previous_response_id: msgspec.Raw = NULL
    conversation: msgspec.Raw = NULL
    prompt: msgspec.Raw = NULL
    background: bool | None = None


KNOWN = frozenset(RequestIn.__struct_fields__)
