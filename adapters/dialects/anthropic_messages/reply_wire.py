"""The wire of replies of anthropic-messages as Structs, as they are read; text stays the literal it came in.

Unknown fields are skipped, and what is read may be absent or null.
"""

import msgspec

from adapters.reader import NULL


class BlockIn(msgspec.Struct):
    """A block of any kind, whole or as it begins in a stream."""

    type: str = ""
    text: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
    citations: msgspec.Raw = NULL
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = NULL


class DeltaIn(msgspec.Struct):
    """What is added to a block, or in `message_delta` why the reply stopped."""

    type: str = ""
    text: msgspec.Raw = NULL
    thinking: msgspec.Raw = NULL
    partial_json: msgspec.Raw = NULL
    signature: str | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class MessageIn(msgspec.Struct):
    """A whole reply, or the head of a streamed one."""

    type: str = ""
    id: str | None = None
    model: str | None = None
    content: list[BlockIn] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: msgspec.Raw = NULL


class EventIn(msgspec.Struct):
    """Any event of a stream; what few of them have is read apart."""

    type: str = ""
    index: int = 0
    delta: DeltaIn | None = None
    content_block: msgspec.Raw = NULL
    message: msgspec.Raw = NULL
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
