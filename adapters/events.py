"""The events of a reply and the whole they add up to: the middle every dialect is read into and written from.

Events are facts, named in the past tense, block-structured because a block can always be flattened
into a chunk and never guessed back from one. `replay` turns a whole reply into its events, once for
all dialects.
"""

from collections.abc import Iterator
from typing import Literal, assert_never

import msgspec

from adapters.fault import Fault

BlockKind = Literal["text", "thinking", "tool"]
StopReason = Literal["end", "max_tokens", "stop_sequence", "tool_use", "refusal"]

PIECE = 12  # characters: small enough to look like a model writing, a handful of frames per sentence


class Usage(msgspec.Struct, gc=False):
    """Tokens in one form (feature A10): `input` is uncached input, cache reads and writes stand apart."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0


class TextBlock(msgspec.Struct, frozen=True, gc=False):
    """Text for the reader."""

    text: str


class ThinkingBlock(msgspec.Struct, frozen=True, gc=False):
    """What the model thought before it spoke; `signature` binds it to its maker."""

    text: str
    signature: str = ""


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
    """One whole reply. `created` is in seconds since the epoch; `id` is bare, writers prefix it."""

    id: str
    model: str
    blocks: tuple[Block, ...]
    stop: StopReason
    usage: Usage
    created: int = 0


class Started(msgspec.Struct, frozen=True):
    """The reply has begun; `usage` holds what is known of the input by now."""

    id: str
    model: str
    created: int
    usage: Usage


class BlockOpened(msgspec.Struct, frozen=True, gc=False):
    """A block has begun; all but index and kind are a tool call's."""

    index: int
    kind: BlockKind
    id: str = ""
    name: str = ""
    namespace: str = ""
    custom: bool = False


class TextAdded(msgspec.Struct, frozen=True, gc=False):
    """Text was added to the open text block."""

    index: int
    text: str


class ThinkingAdded(msgspec.Struct, frozen=True, gc=False):
    """Text was added to the open thinking block."""

    index: int
    text: str


class ToolInputAdded(msgspec.Struct, frozen=True, gc=False):
    """A piece of a tool call's JSON arguments, cut anywhere."""

    index: int
    json: str


class BlockClosed(msgspec.Struct, frozen=True, gc=False):
    """The open block is complete; `signature` is a thinking block's."""

    index: int
    kind: BlockKind
    signature: str = ""


class UsageCounted(msgspec.Struct, frozen=True):
    """What the reply has used, all told so far."""

    usage: Usage


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """The reply is complete."""

    reason: StopReason


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
    yield Started(reply.id, reply.model, reply.created, before)
    for index, block in enumerate(reply.blocks):
        yield from _replay_block(index, block, piece)
    yield UsageCounted(reply.usage)
    yield Stopped(reply.stop)


def _replay_block(index: int, block: Block, piece: int) -> Iterator[Event]:
    match block:
        case TextBlock(text):
            yield BlockOpened(index, "text")
            yield from (TextAdded(index, part) for part in _pieces(text, piece))
            yield BlockClosed(index, "text")
        case ThinkingBlock(text, signature):
            yield BlockOpened(index, "thinking")
            yield from (ThinkingAdded(index, part) for part in _pieces(text, piece))
            yield BlockClosed(index, "thinking", signature)
        case ToolBlock(call, name, arguments, namespace, custom):
            yield BlockOpened(index, "tool", call, name, namespace, custom)
            yield from (ToolInputAdded(index, part) for part in _pieces(arguments, piece))
            yield BlockClosed(index, "tool")
        case _:
            assert_never(block)


def _pieces(text: str, size: int) -> Iterator[str]:
    """Cut text by characters, so that no piece ends inside a code point."""
    return (text[start : start + size] for start in range(0, len(text), size))
