"""The dialects as a test's client speaks them: one Struct of facts each, so that one test proves both."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.path.client import Reply
from tests.upstream.replies import events, fixture


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the dialects, seen from outside.

    `model` leads to the replay upstream of this dialect. `terminal` stands in a stream that ended well,
    `broken` in one that did not, `sign` in one that was silent, `sign_within` where it had begun.
    """

    name: str
    path: str
    model: str
    alias: str
    upstream_model: str
    quick: str
    refused: str
    foreign: str
    key_header: str
    key_value: Callable[[str], str]
    terminal: bytes
    broken: bytes
    sign: bytes
    sign_within: bytes = b"event: ping"  # once the stream has begun

    limit: str = "max_tokens"
    said: str = "messages"

    def body(self, model: str | None = None, **fields: object) -> bytes:
        """A small request; further fields are added at the end."""
        asked = {
            "model": model or self.model,
            self.limit: 64,
            self.said: [{"role": "user", "content": "é"}],
        }
        return msgspec.json.encode({**asked, **fields})

    @property
    def whole(self) -> bytes:
        """A whole reply."""
        return fixture(self.name, "plain.json")

    @property
    def events(self) -> list[bytes]:
        """A streamed reply, cut into its events."""
        return events(self.name)

    def error(self, reply: Reply) -> dict[str, Any]:
        """The error object of a reply, its shape checked."""
        return error_of(self, reply.json())

    def upstream_error(self, message: str) -> bytes:
        """An error body as a provider of this dialect writes it, with a field nobody knows."""
        error = {"type": "some_error", "message": message, "x_unknown": [1, 2.50]}
        return msgspec.json.format(msgspec.json.encode({"type": "error", "error": error}), indent=3)


def error_of(dialect: Dialect, body: Any) -> dict[str, Any]:
    """Take the error object out of a body in the shape of a dialect."""
    error = body["error"]
    assert isinstance(error, dict)
    assert isinstance(error["type"], str)
    assert error["message"]
    if dialect is MESSAGES:
        assert body["type"] == "error"
    else:
        assert {"message", "type", "param", "code"} <= error.keys()
    return error


def failure_in(dialect: Dialect, stream: bytes) -> dict[str, Any]:
    """The in-band error that ends a stream, its shape checked; fails when the stream looks complete."""
    assert dialect.terminal not in stream
    last = stream.rstrip(b"\n").split(b"\n\n")[-1]
    assert last.startswith(dialect.broken), stream[-500:]
    data = next(line for line in last.split(b"\n") if line.startswith(b"data: "))
    document = msgspec.json.decode(data.removeprefix(b"data: "))
    return _failed(document, stream) if dialect is RESPONSES else error_of(dialect, document)


def _failed(event: Any, stream: bytes) -> dict[str, Any]:
    """The error of a response that failed, which must be the one response of its stream."""
    ids = [id_of.decode() for id_of in re.findall(rb'"id":"(resp_[^"]*)"', stream)]
    assert event["type"] == "response.failed"
    assert event["response"]["status"] == "failed"
    assert set(ids) == {event["response"]["id"]}
    assert event["sequence_number"] == max(map(int, re.findall(rb'"sequence_number":(\d+)', stream)))
    error = event["response"]["error"]
    assert isinstance(error, dict)
    assert error["message"]
    return error


MESSAGES = Dialect(
    name="anthropic-messages",
    path="/v1/messages",
    model="claude-opus-5-5",
    alias="quick-claude",
    upstream_model="claude-haiku-4-5",
    quick="hasty-claude",
    refused="closed-claude",
    foreign="gpt-5.1",
    key_header="x-api-key",
    key_value=str,
    terminal=b"event: message_stop",
    broken=b"event: error\n",
    sign=b"event: ping",
)
CHAT = Dialect(
    name="openai-chat",
    path="/v1/chat/completions",
    model="gpt-5.1",
    alias="quick-gpt",
    upstream_model="gpt-5.1-mini",
    quick="hasty-gpt",
    refused="closed-gpt",
    foreign="claude-opus-5-5",
    key_header="authorization",
    key_value=lambda key: f"Bearer {key}",
    terminal=b"data: [DONE]",
    broken=b'data: {"error":',
    sign=b":",
    sign_within=b":",
)
RESPONSES = Dialect(
    name="openai-responses",
    path="/v1/responses",
    model="gpt-5.1",
    alias="quick-gpt",
    upstream_model="gpt-5.1-mini",
    quick="hasty-gpt",
    refused="closed-gpt",
    foreign="claude-opus-5-5",
    key_header="authorization",
    key_value=lambda key: f"Bearer {key}",
    terminal=b"event: response.completed",
    broken=b"event: response.failed\n",
    sign=b":",
    sign_within=b"event: response.in_progress",
    limit="max_output_tokens",
    said="input",
)
ALL = (MESSAGES, CHAT, RESPONSES)
each_dialect = pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.name)
