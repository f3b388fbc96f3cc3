"""What the replay upstream answers to a request that names no script.

In the dialects that have fixtures it is the fixture; in the others it is spoken, and so is what stands beside
generating: counts, lists of models, a version.
"""

import json
import re
from pathlib import Path
from typing import Any

from tests.upstream.memory import Memory
from tests.upstream.plan import CLOSING, Made, Said, fitting
from tests.upstream.refusal import Asked
from tests.upstream.scripts import JSON, chunked, events_of, stream, whole
from tests.upstream.steps import Script
from tests.upstream.voice import Voice, voice_of
from tests.upstream.voices.frames import dumped
from tests.upstream.wire import Request

FIXTURES = Path(__file__).parent.parent / "fixtures" / "replies"
REQUEST_IDS = {
    "anthropic-messages": "request-id",
    "openai-chat": "x-request-id",
    "openai-responses": "x-request-id",
}
GEMINI_MODEL = {
    "name": "models/gemini-replay",
    "displayName": "Replay",
    "inputTokenLimit": 1_048_576,
    "outputTokenLimit": 65_536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
}
OLLAMA_MODEL = {
    "name": "replay:latest",
    "model": "replay:latest",
    "modified_at": "2026-01-01T00:00:00Z",
    "size": 1,
    "digest": "0" * 64,
    "details": {"format": "gguf", "family": "replay", "parameter_size": "1B", "quantization_level": "Q4_K_M"},
}
OLLAMA_SHOWN = {
    "details": OLLAMA_MODEL["details"],
    "model_info": {"general.architecture": "replay", "replay.context_length": 131_072},
    "capabilities": ["completion", "tools", "vision", "thinking"],
}
# By method and path: what stands beside generating in the dialects that have no fixtures.
BESIDE: tuple[tuple[str, str, Any], ...] = (
    (
        "POST",
        r".*/models/[^/]+:countTokens",
        {"totalTokens": 11, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 11}]},
    ),
    ("GET", r"/v1beta/models", {"models": [GEMINI_MODEL]}),
    ("GET", r"/v1beta/models/[^/:]+", GEMINI_MODEL),
    ("GET", r"/api/tags", {"models": [OLLAMA_MODEL]}),
    ("POST", r"/api/show", OLLAMA_SHOWN),
    ("GET", r"/api/version", {"version": "0.13.0"}),
)


def fixture(dialect: str, name: str) -> bytes:
    """Read a reply of a dialect, byte for byte."""
    return (FIXTURES / dialect / name).read_bytes()


def events(dialect: str, name: str = "plain.sse") -> list[bytes]:
    """Read a streamed reply of a dialect, cut into its events."""
    return events_of(fixture(dialect, name))


def ordinary(request: Request) -> Script:
    """Answer as a healthy provider of the dialect the path belongs to."""
    if request.path.endswith("/messages/count_tokens"):
        return whole(fixture("anthropic-messages", "count.json"))
    if request.path.endswith("/messages"):
        return _generated(request, "anthropic-messages")
    if request.path.endswith("/chat/completions"):
        return _generated(request, "openai-chat")
    if request.path.endswith("/responses"):
        return _generated(request, "openai-responses")
    voice = voice_of(request)
    if voice is not None:
        return _spoken(request, voice)
    for method, path, body in BESIDE:
        if (request.method, bool(re.fullmatch(path, request.path))) == (method, True):
            return whole(dumped(body).encode())
    return whole(b'{"error":{"message":"the replay upstream has no such path"}}', 404)


def _generated(request: Request, dialect: str) -> Script:
    kind = "tool" if b'"tools"' in request.body else "plain"
    if request.wants_stream:
        return stream(events(dialect, f"{kind}.sse"))
    request_id = (REQUEST_IDS[dialect], "req_upstream_1")
    return whole(fixture(dialect, f"{kind}.json"), headers=[*JSON.items(), request_id])


def _spoken(request: Request, voice: Voice) -> Script:
    """Say the closing text, or call the first tool there is."""
    heard = voice.hear(Asked(json.loads(request.body), request.path))
    calls = tuple(Made("0", tool, fitting(tool.schema)) for tool in heard.tools[:1])
    said = Said(0, heard.model, "" if calls else CLOSING, "", calls)
    if heard.stream:
        return chunked(voice.events(said, heard, Memory()), headers={"content-type": voice.media})
    return whole(voice.whole(said, heard, Memory()))
