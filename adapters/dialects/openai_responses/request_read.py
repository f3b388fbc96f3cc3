"""Reading a request of openai-responses into the middle: its settings; items and tools have their own files.

A request that leans on what a provider keeps is refused: it may go to another one. A compaction is a plain
request whose last turn asks for a summary, without tools, so that any model can answer it.
"""

import re
from collections.abc import Iterator

import msgspec

from adapters.conversation import (
    ChatRequest,
    Effort,
    Format,
    Reasoning,
    Sampling,
    Text,
    given,
)
from adapters.dialects.openai_responses.marks import NAME
from adapters.dialects.openai_responses.request_items import Items
from adapters.dialects.openai_responses.request_tools import all_tools, read_choice, read_tools
from adapters.dialects.openai_responses.request_wire import KNOWN, FormatIn, RequestIn
from adapters.dialects.openai_responses.wire import NULL
from adapters.fault import Malformed
from adapters.request import checked_model, decode_body, decode_fields, decode_part

# What marks a part for the provider's cache; inside a text its quotes would be escaped.
_BREAKPOINT = re.compile(rb'"prompt_cache_breakpoint"\s*:\s*\{')
_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE = msgspec.json.Decoder(RequestIn).decode
_DECODE_FORMAT = msgspec.json.Decoder(FormatIn).decode
_DECODE_WORD = msgspec.json.Decoder(str | None).decode

_EFFORTS: dict[str, Effort] = {
    "none": "none",
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}
_FORMATS = ("json_schema", "json_object")
_KEPT_ELSEWHERE = {
    "previous_response_id": "it points to a response",
    "conversation": "it points to a conversation",
    "prompt": "it points to a prompt",
}


class Instructions(Text, frozen=True, gc=False):
    """The text of `instructions`, which stands before all that developers say in the input."""


def read_request(body: bytes, path: str = "") -> ChatRequest:  # noqa: ARG001 - all stands in the body
    """Read a request; raise `Malformed` with the place of what is wrong."""
    extras = {key: raw for key, raw in decode_fields(_DECODE_KEYS, body).items() if key not in KNOWN}
    request = decode_body(_DECODE, body)
    model = checked_model(request.model)
    _refuse_state(request)
    items = Items(kept=bytes(extras.get("store", NULL)) != b"false")
    items.read(_input(request))
    tools = all_tools(read_tools(request.tools or (), "tools"), items.found)
    choice, offered = read_choice(request.tool_choice, tools)
    shape = _format(request)
    extras.update(_details(request))
    asked = ChatRequest(
        dialect=NAME,
        model=model,
        system=(*_instructions(request), *items.system),
        turns=items.turns,
        tools=offered,
        choice=choice,
        parallel=request.parallel_tool_calls,
        max_tokens=request.max_output_tokens,
        sampling=Sampling(request.temperature, request.top_p),
        reasoning=_reasoning(request),
        format=shape,
        user=request.user,
        service_tier=request.service_tier,
        stream=request.stream is True,
        include_usage=True,
        compaction=items.compaction,
        extras=extras,
        unread=tuple(_unread(request, body)),
    )
    return _as_compaction(asked) if items.compaction else asked


def _as_compaction(request: ChatRequest) -> ChatRequest:
    """Leave out what would make anything but a summary of the answer."""
    return msgspec.structs.replace(request, tools=(), choice=None, parallel=None, format=None)


def _refuse_state(request: RequestIn) -> None:
    for name, points in _KEPT_ELSEWHERE.items():
        if getattr(request, name) != NULL:
            raise Malformed(
                f"`{name}` is not supported here: {points} that a provider keeps, and this request goes to"
                " another one. Send the whole conversation in `input`.",
                param=name,
            )
    if request.background:
        raise Malformed(
            "`background` is not supported here: its response would be kept at a provider that nobody asks"
            " for it later.",
            param="background",
        )


def _input(request: RequestIn) -> str | list[msgspec.Raw]:
    if request.input is None:
        raise Malformed("`input` is required.", param="input")
    return request.input


def _instructions(request: RequestIn) -> Iterator[Text]:
    if request.instructions:
        yield Instructions(request.instructions)


# --- settings -----------------------------------------------------------------------------------------


def _details(request: RequestIn) -> Iterator[tuple[str, msgspec.Raw]]:
    """What `reasoning` and `text` hold that nobody else knows, by both names."""
    for name, fields, known in (
        ("reasoning", request.reasoning, "effort"),
        ("text", request.text, "format"),
    ):
        for key, raw in (fields or {}).items():
            if key != known and raw != NULL:
                yield f"{name}.{key}", raw


def _effort(request: RequestIn) -> str:
    raw = (request.reasoning or {}).get("effort", NULL)
    return decode_part(_DECODE_WORD, raw, "reasoning.effort") or ""


def _reasoning(request: RequestIn) -> Reasoning | None:
    effort = _effort(request)
    if effort in _EFFORTS:
        return Reasoning(_EFFORTS[effort], thinks=effort != "none")
    # Who wants to see a summary wants something thought.
    shown = [raw for key, raw in (request.reasoning or {}).items() if key != "effort" and given(raw)]
    return Reasoning() if shown else None


def _shape(request: RequestIn) -> FormatIn:
    raw = (request.text or {}).get("format", NULL)
    return FormatIn() if raw == NULL else decode_part(_DECODE_FORMAT, raw, "text.format")


def _format(request: RequestIn) -> Format | None:
    shape = _shape(request)
    if shape.type not in _FORMATS:
        return None
    if shape.type == "json_object":
        return Format(name="")
    return Format(given(shape.schema), shape.name, shape.description, shape.strict)


def _unread(request: RequestIn, body: bytes) -> Iterator[str]:
    """The settings whose values have no place in the middle."""
    effort = _effort(request)
    if effort and effort not in _EFFORTS:
        yield "reasoning.effort"
    if _shape(request).type not in (*_FORMATS, "text"):
        yield "text.format"
    if _BREAKPOINT.search(body):
        yield "prompt_cache_breakpoint"
