"""Bodies and streams that are nearly right: those of the matrix, with something in them changed.

What is random from the first byte on is refused by the parser of JSON; what was right but for one thing gets
further in.
"""

import copy
import json
from typing import Any

from hypothesis import strategies as some

from adapters.table import DIALECTS
from tests.adapters.matrix.cases import Case
from tests.adapters.matrix.replies import REPLIES, stream, whole
from tests.adapters.matrix.requests import REQUESTS, body

# A value of every kind, the awkward ones first.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 1e308, 0.5, "", "x", "\x00", "é日本🙂", "null", "{}", "[", "data:;,",
    [], {}, [None], [[]], [{}], {"": None}, {"type": "text"}, {"type": "new"}, [0, "x", {}],
)  # fmt: skip
BYTES = (
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"data:",
    b"data: {}\n\n",
    b"\xff",
    b"\xc3",
    b'"',
    b"\\",
    b"\\ud800",
    b"\x00",
)


def requests_of(dialect: str) -> list[Case]:
    """The cases of requests of a dialect."""
    return [case for case in REQUESTS.values() if case.dialect == dialect]


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to every value inside a document, itself included."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, inner in items for place in places_in(inner, (*path, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at a place; the change is made in place, but for the root."""
    if not path:
        return value
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return document


@some.composite
def mutated(draw: some.DrawFn, data: bytes) -> bytes:
    """A JSON document with up to three of its values changed for others, or for others of its own."""
    document = json.loads(data)
    for _ in range(draw(some.integers(1, 3))):
        places = places_in(document)
        place = draw(some.sampled_from(places))
        document = changed(document, place, copy.deepcopy(draw(some.sampled_from(VALUES))))
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


@some.composite
def damaged(draw: some.DrawFn, data: bytes) -> bytes:
    """Bytes of which some are gone, said twice, or others."""
    for _ in range(draw(some.integers(1, 4))):
        start = draw(some.integers(0, len(data)))
        end = min(len(data), start + draw(some.integers(0, 40)))
        put = draw(some.sampled_from((b"", data[start:end] * 2, *BYTES)) | some.binary(max_size=4))
        data = data[:start] + put + data[end:]
    return data


def some_request(dialect: str) -> some.SearchStrategy[tuple[bytes, str]]:
    """Bodies that are nearly requests of a dialect, each with its path."""
    paths = {case.name: (body(case), case.path) for case in requests_of(dialect)}
    whole_bodies = some.sampled_from(sorted(paths)).map(lambda name: paths[name])
    return whole_bodies.flatmap(lambda pair: some.tuples(mutated(pair[0]), some.just(pair[1])))


def some_whole(dialect: str) -> some.SearchStrategy[bytes]:
    """Bodies that are nearly replies of a dialect, or errors."""
    bodies = [
        whole(case)
        for case in REPLIES.values()
        if case.dialect == dialect and (case.place / "whole.json").exists()
    ]
    return some.sampled_from(bodies).flatmap(mutated)


def some_stream(dialect: str) -> some.SearchStrategy[bytes]:
    """Bytes that are nearly a stream of a dialect: damaged anywhere, or with other values in their events."""
    streams = [stream(case) for case in REPLIES.values() if case.dialect == dialect]
    return some.sampled_from(streams).flatmap(lambda data: damaged(data) | reworded(data))


@some.composite
def reworded(draw: some.DrawFn, data: bytes) -> bytes:
    """A stream with other values in one of its events."""
    lines = data.split(b"\n")
    told = [place for place, line in enumerate(lines) if b"{" in line]
    place = draw(some.sampled_from(told))
    head, brace, rest = lines[place].partition(b"{")
    try:
        json.loads(brace + rest)
    except ValueError:
        return data
    lines[place] = head + draw(mutated(brace + rest))
    return b"\n".join(lines)


NAMES = tuple(DIALECTS)
