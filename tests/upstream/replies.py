"""What the replay upstream answers to a request that names no script: the fixture of its dialect."""

from pathlib import Path

from tests.upstream.scripts import JSON, events_of, stream, whole
from tests.upstream.steps import Script
from tests.upstream.wire import Request

FIXTURES = Path(__file__).parent.parent / "fixtures" / "replies"
REQUEST_IDS = {
    "anthropic-messages": "request-id",
    "openai-chat": "x-request-id",
    "openai-responses": "x-request-id",
}


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
    return whole(b'{"error":{"message":"the replay upstream has no such path"}}', 404)


def _generated(request: Request, dialect: str) -> Script:
    kind = "tool" if b'"tools"' in request.body else "plain"
    if request.wants_stream:
        return stream(events(dialect, f"{kind}.sse"))
    request_id = (REQUEST_IDS[dialect], "req_upstream_1")
    return whole(fixture(dialect, f"{kind}.json"), headers=[*JSON.items(), request_id])
