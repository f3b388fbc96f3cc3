"""Marks of the prompt cache, added by choice to a request in which nobody has set any (feature C7).

Three of the four that are allowed: on the last tool, on the last block of the system, and on the last block
of the user's last turn. What stands before a mark is kept, so the next request of the conversation finds it.
Source: Anthropic's guide to prompt caching (November 2026): a deferred tool takes no mark.
"""

from typing import Final

from adapters.conversation import ChatRequest, ServerTool

Json = dict[str, object]

MARK: Final = {"type": "ephemeral"}
SPELLED: Final = b'"cache_control"'


def marked(request: ChatRequest, body: Json) -> Json:
    """The body with marks; as it is where the client has set one."""
    if _has_marks(request):
        return body
    tools, system, messages = body.get("tools"), body.get("system"), body.get("messages")
    if isinstance(tools, list):
        _mark([tool for tool in tools if isinstance(tool, dict) and "defer_loading" not in tool])
    if system:
        body["system"] = _mark(_blocks(system))
    asked = [one for one in messages if one["role"] == "user"] if isinstance(messages, list) else []
    for message in asked[-1:]:
        message["content"] = _mark(_blocks(message["content"]))
    return body


def _has_marks(request: ChatRequest) -> bool:
    parts = [*request.system, *(part for turn in request.turns for part in turn.parts)]
    if any(getattr(part, "cache", None) is not None for part in parts):
        return True
    return any(
        bytes(tool.raw).find(SPELLED) >= 0 if isinstance(tool, ServerTool) else tool.cache is not None
        for tool in request.tools
    )


def _blocks(content: object) -> list[Json]:
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _mark(blocks: list[Json]) -> list[Json]:
    """Mark the last one."""
    for block in blocks[-1:]:
        block["cache_control"] = MARK
    return blocks
