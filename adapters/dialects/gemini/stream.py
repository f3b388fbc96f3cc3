"""Streams of gemini: the tap that meters what passes, and the writer of events.

Each frame is one `data` line with a response that holds the parts that are new; there are no event names and
never a comment, for the SDKs choke on both. The last chunk alone has a finish reason and all counts. A call
is written when it is whole: its arguments are an object, and objects have no pieces.
"""

import msgspec

from adapters.dialects.gemini.reply import FINISH_REASONS, write_call, write_error, write_usage
from adapters.dialects.gemini.reply_wire import UsageHolderIn
from adapters.dialects.gemini.stream_read import count, read_stream_fault
from adapters.dialects.gemini.wire import CandidateOut, ContentOut, PartOut, ResponseOut, UsageOut
from adapters.events import (
    BlockClosed,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    ThinkingAdded,
    ToolBlock,
    ToolInputAdded,
    Usage,
    UsageCounted,
)
from adapters.fault import Fault
from adapters.literal import inside, joined, text_of
from adapters.reader import given
from adapters.seal_carried import CarriedThoughts
from adapters.sse import BOUNDARY, StreamTap
from adapters.writer import Writer

# Clients take it for a chunk that says nothing; a comment they do not take.
SIGN_OF_LIFE = b'data: {"candidates":[]}\n\n'

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(UsageHolderIn).decode
_EMPTY_TEXT = b'{"text":""}'


class Tap(StreamTap):
    """Usage from any chunk that has it, the end from a finish reason, faults from errors."""

    __slots__ = ()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a chunk of whole frames without a word of interest is not framed."""
        if not self.quiet or not chunk.endswith(BOUNDARY) or _is_notable(chunk):
            self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:  # noqa: ARG002 - events have no names here
        """Read one frame, if it concerns the tap."""
        if _is_notable(data):
            self._read(data)

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream."""
        return write_failure(fault, request_id)

    def _read(self, data: bytes) -> None:
        try:
            chunk = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        count(chunk.usage_metadata, self.usage)
        first = [candidate for candidate in chunk.candidates or () if not candidate.index]
        blocked = chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason
        if blocked or any(candidate.finish_reason for candidate in first):
            self.ended = True
        if given(chunk.error):
            self.fault = read_stream_fault(chunk.error)


def _is_notable(data: bytes) -> bool:
    # `count` because it is the cheapest search that makes no object: `in` costs 1.5 times as much.
    return bool(
        data.count(b"usageMetadata")
        or data.count(b"finishReason")
        or data.count(b"blockReason")
        or data.count(b'"error"')
    )


class StreamWriter(Writer):
    """Events in, frames out: one chunk for each event that adds something."""

    __slots__ = (
        "_arguments",
        "_carried",
        "_chunk",
        "_head",
        "_opened",
        "_pending",
        "_said",
        "_suffix",
        "_usage",
    )

    def __init__(self) -> None:
        self._usage = Usage()
        self._chunk = ResponseOut(
            candidates=[],
            usage_metadata=UsageOut(prompt_token_count=0, total_token_count=0),
            model_version="",
            response_id="",
        )
        self._head = self._suffix = b""
        self._opened = BlockOpened(0, "text")
        self._arguments = bytearray()  # inside the literal of the open call's
        self._said = False  # whether the open block of thinking has words
        self._pending = ""  # the signature that waits for its part
        self._carried = CarriedThoughts()

    def _start(self, event: Started) -> list[bytes]:
        self._usage = event.usage
        prompt = event.usage.read
        self._chunk = ResponseOut(
            candidates=[CandidateOut(content=ContentOut([PartOut(text="")]))],
            usage_metadata=UsageOut(prompt_token_count=prompt, total_token_count=prompt),
            model_version=event.model,
            response_id=event.id,
        )
        # The deltas are the many: they are put together of constant parts and the literal that came.
        self._head, _, self._suffix = _frame(self._chunk).partition(_EMPTY_TEXT)
        return []

    def _open(self, event: BlockOpened) -> list[bytes]:
        self._opened, self._said = event, False
        self._arguments.clear()
        if event.kind == "text":
            self._carried.pass_words()
        return []

    def _add_text(self, event: TextAdded) -> list[bytes]:
        if self._pending:
            return self._add(PartOut(text=event.text, thought_signature=self._taken()))
        return [b"".join((self._head, b'{"text":', event.literal, b"}", self._suffix))]

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        waiting = [] if not self._pending else self._add(PartOut(text="", thought_signature=self._taken()))
        self._said = True
        self._carried.add(event.literal)
        return [
            *waiting,
            b"".join((self._head, b'{"text":', event.literal, b',"thought":true}', self._suffix)),
        ]

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        self._arguments += inside(event.literal)
        return []

    def _close(self, event: BlockClosed) -> list[bytes]:
        if event.kind == "thinking":
            return self._sign(event.signature)
        if event.kind == "text":
            return []
        call = ToolBlock(self._opened.id, self._opened.name, text_of(joined(self._arguments)))
        return self._add(PartOut(function_call=write_call(call), thought_signature=self._signature()))

    def _sign(self, signature: str) -> list[bytes]:
        """Words have their signature on their last part; without words it is the next part's.

        One of another maker waits for the call, words and all.
        """
        if self._carried.close(signature):
            return []
        if self._said:
            signed = PartOut(text="", thought=True, thought_signature=signature)
            return self._add(signed) if signature else []
        waiting = [] if not self._pending else self._add(PartOut(text="", thought_signature=self._taken()))
        self._pending = signature
        return waiting

    def _taken(self) -> str:
        signature, self._pending = self._pending, ""
        return signature

    def _signature(self) -> str | None:
        return self._carried.taken() or self._taken() or None

    def _add(self, part: PartOut) -> list[bytes]:
        return [b"".join((self._head, _ENCODE(part), self._suffix))]

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, together with the finish reason
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        last = ContentOut([PartOut(text="", thought_signature=self._signature())])
        self._chunk.candidates = [CandidateOut(content=last, finish_reason=FINISH_REASONS[event.reason])]
        self._chunk.usage_metadata = write_usage(self._usage)
        return [_frame(self._chunk)]

    def _fail(self, event: Failed) -> list[bytes]:
        return [write_failure(event.fault, "")]


def _frame(chunk: ResponseOut) -> bytes:
    return b"data: %b\n\n" % _ENCODE(chunk)


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: ARG001, FBT001 - one shape for all dialects
    """Write a whole reply as a stream, one frame an item; usage is always in it."""
    return StreamWriter().write_all(reply)


def write_failure(fault: Fault, request_id: str) -> bytes:
    """Write the in-band end of a broken stream; nothing may follow it."""
    return b"data: %b\n\n" % write_error(fault, request_id)
