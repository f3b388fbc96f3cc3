"""openai-responses, spoken: items in order, each opened, filled and closed; thoughts signed if asked for."""

from collections.abc import Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Made, Said, pieces
from tests.upstream.voices.chat import error
from tests.upstream.voices.frames import dumped, named

__all__ = ["error", "events", "failure", "whole"]

USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 18,
}


def whole(said: Said, heard: Heard, memory: Memory) -> bytes:
    """Spell a reply in one piece."""
    items = list(_items(said, heard, memory))
    return dumped({**_response(said), "status": "completed", "output": items, "usage": USAGE}).encode()


def events(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as a stream, its events numbered."""
    for number, event in enumerate(_events(said, list(_items(said, heard, memory)))):
        yield named({"type": event["type"], "sequence_number": number, **event})


def failure(words: str, said: Said) -> bytes:
    """Spell the event that breaks a stream: the same response, failed."""
    broken = {"code": "server_error", "message": words}
    failed = {**_response(said), "status": "failed", "output": [], "error": broken, "usage": None}
    return named({"type": "response.failed", "sequence_number": 999, "response": failed})


def _response(said: Said) -> Json:
    return {
        "id": f"resp_{said.number}",
        "object": "response",
        "created_at": 0,
        "model": said.model,
        "error": None,
        "incomplete_details": None,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _items(said: Said, heard: Heard, memory: Memory) -> Iterator[Json]:
    if said.thinking:
        yield _reasoning(said, heard, memory)
    if said.text:
        part = {"type": "output_text", "annotations": [], "logprobs": [], "text": said.text}
        message = {"id": f"msg_{said.number}", "type": "message", "role": "assistant", "content": [part]}
        phase = {"phase": "commentary"} if said.calls else {}
        yield {**message, **phase, "status": "completed"}
    for call in said.calls:
        yield {**_call(call), "status": "completed"}


def _reasoning(said: Said, heard: Heard, memory: Memory) -> Json:
    summary = [{"type": "summary_text", "text": said.thinking}] if heard.thinks else []
    item: Json = {"id": f"rs_{said.number}", "type": "reasoning", "summary": summary}
    if heard.signs:
        item["encrypted_content"] = memory.sign(said.thinking)
    return item


def _call(call: Made) -> Json:
    called = {"call_id": f"call_{call.id}", "name": call.tool.name}
    if call.text is not None:
        return {"id": f"ctc_{call.id}", "type": "custom_tool_call", **called, "input": call.text}
    place = {"namespace": call.tool.namespace} if call.tool.namespace else {}
    arguments = dumped(dict(call.arguments))
    return {"id": f"fc_{call.id}", "type": "function_call", **called, **place, "arguments": arguments}


def _events(said: Said, items: list[Json]) -> Iterator[Json]:
    begun = {**_response(said), "status": "in_progress", "output": []}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(items):
        place = {"output_index": index}
        yield {"type": "response.output_item.added", **place, "item": {**item, **_emptied(item)}}
        yield from ({**event, **place, "item_id": item["id"]} for event in _fillings(item))
        yield {"type": "response.output_item.done", **place, "item": item}
    done = {**_response(said), "status": "completed", "output": items, "usage": USAGE}
    yield {"type": "response.completed", "response": done}


def _emptied(item: Json) -> Json:
    """What is different in an item that has only begun."""
    fields: Json = {"content": [], "arguments": "", "input": "", "summary": []}
    state = {"status": "in_progress"} if "status" in item else {}
    return {**state, **{name: value for name, value in fields.items() if name in item}}


def _fillings(item: Json) -> Iterator[Json]:
    if item["type"] == "message":
        yield from _words(item["content"][0])
    elif item["type"] == "reasoning":
        for part in item["summary"]:
            yield from _thoughts(part)
    else:
        custom = item["type"] == "custom_tool_call"
        name, field = (
            ("custom_tool_call_input", "input") if custom else ("function_call_arguments", "arguments")
        )
        yield from ({"type": f"response.{name}.delta", "delta": piece} for piece in pieces(item[field]))
        called = {} if custom else {"name": item["name"]}
        yield {"type": f"response.{name}.done", field: item[field], **called}


def _words(part: Json) -> Iterator[Json]:
    there = {"content_index": 0}
    yield {"type": "response.content_part.added", **there, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield {"type": "response.output_text.delta", **there, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **there, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **there, "part": part}


def _thoughts(part: Json) -> Iterator[Json]:
    there = {"summary_index": 0}
    yield {"type": "response.reasoning_summary_part.added", **there, "part": {**part, "text": ""}}
    for piece in pieces(part["text"]):
        yield {"type": "response.reasoning_summary_text.delta", **there, "delta": piece}
    yield {"type": "response.reasoning_summary_text.done", **there, "text": part["text"]}
    yield {"type": "response.reasoning_summary_part.done", **there, "part": part}
