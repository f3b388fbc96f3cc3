"""Events and items of openai-responses as providers write them, made in one line each."""

import json
from typing import Any

Item = dict[str, Any]


def event(kind: str, **fields: Any) -> bytes:
    """One frame."""
    data = json.dumps({"type": f"response.{kind}", **fields}, separators=(",", ":"), ensure_ascii=False)
    return f"event: response.{kind}\ndata: {data}\n\n".encode()


HEAD = {"id": "resp_0a1b", "object": "response", "created_at": 7, "model": "up-1"}
CREATED = event("created", response={**HEAD, "status": "in_progress", "output": [], "usage": None})


def over(kind: str = "completed", *items: Item, **fields: Any) -> bytes:
    """The last event of a stream."""
    return event(kind, response={**HEAD, "status": kind, "output": list(items), **fields})


def added(place: int, item: Item) -> bytes:
    """An item begins."""
    return event("output_item.added", output_index=place, item=item)


def done(place: int, item: Item) -> bytes:
    """An item is done."""
    return event("output_item.done", output_index=place, item=item)


def text_delta(place: int, piece: str, part: int = 0) -> bytes:
    """A piece of text."""
    return event("output_text.delta", output_index=place, content_index=part, delta=piece, logprobs=[])


def summary_delta(place: int, piece: str, part: int = 0) -> bytes:
    """A piece of a summary."""
    return event("reasoning_summary_text.delta", output_index=place, summary_index=part, delta=piece)


def thought_delta(place: int, piece: str, part: int = 0) -> bytes:
    """A piece of a thought that is shown whole."""
    return event("reasoning_text.delta", output_index=place, content_index=part, delta=piece)


def input_delta(place: int, piece: str) -> bytes:
    """A piece of arguments."""
    return event("function_call_arguments.delta", output_index=place, delta=piece)


def said(*texts: str, **fields: Any) -> Item:
    """A message, whole."""
    parts = [{"type": "output_text", "text": text, "annotations": [], **fields} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": parts}


def thought(*texts: str, **fields: Any) -> Item:
    """A reasoning item, whole."""
    summary = [{"type": "summary_text", "text": text} for text in texts]
    return {"type": "reasoning", "id": "rs_1", "summary": summary, **fields}


CALL: Item = {"type": "function_call", "id": "fc_1", "call_id": "1", "name": "f", "arguments": '{"a":1}'}
BEGUN: Item = {**CALL, "arguments": ""}
CUSTOM: Item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "2", "name": "p", "input": "*** {}"}
SEARCH: Item = {"type": "tool_search_call", "id": "tsc_1", "call_id": "1", "arguments": {"query": "a"}}
