"""Whole replies of ollama, read."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.dialects.ollama.reply import write_reply
from adapters.dialects.ollama.reply_read import read_reply
from adapters.dialects.ollama.stream_read import StreamReader
from adapters.events import Block, Reply, StopReason, TextBlock, ThinkingBlock, ToolBlock, Usage, collect
from adapters.fault import Malformed
from tests.adapters.dialects.ollama.lines import SECONDS, STREAMS, TIME, WHOLES, document, last
from tests.adapters.reading import read
from tests.adapters.replies import CUT_SHORT, SILENT, TEXT_ONLY, THINKING, TOOLS


def a_call(name: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    """A call of a message."""
    return {**fields, "function": {"name": name, "arguments": arguments}}


BLOCKS: dict[str, tuple[dict[str, Any], str | None, tuple[Block, ...], StopReason]] = {
    "text": ({"content": "é日本🙂"}, "stop", (TextBlock("é日本🙂"),), "end"),
    "nothing": ({"content": ""}, "stop", (), "end"),
    "nulls": ({"content": None, "thinking": None, "tool_calls": None}, "stop", (), "end"),
    "no reason": ({"content": "a"}, None, (TextBlock("a"),), "end"),
    "loaded": ({"content": ""}, "load", (), "end"),
    "unloaded": ({"content": ""}, "unload", (), "end"),
    "too long": ({"content": "a"}, "length", (TextBlock("a"),), "max_tokens"),
    "thinking first": (
        {"content": "a", "thinking": "hm"},
        "stop",
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "calls": (
        {"content": "", "tool_calls": [a_call("f", {"a": 1}, id="1"), a_call("g", {}, id="2")]},
        "stop",
        (ToolBlock("1", "f", '{"a":1}'), ToolBlock("2", "g", "{}")),
        "tool_use",
    ),
    "calls without ids": (
        {"tool_calls": [a_call("f", {}), a_call("f", None)]},
        "stop",
        (ToolBlock("", "f", "{}"), ToolBlock("", "f", "{}")),
        "tool_use",
    ),
    "arguments that are text": (
        {"tool_calls": [a_call("f", '{"a', id="1")]},
        "stop",
        (ToolBlock("1", "f", '{"a'),),
        "tool_use",
    ),
    "a call without a function": (
        {"tool_calls": [{"id": "1"}]},
        "stop",
        (ToolBlock("1", "", "{}"),),
        "tool_use",
    ),
    "a call that was cut": (
        {"tool_calls": [a_call("f", {}, id="1")]},
        "length",
        (ToolBlock("1", "f", "{}"),),
        "max_tokens",
    ),
}


@pytest.mark.parametrize(("message", "reason", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_a_message_becomes_blocks(
    message: dict[str, Any], reason: str | None, blocks: tuple[Block, ...], stop: StopReason
) -> None:
    """Thinking first, then text, then calls, and why it stopped."""
    counted = Usage(input=3, output=9)
    assert read_reply(last(reason, message)) == Reply("", "up-1", blocks, stop, counted, created=SECONDS)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_adds_up_to_the_whole(name: str) -> None:
    """What is recorded both ways is the same reply, but for the ids of calls that have none."""
    whole = read_reply(WHOLES[name])
    gathered = collect(read(StreamReader(), [STREAMS[name]]))
    assert gathered.blocks == whole.blocks
    assert (gathered.stop, gathered.usage, gathered.model) == (whole.stop, whole.usage, whole.model)


@pytest.mark.parametrize("reply", [TEXT_ONLY, THINKING, TOOLS, CUT_SHORT, SILENT])
def test_what_was_written_is_read_again(reply: Reply) -> None:
    """All that the dialect has a place for is the same; it tells no id and one count of input."""
    blocks = tuple(
        ThinkingBlock(block.text) if isinstance(block, ThinkingBlock) else block for block in reply.blocks
    )
    used = reply.usage
    total = used.input + used.cache_read + used.cache_write_5m + used.cache_write_1h
    counted = Usage(input=total, output=used.output)
    assert read_reply(write_reply(reply)) == Reply(
        "", reply.model, blocks, reply.stop, counted, created=reply.created
    )


def test_a_generated_text_is_a_message() -> None:
    """What /api/generate says stands beside the response."""
    body = document(model="m", response="a", thinking="hm", tool_calls=[a_call("f", {}, id="1")], done=True)
    assert read_reply(body).blocks == (ThinkingBlock("hm"), TextBlock("a"), ToolBlock("1", "f", "{}"))


DROPPED: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "nothing": (last(message={"images": []}, logprobs=None), ()),
    "log probabilities": (last(logprobs=[{"token": "a", "logprob": -0.1}]), ("logprobs",)),
    "images": (last(message={"images": ["QUJD"]}), ("images",)),
    "an image": (document(response="", image="QUJD", done=True), ("images",)),
    "both": (last(message={"images": ["QUJD"]}, logprobs=[{}]), ("images", "logprobs")),
}


@pytest.mark.parametrize(("body", "names"), DROPPED.values(), ids=DROPPED)
def test_what_has_no_place_is_named(body: bytes, names: tuple[str, ...]) -> None:
    """The same in a whole reply and in a stream."""
    assert read_reply(body).dropped == names
    reader = StreamReader()
    read(reader, [body])
    assert tuple(sorted(reader.dropped)) == names


def test_half_a_surrogate_pair_costs_one_sign() -> None:
    """The rest of the reply is read."""
    broken = last(message={"content": "x"}).replace(b'"x"', rb'"a\ud83d"')
    assert read_reply(broken).blocks == (TextBlock("a\ufffd"),)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ({"model": 5}, ("", 0)),
        ({"model": None, "created_at": None}, ("", 0)),
        ({"created_at": "soon"}, ("up-1", 0)),
        ({"created_at": "0001-01-01T00:00:00Z"}, ("up-1", 0)),
        ({"created_at": TIME.replace("Z", "+02:00")}, ("up-1", SECONDS - 7200)),
    ],
)
def test_a_head_that_cannot_be_read_is_no_reason_to_refuse(
    head: dict[str, Any], told: tuple[str, int]
) -> None:
    """Whoever shows the reply has a model and a time of its own."""
    reply = read_reply(last(message={"content": "a"}, **head))
    assert (reply.model, reply.created) == told
    assert reply.blocks == (TextBlock("a"),)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"done":true}',
        b'{"message":{"content":"a"}}',
        b'{"message":{"content":5},"done":true}',
        b'{"message":{"thinking":{}},"done":true}',
        b'{"message":[],"done":true}',
        b'{"message":{"tool_calls":[5]},"done":true}',
        b'{"error":"m"}',
        b'{"message":' + b"[" * 20_000,
    ],
)
def test_what_is_no_reply_is_refused(broken: bytes) -> None:
    """Nothing but `Malformed` is raised, and it says what was expected."""
    with pytest.raises(Malformed, match="not one of Ollama"):
        read_reply(broken)


@settings(derandomize=True)
@given(some.binary(max_size=60))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    """Bytes that are no reply raise `Malformed` and nothing else."""
    with pytest.raises(Malformed):
        read_reply(body)
