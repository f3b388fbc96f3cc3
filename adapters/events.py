"""The events of a reply and the whole they add up to: the middle every dialect is read into and written from.

Events are facts, named in the past tense, block-structured because a block can always be flattened
into a chunk and never guessed back from one. What is added to a block is kept as the JSON literal it
came in: most of it is written again as it is. `replay` turns a whole reply into its events and `collect`
events into the whole, once for all dialects.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal, Self, assert_never

import msgspec

from adapters.fault import Fault
from adapters.literal import inside, joined, literal, text_of

PIECE = 12  # characters: small enough to look like a model writing, a handful of frames per sentence

# What of a reply has no place here, by one name in all dialects.
CITATIONS: Final = "citations"
SERVER_TOOLS: Final = "server_tools"
IMAGES: Final = "images"
AUDIO: Final = "audio"
LOGPROBS: Final = "logprobs"
ANSWERS: Final = "answers"  # all but the first

BlockKind = Literal["text", "thinking", "tool"]
StopReason = Literal["end", "max_tokens", "stop_sequence", "tool_use", "refusal"]


class Usage(msgspec.Struct, gc=False):
    """Tokens in one form (feature A10): `input` is uncached input, cache reads and writes stand apart."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def read(self) -> int:
        """All that the model read, whether a cache held it or not."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h


class TextBlock(msgspec.Struct, frozen=True, gc=False):
    """Text for the reader; a `refused` one stands where the answer would."""

    text: str
    refused: bool = False


class ThinkingBlock(msgspec.Struct, frozen=True, gc=False):
    """What the model thought before it spoke; `signature` binds it to its maker, `redacted` is hidden.

    A signature that belongs to no thought, as Gemini's on a call, is a block without text right before it.
    """

    text: str
    signature: str = ""
    redacted: str | None = None


class ToolBlock(msgspec.Struct, frozen=True, gc=False):
    """A call of one of the client's tools; `arguments` is the text of a JSON object.

    A `custom` tool takes text as it is; `namespace` is where the client keeps a tool of that name.
    """

    id: str
    name: str
    arguments: str
    namespace: str = ""
    custom: bool = False


Block = TextBlock | ThinkingBlock | ToolBlock


class Reply(msgspec.Struct, frozen=True):
    """One whole reply. `created` is in seconds since the epoch; `id` is bare, writers prefix it.

    `sequence` is the stop sequence that ended it, where that is told. `compaction` says that it is the
    conversation in short, and no answer. `dropped` names what of it had no place in the middle.
    """

    id: str
    model: str
    blocks: tuple[Block, ...]
    stop: StopReason
    usage: Usage
    created: int = 0
    sequence: str | None = None
    compaction: bool = False
    dropped: tuple[str, ...] = ()


class Started(msgspec.Struct, frozen=True):
    """The reply has begun; `usage` is what is known of the input by now, `compaction` as in `Reply`."""

    id: str
    model: str
    created: int
    usage: Usage
    compaction: bool = False


class BlockOpened(msgspec.Struct, frozen=True, gc=False):
    """A block has begun: `refused` is of text, `redacted` of thinking, the rest of a tool call."""

    index: int
    kind: BlockKind
    id: str = ""
    name: str = ""
    namespace: str = ""
    custom: bool = False
    redacted: str | None = None
    refused: bool = False


class Added(msgspec.Struct, frozen=True, gc=False):
    """Something was added to the open block: `literal` is it as a JSON string."""

    index: int
    literal: msgspec.Raw

    @classmethod
    def of(cls, index: int, text: str) -> Self:
        """Make the event of a text."""
        return cls(index, literal(text))

    @property
    def text(self) -> str:
        """What was added."""
        return text_of(self.literal)


class TextAdded(Added, frozen=True, gc=False):
    """Text was added to the open text block."""


class ThinkingAdded(Added, frozen=True, gc=False):
    """Text was added to the open thinking block."""


class ToolInputAdded(Added, frozen=True, gc=False):
    """A piece of a tool call's JSON arguments, cut anywhere."""


class BlockClosed(msgspec.Struct, frozen=True, gc=False):
    """The open block is complete; `signature` is a thinking block's."""

    index: int
    kind: BlockKind
    signature: str = ""


class UsageCounted(msgspec.Struct, frozen=True):
    """What the reply has used, all told so far."""

    usage: Usage


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The reply is complete; see `Reply` for the sequence."""

    reason: StopReason
    sequence: str | None = None


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The reply broke off and will not be continued."""

    fault: Fault


Event = (
    Started
    | BlockOpened
    | TextAdded
    | ThinkingAdded
    | ToolInputAdded
    | BlockClosed
    | UsageCounted
    | Stopped
    | Failed
)


def replay(reply: Reply, piece: int = PIECE) -> Iterator[Event]:
    """Tell a whole reply as the events of a stream, its text in pieces of `piece` characters."""
    before = msgspec.structs.replace(reply.usage, output=0, reasoning=0)
    yield Started(reply.id, reply.model, reply.created, before, reply.compaction)
    for index, block in enumerate(reply.blocks):
        yield from _replay_block(index, block, piece)
    yield UsageCounted(reply.usage)
    yield Stopped(reply.stop, reply.sequence)


def _replay_block(index: int, block: Block, piece: int) -> Iterator[Event]:
    match block:
        case TextBlock(text, refused):
            yield BlockOpened(index, "text", refused=refused)
            yield from (TextAdded.of(index, part) for part in _pieces(text, piece))
            yield BlockClosed(index, "text")
        case ThinkingBlock(text, signature, redacted):
            yield BlockOpened(index, "thinking", redacted=redacted)
            yield from (ThinkingAdded.of(index, part) for part in _pieces(text, piece))
            yield BlockClosed(index, "thinking", signature)
        case ToolBlock(call, name, arguments, namespace, custom):
            yield BlockOpened(index, "tool", call, name, namespace, custom)
            yield from (ToolInputAdded.of(index, part) for part in _pieces(arguments, piece))
            yield BlockClosed(index, "tool")
        case _:
            assert_never(block)


def _pieces(text: str, size: int) -> Iterator[str]:
    """Cut text by characters, so that no piece ends inside a code point."""
    return (text[start : start + size] for start in range(0, len(text), size))


class BrokenOff(Exception):
    """The events end in a failure, or before their end: there is no whole."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def collect(events: Iterable[Event]) -> Reply:
    """Make the whole reply its events tell; raise `BrokenOff` when they do not tell one."""
    gathered = _Gathered()
    for event in events:
        gathered.take(event)
    return gathered.reply()


class _Gathered:
    """What the events have told so far."""

    __slots__ = ("_blocks", "_inside", "_opened", "_started", "_stopped", "_usage")

    def __init__(self) -> None:
        self._started = Started("", "", 0, Usage())
        self._usage = Usage()
        self._blocks: list[Block] = []
        self._opened = BlockOpened(0, "text")
        self._inside = bytearray()  # of the literal of the open block
        self._stopped: Stopped | None = None

    def take(self, event: Event) -> None:
        match event:
            case Started():
                self._started, self._usage = event, event.usage
            case BlockOpened():
                self._opened, self._inside = event, bytearray()
            case TextAdded() | ThinkingAdded() | ToolInputAdded():
                self._inside += inside(event.literal)
            case BlockClosed():
                self._blocks.append(self._block(event.signature))
            case UsageCounted():
                self._usage = event.usage
            case Stopped():
                self._stopped = event
            case Failed():
                raise BrokenOff(event.fault)
            case _:
                assert_never(event)

    def reply(self) -> Reply:
        head, stopped = self._started, self._stopped
        if stopped is None:
            raise BrokenOff(Fault("upstream", 502, "The reply ended before it was complete."))
        blocks, usage = tuple(self._blocks), self._usage
        return Reply(
            head.id,
            head.model,
            blocks,
            stopped.reason,
            usage,
            created=head.created,
            sequence=stopped.sequence,
            compaction=head.compaction,
        )

    def _block(self, signature: str) -> Block:
        opened, text = self._opened, text_of(joined(self._inside))
        if opened.kind == "text":
            return TextBlock(text, opened.refused)
        if opened.kind == "thinking":
            return ThinkingBlock(text, signature, opened.redacted)
        return ToolBlock(opened.id, opened.name, text, opened.namespace, opened.custom)
