"""Text as the JSON literal it came in: what crosses from one dialect to another without being unescaped.

A literal is the raw JSON of a string, its quotes included. The insides of two literals, side by side,
are the inside of the literal of both texts together.
"""

import re

import msgspec

EMPTY = msgspec.Raw(b'""')

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(str).decode
# Half a surrogate pair, as an escape: no text of its own. An even run of backslashes escapes itself.
_SURROGATE = re.compile(
    rb"(?<!\\)((?:\\\\)*+)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
# The first half where a text ends, the second where one begins: a pair that was cut into two texts.
_FIRST_HALF = re.compile(rb'(?<!\\)((?:\\\\)*+)(\\u[dD][89abAB][0-9a-fA-F]{2})"')
_SECOND_HALF = re.compile(rb'(?<!\\)"(\\u[dD][c-fC-F][0-9a-fA-F]{2})')


def literal(text: str) -> msgspec.Raw:
    """Return the literal of a text."""
    return msgspec.Raw(_ENCODE(text))


def text_of(raw: msgspec.Raw) -> str:
    """Return the text of a literal."""
    return _DECODE(raw)


def inside(raw: msgspec.Raw) -> bytes:
    """Return a literal without its quotes."""
    return bytes(raw)[1:-1]


def joined(pieces: bytes | bytearray) -> msgspec.Raw:
    """Return the literal of insides that stand side by side."""
    return msgspec.Raw(b"".join((b'"', pieces, b'"')))


def mended(data: bytes) -> bytes:
    """Return JSON with U+FFFD in the place of what is no text: broken UTF-8, halves of surrogate pairs."""
    text = data if data.isascii() else data.decode("utf-8", "replace").encode()
    return _SURROGATE.sub(_mend, text)


def parted(data: bytes) -> tuple[bytes, bytes]:
    """Return JSON without the half of a surrogate pair that ends a text in it, and that half."""
    found = _FIRST_HALF.search(data)
    return (_FIRST_HALF.sub(rb'\1"', data), found[2]) if found else (data, b"")


def completed(data: bytes, half: bytes) -> bytes | None:
    """Return JSON with a half before the one that begins a text in it; None where there is none."""
    whole, pairs = _SECOND_HALF.subn(lambda match: b'"' + half + match[1], data)
    return whole if pairs else None


def _mend(match: re.Match[bytes]) -> bytes:
    return match[0] if match[2] else match[1] + rb"\ufffd"
