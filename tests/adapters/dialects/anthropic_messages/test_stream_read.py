"""Streams of anthropic-messages as events, however they are cut."""

import json

import pytest

from adapters.dialects.anthropic_messages.reply_read import read_reply
from adapters.dialects.anthropic_messages.stream_read import StreamReader
from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    StopReason,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    UsageCounted,
    collect,
)
from adapters.fault import Fault
from tests.adapters.cuts import FIXTURES, recorded_streams
from tests.adapters.frames import block, event, message_end, message_start, text, thinking, tool
from tests.adapters.reading import fault_of, must_be_in_order, read, read_alike

START = message_start()
END = message_end()


def raw_text(literal: bytes) -> bytes:
    """A delta whose text is spelled just so."""
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": 0}).replace(
        b'"text":0', b'"text":' + literal
    )


BLOCKS: dict[str, tuple[bytes, tuple[Block, ...]]] = {
    "nothing": (b"", ()),
    "text": (text(0, "Hi, ", "é日本🙂"), (TextBlock("Hi, é日本🙂"),)),
    "an empty text": (text(0, ""), (TextBlock(""),)),
    "text in the start": (
        block(0, {"type": "text", "text": "a"}, {"type": "text_delta", "text": "b"}),
        (TextBlock("ab"),),
    ),
    "thinking, text, a call": (
        thinking(0, "c2ln", "h", "m") + text(1, "a") + tool(2, "1", "f", '{"a"', ":1}"),
        (ThinkingBlock("hm", "c2ln"), TextBlock("a"), ToolBlock("1", "f", '{"a":1}')),
    ),
    "thinking that is not shown": (thinking(0, "c2ln"), (ThinkingBlock("", "c2ln"),)),
    "thinking in the start": (
        block(0, {"type": "thinking", "thinking": "hm", "signature": "c2ln"}),
        (ThinkingBlock("hm", "c2ln"),),
    ),
    "hidden thinking": (
        block(0, {"type": "redacted_thinking", "data": "c2VjcmV0"}) + text(1, "a"),
        (ThinkingBlock("", redacted="c2VjcmV0"), TextBlock("a")),
    ),
    "calls": (
        tool(0, "1", "f", "", '{"a":1}') + tool(1, "2", "g", "{}"),
        (ToolBlock("1", "f", '{"a":1}'), ToolBlock("2", "g", "{}")),
    ),
    "a call without input": (tool(0, "1", "f"), (ToolBlock("1", "f", "{}"),)),
    "input in the start": (
        block(0, {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}),
        (ToolBlock("1", "f", '{"a":1}'),),
    ),
    "input that is no JSON": (tool(0, "1", "f", "{a: 'é\""), (ToolBlock("1", "f", "{a: 'é\""),)),
    "gaps between indexes": (text(2, "a") + text(7, "b"), (TextBlock("a"), TextBlock("b"))),
    "a block of a tool that Anthropic runs": (
        block(
            0,
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "input_json_delta", "partial_json": "{}"},
        )
        + text(1, "a"),
        (TextBlock("a"),),
    ),
    "citations": (
        block(
            0,
            {"type": "text", "text": "", "citations": []},
            {"type": "citations_delta", "citation": {"type": "char_location"}},
            {"type": "text_delta", "text": "a"},
        ),
        (TextBlock("a"),),
    ),
    "blocks side by side": (
        event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        + event("content_block_start", index=1, content_block={"type": "text", "text": ""})
        + event("content_block_delta", index=1, delta={"type": "text_delta", "text": "b"})
        + event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a"})
        + event("content_block_stop", index=1)
        + event("content_block_stop", index=0),
        (TextBlock("a"), TextBlock("b")),
    ),
    "a block that is never closed": (
        event("content_block_start", index=0, content_block={"type": "text", "text": "a"}),
        (TextBlock("a"),),
    ),
    "signs of life and things to come": (
        event("ping") + event("something_new", index=0) + b": comment\n\n" + text(0, "a") + event("ping"),
        (TextBlock("a"),),
    ),
    "half a surrogate pair": (
        event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        + raw_text(rb'"a\ud83d"')
        + event("content_block_stop", index=0),
        (TextBlock("a\ufffd"),),
    ),
}


@pytest.mark.parametrize(("frames", "blocks"), BLOCKS.values(), ids=BLOCKS)
def test_blocks_are_told_as_they_come(frames: bytes, blocks: tuple[Block, ...]) -> None:
    """Each kind that has a place in the middle, numbered anew, whatever the cuts."""
    told = read_alike(StreamReader, START + frames + END)
    must_be_in_order(told)
    reply = collect(told)
    assert (reply.blocks, reply.id, reply.model) == (blocks, "0a1b", "up-1")


def test_an_event_is_told_when_it_comes() -> None:
    """Nothing waits that need not."""
    reader = StreamReader()
    assert reader.feed(START) == [Started("0a1b", "up-1", 0, Usage(input=3, output=1))]
    pieces = text(0, "a").split(b"\n\n")[:-1]
    told = [reader.feed(piece + b"\n\n") for piece in pieces]
    assert told == [[BlockOpened(0, "text")], [TextAdded.of(0, "a")], [BlockClosed(0, "text")]]
    assert reader.feed(END) == [UsageCounted(Usage(input=3, output=9)), Stopped("end")]


def test_escapes_cross_as_they_came() -> None:
    """A text is not unescaped on its way."""
    frame = raw_text(rb'"\u00e9\/"')
    reader = StreamReader()
    reader.feed(START + event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
    (added,) = reader.feed(frame)
    assert isinstance(added, TextAdded)
    assert bytes(added.literal) == rb'"\u00e9\/"'


STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "max_tokens",
    "tool_use": "tool_use",
    "refusal": "refusal",
    "pause_turn": "end",
    "model_context_window_exceeded": "max_tokens",
    "something_new": "end",
}


@pytest.mark.parametrize(("told", "stop"), STOPS.items())
def test_stop_reasons_are_read_by_a_table(told: str, stop: StopReason) -> None:
    """Every reason of the reference has its place, and one that is not known is the plain end."""
    assert collect(read(StreamReader(), [START, message_end(told)])).stop == stop


def test_the_stop_sequence_is_kept() -> None:
    """What ended the reply is told with the reason."""
    told = read(StreamReader(), [START, message_end("stop_sequence", "END")])
    assert told[-1] == Stopped("stop_sequence", "END")


USAGES = {
    "the last counts hold": (
        message_start(output_tokens=1),
        message_end(output_tokens=40),
        Usage(input=3, output=40),
    ),
    "cached tokens stand beside the input": (
        message_start(cache_read_input_tokens=100, cache_creation_input_tokens=5),
        message_end(),
        Usage(input=3, cache_read=100, cache_write_5m=5, output=9),
    ),
    "the input again in the end": (START, message_end(input_tokens=12), Usage(input=12, output=9)),
    "only in the end": (
        event("message_start", message={"id": "msg_1"}),
        message_end(input_tokens=12),
        Usage(input=12, output=9),
    ),
    "counts that cannot be read": (
        event("message_start", message={"id": "msg_1", "usage": {"input_tokens": "many"}}),
        message_end(),
        Usage(output=9),
    ),
}


@pytest.mark.parametrize(("start", "end", "counted"), USAGES.values(), ids=USAGES)
def test_usage_is_read_from_the_first_and_the_last_event(start: bytes, end: bytes, counted: Usage) -> None:
    """What is said later is written over what was said before."""
    assert collect(read_alike(StreamReader, start + end)).usage == counted


ENDS: dict[str, tuple[bytes, bool]] = {
    "with its last event": (START + text(0, "a") + END, True),
    "without a reason": (START + text(0, "a") + event("message_stop"), False),
    "with a reason that is null": (START + message_end(None), False),
    "after the reason": (START + END.replace(event("message_stop"), b""), False),
    "after a block": (START + text(0, "a"), False),
    "in a frame": (START + END[:-20], False),
    "without its last line end": (START + END.rstrip(), True),
    "at once": (b"", False),
}


@pytest.mark.parametrize(("stream", "complete"), ENDS.values(), ids=ENDS)
def test_only_the_last_event_ends_a_stream(stream: bytes, complete: bool) -> None:
    """Bytes that end before it were cut, however cleanly."""
    reader = StreamReader()
    told = read(reader, [stream])
    assert (fault_of(told) is None, reader.fault is None, reader.ended) == (complete,) * 3
    must_be_in_order(told)


def test_the_recorded_cut_is_a_failure() -> None:
    """A stream that broke off in a call leaves the call open."""
    told = read_alike(StreamReader, recorded_streams("anthropic-messages")["cut-after-text"])
    assert isinstance(told[-1], Failed)
    assert [event.kind for event in told if isinstance(event, BlockClosed)] == ["thinking", "text"]


UNREADABLE = Fault("upstream", 502, "The provider sent an event that cannot be read.")
FAULTS = {
    "overloaded": (
        event("error", error={"type": "overloaded_error", "message": "Overloaded"}),
        Fault("overloaded", 529, "Overloaded"),
    ),
    "an error without words": (event("error"), Fault("internal", 500, "")),
    "no JSON": (b"event: content_block_delta\ndata: {oops\n\n", UNREADABLE),
    "an odd shape": (event("content_block_delta", index="x"), UNREADABLE),
    "an odd block": (event("content_block_start", index=0, content_block=5), UNREADABLE),
    "a text that is none": (
        event("content_block_start", index=0, content_block={"type": "text", "text": True}),
        UNREADABLE,
    ),
}


@pytest.mark.parametrize(("frame", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_in_band_ends_the_reply(frame: bytes, fault: Fault) -> None:
    """The failure is told once, and whatever comes after it is not."""
    told = read_alike(StreamReader, START + text(0, "a") + frame + text(1, "b") + END)
    assert told[-1] == Failed(fault)
    must_be_in_order(told)


def test_an_event_is_known_by_its_name_where_the_data_has_no_type() -> None:
    """Either will do."""
    stream = (START + text(0, "a") + END).replace(b'"type":"content_block_stop",', b"")
    assert collect(read(StreamReader(), [stream])).blocks == (TextBlock("a"),)


def test_a_stream_without_its_first_event_is_read() -> None:
    """The start is told all the same, before the first block."""
    told = read(StreamReader(), [text(0, "a"), END])
    assert told[0] == Started("", "", 0, Usage())
    must_be_in_order(told)


def test_what_is_dropped_is_counted_by_name() -> None:
    """Blocks and additions without a place leave a trace; what says nothing is only counted."""
    reader = StreamReader()
    names = ("a block of a tool that Anthropic runs", "citations", "signs of life and things to come")
    read(reader, [START, *(BLOCKS[name][0] for name in names), END])
    assert reader.dropped == {"server_tools": 1, "citations": 1}
    assert reader.skipped == 3  # the piece and the end of the dropped block, the event to come


def normal(reply: Reply) -> list[object]:
    """A reply with the arguments of its calls as values: streamed and whole they are spaced differently."""
    return [
        (block.id, block.name, json.loads(block.arguments)) if isinstance(block, ToolBlock) else block
        for block in reply.blocks
    ]


@pytest.mark.parametrize("name", ["plain", "tool"])
def test_a_stream_gathered_is_the_whole_reply(name: str) -> None:
    """Streamed and whole the replay upstream says the same, and both readers agree."""
    folder = FIXTURES / "replies" / "anthropic-messages"
    streamed = collect(read_alike(StreamReader, (folder / f"{name}.sse").read_bytes()))
    whole = read_reply((folder / f"{name}.json").read_bytes())
    assert normal(streamed) == normal(whole)
    assert (streamed.id, streamed.model, streamed.stop, streamed.usage) == (
        whole.id,
        whole.model,
        whole.stop,
        whole.usage,
    )


@pytest.mark.parametrize(
    "name", [name for name in recorded_streams("anthropic-messages") if name != "cut-after-text"]
)
def test_recorded_streams_are_read(name: str) -> None:
    """What real agents were sent is a reply in order."""
    told = read(StreamReader(), [recorded_streams("anthropic-messages")[name]])
    must_be_in_order(told)
    assert collect(told).stop == ("end" if name == "text" else "tool_use")


def test_a_message_begins_once() -> None:
    """What is said of a second start is counted, and it is told no second time."""
    told = read(StreamReader(), [message_start() + message_start(input_tokens=7) + message_end()])
    assert [type(event).__name__ for event in told] == ["Started", "UsageCounted", "Stopped"]
    assert collect(told).usage.input == 7
