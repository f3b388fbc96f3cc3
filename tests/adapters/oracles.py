"""What the official SDKs of the clients make of a reply, held against the reply as the middle knows it."""

import json

import openai
from anthropic.types import Message
from openai.types.chat import ChatCompletion

from adapters.events import Block, Reply, TextBlock, ThinkingBlock, ToolBlock
from tests.adapters.sdks import streamed_to_anthropic, streamed_to_openai


def gathered_by_anthropic(stream: bytes) -> Message:
    """The message the SDK gathers from a stream."""
    client = streamed_to_anthropic(stream)
    with client.messages.stream(
        model="m", max_tokens=5, messages=[{"role": "user", "content": "x"}]
    ) as events:
        return events.get_final_message()


def gathered_by_openai(stream: bytes) -> ChatCompletion:
    """The completion the SDK gathers from a stream; one that was filtered it raises."""
    client = streamed_to_openai(stream)
    with client.chat.completions.stream(model="m", messages=[{"role": "user", "content": "x"}]) as events:
        try:
            return events.get_final_completion()
        except openai.ContentFilterFinishReasonError as filtered:
            completion = filtered.completion
    if completion is None:
        raise AssertionError("the SDK filtered a completion away")
    return completion


def input_of(arguments: str) -> object:
    """The value of a call's arguments; none are an empty object."""
    return json.loads(arguments or "{}")


def as_anthropic_has_it(block: Block) -> tuple[object, ...]:
    """A block as the SDK's message must hold it."""
    if isinstance(block, ToolBlock):
        return ("tool_use", block.id, block.name, input_of(block.arguments))
    if isinstance(block, ThinkingBlock):
        return ("thinking", block.text, block.signature)
    return ("text", block.text)


def must_be_message(message: Message, reply: Reply) -> None:
    """The SDK's message is the reply: blocks, reason, counts, id and model."""
    held: list[tuple[object, ...]] = []
    for block in message.content:
        if block.type == "tool_use":
            held.append(("tool_use", block.id, block.name, block.input))
        elif block.type == "thinking":
            held.append(("thinking", block.thinking, block.signature))
        elif block.type == "text":
            held.append(("text", block.text))
    assert held == [as_anthropic_has_it(block) for block in reply.blocks]
    reasons = {"end": "end_turn"}
    assert message.stop_reason == reasons.get(reply.stop, reply.stop)
    assert (message.id, message.model) == (f"msg_{reply.id}", reply.model)
    assert message.stop_sequence == reply.sequence
    counted = message.usage
    assert (counted.input_tokens, counted.cache_read_input_tokens, counted.output_tokens) == (
        reply.usage.input,
        reply.usage.cache_read,
        reply.usage.output,
    )


FINISHES = {
    "end": "stop",
    "max_tokens": "length",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def must_be_completion(completion: ChatCompletion, reply: Reply) -> None:
    """The SDK's completion is the reply, its blocks flattened."""
    (choice,) = completion.choices
    message = choice.message
    spoken = [block for block in reply.blocks if isinstance(block, TextBlock)]
    refusal = "".join(block.text for block in spoken if block.refused)
    assert (message.content or "") == "".join(block.text for block in spoken if not block.refused)
    assert (message.refusal or "") == refusal
    thought = "".join(b.text for b in reply.blocks if isinstance(b, ThinkingBlock))
    assert (getattr(message, "reasoning_content", None) or "") == thought
    calls = [
        (made.id, made.function.name, made.function.arguments)
        for made in message.tool_calls or []
        if made.type == "function"
    ]
    assert calls == [(b.id, b.name, b.arguments) for b in reply.blocks if isinstance(b, ToolBlock)]
    assert choice.finish_reason == ("stop" if refusal else FINISHES[reply.stop])
    assert (completion.id, completion.model, completion.created) == (
        f"chatcmpl-{reply.id}",
        reply.model,
        reply.created,
    )
    assert completion.usage
    assert completion.usage.prompt_tokens == reply.usage.input + reply.usage.cache_read
    assert completion.usage.completion_tokens == reply.usage.output
