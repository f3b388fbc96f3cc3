"""From what was sent to Structs: query, body and the places of a path. What is wrong is told by its field.

The Structs say what may be sent, and the document is made of the same ones. Nothing here knows an operation.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from gateway.edge.admin.refusal import Refusal

MOST: Final = 1024 * 1024
MOST_PARAMETERS: Final = 100
JSON: Final = "application/json"
TOO_LARGE: Final = "a body is at most 1 MiB"

_PLACE: Final = re.compile(r"^(.*) - at `(?:key in )?\$(.*)`$", re.DOTALL)
_NAMED: Final = re.compile(r"Object (?:missing required|contains unknown) field `([^`]*)`")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# What msgspec would take for seconds since 1970.
_NUMBER: Final = re.compile(r"[-+0-9.eE_]*")
# Times that are kept: from 1970 to the end of the year 9999, in milliseconds.
_LATEST: Final = 253_402_300_799_999

Model = TypeVar("Model")


async def body_of(request: Request) -> bytes:
    """The body, of the right kind and not too large. Raises Refusal (413, 415)."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MOST:
        raise Refusal(413, TOO_LARGE)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Refusal(415, f"send the body as {JSON}", "content-type")
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > MOST:
            raise Refusal(413, TOO_LARGE)
    return bytes(pieces)


def decoded(body: bytes, kind: type[Model]) -> Model:
    """A body as its Struct. Raises Refusal (400)."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise misfit(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        place = _unpaired(body)
        words = f"the body is not JSON: {error}" if place == "body" else f"{place}: text that is no Unicode"
        raise Refusal(400, words, place) from error
    except RecursionError as error:
        raise Refusal(400, "the body is nested too deeply", "body") from error


def asked(query: bytes, kind: type[Model]) -> Model:
    """The parameters of a query as their Struct. Raises Refusal (400)."""
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError as error:
        raise Refusal(400, "the query cannot be read", "query") from error
    hints = get_type_hints(kind)
    times = {name for name, hint in hints.items() if datetime in get_args(hint)}
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refusal(400, f"`{name[:100]}` is said twice", name)
        if name in times and _NUMBER.fullmatch(value):
            raise Refusal(400, f"{name}: a time is expected, such as 2026-01-31T00:00:00Z", name)
        found[name] = value.split(",") if get_origin(hints.get(name)) is tuple else value
    return fitted(found, kind)


def fitted(found: Mapping[str, Any], kind: type[Model]) -> Model:
    """Texts of a query or a path as what they stand for. Raises Refusal (400)."""
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise misfit(error) from error


def misfit(error: Exception) -> Refusal:
    """What does not fit, with the field as one would write it: `limits.concurrent`, `budgets[2].window`."""
    words, place = str(error), ""
    if match := _PLACE.match(words):
        words, place = match[1], match[2].lstrip(".")
    if named := _NAMED.match(words):
        place = f"{place}.{named[1]}" if place else named[1]
    return Refusal(400, f"{place or 'body'}: {words}", place or "body")


def _unpaired(body: bytes) -> str:
    """Where a body holds half of a surrogate pair, which Python's own decoder passes and msgspec does not."""
    try:
        left: list[tuple[str, Any]] = [("", json.loads(body))]
    except (ValueError, RecursionError):
        return "body"
    while left:
        place, value = left.pop()
        if isinstance(value, str) and not value.isascii() and _SURROGATE.search(value):
            return place.lstrip(".") or "body"
        if isinstance(value, dict):
            left += [(f"{place}.{name}", inside) for name, inside in value.items()]
        elif isinstance(value, list):
            left += [(f"{place}[{number}]", inside) for number, inside in enumerate(value)]
    return "body"


def milliseconds(at: datetime, field: str) -> int:
    """A time as it is kept. Raises Refusal (400) for one before 1970."""
    found = int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    if not 0 <= found <= _LATEST:
        raise Refusal(400, f"{field}: a time from 1970 to 9999 is expected", field)
    return found
