"""Streams of ollama -> events.

What lines add becomes blocks: a block of thinking or text goes on until something else comes, a call comes
whole. The line that says `done` ends the reply and tells its usage; bytes that end before it are a failure.
"""

import msgspec

from adapters.blocks import GrowingBlock
from adapters.dialects.ollama.reply import read_stream_fault
from adapters.dialects.ollama.reply_read import (
    called,
    message_of,
    note_dropped,
    read_head,
    seconds_of,
    spoken,
    stop_of,
)
from adapters.dialects.ollama.reply_wire import BodyIn, CallIn
from adapters.literal import literal
from adapters.ndjson import Lines
from adapters.reader import Reader, given

_DECODE = msgspec.json.Decoder(BodyIn).decode


class StreamReader(Lines, Reader):
    """Bytes in, events out."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0

    def see(self, event: bytes, data: bytes) -> None:  # noqa: ARG002 - lines have no names
        """Read one line."""
        line = self.decoded(_DECODE, data)
        if given(line.error):
            return self.fail(read_stream_fault(data))
        message = message_of(line)
        if message is None and not line.done:
            self.skipped += 1
            return None
        self._begin(data)
        line.add_to(self.usage)
        note_dropped(line, self.dropped)
        if message is not None:
            for kind, said in spoken(message):
                self.blocks.say(kind, said)
            for call in message.tool_calls or ():
                self._call(call)
        if line.done:
            self.ended = True
            self.stop(stop_of(line.done_reason, called=self._calls > 0))
        return None

    def conclude(self) -> None:
        """Only a line that says so ends a reply."""

    def _begin(self, data: bytes) -> None:
        if not self.started:
            head = read_head(data)
            self.start("", head.model or "", seconds_of(head))

    def _call(self, call: CallIn) -> None:
        self.blocks.end_speech()
        block = GrowingBlock("tool")
        block.id = call.id or ""
        block.name, arguments = called(call)
        self._calls += 1
        self.blocks.begin(block)
        self.blocks.add(block, literal(arguments))
        self.blocks.close(block)
