"""Whole replies of anthropic-messages -> the middle, and what streams have in common with them.

What has no place in the middle is dropped by rule and named: citations (what they point to is numbered as
only Anthropic numbers it), and blocks of tools that Anthropic itself runs.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from adapters.blocks import NOTHING
from adapters.dialects.anthropic_messages.reply_wire import BlockIn, MessageIn
from adapters.dialects.anthropic_messages.wire import UsageIn
from adapters.events import (
    CITATIONS,
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
from adapters.literal import text_of
from adapters.reader import decode, given

# Any other stop reason is the plain end. A full context is met as a full output is: by going on anew.
STOPS: dict[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "refusal": "refusal",
}

_MESSAGE = msgspec.json.Decoder(MessageIn).decode
_USAGE = msgspec.json.Decoder(UsageIn).decode
_PREFIX = "msg_"
# What tools of Anthropic's leave beside their results.
_OF_TOOLS = ("container_upload",)
_NO_CITATIONS = msgspec.Raw(b"[]")


def read_reply(body: bytes) -> Reply:
    """Read a whole message; raise `Malformed` when it is none."""
    try:
        return _read(decode(_MESSAGE, body))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The reply is not an Anthropic message: {error}.") from error


def _read(message: MessageIn) -> Reply:
    if message.type != "message":
        raise ValueError(f"its type is `{message.type}`")
    usage = Usage()
    count(message.usage, usage)
    return Reply(
        bare_id(message),
        message.model or "",
        tuple(_BLOCKS[block.type](block) for block in message.content or () if block.type in _BLOCKS),
        stop_of(message.stop_reason or ""),
        usage,
        sequence=message.stop_sequence,
        dropped=tuple(sorted(set(_dropped(message.content or ())))),
    )


def _dropped(blocks: Sequence[BlockIn]) -> Iterator[str]:
    for block in blocks:
        if block.type not in _BLOCKS:
            yield lost_name(block.type)
        elif given(block.citations) and block.citations != _NO_CITATIONS:
            yield CITATIONS


def lost_name(kind: str) -> str:
    """Return how a block without a place is named."""
    ran = kind.endswith(("tool_use", "tool_result")) or kind in _OF_TOOLS
    return SERVER_TOOLS if ran else f"content.{kind}"


def _text(raw: msgspec.Raw) -> str:
    return text_of(raw) if given(raw) else ""


def arguments_of(block: BlockIn) -> str:
    """Return the input as the text of its JSON."""
    return bytes(block.input).decode() if given(block.input) else ""


_BLOCKS: dict[str, Callable[[BlockIn], Block]] = {
    "text": lambda block: TextBlock(_text(block.text)),
    "thinking": lambda block: ThinkingBlock(_text(block.thinking), block.signature or ""),
    "redacted_thinking": lambda block: ThinkingBlock("", redacted=block.data or ""),
    "tool_use": lambda block: ToolBlock(block.id or "", block.name or "", arguments_of(block) or NOTHING),
}


# --- what streams read alike --------------------------------------------------------------------------


def stop_of(reason: str) -> StopReason:
    """Read a stop reason."""
    return STOPS.get(reason, "end")


def count(raw: msgspec.Raw, usage: Usage) -> None:
    """Write counts over what was counted before; counts that cannot be read are none."""
    if not given(raw):
        return
    try:
        _USAGE(raw).add_to(usage)
    except ValueError:
        return


def bare_id(message: MessageIn) -> str:
    """Return the id without the prefix of this dialect."""
    return (message.id or "").removeprefix(_PREFIX)
