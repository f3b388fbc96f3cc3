"""Streams of gemini -> events; a whole reply is read as a stream of one chunk.

Each frame is a response with the parts that are new. A block of thinking or text goes on until another kind
of part comes; a call is always whole. A signature on a call is a block of thinking without text right before
it. On a text, as streamed answers end with one, it is no content, and Google does not insist on it: it is
counted, and neither opens a block nor closes one. Nothing marks the end: it is told where the bytes end
after a finish reason; without one that is a failure.
"""

from datetime import datetime

import msgspec

from adapters.blocks import GrowingBlock
from adapters.dialects.gemini.reply_wire import CallIn, CandidateIn, HeadIn, PartIn, ResponseIn
from adapters.dialects.gemini.wire import ErrorStatusIn, UsageIn, read_fault
from adapters.events import ANSWERS, AUDIO, CITATIONS, IMAGES, LOGPROBS, SERVER_TOOLS, StopReason, Usage
from adapters.fault import Fault
from adapters.literal import EMPTY, literal
from adapters.reader import NULL, Reader, decode, given

# Any other finish reason is the plain end.
STOPS: dict[str, StopReason] = {
    "STOP": "end",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "LANGUAGE": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
    "MODEL_ARMOR": "refusal",
    "IMAGE_SAFETY": "refusal",
    "IMAGE_PROHIBITED_CONTENT": "refusal",
    "IMAGE_RECITATION": "refusal",
}
# The model failed at the reply: there is nothing in it that a client could go on with.
BROKEN = frozenset(
    (
        "MALFORMED_FUNCTION_CALL",
        "MALFORMED_RESPONSE",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
    )
)
# What has no place in the middle: fields of a part, and of a candidate.
_LOST_PARTS = {
    "file_data": "parts.fileData",
    "executable_code": SERVER_TOOLS,
    "code_execution_result": SERVER_TOOLS,
    "tool_call": SERVER_TOOLS,
    "tool_response": SERVER_TOOLS,
}
# Bytes that the model made, by the first word of their type.
_LOST_DATA = {"image": IMAGES, "audio": AUDIO}
_LOST_FIELDS = {
    "citation_metadata": CITATIONS,
    "grounding_metadata": CITATIONS,
    "url_context_metadata": CITATIONS,
    "logprobs_result": LOGPROBS,
}
_LOST_SIGNATURE = "parts.thoughtSignature"
_NOTHING = (NULL, msgspec.Raw(b"{}"))

_DECODE = msgspec.json.Decoder(ResponseIn).decode
_DECODE_HEAD = msgspec.json.Decoder(HeadIn).decode
_DECODE_USAGE = msgspec.json.Decoder(UsageIn).decode
_DECODE_ERROR = msgspec.json.Decoder(ErrorStatusIn).decode


class StreamReader(Reader):
    """Bytes in, events out; `reason` is why the reply ended, once that is known."""

    __slots__ = ("_calls", "reason")

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0
        self.reason = ""

    def see(self, event: bytes, data: bytes) -> None:  # noqa: ARG002 - events have no names here
        """Read one frame."""
        response = self.decoded(_DECODE, data)
        if given(response.error):
            return self.fail(read_stream_fault(response.error))
        count(response.usage_metadata, self.usage)
        feedback = response.prompt_feedback
        if response.candidates:
            self._begin(data)
            for candidate in response.candidates:
                self._take_candidate(candidate)
        elif feedback is not None and feedback.block_reason:
            self._begin(data)
            self.reason, self.ended = "PROHIBITED_CONTENT", True
        else:
            self.skipped += not given(response.usage_metadata)
        return None

    def conclude(self) -> None:
        """Stop, if there was a finish reason."""
        if self.reason:
            stop = STOPS.get(self.reason, "end")
            self.stop("tool_use" if stop == "end" and self._calls else stop)

    def _begin(self, data: bytes) -> None:
        if self.started:
            return
        head = read_head(data)
        self.start(head.response_id or "", head.model_version or "", seconds(head.create_time))

    def _take_candidate(self, candidate: CandidateIn) -> None:
        if candidate.index:
            self.dropped[ANSWERS] += 1
            return
        for part in (candidate.content.parts if candidate.content else None) or ():
            self._take_part(part)
        self._note_lost(candidate, _LOST_FIELDS)
        reason = candidate.finish_reason
        if reason in BROKEN:
            told = ": ".join(filter(None, (reason, candidate.finish_message)))
            self.fail(Fault("upstream", 502, f"The model failed at its reply ({told})."))
        elif reason:
            self.reason, self.ended = reason, True

    def _take_part(self, part: PartIn) -> None:
        self._note_lost(part, _LOST_PARTS)
        if part.inline_data is not None:
            kind = (part.inline_data.mime_type or "").partition("/")[0]
            self.dropped[_LOST_DATA.get(kind, "parts.inlineData")] += 1
        signature = part.thought_signature or ""
        if part.thought:
            self._think(part.text, signature)
            return
        if part.function_call is not None:
            if signature:
                self.blocks.end_speech()
                self._sign(GrowingBlock("thinking"), signature)
            self._call(part.function_call)
            return
        if signature:
            self.dropped[_LOST_SIGNATURE] += 1
        if said(part.text):
            self.blocks.say("text", part.text)

    def _note_lost(self, holder: PartIn | CandidateIn, names: dict[str, str]) -> None:
        for field, name in names.items():
            if getattr(holder, field) not in _NOTHING:
                self.dropped[name] += 1

    def _think(self, text: msgspec.Raw, signature: str) -> None:
        if said(text):
            self.blocks.say("thinking", text)
        if signature:
            block = self.blocks.last
            if block is None or block.kind != "thinking":
                self.blocks.end_speech()
                block = GrowingBlock("thinking")
            self._sign(block, signature)

    def _sign(self, block: GrowingBlock, signature: str) -> None:
        """End a block of thinking with its signature; one that is not begun has nothing else."""
        block.signature = signature
        if block is not self.blocks.last:
            self.blocks.begin(block)
        self.blocks.close(block)

    def _call(self, call: CallIn) -> None:
        self.blocks.end_speech()
        block = GrowingBlock("tool")
        block.id = call.id or ""
        block.name = call.name or ""
        self._calls += 1
        self.blocks.begin(block)
        self.blocks.add(block, literal(bytes(call.args).decode() if given(call.args) else "{}"))
        self.blocks.close(block)


def said(text: msgspec.Raw) -> bool:
    """Tell whether a text is there and not empty; raise ValueError when it is none."""
    if text is NULL or text in (NULL, EMPTY):
        return False
    if bytes(text)[:1] != b'"':
        raise ValueError("a text is no string")
    return True


def count(raw: msgspec.Raw, usage: Usage) -> None:
    """Write counts over what was counted before; counts that cannot be read are none."""
    if not given(raw):
        return
    try:
        _DECODE_USAGE(raw).add_to(usage)
    except ValueError:
        return


def read_head(data: bytes) -> HeadIn:
    """Read id, model and time; what cannot be read is absent."""
    try:
        return decode(_DECODE_HEAD, data)
    except (ValueError, RecursionError):
        return HeadIn()


def seconds(time: str | None) -> int:
    """Return a time in seconds since the epoch; none where it cannot be read."""
    try:
        return int(datetime.fromisoformat(time).timestamp()) if time else 0
    except (ValueError, OverflowError):
        return 0


def read_stream_fault(error: msgspec.Raw | bytes) -> Fault:
    """Read what a stream holds as its error, whatever it is."""
    try:
        return read_fault(_DECODE_ERROR(error), None)
    except (ValueError, RecursionError):
        return read_fault(ErrorStatusIn(message=bytes(error).decode("utf-8", "replace")), None)
