"""One block at a time: blocks that grow side by side are told one after the other.

The middle has one open block, with contiguous indexes; a chat's tool calls may come interleaved. The block
at the head of the line is told as it grows, those behind it are kept until it is closed. So nothing is
lost, and what comes in order, as nearly everything does, waits for nothing.
"""

from collections import deque
from typing import Final

import msgspec

from adapters.events import (
    BlockClosed,
    BlockKind,
    BlockOpened,
    Event,
    TextAdded,
    ThinkingAdded,
    ToolInputAdded,
)
from adapters.literal import inside, joined, literal

Addition = type[TextAdded] | type[ThinkingAdded] | type[ToolInputAdded]
ADDED: Final[dict[BlockKind, Addition]] = {
    "text": TextAdded,
    "thinking": ThinkingAdded,
    "tool": ToolInputAdded,
}

# The arguments of a call that was made without any: clients parse them, and an empty text is no JSON.
NOTHING: Final = "{}"

_DECODE = msgspec.json.Decoder().decode
_NOTHING = literal(NOTHING)


class GrowingBlock:
    """A block that is not complete yet.

    `said` is the inside of the literal of a tool's arguments, or of anything that waits to be told. What
    else a call has is as in `BlockOpened`.
    """

    __slots__ = (
        "closed",
        "custom",
        "id",
        "index",
        "kind",
        "name",
        "namespace",
        "redacted",
        "refused",
        "said",
        "signature",
    )

    def __init__(self, kind: BlockKind) -> None:
        self.kind: BlockKind = kind
        self.id = ""
        self.name = ""
        self.namespace = ""
        self.custom = False
        self.redacted: str | None = None
        self.refused = False
        self.signature = ""
        self.index = -1  # until it is told
        self.said = bytearray()
        self.closed = False

    def lacks_arguments(self) -> bool:
        """Tell whether this is a tool call of which no argument was told; one of text needs none."""
        return self.kind == "tool" and not (self.said or self.custom)

    def is_whole_call(self) -> bool:
        """Tell whether this is a tool call whose arguments are a whole JSON object."""
        if self.kind != "tool" or not self.said.rstrip().endswith(b"}"):
            return False
        try:
            return isinstance(_DECODE(_DECODE(joined(self.said))), dict)
        except (ValueError, RecursionError):
            return False


class BlockLine:
    """The blocks of one reply in the order they began; `told` is where their events go."""

    __slots__ = ("_count", "_line", "told")

    def __init__(self) -> None:
        self.told: list[Event] = []
        self._line: deque[GrowingBlock] = deque()
        self._count = 0

    @property
    def last(self) -> GrowingBlock | None:
        """The block that began last, unless it is closed."""
        return self._line[-1] if self._line and not self._line[-1].closed else None

    def begin(self, block: GrowingBlock) -> GrowingBlock:
        """Let a block begin."""
        # Looked at once, when the first block comes to wait: looked at for each one it would cost a square.
        if len(self._line) == 1 and self._line[0].is_whole_call():
            self._line[0].closed = True
        self._line.append(block)
        self.advance()
        return block

    def add(self, block: GrowingBlock, literal: msgspec.Raw) -> bool:
        """Add to a block; False when it is closed already."""
        if block.closed:
            return False
        if block.index >= 0:
            self.told.append(ADDED[block.kind](block.index, literal))
        if block.index < 0 or block.kind == "tool":
            block.said += inside(literal)
        return True

    def say(self, kind: BlockKind, literal: msgspec.Raw) -> None:
        """Add words to the block that began last, or to a new one where that is of another kind."""
        block = self.last
        if block is None or block.kind != kind or block.refused:
            self.end_speech()
            block = self.begin(GrowingBlock(kind))
        self.add(block, literal)

    def refuse(self, literal: msgspec.Raw) -> None:
        """Add words to a refusal, or begin one."""
        block = self.last
        if block is None or not block.refused:
            self.end_speech()
            block = GrowingBlock("text")
            block.refused = True
            self.begin(block)
        self.add(block, literal)

    def end_speech(self) -> None:
        """End what was being said: unlike a call it is over when something else begins."""
        block = self.last
        if block is not None and block.kind != "tool":
            self.close(block)

    def close(self, block: GrowingBlock) -> None:
        """The block is complete."""
        block.closed = True
        self.advance()

    def close_all(self) -> None:
        """The reply is complete."""
        for block in self._line:
            block.closed = True
        self.advance()

    def advance(self) -> None:
        """Tell what can be told by now; a call waits for its name."""
        while self._line:
            head = self._line[0]
            if head.index < 0:
                if head.kind == "tool" and not (head.name or head.closed):
                    return
                self._tell(head)
            if not head.closed:
                return
            self._line.popleft()
            if head.lacks_arguments():
                self.told.append(ToolInputAdded(head.index, _NOTHING))
            self.told.append(BlockClosed(head.index, head.kind, head.signature))

    def _tell(self, block: GrowingBlock) -> None:
        block.index = self._count
        self._count += 1
        self.told.append(
            BlockOpened(
                block.index,
                block.kind,
                block.id,
                block.name,
                block.namespace,
                block.custom,
                block.redacted,
                block.refused,
            )
        )
        if block.said:
            self.told.append(ADDED[block.kind](block.index, joined(block.said)))
