"""Whole replies of ollama -> the middle, and what streams have in common with them.

What has no place in the middle is dropped by rule and named: log probabilities and images.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from adapters.dialects.ollama.arguments import as_text
from adapters.dialects.ollama.reply_wire import BodyIn, CallIn, FunctionIn, HeadIn, MessageIn
from adapters.events import (
    IMAGES,
    LOGPROBS,
    Block,
    BlockKind,
    Reply,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
)
from adapters.fault import Malformed
from adapters.literal import EMPTY, text_of
from adapters.reader import NULL, decode, given

# Any other reason is the plain end: also `load` and `unload`, where nothing was asked.
STOPS: Final[dict[str, StopReason]] = {"stop": "end", "length": "max_tokens"}

_BODY = msgspec.json.Decoder(BodyIn).decode
_HEAD = msgspec.json.Decoder(HeadIn).decode
_UNSAID = (NULL, EMPTY, msgspec.Raw(b"[]"))

Said = tuple[BlockKind, msgspec.Raw]


def read_reply(body: bytes) -> Reply:
    """Read a whole reply; raise `Malformed` when it is none."""
    try:
        return _read(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not one of Ollama: {error}.") from error


def _read(body: bytes) -> Reply:
    whole = decode(_BODY, body)
    message = message_of(whole)
    if message is None or not whole.done:
        raise ValueError("it is not done")
    head = read_head(body)
    blocks = (*_texts(message), *_calls(message))
    usage, dropped = Usage(), Counter[str]()
    whole.add_to(usage)
    note_dropped(whole, dropped)
    return Reply(
        "",
        head.model or "",
        blocks,
        stop_of(whole.done_reason, called=any(isinstance(block, ToolBlock) for block in blocks)),
        usage,
        created=seconds_of(head),
        dropped=tuple(sorted(dropped)),
    )


def _texts(message: MessageIn) -> Iterator[Block]:
    for kind, literal in spoken(message):
        yield ThinkingBlock(text_of(literal)) if kind == "thinking" else TextBlock(text_of(literal))


def _calls(message: MessageIn) -> Iterator[Block]:
    for call in message.tool_calls or ():
        name, arguments = called(call)
        yield ToolBlock(call.id or "", name, arguments)


# --- what streams read alike --------------------------------------------------------------------------


def message_of(body: BodyIn) -> MessageIn | None:
    """Return the message, or what stands for one in a reply of /api/generate."""
    if body.message is not None or not given(body.response):
        return body.message
    return MessageIn(body.response, body.thinking, body.tool_calls)


def spoken(message: MessageIn) -> list[Said]:
    """Return what a message or a line says, as literals: thinking first."""
    told: list[Said] = [("thinking", message.thinking), ("text", message.content)]
    said = [(kind, raw) for kind, raw in told if raw is not NULL and raw not in _UNSAID]
    if any(bytes(raw)[:1] != b'"' for _, raw in said):
        raise ValueError("a text is no string")
    return said


def called(call: CallIn) -> tuple[str, str]:
    """Return the name and the arguments of a call."""
    function = call.function or FunctionIn()
    raw = function.arguments
    return function.name, text_of(raw) if bytes(raw)[:1] == b'"' else as_text(raw)


def stop_of(reason: str | None, *, called: bool) -> StopReason:
    """Read why it is done; a call is no reason of its own here."""
    stop = STOPS.get(reason or "", "end")
    return "tool_use" if called and stop == "end" else stop


def read_head(data: bytes) -> HeadIn:
    """Read model and time; what cannot be read is absent."""
    try:
        return decode(_HEAD, data)
    except (ValueError, RecursionError):
        return HeadIn()


def seconds_of(head: HeadIn) -> int:
    """Return the time of a line in seconds since the epoch; 0 where it tells none."""
    try:
        return max(int(datetime.fromisoformat(head.created_at or "").timestamp()), 0)
    except (ValueError, OverflowError):
        return 0


def note_dropped(body: BodyIn, dropped: Counter[str]) -> None:
    """Count what has no place in the middle."""
    images = body.message.images if body.message else body.image
    for name, raw in ((IMAGES, images), (LOGPROBS, body.logprobs)):
        if raw is not NULL and raw not in _UNSAID:
            dropped[name] += 1
