"""What OpenAI's APIs spell alike: errors, models lists, where a key goes, the comment that shows life.

Unknown fields are skipped, and what is read may be absent: many providers answer in this shape, each a
little differently. Source: the API reference and the types of the official SDK (3.52, November 2026).
"""

import msgspec

from adapters.dialect import ModelEntry
from adapters.fault import Fault, FaultKind, kind_of, recognised
from adapters.overflow import Overflow

# The one heartbeat all clients of these APIs take.
COMMENT = b": penstock\n\n"

_ENCODE = msgspec.json.Encoder().encode


def credential(key: str) -> tuple[bytes, bytes]:
    """Carry a key."""
    return b"authorization", b"Bearer " + key.encode()


# --- errors -------------------------------------------------------------------------------------------


class ErrorDetail(msgspec.Struct):
    """What went wrong, in OpenAI's words; some providers say the code as a number.

    `status` is Google's word for it; the numbers are llama.cpp's, of a conversation that is too long;
    `metadata` is OpenRouter's, which keeps there what the provider behind it said.
    """

    message: str | None = None
    type: str | None = None
    param: str | None = None
    code: str | int | None = None
    status: str | int | None = None
    n_prompt_tokens: int | str | None = None
    n_ctx: int | str | None = None
    metadata: object = None


class ErrorIn(msgspec.Struct):
    """An error body; some providers say a bare string, with the code beside it."""

    error: ErrorDetail | str
    code: str | int | None = None


class FlatErrorIn(msgspec.Struct):
    """An error body without an `error` in it, as Mistral, Cerebras and older vLLM have it.

    The message may be a list of complaints; without a word for the kind it is no error.
    """

    message: object
    kind: str | None = msgspec.field(default=None, name="object")
    type: str | None = None
    code: str | int | None = None


class DetailIn(msgspec.Struct):
    """An error body of a server that checks the fields of requests itself, as NVIDIA's does."""

    detail: object


class ErrorDetailOut(msgspec.Struct):
    """See `ErrorDetail`."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorOut(msgspec.Struct):
    """An error body, or an error chunk."""

    error: ErrorDetailOut


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
    "engine_overloaded_error": ("overloaded", 503),
    "server_is_overloaded": ("overloaded", 503),
    "UNAVAILABLE": ("overloaded", 503),
    "RESOURCE_EXHAUSTED": ("rate_limited", 429),
    "exceeded_current_quota_error": ("billing", 402),
    "content_filter": ("invalid_request", 400),
    "content_policy_violation": ("invalid_request", 400),
    "invalid_prompt": ("invalid_request", 400),
    "context_length_exceeded": ("invalid_request", 400),
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
    kind, usual = _judge((code, detail.type, str(detail.status)), status)
    message = (detail.message or code or detail.type or "unknown error") + _behind(detail.metadata)
    fault = Fault(kind=kind, status=status or usual, message=message, code=code, param=detail.param)
    return recognised(fault, {"n_prompt_tokens": detail.n_prompt_tokens, "n_ctx": detail.n_ctx})


def _behind(metadata: object) -> str:
    """What the provider behind a gateway said, where that is passed on."""
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f": {raw}" if isinstance(raw, str) and raw else ""


def _judge(words: tuple[str | None, ...], status: int | None) -> tuple[FaultKind, int]:
    code = words[0]
    for word in words:
        if word in _KNOWN_WORDS and not (status and word in _VAGUE):
            return _KNOWN_WORDS[word]
    # In a stream some providers give the status as the code.
    told = status or (int(code) if code and code.isascii() and code.isdigit() else 500)
    told = told if 400 <= told <= 599 else 500  # noqa: PLR2004 - the statuses that are errors
    return kind_of(told), told


# Google says an error of its Chat address as a list of one.
_DECODE_ERROR = msgspec.json.Decoder(ErrorIn | list[ErrorIn]).decode
_DECODE_FLAT = msgspec.json.Decoder(FlatErrorIn).decode
_DECODE_CHECK = msgspec.json.Decoder(DetailIn).decode
_DECODE_DETAIL = msgspec.json.Decoder(ErrorDetail | str).decode


def write_error(fault: Fault, request_id: str) -> bytes:  # noqa: ARG001 - one shape for all dialects
    """Write an error body; the request's id has no place in it, it is in the `x-request-id` header."""
    kind, code = ERROR_WORDS[fault.kind]
    message, param = fault.message, fault.param
    if fault.overflow is not None:
        message, param = too_long(fault.overflow), param or "messages"
    return _ENCODE(ErrorOut(ErrorDetailOut(message, kind, param, fault.code or code)))


def too_long(overflow: Overflow) -> str:
    """Say that a conversation is too long as OpenAI says it."""
    if overflow.tokens is None or overflow.maximum is None:
        most = "" if overflow.maximum is None else f" of {overflow.maximum} tokens"
        return (
            f"Your input exceeds the context window of this model{most}. "
            "Please adjust your input and try again."
        )
    asked = f"your messages resulted in {overflow.tokens} tokens. Please reduce the length of the messages."
    if overflow.output is not None:
        asked = (
            f"you requested {overflow.tokens + overflow.output} tokens ({overflow.tokens} in the messages, "
            f"{overflow.output} in the completion). Please reduce the length of the messages or completion."
        )
    return f"This model's maximum context length is {overflow.maximum} tokens. However, {asked}"


def read_error(status: int, body: bytes) -> Fault | None:
    """Read an error body; None when it is none of these APIs, nor of those that resemble them."""
    for read in (_read_usual, _read_flat, _read_check):
        try:
            return read_fault(read(body), status)
        except (ValueError, RecursionError):
            continue
    return None


def _read_usual(body: bytes) -> ErrorDetail | str:
    told = _DECODE_ERROR(body)
    if isinstance(told, list):
        if not told:
            raise ValueError("an empty list")
        told = told[0]
    return ErrorDetail(told.error, code=told.code) if isinstance(told.error, str) else told.error


def _read_flat(body: bytes) -> ErrorDetail:
    told = _DECODE_FLAT(body)
    if told.kind != "error" and told.type is None:
        raise ValueError("a message and nothing else")
    return ErrorDetail(_words(told.message), told.type, code=told.code)


def _read_check(body: bytes) -> ErrorDetail:
    return ErrorDetail(_words(_DECODE_CHECK(body).detail))


def _words(message: object) -> str:
    """Words as they are, and lists of complaints as JSON."""
    return message if isinstance(message, str) else _ENCODE(message).decode()


def read_stream_fault(error: msgspec.Raw | bytes) -> Fault:
    """Read what a stream holds as its error, whatever it is."""
    try:
        return read_fault(_DECODE_DETAIL(error), None)
    except ValueError:
        return read_fault(bytes(error).decode("utf-8", "replace"), None)


# --- models and counts --------------------------------------------------------------------------------


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


def write_count(tokens: int) -> bytes:
    """Write a token count."""
    return _ENCODE(CountOut(tokens))


def write_model(entry: ModelEntry) -> bytes:
    """Write one model."""
    return _ENCODE(_model(entry))


def write_models(entries: list[ModelEntry]) -> bytes:
    """Write a models list."""
    return _ENCODE(ModelsOut(data=[_model(entry) for entry in entries]))


def _model(entry: ModelEntry) -> ModelOut:
    return ModelOut(id=entry.id, created=entry.created, owned_by=entry.owner)
