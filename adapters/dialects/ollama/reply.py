"""Whole replies of ollama: chats, errors and models lists.

Every line and every whole reply says its text twice, as the message of /api/chat and as the response of
/api/generate: what writes a reply does not know which of the two was asked, and clients skip what is not
theirs.
"""

import hashlib
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.dialect import ModelEntry
from adapters.dialects.ollama.arguments import as_object
from adapters.dialects.ollama.wire import (
    CountOut,
    DetailsOut,
    ErrorIn,
    ErrorOut,
    FunctionOut,
    LastOut,
    MessageOut,
    ModelOut,
    ModelsOut,
    ReplyIn,
    ShowOut,
    ToolCallOut,
)
from adapters.events import Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault, Malformed, kind_of, recognised
from adapters.reader import given

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(ReplyIn).decode
_DECODE_ERROR = msgspec.json.Decoder(ErrorIn).decode

DONE_REASONS: Final[dict[StopReason, str]] = {
    "end": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "refusal": "stop",
}
# What a server says that has too much to do; in the middle of a stream no status says so.
_BUSY = "server busy"
# What nobody here knows of a model, said so that clients that look for tools find them.
_CAPABILITIES = ("completion", "tools")


def read_usage(body: bytes) -> Usage:
    """Find the usage of a whole reply; raise `Malformed` when the body is none."""
    try:
        reply = _DECODE(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not one of Ollama: {error}.") from error
    if not (given(reply.message) or given(reply.response)):
        raise Malformed("The reply is not one of Ollama: it has neither a message nor a response.")
    usage = Usage()
    reply.add_to(usage)
    return usage


def write_reply(reply: Reply) -> bytes:
    """Write a whole reply."""
    text = "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))
    thought = "".join(block.text for block in reply.blocks if isinstance(block, ThinkingBlock))
    blocks = [block for block in reply.blocks if isinstance(block, ToolBlock)]
    calls = [write_call(index, block.id, block.name, block.arguments) for index, block in enumerate(blocks)]
    thinking = thought or msgspec.UNSET
    return _ENCODE(
        LastOut(
            model=reply.model,
            created_at=write_time(reply.created),
            message=MessageOut(content=text, thinking=thinking, tool_calls=calls or msgspec.UNSET),
            response=text,
            thinking=thinking,
            done_reason=DONE_REASONS[reply.stop],
            prompt_eval_count=reply.usage.read,
            eval_count=reply.usage.output,
        )
    )


def write_call(index: int, identity: str, name: str, arguments: str) -> ToolCallOut:
    """Spell a call; arguments that are no object are made one."""
    return ToolCallOut(identity, FunctionOut(index, name, as_object(arguments)))


# The last second that four digits of a year can tell: providers say what they like.
_LATEST = 253_402_300_799


def write_time(seconds: int) -> str:
    """Spell a time, given in seconds since the epoch."""
    return datetime.fromtimestamp(min(max(seconds, 0), _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# --- errors -------------------------------------------------------------------------------------------


def write_error(fault: Fault, request_id: str) -> bytes:  # noqa: ARG001 - one shape for all dialects
    """Write an error body; all that it has place for is words."""
    return _ENCODE(ErrorOut(fault.message))


def read_error(status: int, body: bytes) -> Fault | None:
    """Read an error body; None when it is none of this dialect."""
    try:
        error = _DECODE_ERROR(body).error
    except (ValueError, RecursionError):
        return None
    return read_fault(error if isinstance(error, str) else error.message, status)


def read_stream_fault(line: bytes) -> Fault:
    """Read a line that holds an error, whatever that is."""
    return read_error(0, line) or read_fault(line.decode("utf-8", "replace"), 0)


def read_fault(message: str, status: int) -> Fault:
    """Make a fault of Ollama's words; `status` is 0 in the middle of a stream."""
    told = status or (503 if _BUSY in message else 500)
    return recognised(Fault(kind_of(told), told, message))


# --- models and counts --------------------------------------------------------------------------------


def credential(key: str) -> tuple[bytes, bytes]:
    """Carry a key: Ollama's cloud asks for one, a server of one's own does not look."""
    return b"authorization", b"Bearer " + key.encode()


def write_count(tokens: int) -> bytes:
    """Write a token count."""
    return _ENCODE(CountOut(tokens))


def write_models(entries: list[ModelEntry]) -> bytes:
    """Write a models list, as /api/tags has it."""
    return _ENCODE(ModelsOut([_model(entry) for entry in entries]))


def write_model(entry: ModelEntry) -> bytes:
    """Write one model, as /api/show has it."""
    return _ENCODE(
        ShowOut(
            details=_details(entry),
            model_info={"general.architecture": entry.owner, "general.basename": entry.id},
            capabilities=_CAPABILITIES,
            modified_at=write_time(entry.created),
        )
    )


def _model(entry: ModelEntry) -> ModelOut:
    # Clients show the start of a digest and take it for granted.
    digest = hashlib.sha256(entry.id.encode()).hexdigest()
    return ModelOut(
        name=entry.id,
        model=entry.id,
        modified_at=write_time(entry.created),
        digest=digest,
        details=_details(entry),
    )


def _details(entry: ModelEntry) -> DetailsOut:
    return DetailsOut(family=entry.owner, families=[entry.owner])
