"""Whole replies of openai-responses -> the middle, and what streams have in common with them.

Each text of a message is a block, each reasoning item is one, whatever parts it has. A refusal is text
that is marked, and the reason why the reply stopped. What has no place in the middle is dropped by rule and
named: annotations (they cite pages that only OpenAI's own search has seen) and items of tools that the
provider runs itself.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from adapters.blocks import NOTHING
from adapters.dialects.openai_responses.marks import SEARCH, packed, plain_home
from adapters.dialects.openai_responses.reply_wire import HeadIn, ItemIn, KindIn, PartIn, ResponseIn
from adapters.dialects.openai_responses.wire import UsageIn
from adapters.events import (
    CITATIONS,
    IMAGES,
    SERVER_TOOLS,
    Block,
    Reply,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
)
from adapters.fault import Malformed
from adapters.literal import EMPTY, literal, text_of
from adapters.openai import read_stream_fault
from adapters.reader import decode, given

# Statuses of a reply that is no answer; any other, and none at all, is the plain end.
BROKEN = ("failed", "cancelled", "queued", "in_progress")
CALLS = ("function_call", "custom_tool_call", "tool_search_call")
_READ = ("message", "reasoning", *CALLS)
REFUSAL = "refusal"
BLANK = msgspec.Raw(b'"\\n\\n"')

_RESPONSE = msgspec.json.Decoder(ResponseIn).decode
_HEAD = msgspec.json.Decoder(HeadIn).decode
_KIND = msgspec.json.Decoder(KindIn).decode
_ITEM = msgspec.json.Decoder(ItemIn).decode
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw]).decode
_USAGE = msgspec.json.Decoder(UsageIn).decode
_PREFIX = "resp_"


def read_reply(body: bytes) -> Reply:
    """Read a whole response; raise `Malformed` when it is none."""
    try:
        return _read(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not a response: {error}.") from error


def _read(body: bytes) -> Reply:
    response = decode(_RESPONSE, body)
    if response.object not in (None, "response") or not given(response.output):
        raise ValueError("it has no output")
    if response.status in BROKEN:
        fault = read_stream_fault(response.error if given(response.error) else b"{}")
        raise ValueError(f"it is {response.status} ({fault.message})")
    items = [read_item(raw) for raw in items_of(response)]
    head, usage = read_head(body), Usage()
    count(response.usage, usage)
    dropped = Counter[str]()
    for item in items:
        note_dropped(item, dropped)
    return Reply(
        bare_id(head),
        head.model or "",
        tuple(block for item in items for block in _blocks(item)),
        stop_of(response, called=any(map(is_call, items)), refused=any(map(is_refused, items))),
        usage,
        created=int(head.created_at or 0),
        dropped=tuple(sorted(dropped)),
    )


def _blocks(item: ItemIn) -> Iterator[Block]:
    if item.type == "message":
        for part in item.content or ():
            if said := said_by(part):
                yield TextBlock(text_of(said), part.type == REFUSAL)
    elif item.type == "reasoning":
        thought, signature = thought_in(item), signature_of(item)
        if thought or signature:
            yield ThinkingBlock("\n\n".join(map(text_of, thought)), signature)
    elif is_call(item):
        name, home = name_of(item)
        custom = item.type == "custom_tool_call"
        arguments = text_of(arguments_of(item)) or ("" if custom else NOTHING)
        yield ToolBlock(item.call_id or item.id or "", name, arguments, home, custom)


# --- what streams read alike --------------------------------------------------------------------------


def items_of(response: ResponseIn) -> list[msgspec.Raw]:
    """Return the items of a response."""
    return _ITEMS(response.output) if given(response.output) else []


def read_item(raw: msgspec.Raw) -> ItemIn:
    """Read an item; of one that has no place in the middle nothing but its kind."""
    kind = _KIND(raw).type
    return _ITEM(raw) if kind in _READ else ItemIn(type=kind)


def said_by(part: PartIn) -> msgspec.Raw | None:
    """Return what a part of a message says, as a literal; None when that is nothing."""
    raw = part.refusal if part.type == REFUSAL else part.text
    return raw if given(raw) and raw != EMPTY else None


def thought_in(item: ItemIn) -> list[msgspec.Raw]:
    """Return the texts of a reasoning item, as literals: its summary, or else the thoughts themselves."""
    parts = item.summary or item.content or ()
    return [part.text for part in parts if given(part.text) and part.text != EMPTY]


def signature_of(item: ItemIn) -> str:
    """Return what binds a thought to its maker."""
    return packed(item.id or "", item.encrypted_content or "")


def is_call(item: ItemIn) -> bool:
    """Tell whether an item is a call of a tool that the client runs."""
    return item.type in CALLS and not (item.type == "tool_search_call" and item.execution == "server")


def is_refused(item: ItemIn) -> bool:
    """Tell whether an item refuses to answer."""
    return any(part.type == REFUSAL for part in item.content or ())


def name_of(item: ItemIn) -> tuple[str, str]:
    """Return the name of a called tool and its namespace."""
    if item.type == "tool_search_call":
        return SEARCH, ""
    name = item.name or ""
    return name, item.namespace or (plain_home(name) if name else "")


def arguments_of(item: ItemIn) -> msgspec.Raw:
    """Return what a tool is called with, as a literal; a search has an object there."""
    return as_literal(item.input if item.type == "custom_tool_call" else item.arguments)


def as_literal(raw: msgspec.Raw) -> msgspec.Raw:
    """Return a text as it came, JSON that is none as the literal of its text, nothing as the empty text."""
    if not given(raw):
        return EMPTY
    return raw if bytes(raw)[:1] == b'"' else literal(bytes(raw).decode())


def stop_of(response: ResponseIn, *, called: bool, refused: bool) -> StopReason:
    """Say why a response that is over stopped."""
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if reason == "content_filter":
        return "refusal"
    if response.status == "incomplete" or reason:
        return "max_tokens"
    return "tool_use" if called else "refusal" if refused else "end"


def count(raw: msgspec.Raw, usage: Usage) -> None:
    """Write counts over what was counted before; counts that cannot be read are none."""
    if not given(raw):
        return
    try:
        _USAGE(raw).add_to(usage)
    except ValueError:
        return


def read_head(data: bytes | msgspec.Raw) -> HeadIn:
    """Read id, model and time; what cannot be read is absent."""
    try:
        return decode(_HEAD, bytes(data))
    except (ValueError, RecursionError):
        return HeadIn()


def bare_id(head: HeadIn) -> str:
    """Return the id without the prefix of this dialect."""
    return (head.id or "").removeprefix(_PREFIX)


def note_dropped(item: ItemIn, dropped: Counter[str]) -> None:
    """Count what of an item has no place in the middle."""
    if item.type not in _READ or (item.type in CALLS and not is_call(item)):
        dropped[_lost_name(item.type)] += 1
    for part in item.content or ():
        if given(part.annotations) and part.annotations != msgspec.Raw(b"[]"):
            dropped[CITATIONS] += 1


def _lost_name(kind: str) -> str:
    if kind == "image_generation_call":
        return IMAGES
    ran = kind.startswith("mcp_") or kind.endswith(("_call", "_output"))
    return SERVER_TOOLS if ran else f"output.{kind}"
