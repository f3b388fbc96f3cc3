"""Replies and the events that tell them."""

import pytest

from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    BrokenOff,
    Event,
    Failed,
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
    collect,
    replay,
)
from adapters.fault import Fault
from tests.adapters.replies import REPLIES

USAGE = Usage(input=5, cache_read=3, output=9, reasoning=2)


def reply_of(*blocks: Block) -> Reply:
    """A reply with these blocks."""
    return Reply("1", "m", blocks, "end", USAGE, created=7)


BLOCKS: dict[str, tuple[Block, list[Event]]] = {
    "text": (
        TextBlock("abcde"),
        [BlockOpened(0, "text"), TextAdded.of(0, "abc"), TextAdded.of(0, "de"), BlockClosed(0, "text")],
    ),
    "thinking": (
        ThinkingBlock("abcd", "sig"),
        [
            BlockOpened(0, "thinking"),
            ThinkingAdded.of(0, "abc"),
            ThinkingAdded.of(0, "d"),
            BlockClosed(0, "thinking", "sig"),
        ],
    ),
    "tool that takes text, in a namespace": (
        ToolBlock("call_1", "patch", "a b", "files", custom=True),
        [
            BlockOpened(0, "tool", "call_1", "patch", "files", custom=True),
            ToolInputAdded.of(0, "a b"),
            BlockClosed(0, "tool"),
        ],
    ),
    "tool": (
        ToolBlock("call_1", "ls", '{"a":1}'),
        [
            BlockOpened(0, "tool", "call_1", "ls"),
            ToolInputAdded.of(0, '{"a'),
            ToolInputAdded.of(0, '":1'),
            ToolInputAdded.of(0, "}"),
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


@pytest.mark.parametrize("piece", [1, 3, 1000])
@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_a_reply_is_the_same_after_it_was_told(reply: Reply, piece: int) -> None:
    """What `replay` tells `collect` gathers, however small the pieces."""
    assert collect(replay(reply, piece)) == reply


def test_everything_a_reply_may_hold_is_gathered() -> None:
    """Hidden thought, custom tools, their namespaces, and the sequence that ended it are kept."""
    blocks = (ThinkingBlock("", redacted="c2VjcmV0"), ToolBlock("1", "patch", "***", "shell", custom=True))
    reply = Reply("1", "m", blocks, "stop_sequence", USAGE, created=7, sequence="END")
    assert collect(replay(reply)) == reply


def test_events_that_end_in_a_failure_are_no_whole() -> None:
    """The fault is told, not half a reply."""
    fault = Fault("overloaded", 529, "too much")
    with pytest.raises(BrokenOff) as caught:
        collect([Started("1", "m", 7, USAGE), Failed(fault)])
    assert caught.value.fault == fault


def test_events_without_an_end_are_no_whole() -> None:
    """A stream that only ceased is not taken for one that was complete."""
    events = list(replay(reply_of(TextBlock("x"))))[:-1]
    with pytest.raises(BrokenOff, match="before it was complete"):
        collect(events)


def test_usage_is_what_was_counted_last() -> None:
    """Without a count what the start told holds."""
    assert collect([Started("1", "m", 7, USAGE), Stopped("end")]).usage == USAGE
    assert collect([Started("1", "m", 7, Usage()), UsageCounted(USAGE), Stopped("end")]).usage == USAGE
