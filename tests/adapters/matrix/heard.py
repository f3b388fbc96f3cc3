"""What the official SDK of each dialect hears of a reply: words, thoughts, calls, the end and the counts.

The SDKs' own helpers gather the streams. What they gather is put into one form and held against the reply as
the middle knows it.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import anthropic
import msgspec
import ollama
import openai
from google.genai import types
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from adapters.events import Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock
from tests.adapters.dialects.gemini.sdk import chunks_of, whole_of
from tests.adapters.dialects.ollama.sdk import in_front_of
from tests.adapters.oracles import gathered_by_anthropic
from tests.adapters.sdks import read_by_anthropic, read_by_openai, streamed_to_openai

Call = tuple[str, str, object]
ASKED: Any = [{"role": "user", "content": "x"}]


class Heard(msgspec.Struct, frozen=True):
    """What was heard; `refused` is what was said in the place for refusals.

    `counts` are all of the input, those read from a cache, the output, those thought.
    """

    words: str
    refused: str
    thoughts: str
    calls: tuple[Call, ...]
    end: str
    counts: tuple[int, int | None, int, int | None]


def value_of(arguments: object) -> object:
    """Arguments as a value: those that are no JSON object stand as they are."""
    if isinstance(arguments, str):
        with suppress(ValueError):
            return json.loads(arguments)
        return {"__raw": arguments}
    return arguments


# --- the middle: what must be heard -------------------------------------------------------------------

ENDS: dict[str, dict[StopReason, str]] = {
    "anthropic-messages": {
        "end": "end_turn",
        "max_tokens": "max_tokens",
        "stop_sequence": "stop_sequence",
        "tool_use": "tool_use",
        "refusal": "refusal",
    },
    "openai-chat": {
        "end": "stop",
        "max_tokens": "length",
        "stop_sequence": "stop",
        "tool_use": "tool_calls",
        "refusal": "content_filter",
    },
    "openai-responses": {
        "end": "completed",
        "max_tokens": "max_output_tokens",
        "stop_sequence": "completed",
        "tool_use": "completed",
        "refusal": "content_filter",
    },
    "gemini": {
        "end": "STOP",
        "max_tokens": "MAX_TOKENS",
        "stop_sequence": "STOP",
        "tool_use": "STOP",
        "refusal": "SAFETY",
    },
    "ollama": {
        "end": "stop",
        "max_tokens": "length",
        "stop_sequence": "stop",
        "tool_use": "stop",
        "refusal": "stop",
    },
}
# Who has a place for what is said instead of an answer, and how a reply with one ends.
_REFUSED = {"openai-chat": "stop", "openai-responses": "completed"}
# Whether a dialect has a word for what was read from a cache, and for what was thought.
_COUNTS = {
    "anthropic-messages": (True, False),
    "openai-chat": (True, True),
    "openai-responses": (True, True),
    "gemini": (True, True),
    "ollama": (False, False),
}


def to_be_heard(reply: Reply, dialect: str) -> Heard:
    """What a client of a dialect must hear of a reply."""
    cached, thought = _COUNTS[dialect]
    usage = reply.usage
    given = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h
    spoken = [block for block in reply.blocks if isinstance(block, TextBlock)]
    end = (
        _REFUSED.get(dialect) if reply.stop == "refusal" and any(block.refused for block in spoken) else None
    )
    return Heard(
        "".join(block.text for block in spoken if not (block.refused and dialect in _REFUSED)),
        "".join(block.text for block in spoken if block.refused and dialect in _REFUSED),
        "".join(block.text for block in reply.blocks if isinstance(block, ThinkingBlock)),
        tuple(
            (block.id, block.name, value_of(block.arguments))
            for block in reply.blocks
            if isinstance(block, ToolBlock)
        ),
        end or ENDS[dialect][reply.stop],
        (given, usage.cache_read if cached else None, usage.output, usage.reasoning if thought else None),
    )


# --- the SDKs -----------------------------------------------------------------------------------------


def _message(message: anthropic.types.Message) -> Heard:
    blocks, used = message.content, message.usage
    written = used.cache_creation_input_tokens or 0
    read = used.cache_read_input_tokens or 0
    return Heard(
        "".join(block.text for block in blocks if block.type == "text"),
        "",
        "".join(block.thinking for block in blocks if block.type == "thinking"),
        tuple((block.id, block.name, value_of(block.input)) for block in blocks if block.type == "tool_use"),
        message.stop_reason or "",
        (used.input_tokens + written + read, read, used.output_tokens, None),
    )


def _completion(completion: ChatCompletion) -> Heard:
    (choice,) = completion.choices
    calls = [call for call in choice.message.tool_calls or [] if call.type == "function"]
    used = completion.usage
    counts = (0, 0, 0, 0)
    if used and used.prompt_tokens_details and used.completion_tokens_details:
        read = used.prompt_tokens_details.cached_tokens or 0
        thought = used.completion_tokens_details.reasoning_tokens or 0
        counts = (used.prompt_tokens, read, used.completion_tokens, thought)
    return Heard(
        choice.message.content or "",
        choice.message.refusal or "",
        getattr(choice.message, "reasoning_content", None) or "",
        tuple((call.id, call.function.name, value_of(call.function.arguments)) for call in calls),
        choice.finish_reason,
        counts,
    )


def _response(response: Response) -> Heard:
    items, used = response.output, response.usage
    assert used
    calls: list[Call] = []
    for item in items:
        if item.type == "function_call":
            calls.append((item.call_id, item.name, value_of(item.arguments)))
        elif item.type == "custom_tool_call":
            calls.append((item.call_id, item.name, value_of(item.input)))
    summaries = [part.text for item in items if item.type == "reasoning" for part in item.summary]
    parts = [part for item in items if item.type == "message" for part in item.content]
    refused = [part.refusal for part in parts if part.type == "refusal"]
    reason = response.incomplete_details.reason if response.incomplete_details else response.status
    details = used.input_tokens_details, used.output_tokens_details
    return Heard(
        response.output_text,
        "".join(refused),
        "".join(summaries),
        tuple(calls),
        reason or "",
        (used.input_tokens, details[0].cached_tokens, used.output_tokens, details[1].reasoning_tokens),
    )


def _contents(chunks: Iterable[types.GenerateContentResponse]) -> Heard:
    told = list(chunks)
    candidates = [candidate for chunk in told for candidate in chunk.candidates or []]
    parts = [part for candidate in candidates if candidate.content for part in candidate.content.parts or []]
    calls = [part.function_call for part in parts if part.function_call]
    used = told[-1].usage_metadata
    assert used
    thought = used.thoughts_token_count or 0
    return Heard(
        "".join(part.text or "" for part in parts if not part.thought),
        "",
        "".join(part.text or "" for part in parts if part.thought),
        tuple((call.id or "", call.name or "", call.args) for call in calls),
        candidates[-1].finish_reason.value if candidates[-1].finish_reason else "",
        (
            used.prompt_token_count or 0,
            used.cached_content_token_count or 0,
            (used.candidates_token_count or 0) + thought,
            thought,
        ),
    )


def _chat(chunks: Iterable[ollama.ChatResponse]) -> Heard:
    told = list(chunks)
    messages = [chunk.message for chunk in told]
    calls: list[Any] = [call for message in messages for call in message.tool_calls or []]
    last = told[-1]
    assert last.done
    return Heard(
        "".join(message.content or "" for message in messages),
        "",
        "".join(message.thinking or "" for message in messages),
        # The SDK has no place for the ids of calls.
        tuple(("", call.function.name, dict(call.function.arguments)) for call in calls),
        last.done_reason or "",
        (last.prompt_eval_count or 0, None, last.eval_count or 0, None),
    )


def _gathered_completion(stream: bytes) -> ChatCompletion:
    """What the helper gathers; a completion that was cut or filtered it raises."""
    client = streamed_to_openai(stream)
    with client.chat.completions.stream(model="m", messages=ASKED) as events:
        try:
            return events.get_final_completion()
        except (openai.ContentFilterFinishReasonError, openai.LengthFinishReasonError) as early:
            completion = early.completion
    assert completion
    return completion


def _gathered_response(stream: bytes) -> Response:
    """What the helper gathers; a response that is incomplete is in its last event."""
    with streamed_to_openai(stream).responses.stream(model="m", input="x") as events:
        last = [*events][-1]
    assert last.type in ("response.completed", "response.incomplete")
    response: Response = last.response
    return response


def _asked_of_ollama(client: ollama.Client) -> Iterable[ollama.ChatResponse]:
    return client.chat("m", ASKED, stream=True)


HEARD_WHOLE: dict[str, Callable[[bytes], Heard]] = {
    "anthropic-messages": lambda body: _message(
        read_by_anthropic(body).messages.create(model="m", max_tokens=5, messages=ASKED)
    ),
    "openai-chat": lambda body: _completion(
        read_by_openai(body).chat.completions.create(model="m", messages=ASKED)
    ),
    "openai-responses": lambda body: _response(read_by_openai(body).responses.create(model="m", input="x")),
    "gemini": lambda body: _contents([whole_of(body)]),
    "ollama": lambda body: _chat([in_front_of(body).chat("m", ASKED)]),
}
HEARD_STREAM: dict[str, Callable[[bytes], Heard]] = {
    "anthropic-messages": lambda stream: _message(gathered_by_anthropic(stream)),
    "openai-chat": lambda stream: _completion(_gathered_completion(stream)),
    "openai-responses": lambda stream: _response(_gathered_response(stream)),
    "gemini": lambda stream: _contents(chunks_of(stream)),
    "ollama": lambda stream: _chat(_asked_of_ollama(in_front_of(stream))),
}
