"""The wire of openai-chat as Structs, only what is read or written; field order is OpenAI's.

Unknown fields are skipped, and what is read may be absent or null: many providers speak this dialect,
each a little differently. Source: the API reference of Chat Completions and the types of the official
SDK (3.52, November 2026).
"""

import msgspec

from adapters.events import Usage

# What a raw field is when it is absent; `Raw | None` would take nothing but null.
NULL = msgspec.Raw(b"null")

# --- read ---------------------------------------------------------------------------------------------


class Request(msgspec.Struct):
    """What a peek reads of a request."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    stream: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    reasoning_effort: msgspec.Raw = NULL
    reasoning: msgspec.Raw = NULL


class PromptDetails(msgspec.Struct):
    """A part of the prompt's tokens."""

    cached_tokens: int | None = None


class CompletionDetails(msgspec.Struct):
    """A part of the completion's tokens."""

    reasoning_tokens: int | None = None


class UsageIn(msgspec.Struct):
    """Usage as a reply carries it; cached tokens are inside the prompt's."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None

    def add_to(self, usage: Usage) -> None:
        """Write what is present over what was counted before: the counts of a stream are cumulative."""
        if self.prompt_tokens is not None:
            details = self.prompt_tokens_details
            usage.cache_read = (details.cached_tokens or 0) if details else 0
            usage.input = max(self.prompt_tokens - usage.cache_read, 0)
        if self.completion_tokens is not None:
            usage.output = self.completion_tokens
        if self.completion_tokens_details is not None:
            usage.reasoning = self.completion_tokens_details.reasoning_tokens or 0


class CompletionIn(msgspec.Struct):
    """What is read of a whole reply."""

    choices: list[msgspec.Raw]
    usage: UsageIn | None = None


class ChoiceIn(msgspec.Struct):
    """What a tap reads of a choice."""

    finish_reason: str | None = None


class ChunkIn(msgspec.Struct):
    """What a tap reads of the chunks that concern it."""

    choices: list[ChoiceIn] | None = None
    usage: UsageIn | None = None
    error: msgspec.Raw = NULL


# --- written ------------------------------------------------------------------------------------------


class PromptDetailsOut(msgspec.Struct):
    """See `PromptDetails`."""

    cached_tokens: int
    audio_tokens: int = 0


class CompletionDetailsOut(msgspec.Struct):
    """See `CompletionDetails`."""

    reasoning_tokens: int
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class UsageOut(msgspec.Struct):
    """See `UsageIn`."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetailsOut
    completion_tokens_details: CompletionDetailsOut


class FunctionOut(msgspec.Struct, kw_only=True):
    """The function of a tool call, whole or a piece; `name` comes with the first piece only."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    arguments: str


class CustomOut(msgspec.Struct, kw_only=True):
    """The tool that takes text, of a tool call, whole or a piece."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    input: str


class GoogleOut(msgspec.Struct):
    """See `ExtraOut`."""

    thought_signature: str


class ExtraOut(msgspec.Struct):
    """What a call carries besides: the place that Google's API of this dialect has for signatures."""

    google: GoogleOut


class ToolCallOut(msgspec.Struct, kw_only=True):
    """A whole tool call: of a function, or of a tool that takes text."""

    id: str
    type: str = "function"
    function: FunctionOut | msgspec.UnsetType = msgspec.UNSET
    custom: CustomOut | msgspec.UnsetType = msgspec.UNSET
    extra_content: ExtraOut | msgspec.UnsetType = msgspec.UNSET


class MessageOut(msgspec.Struct):
    """The message of a whole reply."""

    role: str
    content: str | None
    refusal: str | None = None
    annotations: list[msgspec.Raw] = []
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[ToolCallOut] | msgspec.UnsetType = msgspec.UNSET


class ChoiceOut(msgspec.Struct, kw_only=True):
    """The one choice of a whole reply."""

    index: int = 0
    message: MessageOut
    logprobs: None = None
    finish_reason: str


class CompletionOut(msgspec.Struct, kw_only=True):
    """A whole reply."""

    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: list[ChoiceOut]
    usage: UsageOut
    service_tier: str = "default"
    system_fingerprint: str | None = None


class ToolCallDelta(msgspec.Struct, kw_only=True):
    """A piece of a tool call; `id` and `type` come with the first piece only."""

    index: int
    id: str | msgspec.UnsetType = msgspec.UNSET
    type: str | msgspec.UnsetType = msgspec.UNSET
    function: FunctionOut | msgspec.UnsetType = msgspec.UNSET
    custom: CustomOut | msgspec.UnsetType = msgspec.UNSET
    extra_content: ExtraOut | msgspec.UnsetType = msgspec.UNSET


class Delta(msgspec.Struct):
    """What a chunk adds; what it does not add is absent."""

    role: str | msgspec.UnsetType = msgspec.UNSET
    content: str | msgspec.UnsetType | None = msgspec.UNSET
    refusal: str | msgspec.UnsetType | None = msgspec.UNSET
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: list[ToolCallDelta] | msgspec.UnsetType = msgspec.UNSET


class ChunkChoice(msgspec.Struct, kw_only=True):
    """The one choice of a chunk."""

    index: int = 0
    delta: Delta
    logprobs: None = None
    finish_reason: str | None = None


class ChunkOut(msgspec.Struct, kw_only=True):
    """One chunk of a stream; `usage` is absent unless the client asked for it."""

    id: str
    object: str = "chat.completion.chunk"
    created: int
    model: str
    service_tier: str = "default"
    system_fingerprint: str | None = None
    choices: list[ChunkChoice]
    usage: UsageOut | msgspec.UnsetType | None = msgspec.UNSET
