"""Whole replies of openai-responses: a response, its items and its usage."""

from typing import assert_never

import msgspec

from adapters.dialects.openai_responses.marks import is_search, sealed_summary, written_home
from adapters.dialects.openai_responses.wire import (
    CompactionItem,
    CustomCallItem,
    FailureOut,
    FunctionCallItem,
    InputDetailsOut,
    Item,
    MessageItem,
    OutputDetailsOut,
    ReasoningItem,
    ReasonOut,
    RefusalPart,
    ResponseIn,
    ResponseOut,
    SearchCallItem,
    SummaryPart,
    TextPart,
    UsageOut,
)
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Malformed
from adapters.literal import literal

_ENCODE = msgspec.json.Encoder().encode
_DECODE_RESPONSE = msgspec.json.Decoder(ResponseIn).decode

# Why a response that stopped so is incomplete; with any other reason it is completed.
INCOMPLETE: dict[StopReason, str] = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}

# A compaction of nothing would end the conversation: better none.
NO_SUMMARY = "The model wrote no summary of the conversation."


def read_usage(body: bytes) -> Usage:
    """Find the usage of a whole reply; raise `Malformed` when the body is no response."""
    try:
        response = _DECODE_RESPONSE(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not a response: {error}.") from error
    if response.object != "response":
        raise Malformed(f"The reply is not a response: its object is `{response.object}`.")
    usage = Usage()
    if response.usage is not None:
        response.usage.add_to(usage)
    return usage


def write_reply(reply: Reply) -> bytes:
    """Write a whole response."""
    response = ResponseOut(
        id=response_id(reply.id), created_at=reply.created, status="in_progress", model=reply.model
    )
    if not reply.compaction:
        items = [write_item(reply.id, index, block) for index, block in enumerate(reply.blocks)]
        return _ENCODE(finished(response, items, reply.stop, reply.usage))
    text = "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))
    if not text.strip():
        failure = FailureOut("server_error", NO_SUMMARY)
        return _ENCODE(msgspec.structs.replace(response, status="failed", error=failure))
    return _ENCODE(finished(response, [write_compaction(reply.id, text)], reply.stop, reply.usage))


def response_id(bare: str) -> str:
    """Give an id the prefix of a response."""
    return f"resp_{bare}"


def finished(response: ResponseOut, items: list[Item], stop: StopReason, usage: Usage) -> ResponseOut:
    """Complete a response that was in progress."""
    reason = None if stop == "refusal" and any(map(_refuses, items)) else INCOMPLETE.get(stop)
    return msgspec.structs.replace(
        response,
        status="incomplete" if reason else "completed",
        incomplete_details=ReasonOut(reason) if reason else None,
        output=items,
        usage=write_usage(usage),
    )


def _refuses(item: Item) -> bool:
    """Tell whether an item says that there will be no answer: a response with one is complete."""
    return isinstance(item, MessageItem) and isinstance(item.content[0], RefusalPart)


def write_usage(usage: Usage) -> UsageOut:
    """Spell usage as a response carries it: everything read is part of the input."""
    written = usage.cache_write_5m + usage.cache_write_1h
    total = usage.input + usage.cache_read + written
    return UsageOut(
        input_tokens=total,
        input_tokens_details=InputDetailsOut(usage.cache_read, written),
        output_tokens=usage.output,
        output_tokens_details=OutputDetailsOut(usage.reasoning),
        total_tokens=total + usage.output,
    )


def write_item(bare: str, index: int, block: Block) -> Item:
    """Write a block as an item; the id comes of the reply's and the place in it."""
    own = f"{bare}{index:02x}"
    match block:
        case TextBlock(text, refused):
            part = RefusalPart(refusal=text) if refused else TextPart(text=text)
            return MessageItem(id=f"msg_{own}", content=[part])
        case ThinkingBlock(text, signature):
            bound = signature or msgspec.UNSET
            summary = [SummaryPart(text=text)] if text else []
            return ReasoningItem(id=f"rs_{own}", summary=summary, encrypted_content=bound)
        case ToolBlock():
            return _write_call(own, block)
        case _:
            assert_never(block)


def write_compaction(bare: str, text: str) -> Item:
    """Write a summary as the one item of a compaction, sealed: it comes back in later requests."""
    return CompactionItem(id=f"cmp_{bare}00", encrypted_content=sealed_summary(text))


def _write_call(own: str, call: ToolBlock) -> Item:
    namespace = written_home(call.name, call.namespace) or msgspec.UNSET
    if call.custom:
        return CustomCallItem(
            id=f"ctc_{own}", call_id=call.id, input=call.arguments, name=call.name, namespace=namespace
        )
    if is_search(call.name, call.namespace):
        return SearchCallItem(id=f"tsc_{own}", call_id=call.id, arguments=_object(call.arguments))
    return FunctionCallItem(
        id=f"fc_{own}", arguments=call.arguments, call_id=call.id, name=call.name, namespace=namespace
    )


def _object(arguments: str) -> msgspec.Raw:
    """Carry arguments as the value they are: those that are not JSON as a string."""
    raw = arguments.strip().encode() or b"{}"
    try:
        msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return literal(arguments)
    return msgspec.Raw(raw)
