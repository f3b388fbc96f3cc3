"""Whole replies of gemini -> the middle: a whole reply is a stream of one chunk.

What has no place in the middle is dropped by rule and named: images, what Google itself ran, where an answer
was found (it points to pages that only Google's search has seen), all candidates but the first.
"""

import msgspec

from adapters.dialects.gemini.stream_read import StreamReader
from adapters.events import BrokenOff, Event, Reply, collect
from adapters.fault import Malformed


def read_reply(body: bytes) -> Reply:
    """Read a whole reply; raise `Malformed` when it is none, or one the model failed at."""
    try:
        return _read(body)
    except (ValueError, RecursionError, BrokenOff) as error:
        raise Malformed(f"The reply is not a Gemini response: {error}.") from error


def _read(body: bytes) -> Reply:
    reader = StreamReader()
    told: list[Event] = []
    reader.blocks.told = told
    reader.see(b"", body)
    if not told:
        raise ValueError("it has no candidates")
    reader.reason = reader.reason or "STOP"
    reader.conclude()
    return msgspec.structs.replace(collect(told), dropped=tuple(sorted(reader.dropped)))
