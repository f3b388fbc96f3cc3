"""Frames of streams as providers write them, made in one line each."""

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def chat(*choices: dict[str, Any], **fields: Any) -> bytes:
    """A chunk of openai-chat."""
    head = {"id": "chatcmpl-0a1b", "object": "chat.completion.chunk", "created": 7, "model": "up-1"}
    document = {**head, "choices": list(choices), **fields}
    return b"data: %b\n\n" % json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """A chunk that adds to the only choice."""
    return chat({"index": 0, "delta": fields, "logprobs": None, "finish_reason": finish}, usage=None)


def call(index: int | None, arguments: Any = None, **fields: Any) -> bytes:
    """A chunk that adds a piece to a tool call; `id` and `name` begin it."""
    function = {
        key: value for key, value in (("name", fields.get("name")), ("arguments", arguments)) if value
    }
    piece: dict[str, Any] = {"function": function}
    if index is not None:
        piece["index"] = index
    if "id" in fields:
        piece["id"] = fields["id"]
    return delta(tool_calls=[piece])


def usage(**fields: Any) -> bytes:
    """The chunk that holds nothing but usage."""
    return chat(usage=fields)


def event(kind: str, **fields: Any) -> bytes:
    """A frame of anthropic-messages."""
    document = json.dumps({"type": kind, **fields}, separators=(",", ":"), ensure_ascii=False)
    return f"event: {kind}\ndata: {document}\n\n".encode()


def message_start(**counts: int) -> bytes:
    """The first frame of a message."""
    message = {"id": "msg_0a1b", "type": "message", "role": "assistant", "model": "up-1", "content": []}
    counted = {"input_tokens": 3, "output_tokens": 1, **counts}
    return event("message_start", message={**message, "stop_reason": None, "usage": counted})


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    """A whole block: its start, what is added, its end."""
    added = (event("content_block_delta", index=index, delta=delta) for delta in deltas)
    start_frame = event("content_block_start", index=index, content_block=start)
    return b"".join((start_frame, *added, event("content_block_stop", index=index)))


def text(index: int, *pieces: str) -> bytes:
    """A block of text."""
    return block(
        index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces)
    )


def thinking(index: int, signature: str, *pieces: str) -> bytes:
    """A block of thinking, signed."""
    added = ({"type": "thinking_delta", "thinking": piece} for piece in pieces)
    signed = {"type": "signature_delta", "signature": signature}
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *added, signed)


def tool(index: int, call_id: str, name: str, *pieces: str) -> bytes:
    """A tool call."""
    start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
    return block(index, start, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def message_end(stop: str | None = "end_turn", sequence: str | None = None, **counts: int) -> bytes:
    """The last two frames of a message."""
    told = {"stop_reason": stop, "stop_sequence": sequence}
    return event("message_delta", delta=told, usage={"output_tokens": 9, **counts}) + event("message_stop")
