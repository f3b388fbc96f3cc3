"""Streams of openai-responses -> events: a table says which method reads which event.

An item is known by its index, a block by its item's and its part's. A block begins with the first thing that
is said in it, and an item that is done says all again: so whatever of deltas, ends and whole items a provider
sends is enough, and what it sends twice counts once. A response that is complete and brought no item before
brings them itself. Bytes that end before it are a failure.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from adapters.blocks import GrowingBlock
from adapters.dialects.openai_responses.reply_read import (
    BLANK,
    REFUSAL,
    arguments_of,
    as_literal,
    bare_id,
    count,
    is_call,
    is_refused,
    items_of,
    name_of,
    note_dropped,
    read_head,
    read_item,
    said_by,
    signature_of,
    stop_of,
    thought_in,
)
from adapters.dialects.openai_responses.reply_wire import EventIn, ItemIn, PartIn, ResponseIn
from adapters.events import BlockKind
from adapters.literal import EMPTY
from adapters.openai import read_stream_fault
from adapters.reader import Reader, given

_DECODE = msgspec.json.Decoder(EventIn).decode
_DECODE_RESPONSE = msgspec.json.Decoder(ResponseIn).decode
# Parts of one item: a message's are numbered from 0.
_WHOLE = -1

Key = tuple[int, int]


class ItemBlock(GrowingBlock):
    """A block of an item: `begun` once it stands in line.

    `source` says where its text is from, once there is any, `part` which part of a thought grew last.
    """

    __slots__ = ("begun", "part", "source")

    def __init__(self, kind: BlockKind) -> None:
        super().__init__(kind)
        self.part = 0
        self.source = ""
        self.begun = False

    def is_whole_call(self) -> bool:
        """An item says itself when it is done."""
        return False


class StreamReader(Reader):
    """Bytes in, events out."""

    __slots__ = ("_blocks", "_called", "_items", "_refused")

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[Key, ItemBlock] = {}
        self._items = False  # whether an item, or a piece of one, was seen
        self._called = False
        self._refused = False

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame."""
        if data == b"[DONE]":
            self.skipped += 1
            return
        seen = self.decoded(_DECODE, data)
        kind = seen.type or event.decode("latin-1")
        method = self._EVENTS.get(kind)
        if method is not None:
            method(self, seen)
        elif kind == "error" or (given(seen.error) and not kind.startswith("response.")):
            self.fail(read_stream_fault(seen.error if given(seen.error) else data))
        else:
            self.skipped += 1

    def conclude(self) -> None:
        """Only a response that is over ends a stream."""

    # --- the response

    def _begin(self, seen: EventIn) -> None:
        if not self.started:
            head = read_head(seen.response)
            self.start(bare_id(head), head.model or "", int(head.created_at or 0))

    def _end(self, seen: EventIn) -> None:
        self._finish(seen, self._response(seen))

    def _end_early(self, seen: EventIn) -> None:
        self._finish(seen, msgspec.structs.replace(self._response(seen), status="incomplete"))

    def _finish(self, seen: EventIn, response: ResponseIn) -> None:
        self._begin(seen)
        raws = [] if self._items else items_of(response)
        for place, raw in enumerate(raws):
            self._finish_item(place, raw)
        self.ended = True
        self.stop(stop_of(response, called=self._called, refused=self._refused))

    def _break_off(self, seen: EventIn) -> None:
        response = self._response(seen)
        self.fail(read_stream_fault(response.error if given(response.error) else b"{}"))

    def _response(self, seen: EventIn) -> ResponseIn:
        response = _DECODE_RESPONSE(seen.response) if given(seen.response) else ResponseIn()
        count(response.usage, self.usage)
        return response

    # --- items

    def _block(self, key: Key, kind: BlockKind) -> ItemBlock:
        """The block of a part, which begins when it is first spoken of."""
        known = self._blocks.get(key)
        if known is not None:
            return known
        if not self.started:
            self.start()
        self._items = True
        block = self._blocks[key] = ItemBlock(kind)
        self._called = self._called or kind == "tool"
        return block

    def _begun(self, block: ItemBlock) -> ItemBlock:
        """Let a block begin in the line, once."""
        if not block.begun:
            block.begun = True
            self.blocks.begin(block)
        return block

    def _open_item(self, seen: EventIn) -> None:
        item = read_item(seen.item) if given(seen.item) else ItemIn()
        if item.type in ("function_call", "custom_tool_call"):
            self._name(self._block((_index(seen), _WHOLE), "tool"), item)

    def _name(self, block: ItemBlock, item: ItemIn) -> None:
        if block.name:
            return
        block.id = item.call_id or item.id or ""
        block.name, block.namespace = name_of(item)
        block.custom = item.type == "custom_tool_call"
        self._begun(block)
        self.blocks.advance()

    def _close_item(self, seen: EventIn) -> None:
        if given(seen.item):
            self._finish_item(_index(seen), seen.item)

    def _finish_item(self, place: int, raw: msgspec.Raw) -> None:
        item = read_item(raw)
        if not self.started:
            self.start()
        self._items = True
        note_dropped(item, self.dropped)
        if is_refused(item):
            self._refused = True
        if item.type == "message":
            for number, part in enumerate(item.content or ()):
                self._finish_part((place, number), said_by(part), refused=part.type == REFUSAL)
        elif item.type == "reasoning":
            self._finish_thought((place, _WHOLE), item)
        elif is_call(item):
            block = self._block((place, _WHOLE), "tool")
            self._name(block, item)
            self._finish_block(block, arguments_of(item))

    def _finish_part(self, key: Key, said: msgspec.Raw | None, *, refused: bool) -> None:
        if said is not None or key in self._blocks:
            block = self._block(key, "text")
            block.refused = block.refused or refused
            self._finish_block(block, said or EMPTY)

    def _finish_thought(self, key: Key, item: ItemIn) -> None:
        thought, signature = thought_in(item), signature_of(item)
        if not (thought or signature or key in self._blocks):
            return
        block = self._block(key, "thinking")
        block.signature = signature
        if not block.source:
            for number, literal in enumerate(thought):
                if number:
                    self._add(block, BLANK)
                self._add(block, literal)
        self.blocks.close(self._begun(block))

    def _finish_block(self, block: ItemBlock, whole: msgspec.Raw) -> None:
        """Close a block, and say what is in it where nothing was said so far."""
        if not block.closed:
            if not block.source:
                self._add(block, whole)
            self.blocks.close(self._begun(block))

    def _add(self, block: ItemBlock, literal: msgspec.Raw) -> None:
        if literal == EMPTY:
            return
        block.source = block.source or "item"
        self._begun(block)
        self.blocks.add(block, literal)

    # --- pieces

    def _add_text(self, seen: EventIn) -> None:
        self._grow(self._block((_index(seen), seen.content_index or 0), "text"), seen.delta)

    def _add_refusal(self, seen: EventIn) -> None:
        self._refused = True
        block = self._block((_index(seen), seen.content_index or 0), "text")
        block.refused = True
        self._grow(block, seen.delta)

    def _add_input(self, seen: EventIn) -> None:
        self._grow(self._block((_index(seen), _WHOLE), "tool"), seen.delta)

    def _add_summary(self, seen: EventIn) -> None:
        self._think(seen, "summary", seen.summary_index or 0)

    def _add_thought(self, seen: EventIn) -> None:
        self._think(seen, "content", seen.content_index or 0)

    def _think(self, seen: EventIn, source: str, part: int) -> None:
        """Tell a thought or its summary, whichever comes first; between parts stands a blank line."""
        if not given(seen.delta) or seen.delta == EMPTY:
            return
        block = self._block((_index(seen), _WHOLE), "thinking")
        if block.source not in ("", source):
            self.dropped[f"reasoning.{source}"] += 1
            return
        if part != block.part and block.source:
            self._add(block, BLANK)
        block.source, block.part = source, part
        self._add(block, as_literal(seen.delta))

    def _grow(self, block: ItemBlock, delta: msgspec.Raw) -> None:
        if given(delta):
            self._add(block, as_literal(delta))

    def _end_text(self, seen: EventIn) -> None:
        key = (_index(seen), seen.content_index or 0)
        self._finish_part(key, said_by(PartIn(text=seen.text)), refused=False)

    def _end_refusal(self, seen: EventIn) -> None:
        self._refused = True
        key = (_index(seen), seen.content_index or 0)
        self._finish_part(key, said_by(PartIn(REFUSAL, refusal=seen.refusal)), refused=True)

    def _end_input(self, seen: EventIn) -> None:
        """The input is whole: the item, which has the name if none was told yet, is done after it."""
        block = self._block((_index(seen), _WHOLE), "tool")
        if not block.source:
            self._add(block, as_literal(seen.arguments if given(seen.arguments) else seen.input))

    def _rest(self, seen: EventIn) -> None:
        """What says nothing that is not said elsewhere too."""

    _EVENTS: ClassVar[dict[str, Callable[[Any, EventIn], None]]] = {
        "response.created": _begin,
        "response.in_progress": _begin,
        "response.queued": _begin,
        "response.completed": _end,
        "response.incomplete": _end_early,
        "response.failed": _break_off,
        "response.cancelled": _break_off,
        "response.output_item.added": _open_item,
        "response.output_item.done": _close_item,
        "response.content_part.added": _rest,
        "response.content_part.done": _rest,
        "response.output_text.delta": _add_text,
        "response.output_text.done": _end_text,
        "response.output_text.annotation.added": _rest,
        "response.refusal.delta": _add_refusal,
        "response.refusal.done": _end_refusal,
        "response.reasoning_summary_part.added": _rest,
        "response.reasoning_summary_part.done": _rest,
        "response.reasoning_summary_text.delta": _add_summary,
        "response.reasoning_summary_text.done": _rest,
        "response.reasoning_text.delta": _add_thought,
        "response.reasoning_text.done": _rest,
        "response.function_call_arguments.delta": _add_input,
        "response.function_call_arguments.done": _end_input,
        "response.custom_tool_call_input.delta": _add_input,
        "response.custom_tool_call_input.done": _end_input,
    }


def _index(seen: EventIn) -> int:
    return seen.output_index or 0
