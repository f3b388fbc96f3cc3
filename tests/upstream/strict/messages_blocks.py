"""What Anthropic's API refuses of the blocks in messages: their kinds, their fields, their order."""

import re
from collections.abc import Container

from tests.upstream.memory import Memory
from tests.upstream.plan import Json
from tests.upstream.refusal import IMAGES, Refused, is_base64, places

NAME = re.compile(r"^[a-zA-Z0-9_-]{1,128}$")
IDENTITY = re.compile(r"^[a-zA-Z0-9_-]+$")
OF_THE_USER = {"tool_result", "image", "document"}
OF_THE_ASSISTANT = {"tool_use", "thinking", "redacted_thinking"}


def check_message(
    place: str, message: Json, memory: Memory, kinds: Container[str], in_results: Container[str]
) -> None:
    """Refuse a message whose content Anthropic would refuse, wherever it stands."""
    content = message.get("content")
    if content is None:
        raise Refused(f"{place}.content: Field required")
    if not content:
        raise Refused(
            f"{place}: all messages must have non-empty content except for the optional final assistant "
            "message"
        )
    if isinstance(content, str):
        return
    for there, block in places(content, f"{place}.content.{{}}"):
        _kind(there, block, kinds)
        _side(there, block, message["role"])
        _block(there, dict(block), memory)
        for inside, part in places(block.get("content"), f"{there}.tool_result.content.{{}}"):
            _kind(inside, part, in_results)
            _block(inside, dict(part), memory)


def check_pairs(messages: list[Json]) -> None:
    """Refuse calls without results right after them, and results without calls right before."""
    called: set[str] = set()
    seen: set[str] = set()
    for number, (role, blocks) in enumerate(_merged(messages)):
        answered = _results(number, role, blocks, called)
        if missing := sorted(called - answered):
            raise Refused(
                f"messages.{number}: `tool_use` ids were found without `tool_result` blocks immediately "
                f"after: {', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` "
                "block in the next message."
            )
        calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(calls)) < len(calls) or seen & set(calls):
            raise Refused(f"messages.{number}: `tool_use` ids must be unique")
        called = set(calls)
        seen |= called
    if called:
        raise Refused(f"messages: `tool_use` ids were found without `tool_result` blocks: {sorted(called)}")


def check_thought_leads(messages: list[Json]) -> None:
    """Refuse a loop of tools that goes on without the thought that its last turn began with."""
    merged = _merged(messages)
    asked = [number for number, (role, _) in enumerate(merged) if role == "assistant"]
    if not asked or not any(block["type"] == "tool_result" for block in merged[-1][1]):
        return
    kind = merged[asked[-1]][1][0]["type"]
    if kind not in ("thinking", "redacted_thinking"):
        raise Refused(
            f"messages.{asked[-1]}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
            f"`{kind}`. When `thinking` is enabled, a final `assistant` message must start with a thinking "
            "block (preceeding the lastmost set of `tool_use` and `tool_result` blocks)."
        )


def _results(number: int, role: str, blocks: list[Json], called: set[str]) -> set[str]:
    results = [block for block in blocks if block["type"] == "tool_result"]
    for place, block in enumerate(results):
        if block["tool_use_id"] not in called:
            raise Refused(
                f"messages.{number}.content.{place}: unexpected `tool_use_id` found in `tool_result` "
                f"blocks: {block['tool_use_id']}. Each `tool_result` block must have a corresponding "
                "`tool_use` block in the previous message."
            )
    # Results come first: one behind other words does not follow its call immediately.
    leading = blocks[: len(results)] if role == "user" else []
    return {block["tool_use_id"] for block in leading if block["type"] == "tool_result"}


def _merged(messages: list[Json]) -> list[tuple[str, list[Json]]]:
    """Messages of one side that follow each other are one to this API."""
    merged: list[tuple[str, list[Json]]] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if merged and merged[-1][0] == message["role"]:
            merged[-1] = (message["role"], [*merged[-1][1], *blocks])
        else:
            merged.append((message["role"], blocks))
    return merged


def _kind(place: str, block: object, kinds: Container[str]) -> None:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind is None:
        raise Refused(f"{place}.type: Field required")
    if kind not in kinds:
        raise Refused(
            f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected tags"
        )


def _side(place: str, block: object, role: str) -> None:
    assert isinstance(block, dict)
    if role != "user" and block["type"] in OF_THE_USER:
        raise Refused(f"{place}: `{block['type']}` blocks can only be in `user` messages")
    if role != "assistant" and block["type"] in OF_THE_ASSISTANT:
        raise Refused(f"{place}: `{block['type']}` blocks can only be in `assistant` messages")


def _block(place: str, block: Json, memory: Memory) -> None:
    if block["type"] == "text" and not block.get("text"):
        raise Refused("messages: text content blocks must be non-empty")
    if block["type"] == "image":
        _image(f"{place}.image", block.get("source") or {})
    if block["type"] == "thinking":
        _thinking(place, block, memory)
    if block["type"] == "tool_use":
        _use(f"{place}.tool_use", block)
    if block["type"] == "tool_result" and not isinstance(block.get("tool_use_id"), str):
        raise Refused(f"{place}.tool_result.tool_use_id: Field required")


def _use(place: str, block: Json) -> None:
    if not IDENTITY.fullmatch(block.get("id", "")):
        raise Refused(f"{place}.id: String should match pattern '{IDENTITY.pattern}'")
    if not isinstance(block.get("input"), dict):
        raise Refused(f"{place}.input: Input should be a valid dictionary")
    if not NAME.fullmatch(block.get("name", "")):
        raise Refused(f"{place}.name: String should match pattern '{NAME.pattern}'")


def _image(place: str, source: Json) -> None:
    if source.get("type") in ("url", "file"):
        return
    if source.get("type") != "base64":
        raise Refused(
            f"{place}.source: Input tag '{source.get('type')}' does not match any of the expected tags"
        )
    if source.get("media_type") not in IMAGES:
        raise Refused(
            f"{place}.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or "
            "'image/webp'"
        )
    if not is_base64(source.get("data")):
        raise Refused(f"{place}.source.base64: invalid base64 data")


def _thinking(place: str, block: Json, memory: Memory) -> None:
    """A signature must be this provider's own, and the thought the one it was made for."""
    for field in ("thinking", "signature"):
        if field not in block:
            raise Refused(f"{place}.thinking.{field}: Field required")
    signed = memory.signed(block["signature"])
    if signed is None:
        raise Refused(f"{place}: Invalid `signature` in `thinking` block")
    # A client that asked for thoughts unseen sends them back unseen.
    if signed and block["thinking"] and block["thinking"] != signed:
        raise Refused(
            f"{place}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be "
            "modified. These blocks must remain as they were in the original response."
        )
