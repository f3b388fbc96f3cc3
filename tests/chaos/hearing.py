"""What clients of a chaos run say and hear, in each dialect: the words, and how the reply ended.

Read here by other code than the gateway's own: a reader of ours must not vouch for a writer of ours.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from tests.path.client import Reply

Json = dict[str, Any]
Ending = Literal["complete", "error", "client_gone", "broken"]
Form = Literal["whole", "stream", "array"]
BLANK_LINE = re.compile(r"\r?\n\r?\n")


class Heard(msgspec.Struct):
    """A reply as its client understands it. `ended` by its last event, `failed` by an error in band.

    `left` says that the client did not wait for the end.
    """

    status: int
    text: str = ""
    ended: bool = False
    failed: bool = False
    whole: bool = True
    left: bool = False

    @property
    def ending(self) -> Ending:
        """How it ended, in exactly one way; `broken` is one that no client can make sense of."""
        if self.left:
            return "client_gone"
        if not self.whole or self.ended == self.failed:
            return "broken"
        return "complete" if self.ended else "error"


class Tongue(msgspec.Struct, frozen=True):
    """One dialect: its path and body for a model, a text and a form, and how its replies are read."""

    path: Callable[[str, Form], str]
    body: Callable[[str, str, bool], Json]
    read: Callable[[Any, Heard], None]
    event: Callable[[str, Any, Heard], None]


def hear(dialect: str, reply: Reply, form: Form) -> Heard:
    """Understand a reply."""
    heard = Heard(reply.status, whole=reply.complete)
    tongue = TONGUES[dialect]
    if reply.status != 200:
        heard.failed = _is_error(_decoded(reply.body))
    elif form == "array":
        for element in _decoded(reply.body) or ():
            tongue.event("", element, heard)
    elif form == "stream":
        for name, data in _events(reply.body.decode()):
            tongue.event(name, data, heard)
    else:
        tongue.read(_decoded(reply.body), heard)
    return heard


def _events(stream: str) -> Iterator[tuple[str, Any]]:
    """Each event's name and data; what stands behind the last blank line is half an event."""
    *events, rest = BLANK_LINE.split(stream)
    for event in events:
        lines = [line.partition(":") for line in event.splitlines()]
        fields = [(name, value.removeprefix(" ")) for name, _, value in lines if name]
        name = next((value for field, value in fields if field == "event"), "")
        data = "\n".join(value for field, value in fields if field == "data")
        if data:
            yield name, data if data == "[DONE]" else _decoded(data)
    if rest.strip():
        yield "half an event", {"error": {"message": rest}, "type": "error"}


def _decoded(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _is_error(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("error"), dict) and bool(body["error"]["message"])


# --- anthropic-messages


def _messages_body(model: str, text: str, streamed: bool) -> Json:
    turns = [{"role": "user", "content": text}]
    return {"model": model, "max_tokens": 64, "stream": streamed, "messages": turns}


def _messages_read(body: Any, heard: Heard) -> None:
    heard.text = "".join(block.get("text", "") for block in body.get("content", ()))
    heard.ended = body.get("stop_reason") == "end_turn"


def _messages_event(name: str, data: Any, heard: Heard) -> None:
    if "type" not in data:
        return  # an upstream's garbage, which passes where it comes later than the head; an error ends it
    assert name == data["type"] or heard.failed, (name, data)
    match data["type"]:
        case "content_block_delta":
            heard.text += data["delta"].get("text", "")
        case "message_stop":
            heard.ended = True
        case "error":
            heard.failed = _is_error(data)


# --- openai-chat


def _chat_body(model: str, text: str, streamed: bool) -> Json:
    turns = [{"role": "user", "content": text}]
    counted = {"stream_options": {"include_usage": True}} if streamed else {}
    return {"model": model, "max_completion_tokens": 64, "stream": streamed, "messages": turns, **counted}


def _chat_read(body: Any, heard: Heard) -> None:
    for choice in body.get("choices", ()):
        heard.text += choice["message"]["content"]
        heard.ended = choice["finish_reason"] == "stop"


def _chat_event(name: str, data: Any, heard: Heard) -> None:
    del name
    if data == "[DONE]":
        heard.ended = True
    elif "error" in data:
        heard.failed = _is_error(data)
    elif "choices" in data:  # else an upstream's garbage, which an error follows
        heard.text += "".join(choice["delta"].get("content") or "" for choice in data["choices"])


# --- openai-responses


def _responses_body(model: str, text: str, streamed: bool) -> Json:
    return {"model": model, "max_output_tokens": 64, "stream": streamed, "input": text}


def _responses_read(body: Any, heard: Heard) -> None:
    parts = [part for item in body.get("output", ()) for part in item.get("content", ())]
    heard.text = "".join(part.get("text", "") for part in parts)
    heard.ended = body.get("status") == "completed"


def _responses_event(name: str, data: Any, heard: Heard) -> None:
    if "type" not in data:
        return  # an upstream's garbage, which passes where it comes later than the head; an error ends it
    assert name == data["type"] or heard.failed, (name, data)
    match data["type"]:
        case "response.output_text.delta":
            heard.text += data["delta"]
        case "response.completed":
            heard.ended = True
        case "response.failed":
            heard.failed = _is_error(data["response"])
        case "error":
            heard.failed = True


# --- gemini


GEMINI_DOORS: dict[Form, str] = {
    "whole": "generateContent",
    "stream": "streamGenerateContent?alt=sse",
    "array": "streamGenerateContent",
}


def _gemini_path(model: str, form: Form) -> str:
    return f"/v1beta/models/{model}:{GEMINI_DOORS[form]}"


def _gemini_body(model: str, text: str, streamed: bool) -> Json:
    del model, streamed
    return {"contents": [{"role": "user", "parts": [{"text": text}]}]}


def _gemini_read(body: Any, heard: Heard) -> None:
    for candidate in body.get("candidates", ()):
        heard.text += "".join(part["text"] for part in candidate.get("content", {}).get("parts", ()))
        heard.ended = candidate.get("finishReason") == "STOP"


def _gemini_event(name: str, data: Any, heard: Heard) -> None:
    del name
    if "error" in data:
        heard.failed = _is_error(data)
    else:
        _gemini_read(data, heard)


def _at(path: str) -> Callable[[str, Form], str]:
    return lambda _model, _form: path


TONGUES = {
    "anthropic-messages": Tongue(_at("/v1/messages"), _messages_body, _messages_read, _messages_event),
    "openai-chat": Tongue(_at("/v1/chat/completions"), _chat_body, _chat_read, _chat_event),
    "openai-responses": Tongue(_at("/v1/responses"), _responses_body, _responses_read, _responses_event),
    "gemini": Tongue(_gemini_path, _gemini_body, _gemini_read, _gemini_event),
}
