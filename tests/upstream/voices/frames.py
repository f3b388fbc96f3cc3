"""Events on the wire: server-sent events as each API writes them, and lines of JSON; details of errors."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# What an error says beside its words, where its dialect has a place for it.
Details = Mapping[str, str | None]
NONE: Details = MappingProxyType({})


def dumped(document: Any) -> str:
    """Write JSON without blanks, its letters as they are."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def named(event: dict[str, Any]) -> bytes:
    """Frame an event that is named for its type."""
    return f"event: {event['type']}\ndata: {dumped(event)}\n\n".encode()


def unnamed(document: Any) -> bytes:
    """Frame a document without a name."""
    return f"data: {dumped(document)}\n\n".encode()


def line(document: Any) -> bytes:
    """Write one line of JSON."""
    return f"{dumped(document)}\n".encode()
