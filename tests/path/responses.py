"""Responses as an upstream of openai-responses streams them, each under an id of its own."""

from typing import Any

import msgspec

from tests.path.dialects import RESPONSES
from tests.upstream.scripts import stream
from tests.upstream.steps import Script

ORDINARY = b"_Replay"


def frames(name: str) -> list[bytes]:
    """The events of an ordinary response, its id and its item's ending in a name."""
    return [frame.replace(ORDINARY, f"_{name}".encode()) for frame in RESPONSES.events]


def response(name: str) -> Script:
    """An ordinary response."""
    return stream(frames(name))


def said(name: str) -> dict[str, Any]:
    """The item it consists of."""
    done = next(data_of(frame) for frame in frames(name) if b'"response.output_item.done"' in frame)
    item: dict[str, Any] = msgspec.json.decode(done)["item"]
    return item


def user(text: str) -> dict[str, Any]:
    """An item that a client says."""
    part = {"type": "input_text", "text": text}
    return {"type": "message", "role": "user", "content": [part]}


def data_of(frame: bytes) -> bytes:
    """The data of an event, byte for byte."""
    return frame.partition(b"\ndata: ")[2].removesuffix(b"\n\n")
