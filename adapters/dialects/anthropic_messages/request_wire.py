"""The wire of a request of anthropic-messages, only what the middle reads; the rest crosses as raw JSON.

Content is read block by block: a block this file does not know keeps its bytes. Source: the API reference
of the Messages API and the types of the official SDK (2.11, November 2026).
"""

import msgspec

from adapters.dialects.anthropic_messages.wire import NULL


class MessageIn(msgspec.Struct):
    """A turn; Claude Code sends `output_config` with one too."""

    role: str
    content: str | list[msgspec.Raw]
    output_config: "OutputIn | None" = None


class BlockIn(msgspec.Struct):
    """A block of any kind that is read; what a kind does not have is absent."""

    type: str
    text: str = ""
    source: msgspec.Raw = NULL
    title: str | None = None
    context: str | None = None
    thinking: str = ""
    signature: str | None = None
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = NULL
    tool_use_id: str = ""
    content: msgspec.Raw = NULL
    is_error: bool | None = None
    tool_name: str = ""
    cache_control: msgspec.Raw = NULL
    citations: msgspec.Raw = NULL


class KindIn(msgspec.Struct):
    """All that is sure of a block."""

    type: str


class SourceIn(msgspec.Struct):
    """Where the bytes of an image or a document are."""

    type: str
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""
    content: str | list[msgspec.Raw] = ""


class ToolIn(msgspec.Struct):
    """A tool; one with a type other than `custom` is Anthropic's own."""

    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = NULL
    strict: bool | None = None
    defer_loading: bool | None = None
    cache_control: msgspec.Raw = NULL


class ChoiceIn(msgspec.Struct):
    """Which tools may be called."""

    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class ThinkingIn(msgspec.Struct):
    """How to think."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class FormatIn(msgspec.Struct):
    """The shape of the answer."""

    type: str
    schema: msgspec.Raw = NULL


class OutputIn(msgspec.Struct):
    """The effort, and the shape of the answer."""

    effort: str | None = None
    format: FormatIn | None = None


class MetadataIn(msgspec.Struct):
    """Who is asking."""

    user_id: str | None = None


class RequestIn(msgspec.Struct):
    """A request; what is not here is an extra."""

    messages: list[MessageIn]
    model: str | msgspec.UnsetType = msgspec.UNSET
    system: str | list[BlockIn] | None = None
    tools: list[msgspec.Raw] | None = None
    tool_choice: ChoiceIn | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop_sequences: list[str] | None = None
    thinking: ThinkingIn | None = None
    output_config: OutputIn | None = None
    metadata: MetadataIn | None = None
    service_tier: str | None = None
    stream: bool | None = None


class StrictIn(RequestIn, forbid_unknown_fields=True):
    """A request of known fields alone: those that only this dialect knows stand here, as they came."""

    billing_policy: msgspec.Raw = NULL
    cache_control: msgspec.Raw = NULL
    compaction: msgspec.Raw = NULL
    container: msgspec.Raw = NULL
    context_management: msgspec.Raw = NULL
    diagnostics: msgspec.Raw = NULL
    fallback_credit_token: msgspec.Raw = NULL
    fallbacks: msgspec.Raw = NULL
    inference_geo: msgspec.Raw = NULL
    mcp_servers: msgspec.Raw = NULL
    safeguards: msgspec.Raw = NULL
    speed: msgspec.Raw = NULL
    thread: msgspec.Raw = NULL


class ThreadIn(msgspec.Struct):
    """Whether a conversation that Anthropic keeps begins or goes on: then only its new turns are sent."""

    type: str = ""


KNOWN = frozenset(RequestIn.__struct_fields__)
CARRIED = tuple(name for name in StrictIn.__struct_fields__ if name not in KNOWN)
