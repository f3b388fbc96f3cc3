"""ollama, spoken: lines of JSON, calls whole and without ids, `done` last."""

from collections.abc import Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Said, pieces
from tests.upstream.voices.frames import NONE, Details, dumped, line

MOMENT = "2026-01-01T00:00:00.000000Z"
TIMES = {
    "total_duration": 1_000_000,
    "load_duration": 1000,
    "prompt_eval_duration": 1000,
    "eval_duration": 1000,
}
COUNTS = {"prompt_eval_count": 11, "eval_count": 7}


def whole(said: Said, heard: Heard, memory: Memory) -> bytes:
    """Spell a reply in one piece."""
    del memory
    message: Json = {"role": "assistant", "content": said.text}
    if said.thinking and heard.thinks:
        message["thinking"] = said.thinking
    if said.calls:
        message["tool_calls"] = _calls(said)
    return dumped({**_line(said), "message": message, **_ending()}).encode()


def events(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as lines."""
    del memory
    for fields in _deltas(said, heard):
        message = {"role": "assistant", "content": "", **fields}
        yield line({**_line(said), "message": message, "done": False})
    yield line({**_line(said), "message": {"role": "assistant", "content": ""}, **_ending()})


def error(status: int, words: str, details: Details = NONE) -> Json:
    """Spell an error."""
    del status, details
    return {"error": words}


def failure(words: str, said: Said) -> bytes:
    """Spell the line that breaks a stream."""
    del said
    return line({"error": words})


def _line(said: Said) -> Json:
    return {"model": said.model, "created_at": MOMENT}


def _ending() -> Json:
    return {"done_reason": "stop", "done": True, **TIMES, **COUNTS}


def _calls(said: Said) -> list[Json]:
    return [
        {"function": {"index": place, "name": call.tool.name, "arguments": dict(call.arguments)}}
        for place, call in enumerate(said.calls)
    ]


def _deltas(said: Said, heard: Heard) -> Iterator[Json]:
    if heard.thinks:
        yield from ({"thinking": piece} for piece in pieces(said.thinking) if piece)
    yield from ({"content": piece} for piece in pieces(said.text) if piece)
    yield from ({"tool_calls": [call]} for call in _calls(said))
