"""Blocks that grow side by side, told one after the other."""

import pytest

from adapters.blocks import BlockLine, GrowingBlock
from adapters.events import (
    BlockClosed,
    BlockOpened,
    Event,
    TextAdded,
    ThinkingAdded,
    ToolInputAdded,
)
from adapters.literal import literal


def a_call(line: BlockLine, call_id: str, name: str = "f") -> GrowingBlock:
    """A tool call that begins."""
    block = GrowingBlock("tool")
    block.id, block.name = call_id, name
    return line.begin(block)


def told(line: BlockLine) -> list[Event]:
    """What was told since it was asked last."""
    events, line.told = line.told, []
    return events


def test_the_only_block_is_told_as_it_grows() -> None:
    """Nothing waits where one block comes at a time."""
    line = BlockLine()
    block = line.begin(GrowingBlock("text"))
    assert told(line) == [BlockOpened(0, "text")]
    assert line.add(block, literal("a"))
    assert told(line) == [TextAdded.of(0, "a")]
    line.close(block)
    assert told(line) == [BlockClosed(0, "text")]
    assert line.last is None


def test_the_next_block_waits_until_the_first_is_closed() -> None:
    """What it is given meanwhile is told in one piece when its turn comes."""
    line = BlockLine()
    first, second = a_call(line, "1"), a_call(line, "2")
    for block, piece in ((second, '{"b'), (first, '{"a'), (second, '":1}'), (first, '":2}')):
        line.add(block, literal(piece))
    assert told(line) == [
        BlockOpened(0, "tool", "1", "f"),
        ToolInputAdded.of(0, '{"a'),
        ToolInputAdded.of(0, '":2}'),
    ]
    line.close(first)
    assert told(line) == [
        BlockClosed(0, "tool"),
        BlockOpened(1, "tool", "2", "f"),
        ToolInputAdded.of(1, '{"b":1}'),
    ]


def test_a_call_with_whole_arguments_ends_when_another_block_begins() -> None:
    """Calls that come one after the other are each closed as early as can be known."""
    line = BlockLine()
    line.add(a_call(line, "1"), literal('{"a":1}'))
    a_call(line, "2")
    assert told(line)[-2:] == [BlockClosed(0, "tool"), BlockOpened(1, "tool", "2", "f")]


@pytest.mark.parametrize("arguments", ["", '{"a":', '{"a":{}', "[1]", "}", "null"])
def test_a_call_with_half_its_arguments_stays_open(arguments: str) -> None:
    """What may still grow is not closed by what begins after it."""
    line = BlockLine()
    block = a_call(line, "1")
    line.add(block, literal(arguments))
    a_call(line, "2")
    assert not block.closed
    assert BlockClosed(0, "tool") not in line.told


def test_a_call_waits_for_its_name() -> None:
    """A call is told when its name is known, with what was added before."""
    line = BlockLine()
    block = a_call(line, "1", "")
    line.add(block, literal("{}"))
    assert told(line) == []
    block.name = "late"
    line.advance()
    assert told(line) == [BlockOpened(0, "tool", "1", "late"), ToolInputAdded.of(0, "{}")]


def test_a_call_that_never_gets_a_name_is_told_in_the_end() -> None:
    """What was said of it is not lost."""
    line = BlockLine()
    line.add(a_call(line, "1", ""), literal("{}"))
    line.close_all()
    assert told(line) == [
        BlockOpened(0, "tool", "1", ""),
        ToolInputAdded.of(0, "{}"),
        BlockClosed(0, "tool"),
    ]


def test_everything_is_closed_in_the_end_in_order() -> None:
    """Indexes are contiguous in the order in which the blocks began."""
    line = BlockLine()
    for number in range(4):
        a_call(line, str(number))
    line.close_all()
    marks = [
        (type(event), event.index) for event in told(line) if isinstance(event, BlockOpened | BlockClosed)
    ]
    assert marks == [(kind, index) for index in range(4) for kind in (BlockOpened, BlockClosed)]


def test_nothing_is_added_to_a_closed_block() -> None:
    """What comes too late is refused, for its reader to count."""
    line = BlockLine()
    block = line.begin(GrowingBlock("thinking"))
    block.signature = "sig"
    line.add(block, literal("hm"))
    line.close(block)
    assert line.add(block, literal("more")) is False
    assert told(line) == [
        BlockOpened(0, "thinking"),
        ThinkingAdded.of(0, "hm"),
        BlockClosed(0, "thinking", "sig"),
    ]


def test_the_last_block_is_the_one_that_began_last() -> None:
    """It is there while it may grow."""
    line = BlockLine()
    lasts = [line.last]
    first = a_call(line, "1")
    lasts.append(line.last)
    second = a_call(line, "2")
    lasts.append(line.last)
    line.close(second)
    assert [*lasts, line.last] == [None, first, second, None]


def test_words_go_on_until_others_begin() -> None:
    """A block of words ends where another kind begins; a call goes on beside them."""
    line = BlockLine()
    line.say("thinking", literal("h"))
    line.say("thinking", literal("m"))
    line.say("text", literal("a"))
    line.end_speech()
    line.end_speech()
    call = a_call(line, "1")
    line.end_speech()
    assert not call.closed
    assert told(line) == [
        BlockOpened(0, "thinking"),
        ThinkingAdded.of(0, "h"),
        ThinkingAdded.of(0, "m"),
        BlockClosed(0, "thinking"),
        BlockOpened(1, "text"),
        TextAdded.of(1, "a"),
        BlockClosed(1, "text"),
        BlockOpened(2, "tool", "1", "f"),
    ]


def test_a_call_says_where_its_tool_is_kept_and_what_it_takes() -> None:
    """A namespace, and text instead of an object: of that there may be none."""
    line = BlockLine()
    block = GrowingBlock("tool")
    block.id, block.name, block.namespace, block.custom = "1", "f", "n", True
    line.close(line.begin(block))
    assert told(line) == [BlockOpened(0, "tool", "1", "f", "n", custom=True), BlockClosed(0, "tool")]
