"""What Claude Code sends, in the shapes of its recorded traffic, and what it makes of a reply.

Bodies are those of print mode with a model it knows; the words are short and ours.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from anthropic.types import Message

from tests.adapters.oracles import gathered_by_anthropic
from tests.cases.stage import Led, Stage, There
from tests.path.client import Reply

Json = dict[str, Any]
PATH = "/v1/messages?beta=true"
MARK = {"cache_control": {"type": "ephemeral"}}
BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,"
    "per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,thinking-token-count-2026-05-13,"
    "advanced-tool-use-2025-11-20,effort-2025-11-24,dangerous-tool-use-2026-09-03"
)
SESSION = "180a5a93-308a-4d9e-9c8c-032581981aed"
HEADERS = (
    ("accept", "application/json"),
    ("authorization", "Bearer dummy"),
    ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
    ("x-claude-code-session-id", SESSION),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-timeout", "600"),
    ("anthropic-beta", BETAS),
    ("anthropic-dangerous-direct-browser-access", "true"),
    ("anthropic-version", "2023-06-01"),
    ("x-app", "cli"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
)
BILLING = "x-anthropic-billing-header: cc_version=2.1.329.2c8; cc_entrypoint=sdk-cli;"
SYSTEM = (
    {"type": "text", "text": BILLING},
    {"type": "text", "text": "You are an agent.", **MARK},
    {"type": "text", "text": "\nBe careful with files.", **MARK},
)
IDENTITY = {"device_id": "6f64", "account_uuid": "", "session_id": SESSION}
ENVIRONMENT = "# Environment\nThe working directory is /srv/work."
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def tool(name: str, *required: str, **fields: Any) -> Json:
    """A tool whose arguments are texts."""
    properties = {each: {"type": "string", "description": each.title()} for each in required}
    schema = {"$schema": DRAFT, "type": "object", "properties": properties, "required": list(required)}
    return {
        "name": name,
        "description": f"{name}s.",
        "input_schema": {**schema, "additionalProperties": False},
        **fields,
    }


BASH = tool("Bash", "command")
READ = tool("Read", "file_path")
PLACEHOLDER = {
    "name": "DeferredToolPlaceholder",
    "description": "Stands for tools that are not loaded.",
    "input_schema": {"type": "object", "properties": {}},
    "defer_loading": True,
}


def said(text: str, **fields: Any) -> Json:
    """What the user says."""
    return {"role": "user", "content": [{"type": "text", "text": text, **fields}]}


def environment(**fields: Any) -> Json:
    """The system turn right after the first user turn, as a list with a mark."""
    return {"role": "system", "content": [{"type": "text", "text": ENVIRONMENT, **MARK}], **fields}


def used(*calls: Json, text: str = "I'll run it now.", thought: Json | None = None) -> Json:
    """A turn of the assistant that calls tools."""
    thoughts = [] if thought is None else [thought]
    return {"role": "assistant", "content": [*thoughts, {"type": "text", "text": text}, *calls]}


def use(number: int, name: str = "Bash", **arguments: Any) -> Json:
    """A call."""
    return {"type": "tool_use", "id": f"toolu_0{number}", "name": name, "input": arguments}


def result(number: int, content: Any, **fields: Any) -> Json:
    """What a call brought."""
    return {"tool_use_id": f"toolu_0{number}", "type": "tool_result", "content": content, **fields}


def results(*blocks: Json) -> Json:
    """A turn of the user with results, and what else is in it."""
    return {"role": "user", "content": list(blocks)}


def body(there: There, *messages: Json, **fields: Any) -> Json:
    """A request of print mode; a field of None is left out."""
    asked: Json = {
        "model": there.asked,
        "messages": list(messages) or [said("Hello."), environment()],
        "system": list(SYSTEM),
        "tools": [BASH, READ],
        "metadata": {"user_id": json.dumps(IDENTITY, separators=(",", ":"))},
        "max_tokens": 32_000,
        "thinking": {"type": "adaptive", "display": "omitted"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "output_config": {"effort": "medium"},
        "stream": True,
        **fields,
    }
    return {name: value for name, value in asked.items() if value is not None}


def ask(stage: Stage, led: Led, asked: Mapping[str, Any], *headers: tuple[str, str]) -> Reply:
    """Send a request as Claude Code does; `headers` come last."""
    return stage.post(PATH, asked, *HEADERS, led.header, *headers)


def answered(reply: Reply) -> Message:
    """The message of a reply, streamed or whole; a stream is held to its order and to the SDK."""
    assert reply.status == 200, reply.body
    assert reply.complete
    if (reply.header("content-type") or "").startswith("text/event-stream"):
        must_be_ordered(list(events(reply.body)))
        return gathered_by_anthropic(reply.body)
    return Message.model_validate_json(reply.body)


def events(stream: bytes) -> Iterator[Json]:
    """The events of a stream but for its signs of life, each named for its type."""
    for frame in stream.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.split("\n") if line)
        if lines and lines["event"] != "ping":
            event: Json = json.loads(lines["data"])
            assert event["type"] == lines["event"]
            yield event


def must_be_ordered(stream: list[Json]) -> None:
    """Hold events to the order Anthropic documents: one block at a time, its index the next, each closed."""
    begun, *middle, delta, ended = stream
    assert [begun["type"], delta["type"], ended["type"]] == ["message_start", "message_delta", "message_stop"]
    assert begun["message"]["usage"]["input_tokens"] >= 0
    assert delta["delta"]["stop_reason"]
    assert delta["usage"]["output_tokens"] >= 0
    opened, count = -1, 0
    for event in middle:
        if event["type"] == "content_block_start":
            assert (opened, event["index"]) == (-1, count)
            opened, count = count, count + 1
            continue
        assert event["index"] == opened
        assert event["type"] in ("content_block_delta", "content_block_stop")
        opened = -1 if event["type"] == "content_block_stop" else opened
    assert opened == -1


def error(reply: Reply) -> Json:
    """The error of a refusal, its shape checked."""
    document = reply.json()
    assert document["type"] == "error"
    found: Json = document["error"]
    assert found["type"]
    assert found["message"]
    return found


def broken(stream: bytes) -> Json:
    """The error event a stream ended with; fails when it looks complete, or goes on."""
    *before, last = events(stream)
    assert last["type"] == "error"
    kinds = [event["type"] for event in before]
    assert "message_stop" not in kinds
    assert kinds.count("message_start") <= 1
    found: Json = last["error"]
    assert found["message"]
    return found
