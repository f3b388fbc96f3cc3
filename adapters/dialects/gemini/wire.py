"""The wire of gemini as Structs, only what is read or written outside of requests; field order is Google's.

Unknown fields are skipped, and what is read may be absent or null. Source: the API reference of the Gemini
API (v1beta) and the types of the official SDK (google-genai 3.4, November 2026).
"""

import math
import re

import msgspec

from adapters.events import Usage
from adapters.fault import Fault, FaultKind, kind_of, recognised
from adapters.overflow import Overflow

# What a raw field is when it is absent; `Raw | None` would take nothing but null.
NULL = msgspec.Raw(b"null")

# --- read ---------------------------------------------------------------------------------------------


class UsageIn(msgspec.Struct, rename="camel"):
    """Usage as a reply carries it: cached tokens are inside the prompt, thoughts outside the candidates."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None

    def add_to(self, usage: Usage) -> None:
        """Write what is present over what was counted before: the counts of a stream are cumulative."""
        if self.prompt_token_count is not None:
            usage.cache_read = self.cached_content_token_count or 0
            outside = max(self.prompt_token_count - usage.cache_read, 0)
            usage.input = outside + (self.tool_use_prompt_token_count or 0)
        if self.candidates_token_count is not None or self.thoughts_token_count is not None:
            usage.reasoning = self.thoughts_token_count or 0
            usage.output = (self.candidates_token_count or 0) + usage.reasoning


class ErrorDetailIn(msgspec.Struct, rename={"type": "@type", "retry_delay": "retryDelay"}):
    """One of the details of an error; which fields it has its type says."""

    type: str = ""
    retry_delay: str | None = None
    reason: str | None = None


class ErrorStatusIn(msgspec.Struct):
    """What went wrong, in Google's words."""

    code: int | None = None
    message: str | None = None
    status: str | None = None
    details: msgspec.Raw = NULL


class ErrorIn(msgspec.Struct):
    """An error body."""

    error: ErrorStatusIn


# --- written ------------------------------------------------------------------------------------------


class FunctionCallOut(msgspec.Struct):
    """A whole tool call."""

    name: str
    args: msgspec.Raw
    id: str


class PartOut(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A part of a reply; what it does not have is absent."""

    text: str | None = None
    thought: bool = False
    function_call: FunctionCallOut | None = None
    thought_signature: str | None = None


class ContentOut(msgspec.Struct):
    """The model's turn."""

    parts: list[PartOut]
    role: str = "model"


class CandidateOut(msgspec.Struct, kw_only=True, rename="camel"):
    """The one candidate of a reply."""

    content: ContentOut
    finish_reason: str | msgspec.UnsetType = msgspec.UNSET
    index: int = 0


class ModalityOut(msgspec.Struct, rename="camel"):
    """Tokens of one kind of content."""

    modality: str
    token_count: int


class UsageOut(msgspec.Struct, kw_only=True, rename="camel"):
    """See `UsageIn`; the counts of what was written are absent before the end."""

    prompt_token_count: int
    cached_content_token_count: int | msgspec.UnsetType = msgspec.UNSET
    candidates_token_count: int | msgspec.UnsetType = msgspec.UNSET
    total_token_count: int
    prompt_tokens_details: list[ModalityOut] | msgspec.UnsetType = msgspec.UNSET
    thoughts_token_count: int | msgspec.UnsetType = msgspec.UNSET


class ResponseOut(msgspec.Struct, kw_only=True, rename="camel"):
    """A whole reply, or one chunk of a stream."""

    candidates: list[CandidateOut]
    usage_metadata: UsageOut
    model_version: str
    response_id: str


class RetryInfoOut(msgspec.Struct, kw_only=True, rename={"type": "@type", "retry_delay": "retryDelay"}):
    """When to come back."""

    type: str = "type.googleapis.com/google.rpc.RetryInfo"
    retry_delay: str


class ErrorStatusOut(msgspec.Struct, omit_defaults=True):
    """See `ErrorStatusIn`."""

    code: int
    message: str
    status: str
    details: list[RetryInfoOut] = []


class ErrorOut(msgspec.Struct):
    """An error, as a body or as a chunk."""

    error: ErrorStatusOut


class ModelOut(msgspec.Struct, kw_only=True, rename="camel"):
    """One model of a list."""

    name: str
    version: str = "001"
    display_name: str
    supported_generation_methods: tuple[str, ...] = ("generateContent", "countTokens")


class ModelsOut(msgspec.Struct):
    """A models list, always whole."""

    models: list[ModelOut]


class CountOut(msgspec.Struct, rename="camel"):
    """The answer of countTokens."""

    total_tokens: int


# --- words --------------------------------------------------------------------------------------------

STATUSES: dict[FaultKind, str] = {
    "invalid_request": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "billing": "FAILED_PRECONDITION",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "too_large": "INVALID_ARGUMENT",
    "rate_limited": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "upstream": "UNAVAILABLE",
    "timeout": "DEADLINE_EXCEEDED",
    "internal": "INTERNAL",
}

# The status each word has when it comes without one.
_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
# A wrong key is a 400 here, and only a detail says what it is.
_KEY_REASONS = ("API_KEY_INVALID", "API_KEY_EXPIRED")
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s", re.ASCII)
_DECODE_DETAILS = msgspec.json.Decoder(list[msgspec.Raw]).decode
_DECODE_DETAIL = msgspec.json.Decoder(ErrorDetailIn).decode


def read_fault(error: ErrorStatusIn, status: int | None) -> Fault:
    """Make a fault of Google's words; `status` is None in the middle of a stream."""
    told = status or error.code or _CODES.get(error.status or "", 500)
    told = told if 400 <= told <= 599 else 500  # noqa: PLR2004 - the statuses that are errors
    details = _details(error.details)
    if any(detail.reason in _KEY_REASONS for detail in details):
        told = 401
    fault = Fault(
        kind=kind_of(told),
        status=told,
        message=error.message or error.status or "unknown error",
        retry_after=_retry_after(details),
    )
    return recognised(fault)


def too_long(overflow: Overflow) -> str:
    """Say that a conversation is too long as Google says it."""
    tokens = "" if overflow.tokens is None else f" ({overflow.tokens})"
    most = "" if overflow.maximum is None else f" ({overflow.maximum})"
    return f"The input token count{tokens} exceeds the maximum number of tokens allowed{most}."


def _details(raw: msgspec.Raw) -> list[ErrorDetailIn]:
    """The details that can be read."""
    try:
        inner = _DECODE_DETAILS(raw)
    except ValueError:
        return []
    details: list[ErrorDetailIn] = []
    for one in inner:
        try:
            details.append(_DECODE_DETAIL(one))
        except ValueError:
            continue
    return details


def _retry_after(details: list[ErrorDetailIn]) -> int | None:
    """Whole seconds, rounded up: who comes back early is turned away again."""
    for detail in details:
        match = _DELAY.fullmatch(detail.retry_delay or "")
        if match:
            return math.ceil(float(match[1]))
    return None
