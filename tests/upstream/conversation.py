"""A provider that leads an agent through a tool loop: `bash`, then `write`, then a closing text.

The conversation itself says how far it is: the number of assistant turns that called a tool is the
step to play next. Speaks anthropic-messages, streamed and whole, which is all that Claude Code needs.
"""

import itertools
import json
from typing import Any

import msgspec

from tests.upstream.replies import ordinary
from tests.upstream.scripts import stream, whole
from tests.upstream.steps import Script
from tests.upstream.wire import Request

CLOSING = "All done: é日本🙂."
Content = list[dict[str, Any]]


class Call(msgspec.Struct, frozen=True):
    """One tool call the provider asks for."""

    tool: str
    arguments: dict[str, str]


class Conversation:
    """Answers /v1/messages by a plan of calls; everything else as an ordinary provider."""

    def __init__(self, *plan: Call) -> None:
        self.plan = plan
        # An agent takes two messages with one id for the same message.
        self._numbers = itertools.count(1)

    def __call__(self, request: Request) -> Script:
        """Choose the reply to one request."""
        if not request.path.endswith("/v1/messages"):
            return ordinary(request)
        body = json.loads(request.body)
        message = _message(body["model"], self._content(body), next(self._numbers))
        if body.get("stream"):
            return stream(_events(message))
        return whole(json.dumps(message).encode())

    def _content(self, body: dict[str, Any]) -> Content:
        step = sum(_calls_tool(message) for message in body["messages"])
        if step >= len(self.plan) or not body.get("tools"):
            return [{"type": "text", "text": CLOSING}]
        call = self.plan[step]
        use = {"type": "tool_use", "id": f"toolu_{step}", "name": call.tool, "input": call.arguments}
        return [{"type": "text", "text": f"Step {step} now."}, use]


def _calls_tool(message: dict[str, Any]) -> bool:
    content = message["content"]
    return message["role"] == "assistant" and any(part["type"] == "tool_use" for part in content)


def _message(model: str, content: Content, number: int) -> dict[str, Any]:
    stop = "tool_use" if content[-1]["type"] == "tool_use" else "end_turn"
    return {
        "id": f"msg_conversation_{number}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def _events(message: dict[str, Any]) -> list[bytes]:
    opening = {**message, "content": [], "stop_reason": None}
    written = [_event("message_start", message=opening)]
    for index, block in enumerate(message["content"]):
        written += _block(index, block)
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [
        *written,
        _event("message_delta", delta=ending, usage={"output_tokens": 7}),
        _event("message_stop"),
    ]


def _block(index: int, block: dict[str, Any]) -> list[bytes]:
    if block["type"] == "text":
        opening, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
    else:
        arguments = json.dumps(block["input"])
        opening, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": arguments}
    return [
        _event("content_block_start", index=index, content_block=opening),
        _event("content_block_delta", index=index, delta=delta),
        _event("content_block_stop", index=index),
    ]


def _event(kind: str, **fields: object) -> bytes:
    data = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n".encode()
