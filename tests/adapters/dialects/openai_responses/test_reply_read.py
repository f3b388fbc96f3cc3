"""Whole replies of openai-responses, read."""

import json
from typing import Any

import pytest

from adapters.dialects.openai_responses.marks import is_packed, packed, unpacked
from adapters.dialects.openai_responses.reply import write_reply
from adapters.dialects.openai_responses.reply_read import read_reply
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Malformed
from tests.adapters.replies import CUT_SHORT, SILENT, TEXT_ONLY, TOOLS

Item = dict[str, Any]


def body(*items: Item, **fields: Any) -> bytes:
    """A response with these items."""
    head = {
        "id": "resp_0a1b",
        "object": "response",
        "created_at": 7.0,
        "model": "up-1",
        "status": "completed",
    }
    return json.dumps({**head, "output": list(items), **fields}, ensure_ascii=False).encode()


def said(*parts: Item) -> Item:
    """A message of some parts."""
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": list(parts)}


def text(words: str, **fields: Any) -> Item:
    """A text."""
    return {"type": "output_text", "text": words, "annotations": [], **fields}


def reasoning(**fields: Any) -> Item:
    """A reasoning item."""
    return {"type": "reasoning", "id": "rs_1", "summary": [], **fields}


CALL: Item = {"type": "function_call", "id": "fc_1", "call_id": "1", "name": "f", "arguments": '{"a":1}'}
CUSTOM: Item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "1", "name": "p", "input": "*** é"}
SEARCH: Item = {"type": "tool_search_call", "id": "tsc_1", "call_id": "1", "arguments": {"query": "a"}}
SUMMARY = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
HM = [{"type": "reasoning_text", "text": "hm"}]

BLOCKS: dict[str, tuple[list[Item], tuple[Block, ...], StopReason]] = {
    "text": ([said(text("é日本🙂"))], (TextBlock("é日本🙂"),), "end"),
    "nothing": ([], (), "end"),
    "an empty text": ([said(text(""))], (), "end"),
    "a message of nothing": ([{"type": "message", "content": None}], (), "end"),
    "two texts": ([said(text("a"), text("b"))], (TextBlock("a"), TextBlock("b")), "end"),
    "a refusal": (
        [said({"type": "refusal", "refusal": "No."})],
        (TextBlock("No.", refused=True),),
        "refusal",
    ),
    "thinking": (
        [reasoning(summary=SUMMARY, encrypted_content="Z0FB"), said(text("c"))],
        (ThinkingBlock("a\n\nb", "rs_1 Z0FB"), TextBlock("c")),
        "end",
    ),
    "thinking shown whole": ([reasoning(content=HM)], (ThinkingBlock("hm"),), "end"),
    "a thought and its summary": ([reasoning(summary=SUMMARY[:1], content=HM)], (ThinkingBlock("a"),), "end"),
    "a signature alone": (
        [reasoning(encrypted_content="Z0FB", content=None)],
        (ThinkingBlock("", "rs_1 Z0FB"),),
        "end",
    ),
    "a thought of nothing": ([reasoning(encrypted_content=None)], (), "end"),
    "a call": ([CALL], (ToolBlock("1", "f", '{"a":1}'),), "tool_use"),
    "a call in a namespace": (
        [{**CALL, "namespace": "n"}],
        (ToolBlock("1", "f", '{"a":1}', "n"),),
        "tool_use",
    ),
    "calls without ids": (
        [{"type": "function_call", "id": "fc_1", "name": "f"}, {"type": "function_call", "name": "g"}],
        (ToolBlock("fc_1", "f", "{}"), ToolBlock("", "g", "{}")),
        "tool_use",
    ),
    "arguments that are an object": (
        [{**CALL, "arguments": {"a": 1}}],
        (ToolBlock("1", "f", '{"a": 1}'),),
        "tool_use",
    ),
    "a custom call": ([CUSTOM], (ToolBlock("1", "p", "*** é", custom=True),), "tool_use"),
    "a search": ([SEARCH], (ToolBlock("1", "tool_search", '{"query": "a"}'),), "tool_use"),
    "a function of that name": (
        [{**CALL, "name": "tool_search"}],
        (ToolBlock("1", "tool_search", '{"a":1}', "functions"),),
        "tool_use",
    ),
}


@pytest.mark.parametrize(("items", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_items_are_blocks(items: list[Item], blocks: tuple[Block, ...], stop: StopReason) -> None:
    """Texts, thoughts and calls of every kind, in order, and why the reply stopped."""
    assert read_reply(body(*items)) == Reply("0a1b", "up-1", blocks, stop, Usage(), created=7)


STOPS: dict[str, tuple[dict[str, Any], StopReason]] = {
    "too long": (
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "max_tokens",
    ),
    "filtered": ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "refusal"),
    "incomplete, and why is not said": ({"status": "incomplete", "incomplete_details": None}, "max_tokens"),
    "no status": ({"status": None}, "end"),
}


@pytest.mark.parametrize(("fields", "stop"), STOPS.values(), ids=STOPS)
def test_a_status_is_why_it_stopped(fields: dict[str, Any], stop: StopReason) -> None:
    """What is incomplete was cut short, or filtered."""
    assert read_reply(body(said(text("a")), **fields)).stop == stop


def test_usage_is_read() -> None:
    """What a cache held is apart from the rest; counts that cannot be read are none."""
    counted = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 7}, "output_tokens": 4}
    assert read_reply(body(usage=counted)).usage == Usage(input=3, cache_read=7, output=4)
    assert read_reply(body(usage={"input_tokens": "ten"})).usage == Usage()


DROPPED: dict[str, tuple[Item, tuple[str, ...]]] = {
    "a search of the web": (
        {"type": "web_search_call", "id": "ws_1", "action": {}},
        ("server_tools",),
    ),
    "a search of the provider's": ({**SEARCH, "execution": "server"}, ("server_tools",)),
    "an image": ({"type": "image_generation_call"}, ("images",)),
    "a list of a server's tools": ({"type": "mcp_list_tools"}, ("server_tools",)),
    "an item of an odd shape": ({"type": "program", "content": 5, "name": 7}, ("output.program",)),
    "what a text cites": (said(text("a", annotations=[{"type": "url_citation"}])), ("citations",)),
}


@pytest.mark.parametrize(("item", "dropped"), DROPPED.values(), ids=DROPPED)
def test_what_has_no_place_is_named(item: Item, dropped: tuple[str, ...]) -> None:
    """Nothing is lost without a word."""
    reply = read_reply(body(item))
    assert reply.dropped == dropped
    assert reply.stop == "end"


NONE: dict[str, bytes] = {
    "a page": b"<html>",
    "a chat completion": b'{"object":"chat.completion","choices":[]}',
    "a response without output": b'{"object":"response"}',
    "a response that failed": body(status="failed", error={"code": "server_error", "message": "It broke."}),
    "a response that was cancelled": body(status="cancelled"),
    "a response that goes on": body(status="in_progress"),
    "items of another kind": b'{"object":"response","output":[5]}',
    "something deep": b'{"object":"response","output":' + b"[" * 50_000,
}


@pytest.mark.parametrize("reply", NONE.values(), ids=NONE)
def test_what_is_no_reply_is_refused(reply: bytes) -> None:
    """It is told in words."""
    with pytest.raises(Malformed, match="The reply is not a response"):
        read_reply(reply)


def test_why_a_response_failed_is_told() -> None:
    """The provider's own words are in the reason."""
    with pytest.raises(Malformed, match=r"it is failed \(It broke\.\)"):
        read_reply(NONE["a response that failed"])


def test_a_head_that_cannot_be_read_is_absent() -> None:
    """The items count, whatever stands round them."""
    assert read_reply(body(said(text("a")), id=5)) == Reply("", "", (TextBlock("a"),), "end", Usage())


def test_half_a_surrogate_is_mended() -> None:
    """What is no text becomes the mark for it."""
    broken = body(said(text("A"))).replace(b'"A"', b'"\\ud800A"')
    assert read_reply(broken).blocks == (TextBlock("\ufffdA"),)


@pytest.mark.parametrize("reply", [TEXT_ONLY, TOOLS, CUT_SHORT, SILENT])
def test_what_is_written_is_read_again(reply: Reply) -> None:
    """Blocks, reason, id and time survive the dialect's own way to write them."""
    back = read_reply(write_reply(reply))
    assert (back.blocks, back.id, back.created) == (reply.blocks, reply.id, reply.created)
    assert back.stop == reply.stop


@pytest.mark.parametrize(("item", "content"), [("rs_1", "Z0FB"), ("", "Z0FB"), ("", "a b"), ("rs_1", "a b")])
def test_a_signature_holds_the_id_of_its_item(item: str, content: str) -> None:
    """Both come out as they went in, whatever is in them."""
    assert unpacked(packed(item, content)) == (item, content)
    assert is_packed(packed(item, content)) is (packed(item, content) != content)


def test_no_content_is_no_signature() -> None:
    """An id binds nothing."""
    assert packed("rs_1", "") == ""
