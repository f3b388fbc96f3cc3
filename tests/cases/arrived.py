"""What arrived at an upstream, in plain values whatever its dialect: `tests.agents.seen`, and ollama."""

import json
from typing import Any

from tests.agents.seen import Called, Seen, seen

Json = dict[str, Any]


def arrived(dialect: str, body: bytes) -> Seen:
    """Read a request."""
    if dialect != "ollama":
        return seen(dialect, body)
    what = Seen()
    _ollama(json.loads(body), what)
    return what


def _ollama(body: Json, what: Seen) -> None:
    what.tools += [tool["function"]["name"] for tool in body.get("tools") or []]
    for message in body["messages"]:
        what.images += message.get("images") or []
        if message["role"] == "tool":
            # It has no ids: results stand in the order of the calls they are to.
            open_call = next(key for key, call in what.calls.items() if call.result is None)
            what.answer(open_call, message["content"])
            continue
        texts = what.system if message["role"] == "system" else what.said
        texts += [message["content"]] if message.get("content") else []
        what.thoughts += [message["thinking"]] if message.get("thinking") else []
        for call in message.get("tool_calls") or []:
            function = call["function"]
            what.calls[f"{len(what.calls)}"] = Called(function["name"], function["arguments"])
