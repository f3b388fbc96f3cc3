"""The wire of replies of openai-responses as Structs, as they are read; text stays the literal it came in.

Unknown fields are skipped, and what is read may be absent or null: boxes speak this dialect, each a little
differently, and some send little of it.
"""

import msgspec

from adapters.reader import NULL


class PartIn(msgspec.Struct):
    """A part of a message, of a summary or of a thought."""

    type: str = ""
    text: msgspec.Raw = NULL
    refusal: msgspec.Raw = NULL
    annotations: msgspec.Raw = NULL


class KindIn(msgspec.Struct):
    """All that is sure of an item."""

    type: str = ""


class ItemIn(msgspec.Struct):
    """An item of any kind, whole or only begun; what a kind does not have is absent."""

    type: str = ""
    id: str | None = None
    content: list[PartIn] | None = None
    summary: list[PartIn] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: msgspec.Raw = NULL
    input: msgspec.Raw = NULL
    execution: str | None = None


class ReasonIn(msgspec.Struct):
    """Why a response is incomplete."""

    reason: str | None = None


class HeadIn(msgspec.Struct):
    """What stands around the items."""

    id: str | None = None
    model: str | None = None
    created_at: float | None = None


class ResponseIn(msgspec.Struct):
    """A response, whole or in an event; its items are read apart, for an event may hold any."""

    object: str | None = None
    status: str | None = None
    output: msgspec.Raw = NULL
    incomplete_details: ReasonIn | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


class EventIn(msgspec.Struct):
    """An event of any kind; what a kind does not have is absent."""

    type: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: msgspec.Raw = NULL
    text: msgspec.Raw = NULL
    refusal: msgspec.Raw = NULL
    arguments: msgspec.Raw = NULL
    input: msgspec.Raw = NULL
    item: msgspec.Raw = NULL
    response: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
