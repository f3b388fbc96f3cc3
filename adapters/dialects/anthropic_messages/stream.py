"""Streams of anthropic-messages: the tap that meters what passes, and the writer of events.

Each frame is `event: <type>` and one `data` line; clients drop frames without the event's name.
"""

from collections.abc import Callable

import msgspec

from adapters.dialects.anthropic_messages.reply import STOP_REASONS, message_id, write_error, write_usage
from adapters.dialects.anthropic_messages.wire import (
    BlockDelta,
    BlockOut,
    BlockStart,
    BlockStop,
    DeltaUsageOut,
    MessageDelta,
    MessageOut,
    MessageStart,
    MessageStop,
    RedactedOut,
    SignatureDelta,
    StopOut,
    StreamEventIn,
    TextOut,
    ThinkingOut,
    ToolUseOut,
    read_fault,
)
from adapters.events import (
    BlockClosed,
    BlockKind,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    ThinkingAdded,
    ToolInputAdded,
    Usage,
    UsageCounted,
)
from adapters.fault import Fault
from adapters.sse import BOUNDARY, StreamTap
from adapters.writer import Writer

PING = b'event: ping\ndata: {"type": "ping"}\n\n'

_DECODE = msgspec.json.Decoder(StreamEventIn).decode
_ENCODE = msgspec.json.Encoder().encode


class Tap(StreamTap):
    """Usage from `message_start` and `message_delta`, the end from `message_stop`, faults from `error`."""

    __slots__ = ()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a chunk of whole frames without a word of interest is not framed."""
        # `count` because it is the cheapest search that makes no object: `in` costs 1.5 times as much.
        if (
            self.quiet
            and chunk.endswith(BOUNDARY)
            and not (chunk.count(b"usage") or chunk.count(b"message_stop") or chunk.count(b"error"))
        ):
            return
        self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame, if it concerns the tap."""
        if event == b"message_stop":
            self.ended = True
        elif event == b"error" or b"usage" in data or b"message_stop" in data or b'"error"' in data:
            self._read(event, data)

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream."""
        return write_failure(fault, request_id)

    def _read(self, event: bytes, data: bytes) -> None:
        try:
            seen = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        kind = seen.type or event.decode("latin-1")
        if kind == "message_start" and seen.message and seen.message.usage:
            seen.message.usage.add_to(self.usage)
        elif kind == "message_delta" and seen.usage:
            seen.usage.add_to(self.usage)
        elif kind == "message_stop":
            self.ended = True
        elif kind == "error" and seen.error:
            self.fault = read_fault(seen.error, None)


class StreamWriter(Writer):
    """Events in, frames out: one frame for each wire event."""

    __slots__ = ("_pinged", "_prefix", "_redacted", "_usage")

    def __init__(self) -> None:
        self._usage = Usage()
        self._pinged = False
        self._redacted = False
        self._prefix = b""  # of the deltas of the open block, up to their text

    def _start(self, event: Started) -> list[bytes]:
        self._usage = event.usage
        usage = write_usage(event.usage)
        head = MessageOut(id=message_id(event.id), model=event.model, content=[], usage=usage)
        return [_frame(b"message_start", MessageStart(head))]

    def _open(self, event: BlockOpened) -> list[bytes]:
        self._redacted = event.redacted is not None
        self._prefix = _PREFIXES[event.kind] % event.index
        frames = [_frame(b"content_block_start", BlockStart(event.index, _empty_block(event)))]
        if not self._pinged:
            frames.append(PING)
            self._pinged = True
        return frames

    def _close(self, event: BlockClosed) -> list[bytes]:
        stop = _frame(b"content_block_stop", BlockStop(event.index))
        if event.kind != "thinking" or self._redacted:
            return [stop]
        signature = BlockDelta(event.index, SignatureDelta(event.signature))
        return [_frame(b"content_block_delta", signature), stop]

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, together with the stop reason
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        usage = DeltaUsageOut(
            input_tokens=self._usage.input,
            cache_creation_input_tokens=self._usage.cache_write_5m + self._usage.cache_write_1h,
            cache_read_input_tokens=self._usage.cache_read,
            output_tokens=self._usage.output,
        )
        delta = MessageDelta(StopOut(STOP_REASONS[event.reason], event.sequence), usage)
        return [_frame(b"message_delta", delta), _frame(b"message_stop", MessageStop())]

    def _add_text(self, event: TextAdded) -> list[bytes]:
        return [b"".join((self._prefix, event.literal, _SUFFIX))]

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        return [b"".join((self._prefix, event.literal, _SUFFIX))]

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        return [b"".join((self._prefix, event.literal, _SUFFIX))]

    def _fail(self, event: Failed) -> list[bytes]:
        return [write_failure(event.fault, "")]


_DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%%d,"delta":{"type":"%b","%b":'
)
# The deltas are the many: they are put together of constant parts and the literal that came.
_PREFIXES: dict[BlockKind, bytes] = {
    "text": _DELTA % (b"text_delta", b"text"),
    "thinking": _DELTA % (b"thinking_delta", b"thinking"),
    "tool": _DELTA % (b"input_json_delta", b"partial_json"),
}
_SUFFIX = b"}}\n\n"

_EMPTY_BLOCKS: dict[BlockKind, Callable[[BlockOpened], BlockOut]] = {
    "text": lambda _: TextOut(""),
    "thinking": lambda event: ThinkingOut("", "") if event.redacted is None else RedactedOut(event.redacted),
    "tool": lambda event: ToolUseOut(event.id, event.name, msgspec.Raw(b"{}")),
}


def _empty_block(event: BlockOpened) -> BlockOut:
    return _EMPTY_BLOCKS[event.kind](event)


def _frame(name: bytes, event: msgspec.Struct) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name, _ENCODE(event))


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: ARG001, FBT001 - one shape for all dialects
    """Write a whole reply as a stream, one frame an item; usage is always in it."""
    return StreamWriter().write_all(reply)


def write_failure(fault: Fault, request_id: str) -> bytes:
    """Write the in-band end of a broken stream; nothing may follow it."""
    return b"event: error\ndata: %b\n\n" % write_error(fault, request_id)
