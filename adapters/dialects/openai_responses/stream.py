"""Streams of openai-responses: the tap that meters what passes, and the writer of events.

Each frame is `event: <type>` and one `data` line. A reply is a list of items: each is added, filled and
done, and the response that carries them all comes last. Clients hold a stream to one response id from
the first event to the last, so a failure is written by whoever saw the first one: the tap.
"""

import re
from collections.abc import Callable

import msgspec

from adapters.dialects.openai_responses.marks import is_search
from adapters.dialects.openai_responses.reply import (
    NO_SUMMARY,
    finished,
    response_id,
    write_compaction,
    write_item,
)
from adapters.dialects.openai_responses.wire import (
    EventOut,
    FailureOut,
    Item,
    LifeIn,
    Part,
    RefusalPart,
    ResponseIn,
    ResponseOut,
    StreamEventIn,
    SummaryPart,
    TextPart,
)
from adapters.events import (
    Added,
    Block,
    BlockClosed,
    BlockOpened,
    Failed,
    Reply,
    Started,
    Stopped,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    UsageCounted,
)
from adapters.fault import Fault, FaultKind
from adapters.literal import inside, joined, text_of
from adapters.openai import COMMENT, read_stream_fault
from adapters.sse import BOUNDARY, StreamTap
from adapters.writer import Writer

_DECODE = msgspec.json.Decoder(StreamEventIn).decode
_DECODE_LIFE = msgspec.json.Decoder(LifeIn).decode
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
_ALIVE = (
    b"event: response.in_progress\n"
    b'data: {"type":"response.in_progress","sequence_number":%d,"response":%b}\n\n'
)
# Codes that clients know what to do about: they are kept.
KNOWN_CODES = frozenset(("context_length_exceeded", *FAILURE_CODES.values()))


class Tap(StreamTap):
    """Usage and end from the response that is completed or incomplete, faults from one that failed."""

    __slots__ = ("_latest", "_life", "_seen")

    def __init__(self) -> None:
        super().__init__()
        self._seen = ResponseIn()
        self._life = b""  # the response that began, as it came
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
        number = self._count()
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

    def sign_of_life(self) -> bytes:
        """Write what may be said while this stream is silent: that its response is in progress, once it is.

        Clients hold a stream to the response it began with, so it is said of no other; its number is that of
        the last event, for the next one is the provider's.
        """
        if not self._life or self.ended or self.fault is not None:
            return COMMENT
        return _ALIVE % (max(self._count() - 1, 0), self._life)

    def _count(self) -> int:
        """The number of the next event."""
        numbers = _NUMBER.findall(self._latest)
        return int(numbers[-1]) + 1 if numbers else 0

    def _read(self, event: bytes, data: bytes) -> None:
        try:
            seen = _DECODE(data)
        except (ValueError, RecursionError):
            return  # it passes as it is; what cannot be read is not counted
        kind = seen.type or event.decode("latin-1")
        if seen.response is not None and kind.startswith("response."):
            self._note(kind, seen.response)
            if not self._life and seen.response.id is not None:
                self._life = bytes(_DECODE_LIFE(data).response)
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
    "refusal": Filling(
        name="response.refusal",
        done="refusal",
        empty={"status": "in_progress", "content": []},
        place={"content_index": 0},
        part_name="response.content_part",
        part=lambda text: RefusalPart(refusal=text),
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
        "_alive",
        "_bare",
        "_compaction",
        "_filling",
        "_held",
        "_items",
        "_middle",
        "_number",
        "_opened",
        "_pieces",
        "_place",
        "_prefix",
        "_response",
        "_suffix",
        "_usage",
    )

    def __init__(self) -> None:
        self._alive = False
        self._bare = ""
        self._number = 0
        self._response = ResponseOut(id="", created_at=0, status="in_progress", model="")
        self._usage = Usage()
        self._items: list[Item] = []
        self._compaction: list[str] | None = None  # the texts of a summary, where the reply is one
        self._opened = BlockOpened(0, "text")
        self._filling = _FILLINGS["text"]
        self._place: dict[str, object] = {}  # where the open item is, as its events say it
        self._pieces: list[msgspec.Raw] = []
        self._held = False  # whether what is added is not told at once
        self._prefix = self._middle = self._suffix = b""  # of the deltas of the open item, round their number

    def sign_of_life(self) -> bytes:
        """Write what may be said in a silent stream: that its response is in progress, once it is."""
        return self._say("response.in_progress", response=self._response) if self._alive else COMMENT

    def _say(self, kind: str, **fields: object) -> bytes:
        event = msgspec.structs.replace(EventOut(type=kind, sequence_number=self._number), **fields)
        self._number += 1
        return _frame(event)

    def _start(self, event: Started) -> list[bytes]:
        self._alive = True
        self._bare = event.id
        self._usage = event.usage
        self._compaction = [] if event.compaction else None
        self._response = ResponseOut(
            id=response_id(event.id), created_at=event.created, status="in_progress", model=event.model
        )
        kinds = ("response.created", "response.in_progress")
        return [self._say(kind, response=self._response) for kind in kinds]

    def _open(self, event: BlockOpened) -> list[bytes]:
        self._opened, self._pieces = event, []
        kind = "refusal" if event.refused else "custom" if event.custom else event.kind
        self._filling = filling = _FILLINGS[kind]
        # A search is told when its arguments are whole, for they are no text.
        self._held = self._compaction is not None or _is_search(event)
        if self._held:
            return []
        item = write_item(self._bare, event.index, _block(event, "", ""))
        self._place = {"item_id": item.id, "output_index": event.index, **filling.place}
        delta = f"{filling.name}.delta".encode()
        self._prefix = _DELTA % (delta, delta)
        self._middle = b",%b," % _ENCODE(self._place)[1:-1] + b'"delta":'
        self._suffix = b',"logprobs":[]}\n\n' if filling.more else b"}\n\n"
        opened = msgspec.structs.replace(item, **filling.empty)
        frames = [self._say("response.output_item.added", output_index=event.index, item=opened)]
        # A thought may be nothing but its signature: its part begins with its text.
        self._held = event.kind == "thinking"
        return frames if self._held else [*frames, *self._say_part("added", "")]

    def _say_part(self, what: str, text: str) -> list[bytes]:
        filling = self._filling
        if filling.part is None:
            return []
        return [self._say(f"{filling.part_name}.{what}", **self._place, part=filling.part(text))]

    def _add(self, event: Added) -> list[bytes]:
        """Put a delta together of constant parts, its number and the literal that came."""
        self._pieces.append(event.literal)
        if self._held:
            return self._add_held(event)
        number = self._number
        self._number = number + 1
        return [b"".join((self._prefix, b"%d" % number, self._middle, event.literal, self._suffix))]

    # The deltas are the many: they are written by one method, without another between.
    _add_text = _add_thinking = _add_input = _add

    def _add_held(self, event: Added) -> list[bytes]:
        if self._compaction is not None or self._opened.kind != "thinking":
            return []
        self._held = False
        part = self._say_part("added", "")
        self._pieces.pop()
        return [*part, *self._add(event)]

    def _close(self, event: BlockClosed) -> list[bytes]:
        text = text_of(joined(b"".join(map(inside, self._pieces))))
        if self._compaction is not None:
            self._compaction += [text] if event.kind == "text" else []
            return []
        item = write_item(self._bare, event.index, _block(self._opened, text, event.signature))
        self._items.append(item)
        return [
            *self._say_filled(event, item, text),
            self._say("response.output_item.done", output_index=event.index, item=item),
        ]

    def _say_filled(self, event: BlockClosed, item: Item, text: str) -> list[bytes]:
        if not self._held:
            filling = self._filling
            fields = {**self._place, filling.done: text, **filling.more}
            return [self._say(f"{filling.name}.done", **fields), *self._say_part("done", text)]
        if event.kind == "thinking":
            return []
        opened = msgspec.structs.replace(item, status="in_progress")
        return [self._say("response.output_item.added", output_index=event.index, item=opened)]

    def _count(self, event: UsageCounted) -> list[bytes]:
        self._usage = event.usage  # said once, in the last event
        return []

    def _end(self, event: Stopped) -> list[bytes]:
        frames: list[bytes] = []
        if self._compaction is not None:
            text = "".join(self._compaction)
            if not text.strip():
                return self._fail(Failed(Fault("upstream", 502, NO_SUMMARY)))
            self._items = [write_compaction(self._bare, text)]
            kinds = ("response.output_item.added", "response.output_item.done")
            frames = [self._say(kind, output_index=0, item=self._items[0]) for kind in kinds]
        self._alive = False
        response = finished(self._response, self._items, event.reason, self._usage)
        return [*frames, self._say(f"response.{response.status}", response=response)]

    def _fail(self, event: Failed) -> list[bytes]:
        self._alive = False
        return [write_failure(event.fault, self._response, self._number)]


_DELTA = b'event: %b\ndata: {"type":"%b","sequence_number":'


def _is_search(event: BlockOpened) -> bool:
    return event.kind == "tool" and not event.custom and is_search(event.name, event.namespace)


def _block(opened: BlockOpened, text: str, signature: str) -> Block:
    if opened.kind == "text":
        return TextBlock(text, opened.refused)
    if opened.kind == "thinking":
        return ThinkingBlock(text, signature)
    return ToolBlock(opened.id, opened.name, text, opened.namespace, opened.custom)


def make_writer(include_usage: bool) -> StreamWriter:  # noqa: ARG001, FBT001 - usage is always in it
    """Make a writer of one stream."""
    return StreamWriter()


def write_stream(reply: Reply, include_usage: bool) -> list[bytes]:  # noqa: ARG001, FBT001 - one shape for all dialects
    """Write a whole reply as a stream, one frame an item; usage is always in it."""
    return StreamWriter().write_all(reply)
