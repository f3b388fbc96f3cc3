"""Whole replies of anthropic-messages, read."""

import json
from typing import Any

import msgspec
import pytest

from adapters.dialects.anthropic_messages.reply import write_reply
from adapters.dialects.anthropic_messages.reply_read import read_reply
from adapters.events import Block, Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Malformed
from tests.adapters.replies import CUT_SHORT, SILENT, TEXT_ONLY, THINKING, TOOLS

HIDDEN = Reply(
    "0a1b", "m", (ThinkingBlock("", redacted="c2Vj"),), "stop_sequence", Usage(input=1), sequence="END"
)


def body(*content: dict[str, Any], **fields: Any) -> bytes:
    """A message with these blocks."""
    head = {"id": "msg_0a1b", "type": "message", "model": "up-1", "stop_reason": "end_turn"}
    return json.dumps({**head, "content": content, **fields}, ensure_ascii=False).encode()


@pytest.mark.parametrize("reply", [TEXT_ONLY, THINKING, TOOLS, CUT_SHORT, SILENT, HIDDEN])
def test_what_was_written_is_read_again(reply: Reply) -> None:
    """From the middle and back nothing is lost but the time and the share of reasoning."""
    back = read_reply(write_reply(reply))
    used = reply.usage
    counted = Usage(used.input, used.cache_read, used.cache_write_5m, used.cache_write_1h, used.output)
    assert back == Reply(reply.id, reply.model, reply.blocks, reply.stop, counted, sequence=reply.sequence)


BLOCKS: dict[str, tuple[list[dict[str, Any]], tuple[Block, ...]]] = {
    "text": ([{"type": "text", "text": "é🙂"}], (TextBlock("é🙂"),)),
    "text with citations": ([{"type": "text", "text": "a", "citations": [{}]}], (TextBlock("a"),)),
    "thinking": (
        [{"type": "thinking", "thinking": "hm", "signature": "c2ln"}],
        (ThinkingBlock("hm", "c2ln"),),
    ),
    "thinking without signature": ([{"type": "thinking", "thinking": "hm"}], (ThinkingBlock("hm"),)),
    "hidden thinking": (
        [{"type": "redacted_thinking", "data": "c2Vj"}],
        (ThinkingBlock("", redacted="c2Vj"),),
    ),
    "a call": (
        [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": "é"}}],
        (ToolBlock("1", "f", '{"a": "é"}'),),
    ),
    "a call without input": ([{"type": "tool_use", "id": "1", "name": "f"}], (ToolBlock("1", "f", "{}"),)),
    "blocks without a place": (
        [{"type": "server_tool_use", "id": "s"}, {"type": "text", "text": "a"}, {"type": "something_new"}],
        (TextBlock("a"),),
    ),
    "nulls": ([{"type": "text", "text": None}], (TextBlock(""),)),
}


@pytest.mark.parametrize(("content", "blocks"), BLOCKS.values(), ids=BLOCKS)
def test_blocks_are_read_by_a_table(content: list[dict[str, Any]], blocks: tuple[Block, ...]) -> None:
    """Each kind that has a place in the middle, in order."""
    told = msgspec.structs.replace(read_reply(body(*content)), dropped=())
    assert told == Reply("0a1b", "up-1", blocks, "end", Usage())


@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("text with citations", ("citations",)),
        ("blocks without a place", ("content.something_new", "server_tools")),
        ("text", ()),
    ],
)
def test_what_has_no_place_is_named(name: str, dropped: tuple[str, ...]) -> None:
    """Each name once, as a stream counts it."""
    assert read_reply(body(*BLOCKS[name][0])).dropped == dropped


def test_half_a_surrogate_pair_costs_one_sign() -> None:
    """The rest of the reply is read."""
    broken = body({"type": "text", "text": "x"}).replace(b'"x"', rb'"a\ud83d"')
    assert read_reply(broken).blocks == (TextBlock("a\ufffd"),)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"type":"error","error":{}}',
        body(content=5),
        body({"type": "text", "text": 5}),
        b'{"content":' + b"[" * 20_000,
    ],
)
def test_what_is_no_message_is_refused(broken: bytes) -> None:
    """Nothing but `Malformed` is raised, and it says what was expected."""
    with pytest.raises(Malformed, match="not an Anthropic message"):
        read_reply(broken)


def test_counts_that_cannot_be_read_are_none() -> None:
    """A reply is worth more than its counts."""
    assert read_reply(body(usage={"input_tokens": "many"})).usage == Usage()


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        ("", {}),
        ("  ", {}),
        ("{}", {}),
        (' {"a": 1} ', {"a": 1}),
        ("{a: 'é\"", "{a: 'é\""),
        ("[1]", [1]),
    ],
)
def test_arguments_never_break_the_message_they_stand_in(arguments: str, written: object) -> None:
    """None are an empty input, and what is no JSON is carried as a string, as it is."""
    reply = Reply("1", "m", (ToolBlock("1", "f", arguments),), "tool_use", Usage())
    assert json.loads(write_reply(reply))["content"][0]["input"] == written
