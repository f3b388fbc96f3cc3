"""Streams of openai-responses: the tap that meters what passes, and the writer of events.

Each frame is `event: <type>` and one `data` line. A reply is a list of items: each is added, filled and
done, and the response that carries them all comes last. Clients hold a stream to one response id from
the first event to the last, so a failure is written by whoever saw the first one: the tap.
"""

import re
from collections.abc import Callable

import msgspec

from adapters.dialects.openai_responses.reply import finished, response_id, write_item
from adapters.dialects.openai_responses.wire import (
    EventOut,
    FailureOut,
    Item,
    Part,
    ResponseIn,
    ResponseOut,
    StreamEventIn,
    SummaryPart,
    TextPart,
)
from adapters.events import (
    Block,
    BlockClosed,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    TextAdded,
    TextBlock,
    ThinkingAdded,
    ThinkingBlock,
    ToolBlock,
    ToolInputAdded,
    Usage,
    UsageCounted,
)
from adapters.fault import Fault, FaultKind
from adapters.openai import read_stream_fault
from adapters.sse import BOUNDARY, StreamTap
from adapters.writer import Writer

_DECODE = msgspec.json.Decoder(StreamEventIn).decode
_ENCODE = msgspec.json.Encoder().encode
NULL = b"null"
_NUMBER = re.compile(rb'"sequence_number" *: *(\d+)')

# What a client is to make of a failure, where it is not to try again: what says `server_error` is tried
# again. Never `server_is_overloaded`: Codex gives up at that.
FAILURE_CODES: dict[FaultKind, str] = {
    "invalid_request": "invalid_prompt",
    "too_large": "invalid_prompt",
    "billing": "insufficient_quota",
    "rate_limited": "rate_limit_exceeded",
}
# Codes that clients know what to do about: they are kept.
KNOWN_CODES = frozenset(("context_length_exceeded", *FAILURE_CODES.values()))


class Tap(StreamTap):
    """Usage and end from the response that is completed or incomplete, faults from one that failed."""

    __slots__ = ("_latest", "_seen")

    def __init__(self) -> None:
        super().__init__()
        self._seen = ResponseIn()
        self._latest = b""  # bytes that hold the number of the last event

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; a chunk of whole frames without a word of interest is not framed."""
        # The response stands in every event that concerns us and in no other; in a text its quotes are
        # escaped. `count` because it is the cheapest search that makes no object.
        if (
            self.quiet
            and chunk.endswith(BOUNDARY)
            and not (chunk.count(b'"response"') or chunk.count(b"error"))
        ):
            if chunk.count(b'"sequence_number"'):
                self._latest = chunk
            return
        self.frame_chunk(chunk)

    def see(self, event: bytes, data: bytes) -> None:
        """Read one frame, if it concerns the tap."""
        if b'"sequence_number"' in data:
            self._latest = data
        if b'"response"' in data or event == b"error" or b'"error"' in data:
            self._read(event, data)

    def failure(self, fault: Fault, request_id: str) -> bytes:
        """Write the in-band end of this stream under the id it began with, or begin one to end it."""
        numbers = _NUMBER.findall(self._latest)
        number = int(numbers[-1]) + 1 if numbers else 0
        seen = self._seen
        response = ResponseOut(
            id=seen.id or response_id(request_id),
            created_at=seen.created_at or 0,
            status="in_progress",
            model=seen.model or "",
        )
        if seen.id is not None:
            return write_failure(fault, response, number)
        opening = _frame(EventOut(type="response.created", sequence_number=number, response=response))
        return opening + write_failure(fault, response, number + 1)

    def _read(self, event: bytes, data: bytes) -> None:
        try:
            seen = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        kind = seen.type or event.decode("latin-1")
        if seen.response is not None and kind.startswith("response."):
            self._note(kind, seen.response)
        elif kind == "error" or bytes(seen.error) != NULL:
            self.fault = read_stream_fault(data if bytes(seen.error) == NULL else seen.error)

    def _note(self, kind: str, response: ResponseIn) -> None:
        if response.id is not None:
            self._seen = response
        if response.usage is not None:
            response.usage.add_to(self.usage)
        if kind in ("response.completed", "response.incomplete"):
            self.ended = True
        elif kind == "response.failed":
            self.fault = read_stream_fault(b"{}" if bytes(response.error) == NULL else response.error)


def write_failure(fault: Fault, response: ResponseOut, number: int) -> bytes:
    """Write a response as failed; nothing may follow it."""
    code = fault.code if fault.code in KNOWN_CODES else FAILURE_CODES.get(fault.kind, "server_error")
    failed = msgspec.structs.replace(response, status="failed", error=FailureOut(code, fault.message))
    return _frame(EventOut(type="response.failed", sequence_number=number, response=failed))


def _frame(event: EventOut) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event.type.encode(), _ENCODE(event))


class Filling(msgspec.Struct, frozen=True, kw_only=True):
    """How an item of a kind is filled: the names of its events, and what they say beside the text.

    `done` is the field the whole text is told in; `place` says where in the item it goes; `empty` is
    what is different in an item that was only opened.
    """

    name: str
    done: str
    empty: dict[str, object]
    place: dict[str, object] = {}
    more: dict[str, object] = {}
    part_name: str = ""
    part: Callable[[str], Part] | None = None


_FILLINGS = {
    "text": Filling(
        name="response.output_text",
        done="text",
        empty={"status": "in_progress", "content": []},
        place={"content_index": 0},
        more={"logprobs": []},
        part_name="response.content_part",
        part=lambda text: TextPart(text=text),
    ),
    "thinking": Filling(
        name="response.reasoning_summary_text",
        done="text",
        empty={"summary": []},
        place={"summary_index": 0},
        part_name="response.reasoning_summary_part",
        part=lambda text: SummaryPart(text=text),
    ),
    "tool": Filling(
        name="response.function_call_arguments", done="arguments", empty={"status": "in_progress"}
    ),
    "custom": Filling(name="response.custom_tool_call_input", done="input", empty={"status": "in_progress"}),
}


class StreamWriter(Writer):
    """Events in, frames out, numbered: a block is an item, with one part where its kind has parts."""

    __slots__ = (
        "_bare",
        "_filling",
        "_items",
        "_number",
        "_opened",
        "_pieces",
        "_place",
        "_response",
        "_usage",
    )

    def __init__(self) -> None:
        self._bare = ""
        self._number = 0
        self._response = ResponseOut(id="", created_at=0, status="in_progress", model="")
        self._usage = Usage()
        self._items: list[Item] = []
        self._opened = BlockOpened(0, "text")
        self._filling = _FILLINGS["text"]
        self._place: dict[str, object] = {}  # where the open item is, as its events say it
        self._pieces: list[str] = []

    def _say(self, kind: str, **fields: object) -> bytes:
        event = msgspec.structs.replace(EventOut(type=kind, sequence_number=self._number), **fields)
        self._number += 1
        return _frame(event)

    def _start(self, event: Started) -> list[bytes]:
        self._bare = event.id
        self._usage = event.usage
        self._response = ResponseOut(
            id=response_id(event.id), created_at=event.created, status="in_progress", model=event.model
        )
        kinds = ("response.created", "response.in_progress")
        return [self._say(kind, response=self._response) for kind in kinds]

    def _open(self, event: BlockOpened) -> list[bytes]:
        self._opened, self._pieces = event, []
        self._filling = filling = _FILLINGS["custom" if event.custom else event.kind]
        item = write_item(self._bare, event.index, _block(event, "", ""))
        self._place = {"item_id": item.id, "output_index": event.index, **filling.place}
        opened = msgspec.structs.replace(item, **filling.empty)
        frames = [self._say("response.output_item.added", output_index=event.index, item=opened)]
        return [*frames, *self._say_part("added", "")]

    def _say_part(self, what: str, text: str) -> list[bytes]:
        filling = self._filling
        if filling.part is None:
            return []
        return [self._say(f"{filling.part_name}.{what}", **self._place, part=filling.part(text))]

    def _add(self, piece: str) -> list[bytes]:
        self._pieces.append(piece)
        filling = self._filling
        return [self._say(f"{filling.name}.delta", **self._place, delta=piece, **filling.more)]

    def _add_text(self, event: TextAdded) -> list[bytes]:
        return self._add(event.text)

    def _add_thinking(self, event: ThinkingAdded) -> list[bytes]:
        return self._add(event.text)

    def _add_input(self, event: ToolInputAdded) -> list[bytes]:
        return self._add(event.text)

    def _close(self, event: BlockClosed) -> list[bytes]:
        filling, text = self._filling, "".join(self._pieces)
        item = write_item(self._bare, event.index, _block(self._opened, text, event.signature))
        self._items.append(item)
        done: dict[str, object] = {filling.done: text}
        return [
            self._say(f"{filling.name}.done", **self._place, **done, **filling.more),
            *self._say_part("done", text),
            self._say("response.output_item.done", output_index=event.index, item=item),
        ]

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, in the last event
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        response = finished(self._response, self._items, event.reason, self._usage)
        return [self._say(f"response.{response.status}", response=response)]

    def _fail(self, event: Failed) -> list[bytes]:
        return [write_failure(event.fault, self._response, self._number)]


def _block(opened: BlockOpened, text: str, signature: str) -> Block:
    if opened.kind == "text":
        return TextBlock(text)
    if opened.kind == "thinking":
        return ThinkingBlock(text, signature)
    return ToolBlock(opened.id, opened.name, text, opened.namespace, opened.custom)


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: ARG001, FBT001 - one shape for all dialects
    """Write a whole reply as a stream, one frame an item; usage is always in it."""
    return StreamWriter().write_all(reply)
