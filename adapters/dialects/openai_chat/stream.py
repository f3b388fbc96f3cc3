"""Streams of openai-chat: the tap that meters what passes, and the writer of events.

Each frame is one `data` line with a chunk; the blocks of our events are flattened into deltas. The
end is a chunk with a finish reason, the usage if it was asked for, and `[DONE]`. A broken stream ends
with an error chunk and never with `[DONE]`: some clients take that for a whole answer.
"""

import msgspec

from adapters.dialects.openai_chat.reply import completion_id, extra, finish_reason, write_usage
from adapters.dialects.openai_chat.wire import (
    ChunkChoice,
    ChunkIn,
    ChunkOut,
    CustomOut,
    Delta,
    FunctionOut,
    ToolCallDelta,
    UsageOut,
)
from adapters.events import (
    BlockClosed,
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
from adapters.openai import read_stream_fault, write_error
from adapters.seal_carried import CarriedThoughts
from adapters.sse import BOUNDARY, StreamTap
from adapters.writer import Writer

DONE = b"data: [DONE]\n\n"

_DECODE = msgspec.json.Decoder(ChunkIn).decode
_ENCODE = msgspec.json.Encoder().encode
_NO_CHOICES = b'"choices":[]'
_FIRST_DELTA = b'"choices":[{"index":0,"delta":{'
_FIRST_CALL = b'"tool_calls":[{"index":%d,"function":{"arguments":'
_FIRST_CUSTOM = b'"tool_calls":[{"index":%d,"custom":{"input":'


class Tap(StreamTap):
    """Usage from any chunk that has it, the end from `[DONE]` or a finish reason, faults from errors."""

    __slots__ = ()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a chunk of whole frames without a word of interest is not framed."""
        if not self.quiet or not chunk.endswith(BOUNDARY) or _is_notable(chunk):
            self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame, if it concerns the tap."""
        if data == b"[DONE]":
            self.ended = True
        elif event == b"error" or _is_notable(data):
            self._read(event, data)

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream."""
        return write_failure(fault, request_id)

    def _read(self, event: bytes, data: bytes) -> None:
        try:
            chunk = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        if chunk.usage is not None:
            chunk.usage.add_to(self.usage)
        if any(choice.finish_reason for choice in chunk.choices or ()):
            self.ended = True
        if bytes(chunk.error) != b"null":
            self.fault = read_stream_fault(chunk.error)
        elif event == b"error":
            self.fault = read_stream_fault(data)


def _is_notable(chunk: bytes) -> bool:
    """Tell whether bytes may hold usage, an end or an error.

    `count` because it is the cheapest search that makes no object: `in` costs 1.5 times as much.
    Every chunk has a finish reason, nearly always null: only one that is not is worth a look.
    """
    if chunk.count(b'_tokens"') or chunk.count(b"error") or chunk.count(b"[DONE]"):
        return True
    finishes = chunk.count(b"finish_reason")
    nulls = chunk.count(b'finish_reason":null') or chunk.count(b'finish_reason": null')
    return finishes != nulls


class StreamWriter(Writer):
    """Events in, frames out: one chunk for each event that adds something."""

    __slots__ = (
        "_calls",
        "_carried",
        "_chunk",
        "_head",
        "_include_usage",
        "_input",
        "_refused",
        "_suffix",
        "_text",
        "_thinking",
        "_usage",
    )

    def __init__(self, include_usage: bool) -> None:  # noqa: FBT001 - the client's own option
        self._include_usage = include_usage
        self._usage = Usage()
        self._chunk = ChunkOut(id="", created=0, model="", choices=[])
        self._head = self._text = self._thinking = self._input = self._suffix = b""
        self._carried = CarriedThoughts()
        self._refused = False
        self._calls = -1  # the index of the open tool call: calls are counted apart from blocks

    def _start(self, event: Started) -> list[bytes]:
        # OpenAI's chunks have a null usage when usage will come, and none when it will not.
        usage = None if self._include_usage else msgspec.UNSET
        self._chunk = ChunkOut(
            id=completion_id(event.id), created=event.created, model=event.model, choices=[], usage=usage
        )
        self._usage = event.usage
        # The deltas are the many: they are put together of constant parts and the literal that came.
        head, _, tail = _frame(self._chunk).rpartition(_NO_CHOICES)
        self._head = head + _FIRST_DELTA
        self._text, self._thinking = self._head + b'"content":', self._head + b'"reasoning_content":'
        self._suffix = b'},"logprobs":null,"finish_reason":null}]' + tail
        return self._add(Delta(role="assistant", content=None, refusal=None))

    def _add(self, delta: Delta, finish: str | None = None) -> list[bytes]:
        self._chunk.choices = [ChunkChoice(delta=delta, finish_reason=finish)]
        return [_frame(self._chunk)]

    def _open(self, event: BlockOpened) -> list[bytes]:
        if event.kind != "tool":
            if event.kind == "text":
                self._carried.pass_words()
                if event.refused or self._refused:
                    self._refused = True
                    self._text = self._head + (b'"refusal":' if event.refused else b'"content":')
            return []
        self._calls += 1
        call = ToolCallDelta(
            index=self._calls, id=event.id, type="function", extra_content=extra(self._carried.taken())
        )
        if event.custom:
            self._input = self._head + _FIRST_CUSTOM % self._calls
            call.type, call.custom = "custom", CustomOut(name=event.name, input="")
        else:
            self._input = self._head + _FIRST_CALL % self._calls
            call.function = FunctionOut(name=event.name, arguments="")
        return self._add(Delta(tool_calls=[call]))

    def _add_text(self, event: TextAdded) -> list[bytes]:
        return [b"".join((self._text, event.literal, self._suffix))]

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        self._carried.add(event.literal)
        return [b"".join((self._thinking, event.literal, self._suffix))]

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        return [b"".join((self._input, event.literal, b"}}]", self._suffix))]

    def _close(self, event: BlockClosed) -> list[bytes]:
        """A chat has no end of a block; a signature waits for the next call."""
        if event.kind == "thinking":
            self._carried.close(event.signature)
        return []

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, after the finish reason
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        frames = self._add(Delta(), finish_reason(event.reason, refused=self._refused))
        if self._include_usage:
            usage: UsageOut = write_usage(self._usage)
            frames.append(_frame(msgspec.structs.replace(self._chunk, choices=[], usage=usage)))
        return [*frames, DONE]

    def _fail(self, event: Failed) -> list[bytes]:
        return [write_failure(event.fault, "")]


def _frame(chunk: ChunkOut) -> bytes:
    return b"data: %b\n\n" % _ENCODE(chunk)


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: FBT001 - the client's own option
    """Write a whole reply as a stream, one frame an item."""
    return StreamWriter(include_usage).write_all(reply)


def write_failure(fault: Fault, request_id: str) -> bytes:
    """Write the in-band end of a broken stream; nothing may follow it, least of all `[DONE]`."""
    return b"data: %b\n\n" % write_error(fault, request_id)
