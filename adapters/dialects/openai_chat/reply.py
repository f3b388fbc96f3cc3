"""Whole replies of openai-chat: completions and their usage."""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.dialects.openai_chat.wire import (
    ChoiceOut,
    CompletionDetailsOut,
    CompletionIn,
    CompletionOut,
    CustomOut,
    ExtraOut,
    FunctionOut,
    GoogleOut,
    MessageOut,
    PromptDetailsOut,
    ToolCallOut,
    UsageOut,
)
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Malformed
from adapters.seal import is_sealed
from adapters.seal_carried import carried

_ENCODE = msgspec.json.Encoder().encode
_DECODE_COMPLETION = msgspec.json.Decoder(CompletionIn).decode

FINISH_REASONS: dict[StopReason, str] = {
    "end": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def finish_reason(stop: StopReason, *, refused: bool) -> str:
    """Say why a reply stopped; one that says its refusal was not cut off."""
    return "stop" if refused and stop == "refusal" else FINISH_REASONS[stop]


def read_usage(body: bytes) -> Usage:
    """Find the usage of a whole reply; raise `Malformed` when the body is no completion."""
    try:
        completion = _DECODE_COMPLETION(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not a chat completion: {error}.") from error
    usage = Usage()
    if completion.usage is not None:
        completion.usage.add_to(usage)
    return usage


def write_reply(reply: Reply) -> bytes:
    """Write a whole completion with one choice."""
    message = _message(reply)
    finish = finish_reason(reply.stop, refused=message.refusal is not None)
    return _ENCODE(
        CompletionOut(
            id=completion_id(reply.id),
            created=reply.created,
            model=reply.model,
            choices=[ChoiceOut(message=message, finish_reason=finish)],
            usage=write_usage(reply.usage),
        )
    )


def completion_id(bare: str) -> str:
    """Give an id the prefix of this dialect."""
    return f"chatcmpl-{bare}"


def write_usage(usage: Usage) -> UsageOut:
    """Spell usage as a completion carries it: everything read is part of the prompt."""
    prompt = usage.read
    return UsageOut(
        prompt_tokens=prompt,
        completion_tokens=usage.output,
        total_tokens=prompt + usage.output,
        prompt_tokens_details=PromptDetailsOut(usage.cache_read),
        completion_tokens_details=CompletionDetailsOut(usage.reasoning),
    )


def extra(signature: str) -> ExtraOut | msgspec.UnsetType:
    """Spell what a call carries, if it carries anything."""
    return ExtraOut(GoogleOut(signature)) if signature else msgspec.UNSET


def _calls(blocks: Iterable[Block]) -> Iterator[ToolCallOut]:
    """Write the calls; the first after a sealed thought carries it."""
    signature = ""
    for block in carried(blocks):
        if isinstance(block, ThinkingBlock) and not block.text and is_sealed(block.signature):
            signature = block.signature
        elif isinstance(block, ToolBlock):
            yield _call(block, extra(signature))
            signature = ""


def _call(block: ToolBlock, more: ExtraOut | msgspec.UnsetType) -> ToolCallOut:
    if block.custom:
        custom = CustomOut(name=block.name, input=block.arguments)
        return ToolCallOut(id=block.id, type="custom", custom=custom, extra_content=more)
    function = FunctionOut(name=block.name, arguments=block.arguments)
    return ToolCallOut(id=block.id, function=function, extra_content=more)


def _message(reply: Reply) -> MessageOut:
    spoken = [block for block in reply.blocks if isinstance(block, TextBlock)]
    texts = [block.text for block in spoken if not block.refused]
    refusals = [block.text for block in spoken if block.refused]
    thoughts = [block.text for block in reply.blocks if isinstance(block, ThinkingBlock)]
    calls = list(_calls(reply.blocks))
    return MessageOut(
        role="assistant",
        content="".join(texts) if texts else None,
        refusal="".join(refusals) if refusals else None,
        reasoning_content="".join(thoughts) if thoughts else msgspec.UNSET,
        tool_calls=calls or msgspec.UNSET,
    )
