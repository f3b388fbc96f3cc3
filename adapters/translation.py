"""Replies on their way from one dialect to another: streamed and whole.

What is told of the reply is the client's business: the model is the one that was asked for, the tools are
the client's own, an id and a time are there even where the provider gives none, and so is the id of a call.
Signatures leave sealed: they come back with the name of who made them.
"""

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from adapters.conversation import ClientTool
from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    Event,
    Failed,
    Reply,
    Started,
    TextAdded,
    TextBlock,
    ThinkingAdded,
    ThinkingBlock,
    ToolBlock,
    ToolInputAdded,
    Usage,
)
from adapters.fault import Fault
from adapters.freeform import FreeformInput, unwrapped
from adapters.reader import Reader
from adapters.seal import sealed
from adapters.writer import Writer


class Shown(msgspec.Struct, frozen=True):
    """What the client is to see whatever the provider says.

    `model` is the one it asked for. `id` (bare) and `created` stand in where the provider gives none;
    `tools` leads from the names of tools as they were sent to the client's; `maker` is the dialect the
    reply was made in, where it is not the client's; `compaction` and `include_usage` are the request's, and
    so is `turns`, how many there were before the reply.
    """

    model: str
    id: str
    created: int
    tools: dict[str, ClientTool] = {}
    maker: str = ""
    compaction: bool = False
    include_usage: bool = False
    turns: int = 0

    def head(self, event: Started) -> Started:
        """Show the start of a reply."""
        created = event.created or self.created
        return Started(event.id or self.id, self.model, created, event.usage, self.compaction)

    def reply(self, reply: Reply) -> Reply:
        """Show a whole reply."""
        blocks = reply.blocks
        if len(blocks) != 1 or not isinstance(blocks[0], TextBlock):
            blocks = tuple([self._block(place, block) for place, block in enumerate(blocks)])
        identity, created = reply.id or self.id, reply.created or self.created
        return Reply(
            identity,
            self.model,
            blocks,
            reply.stop,
            reply.usage,
            created=created,
            sequence=reply.sequence,
            compaction=self.compaction,
            dropped=reply.dropped,
        )

    def signature(self, signature: str, redacted: str | None) -> str:
        """Seal a signature, or a hidden thought, where it is not of the client's dialect."""
        return sealed(self.maker, signature, redacted) if self.maker else signature

    def call_id(self, place: int) -> str:
        """Make the id of a call that has none: clients refuse one that another turn has.

        A client may send the same id with every request of a conversation: that alone would repeat.
        """
        words = f"{self.id} {self.created} {self.turns} {place}".encode()
        return f"call_{blake2b(words, digest_size=12).hexdigest()}"

    def _block(self, place: int, block: Block) -> Block:
        if isinstance(block, TextBlock):
            return block
        if isinstance(block, ThinkingBlock) and self.maker:
            return ThinkingBlock(block.text, self.signature(block.signature, block.redacted))
        if not isinstance(block, ToolBlock):
            return block
        if not block.id:
            block = msgspec.structs.replace(block, id=self.call_id(place))
        if block.name not in self.tools:
            return block
        tool = self.tools[block.name]
        arguments = unwrapped(block.arguments) if tool.freeform else block.arguments
        return ToolBlock(block.id, tool.name, arguments, tool.namespace, tool.freeform or block.custom)


def translate_reply(
    body: bytes, read: Callable[[bytes], Reply], write: Callable[[Reply], bytes], shown: Shown
) -> tuple[bytes, Reply]:
    """Write a whole reply of one dialect in another, and give what was read; raise `Malformed`."""
    reply = read(body)
    return write(shown.reply(reply)), reply


class StreamTranslation:
    """Bytes of one dialect in, bytes of another out; otherwise as `adapters.dialect.Tap`.

    Only whole frames leave, and what arrived together leaves together. After `ended` or a `fault` the last
    bytes may still be held: `finish` gives them out.
    """

    __slots__ = ("_free", "_reader", "_redacted", "_shown", "_started", "_write", "sign_of_life")

    def __init__(self, reader: Reader, writer: Writer, shown: Shown) -> None:
        self._reader = reader
        self._write = writer.write
        self.sign_of_life = writer.sign_of_life
        self._shown = shown
        self._started = False
        self._free: FreeformInput | None = None  # of the open call, where it is wrapped
        self._redacted: str | None = None  # the hidden thought of the open block

    @property
    def usage(self) -> Usage:
        """What was counted so far."""
        return self._reader.usage

    @property
    def ended(self) -> bool:
        """Whether the reply is known to be complete."""
        return self._reader.ended

    @property
    def fault(self) -> Fault | None:
        """Why the reply broke off; it has been written."""
        return self._reader.fault

    @property
    def garbled(self) -> bool:
        """Whether the bytes are no event stream at all."""
        return self._reader.garbled

    @property
    def dropped(self) -> tuple[str, ...]:
        """What of the reply had no place, by name."""
        return tuple(self._reader.dropped)

    def feed(self, chunk: bytes) -> bytes:
        """Take the next bytes, cut anywhere; raise `sse.EventTooLarge` over 4 MiB in one event."""
        return self._written(self._reader.feed(chunk))

    def finish(self) -> bytes:
        """The stream is over: write what was held back, and its failure if it was not complete."""
        return self._written(self._reader.finish())

    def failure(self, fault: Fault) -> bytes:
        """Write the in-band end of this stream."""
        return self._written([Failed(fault)])

    def _written(self, events: list[Event]) -> bytes:
        write, frames = self._write, []
        for event in events:
            kind = type(event)
            # The many first: what is only said needs nothing done to it.
            if kind is TextAdded or kind is ThinkingAdded:
                frames += write(event)
            else:
                for shown in self._show(event):
                    frames += write(shown)
        return b"".join(frames)

    def _show(self, event: Event) -> tuple[Event, ...]:
        match event:
            case Started():
                self._started = True
                return (self._shown.head(event),)
            case Failed() if not self._started:
                # Clients hold a stream to the id it began with, so one that only fails begins as well.
                self._started = True
                return (self._shown.head(Started("", "", 0, Usage())), event)
            case BlockOpened():
                return (self._open(event),)
            case ToolInputAdded() if self._free is not None:
                text = self._free.feed(event.text)
                return (ToolInputAdded.of(event.index, text),) if text else ()
            case BlockClosed():
                return self._close(event)
            case _:
                return (event,)

    def _open(self, event: BlockOpened) -> BlockOpened:
        if event.kind == "tool" and not event.id:
            event = msgspec.structs.replace(event, id=self._shown.call_id(event.index))
        tool = self._shown.tools.get(event.name) if event.kind == "tool" else None
        if tool is not None:
            self._free = FreeformInput() if tool.freeform else None
            custom = tool.freeform or event.custom
            return BlockOpened(event.index, "tool", event.id, tool.name, tool.namespace, custom)
        if event.redacted is not None and self._shown.maker:
            self._redacted = event.redacted
            return msgspec.structs.replace(event, redacted=None)
        return event

    def _close(self, event: BlockClosed) -> tuple[Event, ...]:
        rest = self._free.finish() if self._free is not None else ""
        self._free = None
        if event.kind == "thinking":
            signature = self._shown.signature(event.signature, self._redacted)
            self._redacted = None
            event = msgspec.structs.replace(event, signature=signature)
        return (ToolInputAdded.of(event.index, rest), event) if rest else (event,)
