"""Tool calls in streams of openai-chat: numbered or not, side by side or not, whole or broken."""

import pytest

from adapters.dialects.openai_chat.stream_read import StreamReader
from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    StopReason,
    TextBlock,
    ToolBlock,
    ToolInputAdded,
    collect,
)
from tests.adapters.frames import DONE, call, delta
from tests.adapters.reading import must_be_in_order, read, read_alike

ROLE = delta(role="assistant", content=None, refusal=None)
STOP = delta("stop")
CALLS = delta("tool_calls")
ONE = ToolBlock("1", "f", '{"a":1}')
TWO = ToolBlock("2", "g", '{"b":2}')

BLOCKS: dict[str, tuple[list[bytes], tuple[Block, ...], StopReason]] = {
    "a call": (
        [ROLE, delta(content="a"), call(0, id="1", name="f"), call(0, '{"a"'), call(0, ":1}"), CALLS],
        (TextBlock("a"), ONE),
        "tool_use",
    ),
    "a call in one chunk": ([call(0, '{"a":1}', id="1", name="f"), CALLS], (ONE,), "tool_use"),
    "a call that stops": ([call(0, '{"a":1}', id="1", name="f"), STOP], (ONE,), "tool_use"),
    "a call cut short": (
        [call(0, '{"a', id="1", name="f"), delta("length")],
        (ToolBlock("1", "f", '{"a'),),
        "max_tokens",
    ),
    "calls for a reason, and none": ([delta(content="a"), CALLS], (TextBlock("a"),), "end"),
    "a call without arguments": (
        [call(0, id="1", name="f"), CALLS],
        (ToolBlock("1", "f", "{}"),),
        "tool_use",
    ),
    "arguments that are not JSON": (
        [call(0, "{a: 'é\"", id="1", name="f"), CALLS],
        (ToolBlock("1", "f", "{a: 'é\""),),
        "tool_use",
    ),
    "arguments that are an object": (
        [call(0, {"a": 1}, id="1", name="f"), CALLS],
        (ToolBlock("1", "f", '{"a":1}'),),
        "tool_use",
    ),
    "calls one after the other": (
        [call(0, '{"a":1}', id="1", name="f"), call(1, id="2", name="g"), call(1, '{"b":2}'), CALLS],
        (ONE, TWO),
        "tool_use",
    ),
    "calls side by side": (
        [
            call(0, id="1", name="f"),
            call(1, id="2", name="g"),
            call(2, id="3", name="h"),
            call(1, '{"b"'),
            call(0, '{"a":'),
            call(2, "{}"),
            call(1, ":2}"),
            call(0, "1}"),
            CALLS,
        ],
        (ONE, TWO, ToolBlock("3", "h", "{}")),
        "tool_use",
    ),
    "calls in one delta": (
        [
            delta(
                tool_calls=[
                    {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"a":1}'}},
                    {"index": 1, "id": "2", "function": {"name": "g", "arguments": '{"b":2}'}},
                ]
            ),
            CALLS,
        ],
        (ONE, TWO),
        "tool_use",
    ),
    "calls all numbered alike": (
        [call(0, '{"a":1}', id="1", name="f"), call(0, '{"b":2}', id="2", name="g"), CALLS],
        (ONE, TWO),
        "tool_use",
    ),
    "calls all numbered alike, side by side": (
        [
            call(0, '{"a"', id="1", name="f"),
            call(0, '{"b"', id="2", name="g"),
            call(0, ":1}", id="1"),
            call(0, ":2}", id="2"),
            CALLS,
        ],
        (ONE, TWO),
        "tool_use",
    ),
    "calls without numbers": (
        [
            call(None, '{"a"', id="1", name="f"),
            call(None, ":1}"),
            call(None, '{"b":2}', id="2", name="g"),
            CALLS,
        ],
        (ONE, TWO),
        "tool_use",
    ),
    "numbers with gaps": (
        [call(3, '{"a":1}', id="1", name="f"), call(7, '{"b":2}', id="2", name="g"), CALLS],
        (ONE, TWO),
        "tool_use",
    ),
    "id and name in every piece": (
        [call(0, '{"a"', id="1", name="f"), call(0, ":1}", id="1", name="f"), CALLS],
        (ONE,),
        "tool_use",
    ),
    "an empty id in later pieces": (
        [call(0, '{"a"', id="1", name="f"), call(0, ":1}", id=""), CALLS],
        (ONE,),
        "tool_use",
    ),
    "no id": (
        [call(0, '{"a":1}', name="f"), call(1, "{}", name="g"), CALLS],
        (ToolBlock("", "f", '{"a":1}'), ToolBlock("", "g", "{}")),
        "tool_use",
    ),
    "the name late": ([call(0, '{"a"', id="1"), call(0, ":1}", name="f"), CALLS], (ONE,), "tool_use"),
    "text after a call": (
        [call(0, '{"a":1}', id="1", name="f"), delta(content="b"), delta(content="c"), CALLS],
        (ONE, TextBlock("bc")),
        "tool_use",
    ),
    "text in a call": (
        [call(0, '{"a"', id="1", name="f"), delta(content="b"), call(0, ":1}"), delta(content="c"), CALLS],
        (ONE, TextBlock("bc")),
        "tool_use",
    ),
    "more after whole arguments": (
        [call(0, '{"a":1}', id="1", name="f"), call(1, '{"b":2}', id="2", name="g"), call(0, " "), CALLS],
        (ONE, TWO),
        "tool_use",
    ),
    "the call of old": (
        [
            delta(function_call={"name": "f", "arguments": '{"a"'}),
            delta(function_call={"arguments": ":1}"}),
            delta("function_call"),
        ],
        (ToolBlock("", "f", '{"a":1}'),),
        "tool_use",
    ),
}


@pytest.mark.parametrize(("frames", "blocks", "stop"), BLOCKS.values(), ids=BLOCKS)
def test_calls_become_blocks(frames: list[bytes], blocks: tuple[Block, ...], stop: StopReason) -> None:
    """One block at a time, whole, whatever the provider's ways and the cuts (case 18)."""
    told = read_alike(StreamReader, b"".join([*frames, DONE]))
    must_be_in_order(told)
    reply = collect(told)
    assert (reply.blocks, reply.stop, reply.id) == (blocks, stop, "0a1b")


def test_calls_side_by_side_are_told_one_after_the_other() -> None:
    """The first is told as it grows, the next one when its turn comes, each between its start and its end."""
    frames = BLOCKS["calls side by side"][0]
    told = read(StreamReader(), [*frames, DONE])
    assert told[1:-2] == [
        BlockOpened(0, "tool", "1", "f"),
        ToolInputAdded.of(0, '{"a":'),
        ToolInputAdded.of(0, "1}"),
        BlockClosed(0, "tool"),
        BlockOpened(1, "tool", "2", "g"),
        ToolInputAdded.of(1, '{"b":2}'),
        BlockClosed(1, "tool"),
        BlockOpened(2, "tool", "3", "h"),
        ToolInputAdded.of(2, "{}"),
        BlockClosed(2, "tool"),
    ]


def test_an_open_call_is_not_closed_by_a_cut() -> None:
    """A client runs a call as soon as it is closed: half a call must not be."""
    told = read(StreamReader(), [call(0, '{"a"', id="1", name="f")])
    assert not any(isinstance(event, BlockClosed) for event in told)
