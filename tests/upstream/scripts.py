"""Whole replies made of steps: heads, bodies framed in each way HTTP/1.1 knows, streams cut anywhere."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from tests.upstream.steps import Close, Pause, Script, Send

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
EVENT_STREAM = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
JSON = {"content-type": "application/json"}
LAST_CHUNK = b"0\r\n\r\n"


def head(status: int = 200, headers: Headers = ()) -> bytes:
    """Write a status line and headers, in the order given."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"HTTP/1.1 {status} {_reason(status)}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Overloaded"


def raw(*parts: bytes) -> Script:
    """Bytes as they are, each part in its own write."""
    return tuple(Send(part) for part in parts)


def whole(body: bytes, status: int = 200, headers: Headers = JSON) -> Script:
    """A reply with a content-length, head and body in one write."""
    return raw(head(status, [*_pairs(headers), ("content-length", str(len(body)))]) + body)


def chunked(pieces: Iterable[bytes], status: int = 200, headers: Headers = JSON) -> Script:
    """A chunked reply that ends properly, one chunk and one write a piece."""
    return (*begun(pieces, status, headers), Send(LAST_CHUNK))


def begun(pieces: Iterable[bytes], status: int = 200, headers: Headers = EVENT_STREAM) -> Script:
    """A chunked reply without its end: what comes next is the test's choice."""
    opening = head(status, [*_pairs(headers), ("transfer-encoding", "chunked")])
    return raw(opening, *(chunk(piece) for piece in pieces))


def close_delimited(body: bytes, headers: Headers = JSON) -> Script:
    """A reply that ends where the connection ends."""
    return (*raw(head(200, headers) + body), Close())


def stream(events: Iterable[bytes], headers: Headers = EVENT_STREAM) -> Script:
    """An event stream, chunked, one event a write."""
    return chunked(events, headers=headers)


def paced(script: Script, seconds: float) -> Script:
    """The same script with a pause before every step but the first."""
    first, *rest = script
    return (first, *itertools.chain.from_iterable((Pause(seconds), step) for step in rest))


def chunk(data: bytes) -> bytes:
    """Frame one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def events_of(text: bytes) -> list[bytes]:
    """Cut an event stream into its events, each with the empty line that ends it."""
    return [event + b"\n\n" for event in text.split(b"\n\n") if event]


def cut(data: bytes, size: int) -> list[bytes]:
    """Cut into pieces of one size, the last perhaps shorter."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items() if isinstance(headers, Mapping) else headers)
