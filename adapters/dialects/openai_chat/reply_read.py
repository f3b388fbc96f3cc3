"""Whole replies of openai-chat -> the middle, and what streams have in common with them.

Reasoning, under either of its names, is thinking and comes first; a refusal is text that is marked, comes
last, and is the reason why the reply stopped. What has no place in the middle is dropped by rule and named:
annotations (they cite pages that only OpenAI's own search has seen), audio, and all choices but the first.
"""

from collections import Counter
from collections.abc import Iterator
from operator import attrgetter

import msgspec

from adapters.blocks import NOTHING
from adapters.dialects.openai_chat.reply_wire import (
    BodyIn,
    CallIn,
    FunctionIn,
    HeadIn,
    MessageIn,
    PartIn,
    WholeIn,
)
from adapters.dialects.openai_chat.wire import UsageIn
from adapters.events import (
    ANSWERS,
    AUDIO,
    CITATIONS,
    IMAGES,
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
from adapters.literal import EMPTY, literal, text_of
from adapters.reader import NULL, decode, given

# Any other finish reason is the plain end. `error` is none at all: the provider gave up.
STOPS: dict[str, StopReason] = {
    "stop": "end",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
BROKEN = "error"

_BODY = msgspec.json.Decoder(BodyIn).decode
_WHOLE = msgspec.json.Decoder(WholeIn).decode
_HEAD = msgspec.json.Decoder(HeadIn).decode
_PARTS = msgspec.json.Decoder(list[PartIn]).decode
_USAGE = msgspec.json.Decoder(UsageIn).decode
_DROPPED = {"annotations": CITATIONS, "audio": AUDIO, "images": IMAGES}
_BESIDE = attrgetter(*(name for name in MessageIn.__struct_fields__ if name != "content"))
_NOTHING_BESIDE = _BESIDE(MessageIn())
_UNSAID = (NULL, EMPTY, msgspec.Raw(b"[]"))
_PREFIX = "chatcmpl-"

Said = tuple[BlockKind, msgspec.Raw]


def read_reply(body: bytes) -> Reply:
    """Read a whole completion; raise `Malformed` when it is none."""
    try:
        return _read(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not a chat completion: {error}.") from error


def _read(body: bytes) -> Reply:
    completion, head = _decoded(body)
    choices = completion.choices
    if not choices or choices[0].message is None or choices[0].finish_reason == BROKEN:
        raise ValueError("it has no message")
    message = choices[0].message
    plain = only_text(message)
    calls = () if plain else tuple(_calls(message))
    usage = Usage()
    count(completion.usage, usage)
    finish = choices[0].finish_reason or "stop"
    return Reply(
        bare_id(head),
        head.model or "",
        (TextBlock(text_of(message.content)),) if plain else (*_texts(message), *calls),
        stop_of(finish, called=bool(calls), refused=not plain and said(message.refusal)),
        usage,
        created=int(head.created or 0),
        dropped=() if plain and len(choices) == 1 else _dropped(message, others=len(choices) - 1),
    )


def _decoded(body: bytes) -> tuple[BodyIn, HeadIn]:
    """Decode a reply in one go; one whose head cannot be read keeps the rest."""
    try:
        whole = decode(_WHOLE, body)
    except msgspec.ValidationError:
        return decode(_BODY, body), read_head(body)
    return whole, HeadIn(whole.id, whole.model, whole.created)


def _dropped(message: MessageIn, others: int) -> tuple[str, ...]:
    dropped = Counter({ANSWERS: others} if others else {})
    note_dropped(message, dropped)
    return tuple(sorted(dropped))


def _texts(message: MessageIn) -> Iterator[Block]:
    """Join what is of one kind: OpenAI's message has one place for each."""
    for kind, make in (("thinking", ThinkingBlock), ("text", TextBlock)):
        texts = [text_of(text) for told, text in spoken(message) if told == kind]
        if texts:
            yield make("".join(texts))
    refusal = [text_of(text) for _, text in refusal_of(message)]
    if refusal:
        yield TextBlock("".join(refusal), refused=True)


def _calls(message: MessageIn) -> Iterator[Block]:
    for call in calls_of(message):
        function = call.function or FunctionIn()
        arguments = text_of(arguments_of(function)) or NOTHING
        yield ToolBlock(call.id or "", function.name or "", arguments)


# --- what streams read alike --------------------------------------------------------------------------


def said(raw: msgspec.Raw) -> bool:
    """Tell whether a text is there and not empty."""
    return raw is not NULL and raw not in _UNSAID


def only_text(delta: MessageIn) -> bool:
    """Tell whether a delta is a piece of text and nothing else, as nearly all are.

    It spares what finds the rest: six allocations of 32 for a piece that is translated.
    """
    content = delta.content
    return _BESIDE(delta) == _NOTHING_BESIDE and bytes(content).startswith(b'"') and content != EMPTY


def spoken(message: MessageIn) -> list[Said]:
    """Return what a message or a delta says, as literals: thinking first, then text."""
    thought = message.reasoning_content if said(message.reasoning_content) else message.reasoning
    told = _spoken_in(thought, "thinking") if said(thought) else []
    if said(message.content):
        told += _spoken_in(message.content, "text")
    return told


def refusal_of(message: MessageIn) -> list[Said]:
    """Return what a message or a delta says instead of an answer."""
    return _spoken_in(message.refusal, "text") if said(message.refusal) else []


def _spoken_in(raw: msgspec.Raw, kind: BlockKind) -> list[Said]:
    first = bytes(raw)[:1]
    if first == b'"':
        return [(kind, raw)]
    if first != b"[":
        raise ValueError("a text is neither a string nor a list of parts")
    return [told for part in _PARTS(raw) for told in _spoken_by(part, kind)]


def _spoken_by(part: PartIn, kind: BlockKind) -> list[Said]:
    if part.type == "thinking":
        return _spoken_in(part.thinking, "thinking") if said(part.thinking) else []
    return _spoken_in(part.text, kind) if said(part.text) else []


def calls_of(message: MessageIn) -> list[CallIn]:
    """Return the tool calls, or pieces of them; the one of old counts as the first."""
    if message.function_call is not None:
        return [CallIn(index=0, function=message.function_call)]
    return message.tool_calls or []


def arguments_of(function: FunctionIn) -> msgspec.Raw:
    """Return the arguments as the literal of their JSON."""
    raw = function.arguments
    if not given(raw):
        return EMPTY
    return raw if bytes(raw)[:1] == b'"' else literal(bytes(raw).decode())


def stop_of(finish: str, *, called: bool, refused: bool) -> StopReason:
    """Read a finish reason; many providers say `stop` after a call, some `tool_calls` after none."""
    stop = STOPS.get(finish, "end")
    if stop in ("end", "tool_use"):
        stop = "tool_use" if called else "end"
    return "refusal" if refused and stop == "end" else stop


def count(raw: msgspec.Raw, usage: Usage) -> None:
    """Write counts over what was counted before; counts that cannot be read are none."""
    if not given(raw):
        return
    try:
        _USAGE(raw).add_to(usage)
    except ValueError:
        return


def read_head(data: bytes) -> HeadIn:
    """Read id, model and time; what cannot be read is absent."""
    try:
        return decode(_HEAD, data)
    except (ValueError, RecursionError):
        return HeadIn()


def bare_id(head: HeadIn) -> str:
    """Return the id without the prefix of this dialect."""
    return (head.id or "").removeprefix(_PREFIX)


def note_dropped(message: MessageIn, dropped: Counter[str]) -> None:
    """Count what has no place in the middle."""
    for field, name in _DROPPED.items():
        raw = getattr(message, field)
        if raw is not NULL and raw not in _UNSAID:
            dropped[name] += 1
