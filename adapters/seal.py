"""Signatures on their way through a client of another dialect than their maker's.

A signature binds a thought to the model that had it: its maker wants it back byte for byte, and nobody else
may get it. A client hands back what it was given and does not ask what it is, so the maker's name travels
inside. What comes out is base64, which every dialect has a place for.
"""

import base64
import binascii
from typing import Final

import msgspec

# Nine bytes are twelve characters of base64 whatever follows: a seal is known by how it begins.
_MARK: Final = b"penstock:"
_SEALED: Final = base64.b64encode(_MARK).decode()
_ENCODE = msgspec.json.Encoder().encode


class Seal(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed: the dialect of who made it, and the signature or the hidden thought."""

    maker: str
    signature: str = ""
    redacted: str | None = None


_DECODE = msgspec.json.Decoder(Seal).decode


def sealed(maker: str, signature: str, redacted: str | None = None) -> str:
    """Return a seal as text; nothing to seal is the empty text."""
    if not signature and redacted is None:
        return ""
    return base64.b64encode(_MARK + _ENCODE(Seal(maker, signature, redacted))).decode()


def unsealed(text: str, dialect: str) -> Seal:
    """Return what a client of a dialect handed back: a seal, or a signature of that dialect's own."""
    if not text.startswith(_SEALED):
        return Seal(dialect, text)
    try:
        return _DECODE(base64.b64decode(text, validate=True)[len(_MARK) :])
    except (binascii.Error, ValueError):
        return Seal("", "")  # a seal that was cut or changed binds nothing any more
