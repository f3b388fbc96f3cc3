"""Streams of openai-responses as events: whatever of it a provider sends, however it is cut."""

import json

import pytest

from adapters.dialects.openai_responses.reply_read import read_reply
from adapters.dialects.openai_responses.stream_read import StreamReader
from adapters.events import (
    Block,
    BlockOpened,
    Started,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    collect,
)
from tests.adapters.cuts import recorded_streams
from tests.adapters.dialects.openai_responses.items import (
    BEGUN,
    CALL,
    CREATED,
    CUSTOM,
    HEAD,
    SEARCH,
    Item,
    added,
    done,
    event,
    input_delta,
    over,
    said,
    summary_delta,
    text_delta,
    thought,
    thought_delta,
)
from tests.adapters.reading import must_be_in_order, read, read_alike

RECORDED = recorded_streams("openai-responses")
ONE = ToolBlock("1", "f", '{"a":1}')

BLOCKS: dict[str, tuple[list[bytes], tuple[Block, ...], StopReason]] = {
    "text": (
        [
            CREATED,
            event("in_progress", response=HEAD),
            added(0, {"type": "message", "id": "msg_1", "content": []}),
            event(
                "content_part.added",
                output_index=0,
                content_index=0,
                part={"type": "output_text", "text": ""},
            ),
            text_delta(0, "Hi, "),
            text_delta(0, "é日本🙂"),
            event("output_text.done", output_index=0, content_index=0, text="Hi, é日本🙂"),
            event("content_part.done", output_index=0, content_index=0, part={"type": "output_text"}),
            done(0, said("Hi, é日本🙂")),
            over(),
        ],
        (TextBlock("Hi, é日本🙂"),),
        "end",
    ),
    "nothing": ([CREATED, over()], (), "end"),
    "items that are done, and the end": (
        [done(0, thought("hm", encrypted_content="Z0FB")), done(1, said("a", "b")), done(2, CALL), over()],
        (ThinkingBlock("hm", "rs_1 Z0FB"), TextBlock("a"), TextBlock("b"), ONE),
        "tool_use",
    ),
    "the end alone": (
        [over("completed", thought("hm"), said("a"), CUSTOM)],
        (ThinkingBlock("hm"), TextBlock("a"), ToolBlock("2", "p", "*** {}", custom=True)),
        "tool_use",
    ),
    "deltas without items": (
        [thought_delta(0, "hm"), text_delta(1, "a"), over()],
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "deltas without indexes": (
        [event("output_text.delta", delta="a"), event("output_text.delta", delta="b"), over()],
        (TextBlock("ab"),),
        "end",
    ),
    "texts that are only done": (
        [event("output_text.done", output_index=0, text="a"), over()],
        (TextBlock("a"),),
        "end",
    ),
    "nothing said at all": (
        [event("output_text.done", output_index=0, text=""), done(0, said("")), over()],
        (),
        "end",
    ),
    "a delta of nothing": (
        [text_delta(0, ""), event("output_text.delta"), done(0, said("a")), over()],
        (TextBlock("a"),),
        "end",
    ),
    "an item that is done twice": (
        [done(0, said("a")), done(0, said("a")), over()],
        (TextBlock("a"),),
        "end",
    ),
    "a summary of two parts": (
        [
            summary_delta(0, "a"),
            summary_delta(0, "b", 1),
            summary_delta(0, "c", 1),
            done(0, thought("a", "bc")),
            over(),
        ],
        (ThinkingBlock("a\n\nbc"),),
        "end",
    ),
    "a summary that is only done": ([done(0, thought("a", "b")), over()], (ThinkingBlock("a\n\nb"),), "end"),
    "a signature alone": (
        [added(0, thought()), done(0, thought(encrypted_content="Z0FB")), over()],
        (ThinkingBlock("", "rs_1 Z0FB"),),
        "end",
    ),
    "a thought of nothing": ([done(0, thought()), over()], (), "end"),
    "a refusal": (
        [
            event("refusal.delta", output_index=0, content_index=0, delta="N"),
            event("refusal.delta", output_index=0, content_index=0, delta="o."),
            event("refusal.done", output_index=0, content_index=0, refusal="No."),
            done(0, {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}),
            over(),
        ],
        (TextBlock("No.", refused=True),),
        "refusal",
    ),
    "a refusal that is only done": (
        [event("refusal.done", output_index=0, refusal="No."), over()],
        (TextBlock("No.", refused=True),),
        "refusal",
    ),
    "a call": (
        [added(0, BEGUN), input_delta(0, '{"a"'), input_delta(0, ":1}"), done(0, CALL), over()],
        (ONE,),
        "tool_use",
    ),
    "a call whose arguments are only done": (
        [added(0, BEGUN), event("function_call_arguments.done", output_index=0, arguments='{"a":1}'), over()],
        (ONE,),
        "tool_use",
    ),
    "a call that is named last": (
        [input_delta(0, '{"a"'), input_delta(0, ":1}"), done(0, CALL), over()],
        (ONE,),
        "tool_use",
    ),
    "a call that is never named": ([input_delta(0, "{}"), over()], (ToolBlock("", "", "{}"),), "tool_use"),
    "calls side by side": (
        [
            added(0, BEGUN),
            added(1, {**CUSTOM, "input": "", "namespace": "n"}),
            event("custom_tool_call_input.delta", output_index=1, delta="*** "),
            input_delta(0, '{"a":1}'),
            event("custom_tool_call_input.delta", output_index=1, delta="{}"),
            event("custom_tool_call_input.done", output_index=1, input="*** {}"),
            done(1, CUSTOM),
            done(0, CALL),
            over(),
        ],
        (ONE, ToolBlock("2", "p", "*** {}", "n", custom=True)),
        "tool_use",
    ),
    "a search": (
        [added(0, SEARCH), done(0, SEARCH), over()],
        (ToolBlock("1", "tool_search", '{"query":"a"}'),),
        "tool_use",
    ),
    "cut short": (
        [text_delta(0, "a"), over("incomplete", incomplete_details={"reason": "max_output_tokens"})],
        (TextBlock("a"),),
        "max_tokens",
    ),
    "cut short, and no more is said": (
        [text_delta(0, "a"), event("incomplete")],
        (TextBlock("a"),),
        "max_tokens",
    ),
    "filtered": (
        [over("incomplete", incomplete_details={"reason": "content_filter"})],
        (),
        "refusal",
    ),
    "events of tools of the provider's": (
        [
            event("web_search_call.searching", output_index=0),
            event("odd", error={"a": 1}),
            done(1, said("a")),
            over(),
        ],
        (TextBlock("a"),),
        "end",
    ),
    "a chat's last word": (
        [done(0, said("a")), b"data: [DONE]\n\n", over(), b"data: [DONE]\n\n"],
        (TextBlock("a"),),
        "end",
    ),
    "an item of nothing": ([event("output_item.added"), event("output_item.done"), over()], (), "end"),
}


@pytest.mark.parametrize(("frames", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_a_stream_is_read_however_it_is_cut(
    frames: list[bytes], blocks: tuple[Block, ...], stop: StopReason
) -> None:
    """Every way of providers to tell a reply, whole, cut in two at every byte, and byte by byte."""
    told = read_alike(StreamReader, b"".join(frames))
    must_be_in_order(told)
    reply = collect(told)
    assert (reply.blocks, reply.stop) == (blocks, stop)


@pytest.mark.parametrize("frames", [frames for frames, _, _ in BLOCKS.values()], ids=BLOCKS)
def test_names_of_events_are_enough(frames: list[bytes]) -> None:
    """Which event a frame is stands in its name as well: either will do."""
    told = read(StreamReader(), frames)
    unnamed = [frame[frame.index(b"data: ") :] for frame in frames]
    untyped = [frame.replace(b'"type":"response.', b'"kind":"', 1) for frame in frames]
    assert read(StreamReader(), unnamed) == told
    assert read(StreamReader(), untyped) == told


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_stream_is_the_whole_reply(name: str) -> None:
    """What its events add up to is the response that its last event carries."""
    told = read_alike(StreamReader, RECORDED[name])
    must_be_in_order(told)
    last = json.loads(RECORDED[name].rstrip().rpartition(b"\ndata: ")[2])
    whole = read_reply(json.dumps(last["response"]).encode())
    assert collect(told) == whole
    assert whole.blocks


def test_the_head_is_told_once() -> None:
    """Id, model and time come with the first event; a stream without them starts all the same."""
    (started, *_) = read(StreamReader(), [CREATED, CREATED, over()])
    assert started == Started("0a1b", "up-1", 7, Usage())
    (started, *_) = read(StreamReader(), [text_delta(0, "a"), over()])
    assert started == Started("", "", 0, Usage())


def test_a_call_is_told_with_its_kind() -> None:
    """Namespace and kind are known when the block opens."""
    told = read(StreamReader(), [CREATED, added(0, {**CUSTOM, "namespace": "n"}), over()])
    assert BlockOpened(0, "tool", "2", "p", "n", custom=True) in told


def test_usage_is_that_of_the_last_event() -> None:
    """What a cache held is apart from the rest."""
    counted = {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 7}, "output_tokens": 4}
    reader = StreamReader()
    reply = collect(read(reader, [CREATED, over(usage=counted)]))
    assert reply.usage == reader.usage == Usage(input=3, cache_read=7, output=4)
    assert reader.ended


DROPPED: dict[str, tuple[list[Item], list[str]]] = {
    "a search of the web": (
        [{"type": "web_search_call", "id": "ws_1"}, said("a")],
        ["server_tools"],
    ),
    "a search of the provider's": ([{**SEARCH, "execution": "server"}], ["server_tools"]),
    "an item of an odd shape": ([{"type": "program", "content": 5}], ["output.program"]),
    "what a text cites": ([said("a", annotations=[{"type": "url_citation"}])], ["citations"]),
}


@pytest.mark.parametrize(("items", "names"), DROPPED.values(), ids=DROPPED)
def test_what_has_no_place_is_counted(items: list[Item], names: list[str]) -> None:
    """By the names that the whole reply has for it."""
    reader = StreamReader()
    read(reader, [CREATED, *(done(place, item) for place, item in enumerate(items)), over()])
    assert sorted(reader.dropped) == names
    assert read_reply(json.dumps({**HEAD, "output": items}).encode()).dropped == tuple(names)


def test_of_a_thought_and_its_summary_the_first_is_told() -> None:
    """The same thought is not told twice."""
    reader = StreamReader()
    stream = [thought_delta(0, "hm"), thought_delta(0, "m"), summary_delta(0, "a"), over()]
    assert collect(read(reader, stream)).blocks == (ThinkingBlock("hmm"),)
    assert reader.dropped == {"reasoning.summary": 1}
