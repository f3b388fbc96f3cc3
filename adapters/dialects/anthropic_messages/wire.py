"""The wire of anthropic-messages as Structs, only what is read or written; field order is Anthropic's.

Unknown fields are skipped, and what is read may be absent or null. Source: the API reference of the
Messages API and the types of the official SDK (2.11, November 2026).
"""

import re
from typing import Literal

import msgspec

from adapters.events import Usage
from adapters.fault import Fault, FaultKind, kind_of, recognised
from adapters.overflow import Overflow

# What a raw field is when it is absent; `Raw | None` would take nothing but null.
NULL = msgspec.Raw(b"null")

# --- read ---------------------------------------------------------------------------------------------


class Request(msgspec.Struct):
    """What a peek reads of a request."""

    model: str | msgspec.UnsetType = msgspec.UNSET
    stream: bool | None = None
    max_tokens: int | None = None
    thinking: msgspec.Raw = NULL


class Thinking(msgspec.Struct):
    """The request's `thinking`."""

    type: str = ""


class CacheCreation(msgspec.Struct):
    """Tokens written to the cache, by the time they live."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class OutputDetails(msgspec.Struct):
    """A part of the output tokens."""

    thinking_tokens: int | None = None


class UsageIn(msgspec.Struct):
    """Usage as a reply carries it; input tokens are those outside the cache."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None

    def add_to(self, usage: Usage) -> None:
        """Write what is present over what was counted before: the counts of a stream are cumulative."""
        usage.input = usage.input if self.input_tokens is None else self.input_tokens
        if self.cache_read_input_tokens is not None:
            usage.cache_read = self.cache_read_input_tokens
        self._add_cache_writes(usage)
        usage.output = usage.output if self.output_tokens is None else self.output_tokens
        if self.output_tokens_details is not None:
            usage.reasoning = self.output_tokens_details.thinking_tokens or 0

    def _add_cache_writes(self, usage: Usage) -> None:
        if self.cache_creation is not None:
            usage.cache_write_5m = self.cache_creation.ephemeral_5m_input_tokens or 0
            usage.cache_write_1h = self.cache_creation.ephemeral_1h_input_tokens or 0
        elif self.cache_creation_input_tokens is not None:
            # A total alone: what is known to live an hour stays, the rest lives five minutes.
            usage.cache_write_5m = max(self.cache_creation_input_tokens - usage.cache_write_1h, 0)


class MessageIn(msgspec.Struct):
    """What is read of a whole reply."""

    type: str
    usage: UsageIn | None = None


class MessageHead(msgspec.Struct):
    """What is read of the message in `message_start`."""

    usage: UsageIn | None = None


class ErrorDetail(msgspec.Struct):
    """What went wrong, in Anthropic's words."""

    type: str = ""
    message: str = ""


class StreamEventIn(msgspec.Struct):
    """What a tap reads of the events that concern it."""

    type: str = ""
    message: MessageHead | None = None
    usage: UsageIn | None = None
    error: ErrorDetail | None = None


class ErrorIn(msgspec.Struct):
    """An error body."""

    type: Literal["error"]
    error: ErrorDetail


# --- written ------------------------------------------------------------------------------------------


class CacheCreationOut(msgspec.Struct):
    """See `CacheCreation`."""

    ephemeral_5m_input_tokens: int
    ephemeral_1h_input_tokens: int


class UsageOut(msgspec.Struct):
    """See `UsageIn`."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    cache_creation: CacheCreationOut
    output_tokens: int
    service_tier: str = "standard"


class DeltaUsageOut(msgspec.Struct):
    """Usage in `message_delta`: all told."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int


class TextOut(msgspec.Struct, tag="text", tag_field="type"):
    """A text block."""

    text: str


class ThinkingOut(msgspec.Struct, tag="thinking", tag_field="type"):
    """A thinking block."""

    thinking: str
    signature: str


class RedactedOut(msgspec.Struct, tag="redacted_thinking", tag_field="type"):
    """A thinking block whose text is hidden."""

    data: str


class ToolUseOut(msgspec.Struct, tag="tool_use", tag_field="type"):
    """A tool call."""

    id: str
    name: str
    input: msgspec.Raw


BlockOut = TextOut | ThinkingOut | RedactedOut | ToolUseOut


class MessageOut(msgspec.Struct, kw_only=True):
    """A whole reply, or the head of a streamed one."""

    id: str
    type: str = "message"
    role: str = "assistant"
    model: str
    content: list[BlockOut]
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: UsageOut


class MessageStart(msgspec.Struct, tag="message_start", tag_field="type"):
    """The first event of a stream."""

    message: MessageOut


class BlockStart(msgspec.Struct, tag="content_block_start", tag_field="type"):
    """A block has begun."""

    index: int
    content_block: BlockOut


class SignatureDelta(msgspec.Struct, tag="signature_delta", tag_field="type"):
    """The signature that ends a thinking block."""

    signature: str


class BlockDelta(msgspec.Struct, tag="content_block_delta", tag_field="type"):
    """Something was added to a block; the deltas of text are written without a Struct."""

    index: int
    delta: SignatureDelta


class BlockStop(msgspec.Struct, tag="content_block_stop", tag_field="type"):
    """A block is complete."""

    index: int


class StopOut(msgspec.Struct):
    """Why the reply stopped."""

    stop_reason: str | None = None
    stop_sequence: str | None = None


class MessageDelta(msgspec.Struct, tag="message_delta", tag_field="type"):
    """The end of a reply, with its usage."""

    delta: StopOut
    usage: DeltaUsageOut


class MessageStop(msgspec.Struct, tag="message_stop", tag_field="type"):
    """The last event of a stream."""


# Errors that the official SDKs mend by themselves, by these names.
TOLD_CODES = frozenset(("thread_not_found",))


class MoreOut(msgspec.Struct):
    """What a program may know an error by."""

    error_code: str


class ErrorDetailOut(ErrorDetail):
    """What went wrong, and what of it a program may know it by."""

    details: MoreOut | msgspec.UnsetType = msgspec.UNSET


class ErrorOut(msgspec.Struct, tag="error", tag_field="type"):
    """An error, as a body or as an event."""

    error: ErrorDetailOut
    request_id: str


class ModelOut(msgspec.Struct, tag="model", tag_field="type"):
    """One model of a list."""

    id: str
    display_name: str
    created_at: str


class ModelsOut(msgspec.Struct, kw_only=True):
    """A models list, always whole."""

    data: list[ModelOut]
    has_more: bool = False
    first_id: str | None
    last_id: str | None


class CountOut(msgspec.Struct):
    """The answer of count_tokens."""

    input_tokens: int


# --- words --------------------------------------------------------------------------------------------

ERROR_TYPES: dict[FaultKind, str] = {
    "invalid_request": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "rate_limited": "rate_limit_error",
    "overloaded": "overloaded_error",
    "upstream": "api_error",
    "timeout": "timeout_error",
    "internal": "api_error",
}

# The other way round, with the status each type has when it comes without one, in a stream.
_TYPE_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def read_fault(detail: ErrorDetail, status: int | None) -> Fault:
    """Make a fault of Anthropic's words; `status` is None in the middle of a stream."""
    usual = _TYPE_STATUSES.get(detail.type)
    # `api_error` says nothing that the status does not say better.
    kind = kind_of(status if usual in (None, 500) and status else usual or 500)
    told = status or usual or 500
    return recognised(Fault(kind=kind, status=told, message=detail.message or detail.type))


# How others say that they do not know a thought, or a call, for one of theirs: OpenAI and Google.
_UNSIGNED = re.compile(r"(?is)encrypted content .{0,80}could not be|thought[ _]signature")


def told(fault: Fault) -> str:
    """Say a fault in words that Claude Code goes on from, where it knows some.

    It shortens a conversation that is too long, and leaves out thoughts whose signature is refused.
    """
    if fault.overflow is not None:
        return too_long(fault.overflow)
    if fault.kind == "invalid_request" and _UNSIGNED.search(fault.message):
        return f"messages: Invalid `signature` in `thinking` block: {fault.message}"
    return fault.message


def too_long(overflow: Overflow) -> str:
    """Say that a conversation is too long in the words Claude Code knows: it shortens, or asks for less."""
    if overflow.for_output:
        return (
            f"input length and `max_tokens` exceed context limit: {overflow.tokens} + {overflow.output} > "
            f"{overflow.maximum}, decrease input length or `max_tokens` and try again"
        )
    if overflow.tokens is None or overflow.maximum is None:
        most = "what" if overflow.maximum is None else f"the {overflow.maximum} tokens"
        return f"prompt is too long: more than {most} the model takes"
    return f"prompt is too long: {overflow.tokens} tokens > {overflow.maximum} maximum"
