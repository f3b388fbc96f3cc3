"""Whole replies of openai-chat, read."""

import json
from typing import Any

import pytest

from adapters.dialects.openai_chat.reply import write_reply
from adapters.dialects.openai_chat.reply_read import read_reply
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Malformed
from tests.adapters.replies import CUT_SHORT, SILENT, TEXT_ONLY, TOOLS


def body(message: dict[str, Any], finish: str | None = "stop", **fields: Any) -> bytes:
    """A completion with this message."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    document = {"id": "chatcmpl-0a1b", "created": 7, "model": "up-1", "choices": [choice], **fields}
    return json.dumps(document, ensure_ascii=False).encode()


def a_call(call_id: str | None, name: str, arguments: Any) -> dict[str, Any]:
    """A tool call of a message."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


ONE = ToolBlock("1", "f", '{"a":1}')
BLOCKS: dict[str, tuple[dict[str, Any], str | None, tuple[Block, ...], StopReason]] = {
    "text": ({"content": "é日本🙂"}, "stop", (TextBlock("é日本🙂"),), "end"),
    "nothing": ({"content": None}, "stop", (), "end"),
    "an empty text": ({"content": ""}, "stop", (), "end"),
    "no reason": ({"content": "a"}, None, (TextBlock("a"),), "end"),
    "too long": ({"content": "a"}, "length", (TextBlock("a"),), "max_tokens"),
    "filtered": ({"content": "a"}, "content_filter", (TextBlock("a"),), "refusal"),
    "reasoning first": (
        {"content": "a", "reasoning_content": "hm"},
        "stop",
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning by its other name": (
        {"reasoning": "hm", "content": "a"},
        "stop",
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning under both names": (
        {"reasoning": "hm", "reasoning_content": "hm", "content": "a"},
        "stop",
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "parts": (
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                {"type": "text", "text": "a"},
                {"type": "text", "text": "b"},
            ]
        },
        "stop",
        (ThinkingBlock("hm"), TextBlock("ab")),
        "end",
    ),
    "a refusal": ({"content": None, "refusal": "No."}, "stop", (TextBlock("No.", refused=True),), "refusal"),
    "calls": (
        {"content": None, "tool_calls": [a_call("1", "f", '{"a":1}'), a_call("2", "g", "")]},
        "tool_calls",
        (ONE, ToolBlock("2", "g", "{}")),
        "tool_use",
    ),
    "a call that stops": ({"tool_calls": [a_call("1", "f", '{"a":1}')]}, "stop", (ONE,), "tool_use"),
    "a call without id": (
        {"tool_calls": [a_call(None, "f", "{}")]},
        "tool_calls",
        (ToolBlock("", "f", "{}"),),
        "tool_use",
    ),
    "arguments that are no JSON": (
        {"tool_calls": [a_call("1", "f", "{a")]},
        "tool_calls",
        (ToolBlock("1", "f", "{a"),),
        "tool_use",
    ),
    "arguments that are an object": (
        {"tool_calls": [a_call("1", "f", {"a": "é"})]},
        "tool_calls",
        (ToolBlock("1", "f", '{"a": "é"}'),),
        "tool_use",
    ),
    "the call of old": (
        {"content": None, "function_call": {"name": "f", "arguments": "{}"}},
        "function_call",
        (ToolBlock("", "f", "{}"),),
        "tool_use",
    ),
    "calls for a reason, and none": ({"content": "a"}, "tool_calls", (TextBlock("a"),), "end"),
}


@pytest.mark.parametrize(("message", "finish", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_a_message_becomes_blocks(
    message: dict[str, Any], finish: str | None, blocks: tuple[Block, ...], stop: StopReason
) -> None:
    """Thinking first, then text, then calls, and why it stopped."""
    assert read_reply(body(message, finish)) == Reply("0a1b", "up-1", blocks, stop, Usage(), created=7)


@pytest.mark.parametrize("reply", [TEXT_ONLY, TOOLS, CUT_SHORT, SILENT])
def test_what_was_written_is_read_again(reply: Reply) -> None:
    """All that the dialect has a place for is the same; what is written to the cache counts as input."""
    used = reply.usage
    written = used.cache_write_5m + used.cache_write_1h
    counted = Usage(used.input + written, used.cache_read, output=used.output, reasoning=used.reasoning)
    assert read_reply(write_reply(reply)) == Reply(
        reply.id, reply.model, reply.blocks, reply.stop, counted, created=reply.created
    )


def test_half_a_surrogate_pair_costs_one_sign() -> None:
    """The rest of the reply is read."""
    broken = body({"content": "x"}).replace(b'"x"', rb'"a\ud83d"')
    assert read_reply(broken) == Reply("0a1b", "up-1", (TextBlock("a\ufffd"),), "end", Usage(), created=7)


def test_only_the_first_choice_is_read() -> None:
    """The middle has one reply."""
    choices = [{"message": {"content": text}, "finish_reason": "stop"} for text in "ab"]
    reply = read_reply(body({}, choices=choices))
    assert (reply.blocks, reply.dropped) == ((TextBlock("a"),), ("answers",))


def test_what_has_no_place_is_named() -> None:
    """Citations, sound and images are dropped by name; empty ones are none."""
    assert read_reply(
        body({"content": "a", "annotations": [{}], "audio": {"id": "1"}, "images": [{}]})
    ).dropped == (
        "audio",
        "citations",
        "images",
    )
    assert read_reply(body({"content": "a", "annotations": []})).dropped == ()


def test_a_head_that_cannot_be_read_is_no_reason_to_refuse() -> None:
    """Whoever shows the reply has an id and a time of its own."""
    reply = read_reply(body({"content": "a"}, id=5, created="now"))
    assert (reply.id, reply.created, reply.blocks) == ("", 0, (TextBlock("a"),))


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"choices":[]}',
        b'{"choices":[{}]}',
        b'{"choices":5}',
        body({"content": 5}),
        body({"content": "a"}, "error"),
        b'{"error":{"message":"m"}}',
        b'{"choices":' + b"[" * 20_000,
    ],
)
def test_what_is_no_completion_is_refused(broken: bytes) -> None:
    """Nothing but `Malformed` is raised, and it says what was expected."""
    with pytest.raises(Malformed, match="not a chat completion"):
        read_reply(broken)
