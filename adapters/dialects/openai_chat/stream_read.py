"""Streams of openai-chat -> events.

Deltas become blocks: a block of thinking or text goes on until another kind of delta comes, a tool call
until the end, or until another one begins when its arguments are whole. Usage comes after the finish reason,
so the end is told at `[DONE]`, or where the bytes end after a finish reason; without one it is a failure.
"""

import msgspec

from adapters.blocks import GrowingBlock
from adapters.dialects.openai_chat.reply_read import (
    BROKEN,
    arguments_of,
    bare_id,
    calls_of,
    count,
    note_dropped,
    only_text,
    read_head,
    refusal_of,
    spoken,
    stop_of,
)
from adapters.dialects.openai_chat.reply_wire import BodyIn, CallIn, FunctionIn, MessageIn
from adapters.events import ANSWERS
from adapters.fault import Fault
from adapters.literal import EMPTY
from adapters.openai import read_stream_fault
from adapters.reader import TRUNCATED, Reader, given

_BROKE_OFF = Fault("upstream", 502, "The provider broke the reply off.")
_DECODE = msgspec.json.Decoder(BodyIn).decode


class StreamReader(Reader):
    """Bytes in, events out."""

    __slots__ = ("_by_index", "_calls", "_finish", "_latest", "_refused")

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[GrowingBlock] = []
        self._by_index: dict[int, GrowingBlock] = {}
        self._latest: GrowingBlock | None = None  # the call that grew last
        self._finish: str | None = None
        self._refused = False

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame."""
        if data == b"[DONE]":
            self.conclude()
            return self.fail(TRUNCATED)
        chunk = self.decoded(_DECODE, data)
        if given(chunk.error) or event == b"error":
            return self.fail(read_stream_fault(chunk.error if given(chunk.error) else data))
        count(chunk.usage, self.usage)
        if not chunk.choices:
            self.skipped += not given(chunk.usage)
        for choice in chunk.choices or ():
            if choice.index:
                self.dropped[ANSWERS] += 1
                continue
            self._grow(choice.delta or choice.message, data)
            if choice.finish_reason:
                self._note_finish(choice.finish_reason)
        return None

    def conclude(self) -> None:
        """Stop, if there was a finish reason."""
        if self._finish is not None:
            called = self._latest is not None
            self.stop(stop_of(self._finish, called=called, refused=self._refused))

    def _note_finish(self, reason: str) -> None:
        if reason == BROKEN:
            return self.fail(_BROKE_OFF)
        self._finish = reason
        self.ended = True
        return None

    def _grow(self, delta: MessageIn | None, data: bytes) -> None:
        if not self.started:
            head = read_head(data)
            self.start(bare_id(head), head.model or "", int(head.created or 0))
        if delta is None:
            return None
        if only_text(delta):
            return self.blocks.say("text", delta.content)
        for kind, literal in spoken(delta):
            self.blocks.say(kind, literal)
        for _, literal in refusal_of(delta):
            self._refused = True
            self.blocks.refuse(literal)
        for call in calls_of(delta):
            self._call(call)
        note_dropped(delta, self.dropped)
        return None

    def _call(self, call: CallIn) -> None:
        function = call.function or FunctionIn()
        block = self._known_call(call)
        if block is None:
            block = self._begin_call(call, function.name or "")
        elif function.name and not block.name:
            block.name = function.name
            self.blocks.advance()
        self._latest = block
        arguments = arguments_of(function)
        if arguments != EMPTY and not self.blocks.add(block, arguments):
            self.dropped["arguments after their end"] += 1

    def _known_call(self, call: CallIn) -> GrowingBlock | None:
        """Find the call that a piece belongs to: by its index, else by its id, else it is the latest."""
        block = self._latest if call.index is None else self._by_index.get(call.index)
        if block is None or not call.id or call.id == block.id:
            return block
        # Another id under an index that is taken: some providers number all calls alike, or none.
        return next((known for known in self._calls if known.id == call.id), None)

    def _begin_call(self, call: CallIn, name: str) -> GrowingBlock:
        self.blocks.end_speech()
        block = GrowingBlock("tool")
        block.id, block.name = call.id or "", name
        self._calls.append(block)
        if call.index is not None:
            self._by_index[call.index] = block
        return self.blocks.begin(block)
