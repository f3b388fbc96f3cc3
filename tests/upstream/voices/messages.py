"""anthropic-messages, spoken: blocks in order, each thought signed."""

from collections.abc import Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Said, pieces
from tests.upstream.voices.frames import NONE, Details, dumped, named

USAGE = {
    "input_tokens": 11,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 5,
    "output_tokens": 7,
}
KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def whole(said: Said, heard: Heard, memory: Memory) -> bytes:
    """Spell a reply in one piece."""
    return dumped(_message(said, heard, memory)).encode()


def events(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as a stream."""
    message = _message(said, heard, memory)
    opening = {**message, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    yield named({"type": "message_start", "message": opening})
    yield named({"type": "ping"})
    for index, block in enumerate(message["content"]):
        empty, deltas = _opened(block)
        yield named({"type": "content_block_start", "index": index, "content_block": {**block, **empty}})
        for delta in deltas:
            yield named({"type": "content_block_delta", "index": index, "delta": delta})
        yield named({"type": "content_block_stop", "index": index})
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield named({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 7}})
    yield named({"type": "message_stop"})


def error(status: int, words: str, details: Details = NONE) -> Json:
    """Spell an error."""
    del details
    kind = KINDS.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_upstream_1"}


def failure(words: str, said: Said) -> bytes:
    """Spell the error that breaks a stream."""
    del said
    return named({"type": "error", "error": {"type": "overloaded_error", "message": words}})


def _message(said: Said, heard: Heard, memory: Memory) -> Json:
    return {
        "id": f"msg_{said.number}",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": list(_content(said, heard, memory)),
        "stop_reason": "tool_use" if said.calls else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def _content(said: Said, heard: Heard, memory: Memory) -> Iterator[Json]:
    if said.thinking and heard.thinks:
        thought = said.thinking if heard.shows else ""
        yield {"type": "thinking", "thinking": thought, "signature": memory.sign(said.thinking)}
    if said.text:
        yield {"type": "text", "text": said.text}
    for call in said.calls:
        identity = f"toolu_{call.id}"
        yield {"type": "tool_use", "id": identity, "name": call.tool.name, "input": dict(call.arguments)}


def _opened(block: Json) -> tuple[Json, list[Json]]:
    """What is empty in a block that has only begun, and the deltas that fill it."""
    if block["type"] == "text":
        return {"text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
    if block["type"] == "thinking":
        thoughts = [
            {"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"]) if piece
        ]
        signature = {"type": "signature_delta", "signature": block["signature"]}
        return {"thinking": "", "signature": ""}, [*thoughts, signature]
    written = ["", *pieces(dumped(block["input"]))]
    return {"input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in written]
