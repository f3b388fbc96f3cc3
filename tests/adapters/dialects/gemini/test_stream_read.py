"""Streams of gemini as events, however they are cut, and whole replies, which are read alike."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from msgspec import structs

from adapters.dialects.gemini.reply_read import read_reply
from adapters.dialects.gemini.stream_read import StreamReader
from adapters.events import (
    Block,
    BlockOpened,
    Failed,
    Started,
    Stopped,
    StopReason,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    collect,
)
from adapters.fault import Fault, Malformed
from tests.adapters.cuts import FIXTURES, recorded_streams
from tests.adapters.dialects.gemini.frames import (
    SIGNED,
    STOP,
    body,
    call,
    candidate,
    chunk,
    parts,
    text,
    thought,
)
from tests.adapters.reading import fault_of, must_be_in_order, read, read_alike

SIGN = ThinkingBlock("", "c2ln")

# What is told part by part; the whole reply with the same parts says the same.
BLOCKS: dict[str, tuple[list[dict[str, Any]], str, tuple[Block, ...], StopReason]] = {
    "text": ([text("Hi, "), text("é日本🙂")], "STOP", (TextBlock("Hi, é日本🙂"),), "end"),
    "nothing": ([], "STOP", (), "end"),
    "an empty text": ([text("")], "STOP", (), "end"),
    "a null text": ([{"text": None}], "STOP", (), "end"),
    "a thought first": (
        [thought("h"), thought("m"), text("a")],
        "STOP",
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "a thought again": (
        [thought("h"), text("a"), thought("m"), text("b")],
        "STOP",
        (ThinkingBlock("h"), TextBlock("a"), ThinkingBlock("m"), TextBlock("b")),
        "end",
    ),
    "a signed thought": (
        [thought("h"), thought("m", **SIGNED), text("a")],
        "STOP",
        (ThinkingBlock("hm", "c2ln"), TextBlock("a")),
        "end",
    ),
    "a signature after a thought": (
        [thought("hm"), thought("", **SIGNED), text("a")],
        "STOP",
        (ThinkingBlock("hm", "c2ln"), TextBlock("a")),
        "end",
    ),
    "a thought of nothing but a signature": (
        [text("a"), thought("", **SIGNED)],
        "STOP",
        (TextBlock("a"), SIGN),
        "end",
    ),
    "a signed text": ([text("a", **SIGNED), text("b")], "STOP", (TextBlock("ab"),), "end"),
    "a signature at the end": ([text("a"), text("", **SIGNED)], "STOP", (TextBlock("a"),), "end"),
    "a text and a signed one": ([text("a"), text("b", **SIGNED)], "STOP", (TextBlock("ab"),), "end"),
    "no end of a thought": ([thought("h"), text("", **SIGNED)], "STOP", (ThinkingBlock("h"),), "end"),
    "a call": ([call("f", {"a": "é"})], "STOP", (ToolBlock("1", "f", '{"a": "é"}'),), "tool_use"),
    "a call after text": (
        [text("a"), call("f", {})],
        "STOP",
        (TextBlock("a"), ToolBlock("1", "f", "{}")),
        "tool_use",
    ),
    "signed calls": (
        [call("f", {}, **SIGNED), call("g", {}, "2")],
        "STOP",
        (SIGN, ToolBlock("1", "f", "{}"), ToolBlock("2", "g", "{}")),
        "tool_use",
    ),
    "calls without ids": (
        [call("f", {}, None), call("f", {}, None)],
        "STOP",
        (ToolBlock("", "f", "{}"), ToolBlock("", "f", "{}")),
        "tool_use",
    ),
    "a call without arguments": ([call("f")], "STOP", (ToolBlock("1", "f", "{}"),), "tool_use"),
    "a call without a name": (
        [{"functionCall": {"id": "1"}}, text("a")],
        "STOP",
        (ToolBlock("1", "", "{}"), TextBlock("a")),
        "tool_use",
    ),
    "a call cut by the limit": ([call("f", {})], "MAX_TOKENS", (ToolBlock("1", "f", "{}"),), "max_tokens"),
    "too long": ([text("a")], "MAX_TOKENS", (TextBlock("a"),), "max_tokens"),
    "filtered": ([text("a")], "SAFETY", (TextBlock("a"),), "refusal"),
    "prohibited": ([], "PROHIBITED_CONTENT", (), "refusal"),
    "listed": ([], "BLOCKLIST", (), "refusal"),
    "a reason nobody knows": ([text("a")], "OTHER", (TextBlock("a"),), "end"),
}


@pytest.mark.parametrize(("told", "finish", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_parts_become_blocks(
    told: list[dict[str, Any]], finish: str, blocks: tuple[Block, ...], stop: StopReason
) -> None:
    """One part a chunk, all in one chunk, and whole: the same reply, whatever the cuts."""
    streams = (
        b"".join([*map(parts, told), parts(finish=finish)]),
        parts(*told, finish=finish),
    )
    for stream in streams:
        events = read_alike(StreamReader, stream)
        must_be_in_order(events)
        reply = collect(events)
        assert (reply.blocks, reply.stop, reply.id, reply.model) == (blocks, stop, "0a1b", "up-1")
    whole = read_reply(body(*told, finish=finish))
    assert structs.replace(whole, dropped=()) == reply


def test_a_part_is_told_when_it_comes() -> None:
    """Nothing waits that need not: each chunk gives its event at once, a call is whole."""
    reader = StreamReader()
    started, opened, added = reader.feed(parts(text("a")))
    assert started == Started("0a1b", "up-1", 0, Usage())
    assert (opened, added) == (BlockOpened(0, "text"), TextAdded.of(0, "a"))
    assert reader.feed(parts(text("b"))) == [TextAdded.of(0, "b")]
    assert len(reader.feed(parts(call("f", {})))) == 4
    assert reader.feed(STOP) == []
    assert reader.ended
    assert reader.finish()[-1] == Stopped("tool_use")


def test_escapes_cross_as_they_came() -> None:
    """A text is not unescaped on its way."""
    frame = b'data: {"candidates":[{"content":{"parts":[{"text":"\\u00e9\\/"}]}}]}\n\n'
    (_, _, added) = StreamReader().feed(frame)
    assert isinstance(added, TextAdded)
    assert (bytes(added.literal), added.text) == (rb'"\u00e9\/"', "é/")


@pytest.mark.parametrize("broken", [b"a\\ud83d", b"a\xff"])
def test_what_is_no_text_costs_one_sign(broken: bytes) -> None:
    """Half a surrogate pair and broken UTF-8 leave the rest of the reply readable."""
    stream = parts(text("x"), finish="STOP").replace(b'"x"', b'"%b"' % broken)
    assert collect(read_alike(StreamReader, stream)).blocks == (TextBlock("a\ufffd"),)


COUNTED = {"promptTokenCount": 10, "candidatesTokenCount": 4, "totalTokenCount": 14}
USAGES: dict[str, tuple[dict[str, Any], Usage]] = {
    "plain": (COUNTED, Usage(input=10, output=4)),
    "cached tokens are part of the prompt": (
        {**COUNTED, "cachedContentTokenCount": 8},
        Usage(input=2, cache_read=8, output=4),
    ),
    "thoughts are no part of the candidates": (
        {**COUNTED, "thoughtsTokenCount": 3},
        Usage(input=10, output=7, reasoning=3),
    ),
    "what a tool brought is read too": (
        {**COUNTED, "toolUsePromptTokenCount": 5},
        Usage(input=15, output=4),
    ),
    "thoughts alone": ({"thoughtsTokenCount": 3}, Usage(output=3, reasoning=3)),
    "none": ({}, Usage()),
    "counts that cannot be read": ({"promptTokenCount": "many"}, Usage()),
}


@pytest.mark.parametrize(("counted", "usage"), USAGES.values(), ids=USAGES)
def test_usage_is_in_one_form(counted: dict[str, Any], usage: Usage) -> None:
    """Streamed and whole the counts mean the same."""
    stream = parts(text("a")) + parts(finish="STOP", usageMetadata=counted)
    assert collect(read_alike(StreamReader, stream)).usage == usage
    assert read_reply(body(text("a"), usageMetadata=counted)).usage == usage


def test_counts_of_a_stream_are_cumulative() -> None:
    """The last count holds, and one that is absent later is kept."""
    reader = StreamReader()
    first = {"promptTokenCount": 10, "candidatesTokenCount": 1}
    read(
        reader,
        [
            parts(text("a"), usageMetadata=first),
            parts(text("b"), usageMetadata={"candidatesTokenCount": 3}),
            STOP,
        ],
    )
    assert reader.usage == Usage(input=10, output=3)


ENDS: dict[str, tuple[list[bytes], bool]] = {
    "a reason": ([parts(text("a")), STOP], True),
    "a reason with text": ([parts(text("a"), finish="STOP")], True),
    "a reason, then usage": ([parts(text("a"), finish="STOP"), chunk(usageMetadata=COUNTED)], True),
    "none": ([parts(text("a"))], False),
    "none after a call": ([parts(call("f", {}))], False),
    "in a frame": ([parts(text("a")), STOP[:30]], False),
}


@pytest.mark.parametrize(("frames", "complete"), ENDS.values(), ids=ENDS)
def test_a_stream_is_complete_only_with_a_reason(frames: list[bytes], complete: bool) -> None:
    """Without a finish reason the bytes were cut, however cleanly they end."""
    reader = StreamReader()
    told = read(reader, frames)
    assert (fault_of(told) is None) is complete
    assert (reader.fault is None, reader.ended) == (complete, complete)
    must_be_in_order(told)


def test_a_whole_reply_without_a_reason_is_whole() -> None:
    """Some proxies leave it out, and the bytes are all there."""
    assert read_reply(body(text("a"), finish=None)).stop == "end"
    assert read_reply(body(call("f", {}), finish=None)).stop == "tool_use"


BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}}


def test_a_blocked_prompt_is_a_refusal() -> None:
    """There is no candidate, and no failure either."""
    reader = StreamReader()
    told = read(reader, [chunk(**BLOCKED)])
    assert (collect(told).stop, collect(told).blocks, reader.ended) == ("refusal", (), True)
    whole = json.dumps({"responseId": "0a1b", "modelVersion": "up-1", **BLOCKED}).encode()
    assert read_reply(whole) == collect(told)


ERROR = {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}
UNREADABLE = Fault("upstream", 502, "The provider sent an event that cannot be read.")
FAULTS: dict[str, tuple[bytes, Fault]] = {
    "an error": (b'data: {"error":%b}\n\n' % json.dumps(ERROR).encode(), Fault("rate_limited", 429, "m")),
    "an error by its word": (
        b'data: {"error":{"message":"m","status":"UNAVAILABLE"}}\n\n',
        Fault("overloaded", 503, "m"),
    ),
    "an error of an odd shape": (b'data: {"error":"oops"}\n\n', Fault("internal", 500, '"oops"')),
    "a call the model failed at": (
        parts(finish="MALFORMED_FUNCTION_CALL"),
        Fault("upstream", 502, "The model failed at its reply (MALFORMED_FUNCTION_CALL)."),
    ),
    "a call nobody offered": (
        chunk(candidate(finish="UNEXPECTED_TOOL_CALL", finishMessage="no tool `x`")),
        Fault("upstream", 502, "The model failed at its reply (UNEXPECTED_TOOL_CALL: no tool `x`)."),
    ),
    "no JSON": (b"data: {oops\n\n", UNREADABLE),
    "an odd shape": (b'data: {"candidates":5}\n\n', UNREADABLE),
    "an odd text": (parts({"text": 5}), UNREADABLE),
    "an odd thought": (parts({"text": [], "thought": True}), UNREADABLE),
}


@pytest.mark.parametrize(("frame", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_in_band_ends_the_reply(frame: bytes, fault: Fault) -> None:
    """The failure is told once, and whatever comes after it is not."""
    told = read_alike(StreamReader, b"".join([parts(text("a")), frame, parts(text("b")), STOP]))
    assert told[-1] == Failed(fault)
    must_be_in_order(told)


GROUNDED = candidate(
    text("a"),
    *({"inlineData": {"mimeType": kind, "data": "QUJD"}} for kind in ("image/png", "audio/L16", "x/y")),
    {"executableCode": {"language": "PYTHON", "code": "1"}},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
    {"fileData": {"fileUri": "x"}},
    {"toolCall": {"id": "1"}},
    {"toolResponse": {"id": "1"}},
    text("", **SIGNED),
    finish="STOP",
    groundingMetadata={"webSearchQueries": ["x"]},
    citationMetadata={"citationSources": []},
    urlContextMetadata={},
    logprobsResult=None,
)
DROPPED = (
    "answers",
    "audio",
    "citations",
    "images",
    "parts.fileData",
    "parts.inlineData",
    "parts.thoughtSignature",
    "server_tools",
)


def test_what_has_no_place_is_dropped_by_name() -> None:
    """Streamed and whole the same is named; what says nothing is not."""
    other = {"index": 1, "content": {"parts": [text("b")]}, "finishReason": "SAFETY"}
    reader = StreamReader()
    told = collect(read(reader, [chunk(GROUNDED, other)]))
    assert (told.blocks, told.stop) == ((TextBlock("a"),), "end")
    assert tuple(sorted(reader.dropped)) == DROPPED
    assert read_reply(json.dumps({"candidates": [GROUNDED, other]}).encode()).dropped == DROPPED


def test_what_says_nothing_is_counted() -> None:
    """A sign of life, empty data, and what follows a failure are skipped."""
    reader = StreamReader()
    life = b'data: {"candidates":[]}\n\n'
    read(reader, [life, b"data:\n\n", parts(text("a"), finish="STOP")])
    assert reader.skipped == 2
    assert reader.fault is None


HEADS: dict[str, tuple[dict[str, Any], tuple[str, str, int]]] = {
    "all of it": (
        {"responseId": "x", "modelVersion": "m", "createTime": "2026-11-21T00:00:00.123456Z"},
        ("x", "m", 1_795_219_200),
    ),
    "none of it": ({}, ("", "", 0)),
    "an odd time": ({"createTime": "now"}, ("", "", 0)),
    "odd names": ({"responseId": 5}, ("", "", 0)),
}


@pytest.mark.parametrize(("fields", "head"), HEADS.values(), ids=HEADS)
def test_the_head_is_read_or_left(fields: dict[str, Any], head: tuple[str, str, int]) -> None:
    """Whoever shows the reply has an id and a time of its own."""
    reply = read_reply(json.dumps({"candidates": [candidate(text("a"))], **fields}).encode())
    assert (reply.id, reply.model, reply.created) == head


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"candidates":[]}',
        b'{"candidates":5}',
        b'{"promptFeedback":{}}',
        b'{"error":{"message":"m"}}',
        body({"text": 5}),
        body(finish="MALFORMED_FUNCTION_CALL"),
        b'{"candidates":' + b"[" * 20_000,
    ],
)
def test_what_is_no_response_is_refused(broken: bytes) -> None:
    """Nothing but `Malformed` is raised, and it says what was expected."""
    with pytest.raises(Malformed, match="not a Gemini response"):
        read_reply(broken)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(some.binary(max_size=120))
def test_random_bytes_are_no_reply_and_no_stream(told: bytes) -> None:
    """A whole raises `Malformed`, a stream ends in a failure; nothing else happens."""
    with pytest.raises(Malformed):
        read_reply(told)
    assert fault_of(read(StreamReader(), [told])) is not None
    assert fault_of(read(StreamReader(), [b"data: " + told.replace(b"\n", b"") + b"\n\n"])) is not None


@pytest.mark.parametrize("name", recorded_streams("gemini"))
def test_recorded_streams_are_read_alike_however_cut(name: str) -> None:
    """What Gemini CLI was sent is a reply in order, with its calls and their signatures."""
    told = read_alike(StreamReader, recorded_streams("gemini")[name])
    must_be_in_order(told)
    reply = collect(told)
    assert reply.stop == ("end" if name == "text" else "tool_use")
    assert isinstance(reply.blocks[0], ThinkingBlock)
    calls = [index for index, block in enumerate(reply.blocks) if isinstance(block, ToolBlock)]
    assert len(calls) == {"text": 0, "thinking-and-tool": 1, "parallel-tools": 2}[name]
    for index in calls:
        before = reply.blocks[index - 1]
        assert isinstance(before, ThinkingBlock)
        assert (before.text, len(before.signature)) == ("", 32)


def test_a_recorded_whole_reply_is_read() -> None:
    """What Gemini CLI's router was answered is text."""
    reply = read_reply((FIXTURES / "replies" / "gemini" / "plain.json").read_bytes())
    (block,) = reply.blocks
    assert isinstance(block, TextBlock)
    assert json.loads(block.text) == {"complexity_reasoning": "fake", "complexity_score": 1}
    assert (reply.usage.input, reply.usage.output) == (915, 18)
