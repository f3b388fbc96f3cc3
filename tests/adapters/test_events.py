"""Replies and the events that tell them."""

import pytest

from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    Event,
    Reply,
    Started,
    Stopped,
    TextAdded,
    TextBlock,
    ThinkingAdded,
    ThinkingBlock,
    ToolBlock,
    ToolInputAdded,
    Usage,
    UsageCounted,
    replay,
)

USAGE = Usage(input=5, cache_read=3, output=9, reasoning=2)


def reply_of(*blocks: Block) -> Reply:
    """A reply with these blocks."""
    return Reply("1", "m", blocks, "end", USAGE, created=7)


BLOCKS: dict[str, tuple[Block, list[Event]]] = {
    "text": (
        TextBlock("abcde"),
        [BlockOpened(0, "text"), TextAdded(0, "abc"), TextAdded(0, "de"), BlockClosed(0, "text")],
    ),
    "thinking": (
        ThinkingBlock("abcd", "sig"),
        [
            BlockOpened(0, "thinking"),
            ThinkingAdded(0, "abc"),
            ThinkingAdded(0, "d"),
            BlockClosed(0, "thinking", "sig"),
        ],
    ),
    "tool that takes text, in a namespace": (
        ToolBlock("call_1", "patch", "a b", "files", custom=True),
        [
            BlockOpened(0, "tool", "call_1", "patch", "files", custom=True),
            ToolInputAdded(0, "a b"),
            BlockClosed(0, "tool"),
        ],
    ),
    "tool": (
        ToolBlock("call_1", "ls", '{"a":1}'),
        [
            BlockOpened(0, "tool", "call_1", "ls"),
            ToolInputAdded(0, '{"a'),
            ToolInputAdded(0, '":1'),
            ToolInputAdded(0, "}"),
            BlockClosed(0, "tool"),
        ],
    ),
    "empty text": (TextBlock(""), [BlockOpened(0, "text"), BlockClosed(0, "text")]),
}


@pytest.mark.parametrize(("block", "told"), BLOCKS.values(), ids=BLOCKS)
def test_a_block_is_told_in_pieces_between_its_opening_and_its_end(block: Block, told: list[Event]) -> None:
    """Each kind of block opens, grows by small pieces and closes."""
    assert list(replay(reply_of(block), piece=3))[1:-2] == told


def test_a_reply_is_told_from_its_start_to_its_stop() -> None:
    """A reply starts with the usage of its input, and stops after all of its usage was counted."""
    events = list(replay(reply_of(TextBlock("x"))))
    assert events[0] == Started("1", "m", 7, Usage(input=5, cache_read=3))
    assert events[-2:] == [UsageCounted(USAGE), Stopped("end")]


def test_blocks_are_numbered_in_order_and_never_overlap() -> None:
    """One block is open at a time, and their indexes are contiguous."""
    events = list(replay(reply_of(ThinkingBlock("hm"), TextBlock("a"), ToolBlock("1", "b", "{}"))))
    marks = [(type(event), event.index) for event in events if isinstance(event, BlockOpened | BlockClosed)]
    assert marks == [(kind, index) for index in range(3) for kind in (BlockOpened, BlockClosed)]


def test_no_piece_ends_inside_a_code_point() -> None:
    """Each piece is text of its own in UTF-8, and together they are the text."""
    text = "é日本🙂" * 50
    pieces = [
        event.text for event in replay(reply_of(TextBlock(text)), piece=1) if isinstance(event, TextAdded)
    ]
    assert b"".join(piece.encode() for piece in pieces) == text.encode()
