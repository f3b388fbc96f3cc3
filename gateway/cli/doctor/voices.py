"""How doctor speaks each API: a request no serialiser would spell so, and what an upstream answers to it.

The spelling is the point: spaces, an escape, a number with a needless zero, one too large for a float, keys
out of order and one that nobody knows. A gateway that reads a body and writes it anew changes one of them.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.cli.doctor.echo import Play

BETA: Final = "interleaved-thinking-2025-05-14,doctor-beta-2099-01-01"
SESSION: Final = "00000000-d0c7-4000-8000-000000000001"
WORDS: Final = ("é", "日本", "🙂", *(f"word{number}" for number in range(9)))
TOO_LONG: Final = "prompt is too long: 210000 tokens > 200000 maximum"
_ODD: Final = rb'"x_doctor":{"b":1.50,"a":[1e2, 12345678901234567890,"caf\u00e9 \/"]}'
_STREAM: Final = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_LIVELY: Final = (
    ("content-type", "application/json"),
    ("user-agent", "claude-cli/2.1.329 (external, cli)"),
    ("x-claude-code-session-id", SESSION),
    ("x-stainless-lang", "js"),
)


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """One API. `body` has a `%b` for the model; `frames` are a stream; `last` is what must end it.

    `ping`: the sign of life an upstream may give; `wants`: headers that must go on as they are.
    """

    dialect: str
    path: str
    body: bytes
    opening: tuple[bytes, ...]
    word: bytes
    closing: tuple[bytes, ...]
    last: bytes
    ping: bytes
    error: bytes
    wants: tuple[tuple[str, str], ...] = ()

    def asked(self, model: str) -> bytes:
        """The request, for a model."""
        return self.body.replace(b"%b", model.encode())

    def headers(self, key: str) -> list[tuple[str, str]]:
        """The head of a request to a gateway as agents send it, without an accept-encoding.

        Claude Code has the key there, too, where it is told of a gateway (ANTHROPIC_AUTH_TOKEN).
        """
        return [("authorization", f"Bearer {key}"), *_LIVELY, *self.wants]

    def frames(self, words: Iterable[str] = WORDS) -> list[bytes]:
        """A whole stream, a frame for each event."""
        return [*self.opening, *self.words(words), *self.closing]

    def words(self, words: Iterable[str] = WORDS) -> list[bytes]:
        """The frames of text."""
        return [self.word.replace(b"%b", f"{word} ".encode()) for word in words]

    def streamed(self, steps: Iterable[bytes | float], *, cut: bool = False) -> Play:
        """A stream to be played."""
        return Play(headers=_STREAM, steps=tuple(steps), cut=cut)

    def refused(self, status: int, words: str, *headers: tuple[str, str]) -> Play:
        """An error to be played."""
        fields = (("content-type", "application/json"), ("request-id", "req_doctor"), *headers)
        return Play(status=status, headers=fields, steps=(self.error.replace(b"%b", words.encode()),))


MESSAGES: Final = Voice(
    dialect="anthropic-messages",
    path="/v1/messages",
    body=b'{"model": "%b",  "max_tokens":64,"stream": true,"metadata":{"user_id":"{\\"session_id\\":0}"},'
    b'"messages":[{"content":[{"text":"Caf\\u00e9 \xc3\xa9","type":"text",'
    b'"cache_control":{"type":"ephemeral"}}],"role":"user"}],"temperature":1.0,' + _ODD + b"}",
    opening=(
        (
            b'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_doctor",'
            b'"type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,'
            b'"usage":{"input_tokens":9,"output_tokens":1}}}\n\n'
        ),
        (
            b'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
            b'"content_block":{"type":"text","text":""}}\n\n'
        ),
    ),
    word=b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
    b'"delta":{"type":"text_delta","text":"%b"}}\n\n',
    closing=(
        b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
        (
            b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",'
            b'"stop_sequence":null},"usage":{"output_tokens":12}}\n\n'
        ),
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ),
    last=b"event: message_stop",
    ping=b'event: ping\ndata: {"type":"ping"}\n\n',
    error=b'{"type":"error","error":{"type":"invalid_request_error","message":"%b"},"request_id":"req_doctor"}',
    wants=(
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", BETA),
        ("anthropic-doctor", "open list"),
    ),
)
CHAT: Final = Voice(
    dialect="openai-chat",
    path="/v1/chat/completions",
    body=b'{"model": "%b",  "max_completion_tokens":64,"stream": true,"messages":[{"content":'
    b'"Caf\\u00e9 \xc3\xa9","role":"user"}],"temperature":1.0,' + _ODD + b"}",
    opening=(
        (
            b'data: {"id":"chatcmpl-doctor","object":"chat.completion.chunk","created":1,"model":"m",'
            b'"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
        ),
    ),
    word=b'data: {"id":"chatcmpl-doctor","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":"%b"},"finish_reason":null}]}\n\n',
    closing=(
        (
            b'data: {"id":"chatcmpl-doctor","object":"chat.completion.chunk","created":1,"model":"m",'
            b'"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
        ),
        b"data: [DONE]\n\n",
    ),
    last=b"data: [DONE]",
    ping=b": alive\n\n",
    error=b'{"error":{"message":"%b","type":"invalid_request_error","param":null,"code":null}}',
)
_RESPONSE: Final = (
    b'"response":{"id":"resp_doctor","object":"response","created_at":1,"model":"m","status":"%s",'
    b'"output":[%s]}'
)
_MESSAGE: Final = b'{"type":"message","id":"msg_doctor","role":"assistant","status":"%s","content":[%s]}'
_PART: Final = b'{"type":"output_text","text":"%s","annotations":[]}'
_TEXT: Final = " ".join(WORDS).encode() + b" "
_WHOLE: Final = _MESSAGE % (b"completed", _PART % _TEXT)
RESPONSES: Final = Voice(
    dialect="openai-responses",
    path="/v1/responses",
    body=b'{"model": "%b",  "max_output_tokens":64,"stream": true,"store":false,"input":[{"type":"message",'
    b'"content":"Caf\\u00e9 \xc3\xa9","role":"user"}],"temperature":1.0,' + _ODD + b"}",
    opening=(
        b'event: response.created\ndata: {"type":"response.created","sequence_number":0,'
        + _RESPONSE % (b"in_progress", b"")
        + b"}\n\n",
        b'event: response.output_item.added\ndata: {"type":"response.output_item.added","sequence_number":1,'
        b'"output_index":0,"item":' + _MESSAGE % (b"in_progress", b"") + b"}\n\n",
        b'event: response.content_part.added\ndata: {"type":"response.content_part.added",'
        b'"sequence_number":2,"item_id":"msg_doctor","output_index":0,"content_index":0,"part":'
        + _PART % b""
        + b"}\n\n",
    ),
    word=b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":3,'
    b'"item_id":"msg_doctor","output_index":0,"content_index":0,"delta":"%b"}\n\n',
    closing=(
        b'event: response.output_item.done\ndata: {"type":"response.output_item.done","sequence_number":4,'
        b'"output_index":0,"item":' + _WHOLE + b"}\n\n",
        b'event: response.completed\ndata: {"type":"response.completed","sequence_number":5,'
        + _RESPONSE % (b"completed", _WHOLE)
        + b"}\n\n",
    ),
    last=b"event: response.completed",
    ping=b": alive\n\n",
    error=CHAT.error,
    wants=(("session-id", SESSION), ("originator", "codex_exec")),
)
VOICES: Final = {voice.dialect: voice for voice in (MESSAGES, CHAT, RESPONSES)}
