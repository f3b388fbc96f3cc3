"""Whole replies of gemini: responses, errors, token counts and models lists."""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.dialect import ModelEntry
from adapters.dialects.gemini.content import arguments_object
from adapters.dialects.gemini.reply_wire import UsageHolderIn
from adapters.dialects.gemini.stream_read import count
from adapters.dialects.gemini.wire import (
    STATUSES,
    CandidateOut,
    ContentOut,
    CountOut,
    ErrorIn,
    ErrorOut,
    ErrorStatusOut,
    FunctionCallOut,
    ModalityOut,
    ModelOut,
    ModelsOut,
    PartOut,
    ResponseOut,
    RetryInfoOut,
    UsageOut,
    read_fault,
    too_long,
)
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault, Malformed, client_status
from adapters.seal_carried import carried

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(UsageHolderIn).decode
_DECODE_ERROR = msgspec.json.Decoder(ErrorIn | list[ErrorIn]).decode

FINISH_REASONS: dict[StopReason, str] = {
    "end": "STOP",
    "max_tokens": "MAX_TOKENS",
    "stop_sequence": "STOP",
    "tool_use": "STOP",
    "refusal": "SAFETY",
}


def read_usage(body: bytes) -> Usage:
    """Find the usage of a whole reply; raise `Malformed` when the body is no response."""
    try:
        response = _DECODE(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not a Gemini response: {error}.") from error
    if response.candidates is None and response.prompt_feedback is None:
        raise Malformed("The reply is not a Gemini response: it has no candidates.")
    usage = Usage()
    count(response.usage_metadata, usage)
    return usage


def write_reply(reply: Reply) -> bytes:
    """Write a whole response with one candidate."""
    content = ContentOut(list(_parts(carried(reply.blocks))))
    return _ENCODE(
        ResponseOut(
            candidates=[CandidateOut(content=content, finish_reason=FINISH_REASONS[reply.stop])],
            usage_metadata=write_usage(reply.usage),
            model_version=reply.model,
            response_id=reply.id,
        )
    )


def write_usage(usage: Usage) -> UsageOut:
    """Spell usage as a response carries it: everything read is part of the prompt."""
    prompt = usage.read
    return UsageOut(
        prompt_token_count=prompt,
        cached_content_token_count=usage.cache_read or msgspec.UNSET,
        candidates_token_count=max(usage.output - usage.reasoning, 0),
        total_token_count=prompt + usage.output,
        prompt_tokens_details=[ModalityOut("TEXT", prompt)],
        thoughts_token_count=usage.reasoning,
    )


def _parts(blocks: Iterable[Block]) -> Iterator[PartOut]:
    """The parts of a reply; a signature without a thought goes onto the part after it."""
    pending = ""
    for block in blocks:
        if isinstance(block, ThinkingBlock) and not block.text:
            if pending:
                yield PartOut(text="", thought_signature=pending)
            pending = block.signature
            continue
        if pending and isinstance(block, ThinkingBlock):
            yield PartOut(text="", thought_signature=pending)
            pending = ""
        yield _part(block, pending or None)
        pending = ""
    if pending:
        yield PartOut(text="", thought_signature=pending)


def _part(block: Block, signature: str | None) -> PartOut:
    if isinstance(block, TextBlock):
        return PartOut(text=block.text, thought_signature=signature)
    if isinstance(block, ThinkingBlock):
        return PartOut(text=block.text, thought=True, thought_signature=block.signature or None)
    return PartOut(function_call=write_call(block), thought_signature=signature)


def write_call(block: ToolBlock) -> FunctionCallOut:
    """Write a whole call; arguments are always an object here."""
    arguments = arguments_object(block.arguments)
    raw = arguments if isinstance(arguments, msgspec.Raw) else msgspec.Raw(_ENCODE(arguments))
    return FunctionCallOut(block.name, raw, block.id)


def write_count(tokens: int) -> bytes:
    """Write the answer of countTokens."""
    return _ENCODE(CountOut(tokens))


def write_error(fault: Fault, request_id: str) -> bytes:  # noqa: ARG001 - one shape for all dialects
    """Write an error body; in a stream the same document is a chunk."""
    details = [] if fault.retry_after is None else [RetryInfoOut(retry_delay=f"{fault.retry_after}s")]
    message = fault.message if fault.overflow is None else too_long(fault.overflow)
    # Google's code for the kind, as where it is the status: in a stream nothing else translates another's.
    code = client_status("gemini", fault)
    return _ENCODE(ErrorOut(ErrorStatusOut(code, message, STATUSES[fault.kind], details)))


def read_error(status: int, body: bytes) -> Fault | None:
    """Read an error body, also one in an array as streams without events have it; None when it is none."""
    try:
        told = _DECODE_ERROR(body)
    except (ValueError, RecursionError):
        return None
    errors = told if isinstance(told, list) else [told]
    return read_fault(errors[0].error, status) if errors else None


def write_model(entry: ModelEntry) -> bytes:
    """Write one model."""
    return _ENCODE(_model(entry))


def write_models(entries: list[ModelEntry]) -> bytes:
    """Write a models list, whole."""
    return _ENCODE(ModelsOut([_model(entry) for entry in entries]))


def _model(entry: ModelEntry) -> ModelOut:
    return ModelOut(name=f"models/{entry.id}", display_name=entry.id)
