"""What a request says, whatever its dialect: what was said, called, answered and shown, in plain values.

The same is read of what a client sent and of what reached the upstream, so that the two can be held against
each other. Nothing is judged here.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

Json = dict[str, Any]


class Called(msgspec.Struct):
    """A call, and what came of it: its texts joined, None while nothing did."""

    name: str
    arguments: Any
    result: str | None = None


class Seen(msgspec.Struct):
    """One request. `said` are its texts but for results, in order; `system` those of who runs the agent."""

    system: list[str] = []
    said: list[str] = []
    calls: dict[str, Called] = {}
    images: list[str] = []
    thoughts: list[str] = []
    signatures: list[str] = []
    tools: list[str] = []

    @property
    def everything(self) -> str:
        """All text there is, one place under the other."""
        results = [call.result or "" for call in self.calls.values()]
        return "\n".join([*self.system, *self.said, *results])

    def answer(self, identity: str, result: str) -> None:
        """Keep what came of a call, of which there may be more than one piece."""
        call = self.calls[identity]
        call.result = result if call.result is None else f"{call.result}\n{result}"


def seen(dialect: str, body: bytes) -> Seen:
    """Read a request."""
    what = Seen()
    READ[dialect](json.loads(body), what)
    return what


def _texts(content: Any) -> Iterator[str]:
    """The texts of a string, a block, or a list of blocks."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            yield from _texts(part)
    elif isinstance(content, dict) and isinstance(content.get("text"), str):
        yield content["text"]


def _arguments(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written


# --- anthropic-messages


def _messages(body: Json, what: Seen) -> None:
    what.system += _texts(body.get("system"))
    # What is deferred, held open or run by the provider is not there to be called.
    what.tools += [
        tool["name"]
        for tool in body.get("tools") or []
        if "input_schema" in tool and not tool.get("defer_loading")
    ]
    for message in body["messages"]:
        blocks = message["content"]
        if isinstance(blocks, str):
            blocks = [{"type": "text", "text": blocks}]
        texts = what.system if message["role"] == "system" else what.said
        for block in blocks:
            _block(block, what, texts)


def _block(block: Json, what: Seen, texts: list[str]) -> None:
    match block["type"]:
        case "text":
            texts.append(block["text"])
        case "thinking":
            what.thoughts.append(block["thinking"])
            what.signatures.append(block["signature"])
        case "tool_use":
            what.calls[block["id"]] = Called(block["name"], block["input"])
        case "tool_result":
            content = block.get("content", "")
            what.answer(block["tool_use_id"], "\n".join(_texts(content)))
            what.images += (
                [part["source"]["data"] for part in content if part["type"] == "image"]
                if isinstance(content, list)
                else []
            )
        case "image":
            what.images.append(block["source"]["data"])


# --- openai-chat


def _chat(body: Json, what: Seen) -> None:
    what.tools += [tool["function"]["name"] for tool in body.get("tools") or [] if tool["type"] == "function"]
    for message in body["messages"]:
        content = message.get("content")
        if message["role"] == "tool":
            what.answer(message["tool_call_id"], "\n".join(_texts(content)))
            continue
        texts = what.system if message["role"] in ("system", "developer") else what.said
        texts += _texts(content)
        parts = content if isinstance(content, list) else []
        what.images += [_data(part["image_url"]["url"]) for part in parts if part["type"] == "image_url"]
        what.thoughts += [message["reasoning_content"]] if message.get("reasoning_content") else []
        for call in message.get("tool_calls") or []:
            function = call["function"]
            what.calls[call["id"]] = Called(function["name"], _arguments(function["arguments"]))


def _data(url: str) -> str:
    return url.partition(";base64,")[2]


# --- openai-responses


def _responses(body: Json, what: Seen) -> None:
    what.system += _texts(body.get("instructions"))
    what.tools += [tool["name"] for tool in body.get("tools") or [] if tool["type"] in ("function", "custom")]
    items = body["input"]
    for item in [{"role": "user", "content": items}] if isinstance(items, str) else items:
        _item(item, what)


def _item(item: Json, what: Seen) -> None:
    match item.get("type", "message"):
        case "message":
            texts = what.system if item["role"] in ("system", "developer") else what.said
            texts += _texts(item["content"])
            what.images += _pictures(item["content"])
        case "reasoning":
            what.thoughts += _texts(item["summary"])
            what.signatures += [item["encrypted_content"]] if item.get("encrypted_content") else []
        case "function_call":
            what.calls[item["call_id"]] = Called(item["name"], _arguments(item["arguments"]))
        case "custom_tool_call":
            what.calls[item["call_id"]] = Called(item["name"], item["input"])
        case "function_call_output" | "custom_tool_call_output":
            what.answer(item["call_id"], "\n".join(_texts(item["output"])))
            what.images += _pictures(item["output"])


def _pictures(content: Any) -> list[str]:
    parts = content if isinstance(content, list) else []
    return [_data(part["image_url"]) for part in parts if part["type"] == "input_image"]


# --- gemini


def _gemini(body: Json, what: Seen) -> None:
    what.system += _texts((body.get("systemInstruction") or {}).get("parts"))
    for tool in body.get("tools") or []:
        what.tools += [function["name"] for function in tool.get("functionDeclarations") or []]
    for content in body["contents"]:
        # Answers stand in the order of the calls they are to.
        waiting = [identity for identity, call in what.calls.items() if call.result is None]
        for part in content["parts"]:
            _part(part, what, waiting)


def _part(part: Json, what: Seen, waiting: list[str]) -> None:
    what.signatures += [part["thoughtSignature"]] if "thoughtSignature" in part else []
    what.images += [part["inlineData"]["data"]] if "inlineData" in part else []
    if "text" in part:
        (what.thoughts if part.get("thought") else what.said).append(part["text"])
    elif "functionCall" in part:
        call = part["functionCall"]
        what.calls[f"{len(what.calls)}"] = Called(call["name"], call.get("args", {}))
    elif "functionResponse" in part:
        response = part["functionResponse"]
        what.answer(waiting.pop(0), "\n".join(_leaves(response.get("response"))))
        what.images += [inside["inlineData"]["data"] for inside in response.get("parts") or []]


def _leaves(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inside in value.values():
            yield from _leaves(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _leaves(inside)


READ: dict[str, Callable[[Json, Seen], None]] = {
    "anthropic-messages": _messages,
    "openai-chat": _chat,
    "openai-responses": _responses,
    "gemini": _gemini,
}
