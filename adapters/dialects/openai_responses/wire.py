"""The wire of openai-responses as Structs, only what is read or written; field order is OpenAI's.

Unknown fields are skipped, and what is read may be absent or null: boxes speak this dialect, each a
little differently. Source: the API reference of Responses and the types of the official SDK (3.52,
November 2026).
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
    max_output_tokens: int | None = None
    reasoning: msgspec.Raw = NULL


class Reasoning(msgspec.Struct):
    """How much a client asks to think; without an effort the model's own."""

    effort: str | None = None


class InputDetails(msgspec.Struct):
    """Parts of the input's tokens."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(msgspec.Struct):
    """A part of the output's tokens."""

    reasoning_tokens: int | None = None


class UsageIn(msgspec.Struct):
    """Usage as a response carries it; tokens read from a cache or written to it are inside the input's."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None

    def add_to(self, usage: Usage) -> None:
        """Write what is present over what was counted before: the counts of a stream are cumulative."""
        if self.input_tokens is not None:
            details = self.input_tokens_details or InputDetails()
            usage.cache_read = details.cached_tokens or 0
            # OpenAI keeps what it writes for 30 minutes at least: the shorter of the two we tell apart.
            usage.cache_write_5m = details.cache_write_tokens or 0
            usage.input = max(self.input_tokens - usage.cache_read - usage.cache_write_5m, 0)
        if self.output_tokens is not None:
            usage.output = self.output_tokens
        if self.output_tokens_details is not None:
            usage.reasoning = self.output_tokens_details.reasoning_tokens or 0


class ResponseIn(msgspec.Struct):
    """What is read of a response, whole or in the events that carry it."""

    id: str | None = None
    object: str | None = None
    created_at: int | float | None = None
    model: str | None = None
    usage: UsageIn | None = None
    error: msgspec.Raw = NULL


class StreamEventIn(msgspec.Struct):
    """What a tap reads of the events that concern it."""

    type: str | None = None
    response: ResponseIn | None = None
    error: msgspec.Raw = NULL


class LifeIn(msgspec.Struct):
    """The response of an event, as it came."""

    response: msgspec.Raw = NULL


# --- written ------------------------------------------------------------------------------------------


class InputDetailsOut(msgspec.Struct):
    """See `InputDetails`."""

    cached_tokens: int
    cache_write_tokens: int


class OutputDetailsOut(msgspec.Struct):
    """See `OutputDetails`."""

    reasoning_tokens: int


class UsageOut(msgspec.Struct):
    """See `UsageIn`."""

    input_tokens: int
    input_tokens_details: InputDetailsOut
    output_tokens: int
    output_tokens_details: OutputDetailsOut
    total_tokens: int


class TextPart(msgspec.Struct, kw_only=True):
    """Text of a message."""

    type: str = "output_text"
    annotations: list[msgspec.Raw] = []
    logprobs: list[msgspec.Raw] = []
    text: str


class RefusalPart(msgspec.Struct, kw_only=True):
    """What a message says instead of an answer."""

    type: str = "refusal"
    refusal: str


class SummaryPart(msgspec.Struct, kw_only=True):
    """Thinking, as far as it is shown."""

    type: str = "summary_text"
    text: str


class MessageItem(msgspec.Struct, kw_only=True):
    """A message of the model's."""

    id: str
    type: str = "message"
    status: str = "completed"
    content: list[TextPart | RefusalPart]
    role: str = "assistant"


class ReasoningItem(msgspec.Struct, kw_only=True):
    """What the model thought; `encrypted_content` binds it to its maker."""

    id: str
    type: str = "reasoning"
    summary: list[SummaryPart]
    encrypted_content: str | msgspec.UnsetType = msgspec.UNSET


class FunctionCallItem(msgspec.Struct, kw_only=True):
    """A call of a function; one out of a namespace is called together with the namespace's name."""

    id: str
    type: str = "function_call"
    status: str = "completed"
    arguments: str
    call_id: str
    name: str
    namespace: str | msgspec.UnsetType = msgspec.UNSET


class CustomCallItem(msgspec.Struct, kw_only=True):
    """A call of a tool that takes text as it is."""

    id: str
    type: str = "custom_tool_call"
    status: str = "completed"
    call_id: str
    input: str
    name: str
    namespace: str | msgspec.UnsetType = msgspec.UNSET


class SearchCallItem(msgspec.Struct, kw_only=True):
    """A call of the client's search for tools; its arguments are an object, not the text of one."""

    id: str
    type: str = "tool_search_call"
    status: str = "completed"
    call_id: str
    execution: str = "client"
    arguments: msgspec.Raw


class CompactionItem(msgspec.Struct, kw_only=True):
    """The conversation in short, for whoever made it to read again."""

    id: str
    type: str = "compaction"
    encrypted_content: str


Item = MessageItem | ReasoningItem | FunctionCallItem | CustomCallItem | SearchCallItem | CompactionItem
Part = TextPart | RefusalPart | SummaryPart


class ReasonOut(msgspec.Struct):
    """Why a response is incomplete."""

    reason: str


class FailureOut(msgspec.Struct):
    """Why a response failed."""

    code: str
    message: str


class ReasoningOut(msgspec.Struct, frozen=True):
    """How much was to be thought."""

    effort: str | None = None
    summary: str | None = None


class FormatOut(msgspec.Struct, frozen=True):
    """The format of the text."""

    type: str = "text"


class TextOut(msgspec.Struct, frozen=True):
    """How text is written."""

    format: FormatOut = FormatOut()


class ResponseOut(msgspec.Struct, kw_only=True):
    """A whole response, or what is known of one that is not complete."""

    id: str
    object: str = "response"
    created_at: int | float
    status: str
    background: bool = False
    error: FailureOut | None = None
    incomplete_details: ReasonOut | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    model: str
    output: list[Item] = []
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    reasoning: ReasoningOut = ReasoningOut()
    service_tier: str = "default"
    store: bool = False
    temperature: float = 1.0
    text: TextOut = TextOut()
    tool_choice: str = "auto"
    tools: list[msgspec.Raw] = []
    top_p: float = 1.0
    truncation: str = "disabled"
    usage: UsageOut | None = None
    user: str | None = None
    metadata: dict[str, str] = {}


class EventOut(msgspec.Struct, kw_only=True):
    """One event of a stream; what does not concern it is absent, and deltas are written without a Struct."""

    type: str
    sequence_number: int
    response: ResponseOut | msgspec.UnsetType = msgspec.UNSET
    item_id: str | msgspec.UnsetType = msgspec.UNSET
    output_index: int | msgspec.UnsetType = msgspec.UNSET
    content_index: int | msgspec.UnsetType = msgspec.UNSET
    summary_index: int | msgspec.UnsetType = msgspec.UNSET
    item: Item | msgspec.UnsetType = msgspec.UNSET
    part: Part | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    refusal: str | msgspec.UnsetType = msgspec.UNSET
    arguments: str | msgspec.UnsetType = msgspec.UNSET
    input: str | msgspec.UnsetType = msgspec.UNSET
    logprobs: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
