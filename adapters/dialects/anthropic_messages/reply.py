"""Whole replies of anthropic-messages: messages, errors, token counts and models lists."""

from datetime import UTC, datetime

import msgspec

from adapters.dialect import ModelEntry
from adapters.dialects.anthropic_messages.wire import (
    ERROR_TYPES,
    TOLD_CODES,
    BlockOut,
    CacheCreationOut,
    CountOut,
    ErrorDetailOut,
    ErrorIn,
    ErrorOut,
    MessageIn,
    MessageOut,
    ModelOut,
    ModelsOut,
    MoreOut,
    RedactedOut,
    TextOut,
    ThinkingOut,
    ToolUseOut,
    UsageOut,
    read_fault,
    told,
)
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, Usage
from adapters.fault import Fault, Malformed
from adapters.literal import literal

_ENCODE = msgspec.json.Encoder().encode
_DECODE_MESSAGE = msgspec.json.Decoder(MessageIn).decode
_DECODE_ERROR = msgspec.json.Decoder(ErrorIn).decode

STOP_REASONS: dict[StopReason, str] = {
    "end": "end_turn",
    "max_tokens": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "refusal": "refusal",
}


def read_usage(body: bytes) -> Usage:
    """Find the usage of a whole reply; raise `Malformed` when the body is no message."""
    try:
        message = _DECODE_MESSAGE(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not an Anthropic message: {error}.") from error
    if message.type != "message":
        raise Malformed(f"The reply is not an Anthropic message: its type is `{message.type}`.")
    usage = Usage()
    if message.usage is not None:
        message.usage.add_to(usage)
    return usage


def write_reply(reply: Reply) -> bytes:
    """Write a whole message."""
    return _ENCODE(
        MessageOut(
            id=message_id(reply.id),
            model=reply.model,
            content=[_write_block(block) for block in reply.blocks],
            usage=write_usage(reply.usage),
            stop_reason=STOP_REASONS[reply.stop],
            stop_sequence=reply.sequence,
        )
    )


def message_id(bare: str) -> str:
    """Give an id the prefix of this dialect."""
    return f"msg_{bare}"


def write_usage(usage: Usage) -> UsageOut:
    """Spell usage as a message carries it."""
    return UsageOut(
        input_tokens=usage.input,
        cache_creation_input_tokens=usage.cache_write_5m + usage.cache_write_1h,
        cache_read_input_tokens=usage.cache_read,
        cache_creation=CacheCreationOut(usage.cache_write_5m, usage.cache_write_1h),
        output_tokens=usage.output,
    )


def _write_block(block: Block) -> BlockOut:
    if isinstance(block, TextBlock):
        return TextOut(block.text)
    if isinstance(block, ThinkingBlock):
        if block.redacted is not None:
            return RedactedOut(block.redacted)
        return ThinkingOut(block.text, block.signature)
    return ToolUseOut(block.id, block.name, _input(block.arguments))


def _input(arguments: str) -> msgspec.Raw:
    """Carry arguments as they are: those that are not JSON as a string, so that the message stays one."""
    raw = arguments.strip().encode() or b"{}"
    try:
        msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return literal(arguments)
    return msgspec.Raw(raw)


def write_count(tokens: int) -> bytes:
    """Write the answer of count_tokens."""
    return _ENCODE(CountOut(tokens))


def write_error(fault: Fault, request_id: str) -> bytes:
    """Write an error body; in a stream the same document follows `event: error`."""
    detail = ErrorDetailOut(ERROR_TYPES[fault.kind], told(fault))
    if fault.code in TOLD_CODES:
        detail.details = MoreOut(fault.code)
    return _ENCODE(ErrorOut(detail, request_id))


def read_error(status: int, body: bytes) -> Fault | None:
    """Read an error body; None when it is none of this dialect."""
    try:
        return read_fault(_DECODE_ERROR(body).error, status)
    except (ValueError, RecursionError):
        return None


def write_model(entry: ModelEntry) -> bytes:
    """Write one model."""
    return _ENCODE(_model(entry))


def write_models(entries: list[ModelEntry]) -> bytes:
    """Write a models list, whole."""
    first, last = (entries[0].id, entries[-1].id) if entries else (None, None)
    return _ENCODE(ModelsOut(data=[_model(entry) for entry in entries], first_id=first, last_id=last))


def _model(entry: ModelEntry) -> ModelOut:
    created = datetime.fromtimestamp(entry.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return ModelOut(entry.id, entry.id, created)
