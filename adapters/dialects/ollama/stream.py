"""Streams of ollama: the tap that meters what passes, and the writer of events.

Each frame is one line of JSON. A tool call is one line, written when its block closes: arguments are an
object here and no text that grows. A broken stream ends with a line that holds an error.
"""

from typing import Final

import msgspec

from adapters.dialects.ollama.reply import (
    DONE_REASONS,
    read_stream_fault,
    write_call,
    write_error,
    write_time,
)
from adapters.dialects.ollama.wire import LastIn, LastOut, LineOut, MessageOut
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
from adapters.literal import inside, joined, text_of
from adapters.ndjson import END, Lines
from adapters.reader import given
from adapters.sse import StreamTap
from adapters.writer import Writer

_DECODE = msgspec.json.Decoder(LastIn).decode
_ENCODE = msgspec.json.Encoder().encode

# The parts of a line that text is put between.
_MESSAGE: Final = b'"message":{"role":"assistant","content":'
_RESPONSE: Final = b'},"response":'
_THOUGHT: Final = b'"","thinking":'
_NO_RESPONSE: Final = b'},"response":"","thinking":'
_GOING: Final = b',"done":false}\n'

# Nothing is added by it, to a message or to a response: no client may be shown a word.
SIGN_OF_LIFE: Final = _ENCODE(LineOut(model="", created_at=write_time(0), message=MessageOut())) + END


class Tap(Lines, StreamTap):
    """Usage and the end from the line that is done, faults from errors."""

    __slots__ = ()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a chunk of whole lines without a word of interest is not framed."""
        if not self.quiet or not chunk.endswith(END) or _is_notable(chunk):
            self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:  # noqa: ARG002 - lines have no names
        """Read one line, if it concerns the tap."""
        if _is_notable(data):
            self._read(data)

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream."""
        return write_failure(fault, request_id)

    def _read(self, data: bytes) -> None:
        try:
            line = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        if given(line.error):
            self.fault = read_stream_fault(data)
        elif line.done:
            line.add_to(self.usage)
            self.ended = True


def _is_notable(chunk: bytes) -> bool:
    """Tell whether bytes may hold an end or an error.

    Inside of a text the quotes of these words are escaped. `count` because it is the cheapest search that
    makes no object.
    """
    if chunk.count(b'"error"'):
        return True
    going = chunk.count(b'"done":false') or chunk.count(b'"done": false')
    return chunk.count(b'"done"') != going


class StreamWriter(Writer):
    """Events in, lines out."""

    __slots__ = ("_call", "_calls", "_head", "_input", "_model", "_time", "_usage")

    def __init__(self) -> None:
        self._model = self._time = ""
        self._head = b""  # of a line, up to what its message holds
        self._usage = Usage()
        self._call = BlockOpened(0, "tool")
        self._calls = 0
        self._input = bytearray()  # the inside of the literal of the open call's arguments

    def _start(self, event: Started) -> list[bytes]:
        self._model, self._time, self._usage = event.model, write_time(event.created), event.usage
        # The lines of text are the many: they are put together of constant parts and the literal that came.
        head, _, _ = _ENCODE(self._line(MessageOut())).partition(_MESSAGE)
        self._head = head + _MESSAGE
        return []

    def _line(self, message: MessageOut) -> LineOut:
        return LineOut(model=self._model, created_at=self._time, message=message)

    def _open(self, event: BlockOpened) -> list[bytes]:
        self._call, self._input = event, bytearray()
        return []

    def _add_text(self, event: TextAdded) -> list[bytes]:
        said = event.literal
        return [b"".join((self._head, said, _RESPONSE, said, _GOING))]

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        said = event.literal
        return [b"".join((self._head, _THOUGHT, said, _NO_RESPONSE, said, _GOING))]

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        self._input += inside(event.literal)
        return []

    def _close(self, event: BlockClosed) -> list[bytes]:
        if event.kind != "tool":
            return []
        arguments = text_of(joined(self._input))
        call = write_call(self._calls, self._call.id, self._call.name, arguments)
        self._calls += 1
        return [_ENCODE(self._line(MessageOut(tool_calls=[call]))) + END]

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, in the last line
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        last = LastOut(
            model=self._model,
            created_at=self._time,
            message=MessageOut(),
            done_reason=DONE_REASONS[event.reason],
            prompt_eval_count=self._usage.read,
            eval_count=self._usage.output,
        )
        return [_ENCODE(last) + END]

    def _fail(self, event: Failed) -> list[bytes]:
        return [write_failure(event.fault, "")]


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: ARG001, FBT001 - one shape for all dialects
    """Write a whole reply as a stream, one line an item; usage is always in it."""
    return StreamWriter().write_all(reply)


def write_failure(fault: Fault, request_id: str) -> bytes:
    """Write the in-band end of a broken stream; nothing may follow it."""
    return write_error(fault, request_id) + END
