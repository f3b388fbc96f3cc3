"""The span of the top-level `model` in a request body: found and replaced, every other byte as it came.

msgspec decodes the body one level deep into raw values, which proves the JSON and gives each value's
length; the source is then walked key by key. Where a key stands twice the raw value is the last one's
and does not match the source: the end of that value is found by counting brackets. Both ways look at
every byte a fixed number of times, so that a hostile body costs no more than its size.
"""

import re

import msgspec

from adapters.fault import Malformed
from adapters.request import BOM, decode_body

_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_KEY = msgspec.json.Decoder(str).decode
_ENCODE = msgspec.json.Encoder().encode

_AFTER_VALUE = frozenset((b",", b"}", b" ", b"\t", b"\n", b"\r"))
# Possessive quantifiers (`*+`): a long string full of escapes keeps no way back, so no memory.
_SPACE = re.compile(rb"[ \t\n\r]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]|[^\s"\[\]{},:]++', re.DOTALL)


def replace_model(body: bytes, model: str) -> bytes:
    """Return the body with the top-level model's value replaced; raise `Malformed` if it cannot be."""
    # Copied once per key: copied once per member, a large value under a key given often would cost a square.
    values = {name: bytes(raw) for name, raw in decode_body(_DECODE, body).items()}
    spans = _model_spans(body, values)
    if not spans:
        raise Malformed("`model` is required.", param="model")
    if len(spans) > 1:
        raise Malformed("`model` is given more than once.", param="model")
    start, end = spans[0]
    source = memoryview(body)  # sliced without a copy
    return b"".join((source[:start], _ENCODE(model), source[end:]))


def _model_spans(body: bytes, values: dict[str, bytes]) -> list[tuple[int, int]]:
    """Walk the members of the object and return where the values of `model` stand."""
    spans: list[tuple[int, int]] = []
    position = after_space(body, len(BOM) if body.startswith(BOM) else 0) + 1
    while key := _STRING.match(body, after_space(body, position)):
        colon = after_space(body, key.end())
        start = after_space(body, colon + 1)
        name = decode_body(_DECODE_KEY, key.group())
        end = value_end(body, start, values[name])
        if name == "model":
            spans.append((start, end))
        position = after_space(body, end) + 1
    return spans


def name_at(body: bytes, position: int) -> int:
    """Return where the name of a member that begins here ends; 0 where none does."""
    match = _STRING.match(body, position)
    return match.end() if match else 0


def after_space(body: bytes, position: int) -> int:
    """Return where the next thing stands."""
    match = _SPACE.match(body, position)
    return match.end() if match else position


def value_end(body: bytes, start: int, value: bytes) -> int:
    """Return where the value at `start` ends, given what it is when its key stands only once."""
    end = start + len(value)
    # A number may begin like another one; what follows a whole value tells them apart.
    if body.startswith(value, start) and body[end : end + 1] in _AFTER_VALUE:
        return end
    return _count_to_end(body, start)


def _count_to_end(body: bytes, start: int) -> int:
    """Count brackets: the body was decoded, so each one is closed."""
    tokens = _TOKEN.finditer(body, start)
    depth, end = 0, start
    while depth or end == start:
        token = next(tokens)
        first = body[token.start() : token.start() + 1]
        depth += (first in b"[{") - (first in b"]}")
        end = token.end()
    return end
