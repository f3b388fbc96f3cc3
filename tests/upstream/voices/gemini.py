"""gemini, spoken: parts of one candidate; the first of a turn's calls is signed, else the words are."""

from collections.abc import Iterator

from tests.upstream.memory import Memory
from tests.upstream.plan import Heard, Json, Said, pieces
from tests.upstream.voices.frames import NONE, Details, dumped

STATES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def whole(said: Said, heard: Heard, memory: Memory) -> bytes:
    """Spell a reply in one piece."""
    return dumped(_chunk(said, list(_parts(said, heard, memory)), last=True)).encode()


def chunks(said: Said, heard: Heard, memory: Memory) -> Iterator[Json]:
    """The chunks of a stream; only the last says why it ended and what was used."""
    parts = [piece for part in _parts(said, heard, memory) for piece in _pieces(part)]
    for place, part in enumerate(parts, 1):
        yield _chunk(said, [part], last=place == len(parts))


def events(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as a stream of events, which this API ends with CRLF."""
    for chunk in chunks(said, heard, memory):
        yield f"data: {dumped(chunk)}\r\n\r\n".encode()


def array(said: Said, heard: Heard, memory: Memory) -> Iterator[bytes]:
    """Spell a reply as the JSON array that is streamed to who did not ask for events."""
    opening = "["
    for chunk in chunks(said, heard, memory):
        yield f"{opening}{dumped(chunk)}".encode()
        opening = ",\r\n"
    yield b"]"


def error(status: int, words: str, details: Details = NONE) -> Json:
    """Spell an error; the detail `retry` is the time to wait as this API says it (`2.5s`)."""
    told: Json = {"code": status, "message": words, "status": STATES.get(status, "UNKNOWN")}
    if details.get("retry"):
        told["details"] = [{"@type": RETRY_INFO, "retryDelay": details["retry"]}]
    return {"error": told}


def failure(words: str, said: Said) -> bytes:
    """Spell the error that breaks a stream."""
    del said
    return f"data: {dumped(error(503, words))}\r\n\r\n".encode()


def _chunk(said: Said, parts: list[Json], *, last: bool) -> Json:
    content: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    usage: Json = {"promptTokenCount": 11, "totalTokenCount": 11}
    if last:
        content["finishReason"] = "STOP"
        usage = {
            "promptTokenCount": 11,
            "cachedContentTokenCount": 5,
            "candidatesTokenCount": 5,
            "thoughtsTokenCount": 2,
            "totalTokenCount": 18,
        }
    tail = {"modelVersion": said.model, "responseId": f"response-{said.number}"}
    return {"candidates": [content], "usageMetadata": usage, **tail}


def _parts(said: Said, heard: Heard, memory: Memory) -> Iterator[Json]:
    if said.thinking and heard.thinks:
        yield {"text": said.thinking, "thought": True}
    if said.text:
        signature = {} if said.calls or not said.thinking else {"thoughtSignature": memory.sign(said.text)}
        yield {"text": said.text, **signature}
    for place, call in enumerate(said.calls):
        function = {"name": call.tool.name, "args": dict(call.arguments), "id": f"call-{call.id}"}
        signature = {} if place else {"thoughtSignature": memory.sign(dumped(function["args"]))}
        yield {"functionCall": function, **signature}


def _pieces(part: Json) -> Iterator[Json]:
    """The signature of words that are streamed comes behind them, on an empty text."""
    if "text" not in part:
        yield part
        return
    signature = part.pop("thoughtSignature", None)
    yield from ({**part, "text": piece} for piece in pieces(part["text"]))
    if signature:
        yield {"text": "", "thoughtSignature": signature}
