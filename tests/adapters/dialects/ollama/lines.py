"""Lines of streams as Ollama writes them, made in one line each, and what is recorded of its wire."""

import json
from typing import Any

from tests.adapters.cuts import FIXTURES

TIME = "2026-08-21T18:48:22.123456789Z"
SECONDS = 1_787_338_102
STREAMS = {path.stem: path.read_bytes() for path in sorted((FIXTURES / "streams/ollama").glob("*.ndjson"))}
WHOLES = {path.stem: path.read_bytes() for path in sorted((FIXTURES / "replies/ollama").glob("*.json"))}


def document(**fields: Any) -> bytes:
    """A JSON document without spaces."""
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode()


def line(message: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """A line that adds what a message holds."""
    told = {"role": "assistant", "content": "", **(message or {})}
    head = {"model": "up-1", "created_at": TIME, "message": told, "done": False}
    return document(**{**head, **fields}) + b"\n"


def said(text: str) -> bytes:
    """A line of text."""
    return line({"content": text})


def thought(text: str) -> bytes:
    """A line of thinking."""
    return line({"thinking": text})


def called(name: str, arguments: Any, **fields: Any) -> bytes:
    """A line with one call."""
    return line({"tool_calls": [{**fields, "function": {"name": name, "arguments": arguments}}]})


def last(reason: str | None = "stop", message: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """The line that is done."""
    counts = {"prompt_eval_count": 3, "eval_count": 9, **fields}
    return line(message, done=True, done_reason=reason, **counts)
