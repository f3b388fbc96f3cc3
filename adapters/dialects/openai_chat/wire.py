"""The wire of openai-chat as Structs, only what is read or written; field order is OpenAI's.

Unknown fields are skipped, and what is read may be absent or null: many providers speak this dialect,
each a little differently. Source: the API reference of Chat Completions and the types of the official
SDK (3.52, November 2026).
"""

import msgspec

from adapters.events import Usage
from adapters.fault import Fault, FaultKind, kind_of

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


class ErrorDetail(msgspec.Struct):
    """What went wrong, in OpenAI's words; some providers say the code as a number."""

    message: str | None = None
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class ErrorIn(msgspec.Struct):
    """An error body; some providers say a bare string."""

    error: ErrorDetail | str


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


class ToolCallOut(msgspec.Struct, kw_only=True):
    """A whole tool call."""

    id: str
    type: str = "function"
    function: FunctionOut


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
    function: FunctionOut


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


class ErrorDetailOut(msgspec.Struct):
    """See `ErrorDetail`."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorOut(msgspec.Struct):
    """An error body, or an error chunk."""

    error: ErrorDetailOut


class ModelOut(msgspec.Struct, kw_only=True):
    """One model of a list."""

    id: str
    object: str = "model"
    created: int
    owned_by: str


class ModelsOut(msgspec.Struct, kw_only=True):
    """A models list."""

    object: str = "list"
    data: list[ModelOut]


class CountOut(msgspec.Struct):
    """A token count; OpenAI's Chat has no such call, the shape is Anthropic's."""

    input_tokens: int


# --- words --------------------------------------------------------------------------------------------

# Kind -> type, and the code where the fault brings none.
ERROR_WORDS: dict[FaultKind, tuple[str, str | None]] = {
    "invalid_request": ("invalid_request_error", None),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "permission": ("permission_error", "permission_denied"),
    "not_found": ("invalid_request_error", None),
    "too_large": ("invalid_request_error", "request_too_large"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "overloaded": ("server_error", "overloaded"),
    "upstream": ("server_error", "upstream_error"),
    "timeout": ("server_error", "timeout"),
    "internal": ("server_error", None),
}

# Codes and types that say more than the status they come with, and the status they have without one.
_KNOWN_WORDS: dict[str, tuple[FaultKind, int]] = {
    "insufficient_quota": ("billing", 429),
    "invalid_api_key": ("authentication", 401),
    "model_not_found": ("not_found", 404),
    "rate_limit_exceeded": ("rate_limited", 429),
    "rate_limit_error": ("rate_limited", 429),
    "overloaded": ("overloaded", 503),
    "overloaded_error": ("overloaded", 529),
    "timeout": ("timeout", 504),
    "invalid_request_error": ("invalid_request", 400),
    "server_error": ("internal", 500),
}
_VAGUE = ("invalid_request_error", "server_error")


def read_fault(detail: ErrorDetail | str, status: int | None) -> Fault:
    """Make a fault of OpenAI's words; `status` is None in the middle of a stream."""
    if isinstance(detail, str):
        detail = ErrorDetail(message=detail)
    code = None if detail.code is None else str(detail.code)
    kind, usual = _judge(code, detail.type, status)
    message = detail.message or code or detail.type or "unknown error"
    return Fault(kind=kind, status=status or usual, message=message, code=code, param=detail.param)


def _judge(code: str | None, kind: str | None, status: int | None) -> tuple[FaultKind, int]:
    for word in (code, kind):
        if word in _KNOWN_WORDS and not (status and word in _VAGUE):
            return _KNOWN_WORDS[word]
    # In a stream some providers give the status as the code.
    told = status or (int(code) if code and code.isascii() and code.isdigit() else 500)
    told = told if 400 <= told <= 599 else 500  # noqa: PLR2004 - the statuses that are errors
    return kind_of(told), told
