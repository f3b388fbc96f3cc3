"""openai-chat, spoken: one message, thoughts in `reasoning_content`, calls side by side."""

from collections.abc import Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Said, pieces
from tests.upstream.voices.frames import NONE, Details, dumped, unnamed

USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 5},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
DONE = b"data: [DONE]\n\n"


def whole(said: Said, heard: Heard, memory: Memory) -> bytes:
    """Spell a reply in one piece."""
    del heard, memory
    message: Json = {"role": "assistant", "content": said.text or None, "refusal": None, "annotations": []}
    if said.thinking:
        message["reasoning_content"] = said.thinking
    if said.calls:
        message["tool_calls"] = _calls(said)
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": _reason(said)}
    return dumped({**_document(said, "chat.completion"), "choices": [choice], "usage": USAGE}).encode()


def events(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as a stream; usage comes last, and only to who asked for it."""
    del memory
    document = _document(said, "chat.completion.chunk")
    for delta in _deltas(said):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        yield unnamed({**document, "choices": [choice]})
    ending = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": _reason(said)}
    yield unnamed({**document, "choices": [ending]})
    if heard.counts:
        yield unnamed({**document, "choices": [], "usage": USAGE})
    yield DONE


def error(status: int, words: str, details: Details = NONE) -> Json:
    """Spell an error, of any API of OpenAI's."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    param, code = details.get("param"), details.get("code")
    return {"error": {"message": words, "type": kind, "param": param, "code": code}}


def failure(words: str, said: Said) -> bytes:
    """Spell the error that breaks a stream."""
    del said
    return unnamed(error(503, words))


def _document(said: Said, kind: str) -> Json:
    return {"id": f"chatcmpl-{said.number}", "object": kind, "created": 0, "model": said.model}


def _reason(said: Said) -> str:
    return "tool_calls" if said.calls else "stop"


def _calls(said: Said) -> list[Json]:
    calls = []
    for call in said.calls:
        if call.text is None:
            function = {"name": call.tool.name, "arguments": dumped(dict(call.arguments))}
            calls.append({"id": f"call_{call.id}", "type": "function", "function": function})
        else:
            custom = {"name": call.tool.name, "input": call.text}
            calls.append({"id": f"call_{call.id}", "type": "custom", "custom": custom})
    return calls


def _deltas(said: Said) -> Iterator[Json]:
    yield {"role": "assistant", "content": "", "refusal": None}
    yield from ({"reasoning_content": piece} for piece in pieces(said.thinking) if piece)
    yield from ({"content": piece} for piece in pieces(said.text) if piece)
    for index, call in enumerate(_calls(said)):
        kind = call["type"]
        field = "arguments" if kind == "function" else "input"
        yield {"tool_calls": [{"index": index, **call, kind: {**call[kind], field: ""}}]}
        for piece in pieces(call[kind][field]):
            yield {"tool_calls": [{"index": index, kind: {field: piece}}]}
