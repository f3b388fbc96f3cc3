"""Streams of openai-chat as events: every provider's way to write them, however they are cut."""

import json
from typing import Any

import pytest

from adapters.dialects.openai_chat.reply_read import read_reply
from adapters.dialects.openai_chat.stream_read import StreamReader
from adapters.events import (
    Block,
    BlockOpened,
    Failed,
    Started,
    StopReason,
    TextAdded,
    TextBlock,
    ThinkingBlock,
    Usage,
    collect,
)
from adapters.fault import Fault
from tests.adapters.cuts import FIXTURES, recorded_streams
from tests.adapters.frames import DONE, call, chat, delta, usage
from tests.adapters.reading import fault_of, must_be_in_order, read, read_alike

ROLE = delta(role="assistant", content=None, refusal=None)
STOP = delta("stop")


def parts(*pieces: dict[str, Any]) -> bytes:
    """A delta whose content is a list."""
    return delta(content=list(pieces))


BLOCKS: dict[str, tuple[list[bytes], tuple[Block, ...], StopReason]] = {
    "text": (
        [ROLE, delta(content="Hi, "), delta(content="é日本🙂"), STOP],
        (TextBlock("Hi, é日本🙂"),),
        "end",
    ),
    "nothing": ([ROLE, STOP], (), "end"),
    "empty texts": ([ROLE, delta(content="", reasoning_content=""), delta(content=None), STOP], (), "end"),
    "text with the reason": ([delta("stop", content="a")], (TextBlock("a"),), "end"),
    "no delta": ([delta(content="a"), chat({"index": 0, "finish_reason": "stop"})], (TextBlock("a"),), "end"),
    "a message for a delta": (
        [chat({"index": 0, "message": {"content": "a"}, "finish_reason": "stop"})],
        (TextBlock("a"),),
        "end",
    ),
    "reasoning_content": (
        [
            ROLE,
            delta(reasoning_content="h"),
            delta(reasoning_content="m", content=""),
            delta(content="a"),
            STOP,
        ],
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning": (
        [ROLE, delta(reasoning="h", content=""), delta(reasoning="m"), delta(content="a"), STOP],
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning under both names": (
        [delta(reasoning="hm", reasoning_content="hm"), delta(content="a"), STOP],
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning and text in one": (
        [delta(content="a", reasoning="hm"), STOP],
        (ThinkingBlock("hm"), TextBlock("a")),
        "end",
    ),
    "reasoning again": (
        [delta(reasoning="h"), delta(content="a"), delta(reasoning="m"), delta(content="b"), STOP],
        (ThinkingBlock("h"), TextBlock("a"), ThinkingBlock("m"), TextBlock("b")),
        "end",
    ),
    "reasoning in parts": (
        [
            parts({"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}),
            parts({"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "thinking"}),
            STOP,
        ],
        (ThinkingBlock("hm"), TextBlock("ab")),
        "end",
    ),
    "a refusal": (
        [ROLE, delta(refusal="I "), delta(refusal="won't."), STOP],
        (TextBlock("I won't.", refused=True),),
        "refusal",
    ),
    "filtered": ([ROLE, delta(content="a"), delta("content_filter")], (TextBlock("a"),), "refusal"),
    "too long": ([ROLE, delta(content="a"), delta("length")], (TextBlock("a"),), "max_tokens"),
    "a reason nobody knows": ([ROLE, delta(content="a"), delta("eos")], (TextBlock("a"),), "end"),
    "a second choice": (
        [delta(content="a"), chat({"index": 1, "delta": {"content": "x"}, "finish_reason": "length"}), STOP],
        (TextBlock("a"),),
        "end",
    ),
    "half a surrogate pair": (
        [b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}],"id":"chatcmpl-0a1b"}\n\n', STOP],
        (TextBlock("a\ufffd"),),
        "end",
    ),
    "broken UTF-8": (
        [b'data: {"choices":[{"delta":{"content":"a\xff"}}],"id":"chatcmpl-0a1b"}\n\n', STOP],
        (TextBlock("a\ufffd"),),
        "end",
    ),
    "signs of life": (
        [
            b": OPENROUTER PROCESSING\n\n",
            b"data:\n\n",
            chat(),
            b'data: {"type":"ping"}\n\n',
            delta(content="a"),
            STOP,
        ],
        (TextBlock("a"),),
        "end",
    ),
    "a filter's results first": (
        [b'data: {"id":"","model":"","choices":[],"prompt_filter_results":[]}\n\n', delta(content="a"), STOP],
        (TextBlock("a"),),
        "end",
    ),
}


@pytest.mark.parametrize(("frames", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_deltas_become_blocks(frames: list[bytes], blocks: tuple[Block, ...], stop: StopReason) -> None:
    """The reply that the events tell, in order and whole, whatever the provider's ways and the cuts."""
    told = read_alike(StreamReader, b"".join([*frames, DONE]))
    must_be_in_order(told)
    reply = collect(told)
    assert (reply.blocks, reply.stop, reply.id) == (blocks, stop, "0a1b")


def test_a_delta_is_told_when_it_comes() -> None:
    """Nothing waits that need not: each chunk gives its event at once."""
    reader = StreamReader()
    assert reader.feed(ROLE) == [Started("0a1b", "up-1", 7, Usage())]
    assert reader.feed(delta(content="a")) == [BlockOpened(0, "text"), TextAdded.of(0, "a")]
    assert reader.feed(delta(content="b")) == [TextAdded.of(0, "b")]
    assert reader.feed(STOP) == []


def test_escapes_cross_as_they_came() -> None:
    """A text is not unescaped on its way."""
    (_, _, added) = StreamReader().feed(b'data: {"choices":[{"delta":{"content":"\\u00e9\\/"}}]}\n\n')
    assert isinstance(added, TextAdded)
    assert (bytes(added.literal), added.text) == (rb'"\u00e9\/"', "é/")


COUNTED = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
USAGES: dict[str, tuple[list[bytes], Usage]] = {
    "after the end": ([STOP, usage(**COUNTED)], Usage(input=10, output=4)),
    "with the end": (
        [chat({"index": 0, "delta": {}, "finish_reason": "stop"}, usage=COUNTED)],
        Usage(input=10, output=4),
    ),
    "in every chunk": (
        [chat({"index": 0, "delta": {}}, usage={**COUNTED, "completion_tokens": 1}), STOP, usage(**COUNTED)],
        Usage(input=10, output=4),
    ),
    "cached tokens are part of the prompt": (
        [STOP, usage(**COUNTED, prompt_tokens_details={"cached_tokens": 8})],
        Usage(input=2, cache_read=8, output=4),
    ),
    "reasoning is part of the output": (
        [STOP, usage(**COUNTED, completion_tokens_details={"reasoning_tokens": 3})],
        Usage(input=10, output=4, reasoning=3),
    ),
    "none": ([STOP], Usage()),
    "one that cannot be read": ([STOP, usage(prompt_tokens="many")], Usage()),
}


@pytest.mark.parametrize(("frames", "counted"), USAGES.values(), ids=USAGES)
def test_usage_is_read_wherever_it_stands(frames: list[bytes], counted: Usage) -> None:
    """It is in one form, told before the end."""
    told = read_alike(StreamReader, b"".join([ROLE, *frames, DONE]))
    assert collect(told).usage == counted


ENDS: dict[str, tuple[list[bytes], bool]] = {
    "a reason and [DONE]": ([delta(content="a"), STOP, DONE], True),
    "a reason alone": ([delta(content="a"), STOP], True),
    "a reason and usage": ([delta(content="a"), STOP, usage(**COUNTED)], True),
    "[DONE] alone": ([delta(content="a"), DONE], False),
    "neither": ([delta(content="a")], False),
    "in a call": ([call(0, '{"a"', id="1", name="f")], False),
    "in a frame": ([delta(content="a"), STOP[:40]], False),
    "nothing at all": ([], False),
}


@pytest.mark.parametrize(("frames", "complete"), ENDS.values(), ids=ENDS)
def test_a_stream_is_complete_only_with_a_reason(frames: list[bytes], complete: bool) -> None:
    """Without a finish reason the bytes were cut, however cleanly they end."""
    reader = StreamReader()
    told = read(reader, frames)
    assert (fault_of(told) is None) is complete
    assert (reader.fault is None, reader.ended) == (complete, complete)
    must_be_in_order(told)


FAULTS: dict[str, tuple[bytes, Fault]] = {
    "an error": (
        chat(error={"message": "m", "type": "server_error", "code": None}),
        Fault("internal", 500, "m"),
    ),
    "an error and no more": (
        b'data: {"error":{"message":"m","code":429}}\n\n',
        Fault("rate_limited", 429, "m", code="429"),
    ),
    "an error by name": (
        b'event: error\ndata: {"message":"m","type":"overloaded_error"}\n\n',
        Fault("overloaded", 529, "m"),
    ),
    "given up": (delta("error"), Fault("upstream", 502, "The provider broke the reply off.")),
    "no JSON": (
        b"data: {oops\n\n",
        Fault("upstream", 502, "The provider sent an event that cannot be read."),
    ),
    "an odd shape": (
        b'data: {"choices":5}\n\n',
        Fault("upstream", 502, "The provider sent an event that cannot be read."),
    ),
    "an odd text": (
        delta(content=5),
        Fault("upstream", 502, "The provider sent an event that cannot be read."),
    ),
}


@pytest.mark.parametrize(("frame", "fault"), FAULTS.values(), ids=FAULTS)
def test_what_goes_wrong_in_band_ends_the_reply(frame: bytes, fault: Fault) -> None:
    """The failure is told once, and whatever comes after it is not."""
    told = read_alike(StreamReader, b"".join([delta(content="a"), frame, delta(content="b"), STOP, DONE]))
    assert told[-1] == Failed(fault)
    must_be_in_order(told)


def test_what_is_dropped_is_counted_by_name() -> None:
    """Annotations, sound, other choices and late arguments leave a trace."""
    reader = StreamReader()
    frames = [
        delta(content="a", annotations=[{"type": "url_citation"}], audio={"data": ""}),
        delta(annotations=[], audio=None),
        chat({"index": 1, "delta": {"content": "x"}}),
        call(0, '{"a":1}', id="1", name="f"),
        call(1, id="2", name="g"),
        call(0, " "),
    ]
    read(reader, frames)
    assert reader.dropped == {"citations": 1, "audio": 1, "answers": 1, "arguments after their end": 1}


def test_what_says_nothing_is_counted() -> None:
    """Chunks without choices or usage, empty data, and what follows the end are skipped."""
    reader = StreamReader()
    read(reader, [chat(), b"data:\n\n", delta("stop", content="a"), DONE, delta(content="b")])
    assert reader.skipped == 3


@pytest.mark.parametrize("name", recorded_streams("openai-chat"))
def test_recorded_streams_are_read_alike_however_cut(name: str) -> None:
    """What real agents were sent is a reply in order."""
    told = read_alike(StreamReader, recorded_streams("openai-chat")[name])
    must_be_in_order(told)
    assert collect(told).stop == ("tool_use" if name == "tool" else "end")


@pytest.mark.parametrize("name", ["plain", "tool"])
def test_a_stream_gathered_is_the_whole_reply(name: str) -> None:
    """Streamed and whole the replay upstream says the same, and both readers agree."""
    folder = FIXTURES / "replies" / "openai-chat"
    told = read_alike(StreamReader, (folder / f"{name}.sse").read_bytes())
    assert collect(told) == read_reply((folder / f"{name}.json").read_bytes())


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_other_line_ends_and_shapes_of_frames_are_read(ending: str) -> None:
    """Providers end lines as they like, leave the space out, and cut data over lines."""
    documents = [
        json.dumps({"choices": [{"delta": {"content": "a"}}]}),
        json.dumps({"choices": [{"finish_reason": "stop"}]}),
    ]
    frames = [f"data:{document}{ending}{ending}" for document in documents]
    stream = "".join(frames).replace('"choices"', f'{ending}data: "choices"').encode()
    assert collect(read_alike(StreamReader, stream)).blocks == (TextBlock("a"),)
