"""Streams of anthropic-messages -> events: a table says which method reads which event.

Blocks come as the middle has them; only those that have a place there are told, numbered anew. The end is
told at `message_stop`, when `message_delta` has said why; bytes that end before it are a failure.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from adapters.blocks import GrowingBlock
from adapters.dialects.anthropic_messages.reply_read import (
    arguments_of,
    bare_id,
    count,
    lost_name,
    stop_of,
)
from adapters.dialects.anthropic_messages.reply_wire import BlockIn, DeltaIn, EventIn, MessageIn
from adapters.dialects.anthropic_messages.wire import ErrorDetail, read_fault
from adapters.events import BlockKind
from adapters.literal import EMPTY, literal
from adapters.reader import TRUNCATED, Reader, given

KINDS: Final[dict[str, BlockKind]] = {
    "text": "text",
    "thinking": "thinking",
    "redacted_thinking": "thinking",
    "tool_use": "tool",
}
# Delta -> the field that holds what is added.
ADDITIONS: Final = {"text_delta": "text", "thinking_delta": "thinking", "input_json_delta": "partial_json"}

_DECODE = msgspec.json.Decoder(EventIn).decode
_DECODE_BLOCK = msgspec.json.Decoder(BlockIn).decode
_DECODE_MESSAGE = msgspec.json.Decoder(MessageIn).decode
_DECODE_ERROR = msgspec.json.Decoder(ErrorDetail).decode


class StreamReader(Reader):
    """Bytes in, events out."""

    __slots__ = ("_blocks", "_inputs", "_sequence", "_stop")

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[int, GrowingBlock] = {}  # by the provider's index
        self._inputs: dict[int, str] = {}  # that came with the start: it counts when no other comes
        self._stop: str | None = None
        self._sequence: str | None = None

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame."""
        seen = self.decoded(_DECODE, data)
        method = self._EVENTS.get(seen.type or event.decode("latin-1"))
        if method is None:
            self.skipped += 1
        else:
            method(self, seen)

    def conclude(self) -> None:
        """Only `message_stop` ends a message."""

    def _start(self, seen: EventIn) -> None:
        head = _DECODE_MESSAGE(seen.message) if given(seen.message) else MessageIn()
        count(head.usage, self.usage)
        if not self.started:
            self.start(bare_id(head), head.model or "")

    def _open(self, seen: EventIn) -> None:
        if not self.started:
            self.start()
        told = _DECODE_BLOCK(seen.content_block)
        kind = KINDS.get(told.type)
        if kind is None:
            self.dropped[lost_name(told.type)] += 1
            return
        block = self._blocks[seen.index] = GrowingBlock(kind)
        block.id, block.name = told.id or "", told.name or ""
        block.signature, block.redacted = told.signature or "", told.data
        self.blocks.begin(block)
        if kind == "tool":
            self._inputs[seen.index] = arguments_of(told)
        for raw in (told.text, told.thinking):
            self._say(block, raw)

    def _add(self, seen: EventIn) -> None:
        delta, block = seen.delta, self._blocks.get(seen.index)
        if delta is None or block is None:
            self.skipped += 1
            return
        field = ADDITIONS.get(delta.type)
        if field is None:
            self._note(block, delta)
            return
        self._say(block, getattr(delta, field))

    def _say(self, block: GrowingBlock, raw: msgspec.Raw) -> None:
        """Add what is said; raise ValueError where it is no text, for it is written again as it is."""
        if not given(raw) or raw == EMPTY:
            return
        if not bytes(raw).startswith(b'"'):
            raise ValueError("a text is no string")
        self.blocks.add(block, raw)

    def _note(self, block: GrowingBlock, delta: DeltaIn) -> None:
        if delta.type == "signature_delta":
            block.signature = delta.signature or ""
        else:
            self.dropped[delta.type.removesuffix("_delta")] += 1

    def _close(self, seen: EventIn) -> None:
        block = self._blocks.pop(seen.index, None)
        if block is None:
            self.skipped += 1
            return
        whole = self._inputs.pop(seen.index, "")
        if not block.said and whole not in ("", "{}"):
            self.blocks.add(block, literal(whole))
        self.blocks.close(block)

    def _note_stop(self, seen: EventIn) -> None:
        count(seen.usage, self.usage)
        if seen.delta is not None and seen.delta.stop_reason is not None:
            self._stop, self._sequence = seen.delta.stop_reason, seen.delta.stop_sequence

    def _end(self, seen: EventIn) -> None:  # noqa: ARG002 - one shape for all events
        if self._stop is None:
            self.fail(TRUNCATED)
            return
        self.ended = True
        self.stop(stop_of(self._stop), self._sequence)

    def _break_off(self, seen: EventIn) -> None:
        detail = _DECODE_ERROR(seen.error) if given(seen.error) else ErrorDetail()
        self.fail(read_fault(detail, None))

    def _rest(self, seen: EventIn) -> None:
        """A sign of life says nothing."""

    _EVENTS: ClassVar[dict[str, Callable[[Any, EventIn], None]]] = {
        "message_start": _start,
        "content_block_start": _open,
        "content_block_delta": _add,
        "content_block_stop": _close,
        "message_delta": _note_stop,
        "message_stop": _end,
        "error": _break_off,
        "ping": _rest,
    }
