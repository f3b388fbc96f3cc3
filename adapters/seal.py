"""Signatures on their way through a client of another dialect than their maker's.

A signature binds a thought to the model that had it: its maker wants it back byte for byte, and nobody else
may get it. A client hands back what it was given and does not ask what it is, so the maker's name travels
inside. What comes out is base64, which every dialect has a place for.

Some clients hand back signatures on calls alone, and no thoughts: for those a seal holds the words as well,
and those of several thoughts where one call follows them all (`seal_carried` writes such).
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

# Nine bytes are twelve characters of base64 whatever follows: a seal is known by how it begins.
_MARK: Final = b"penstock:"
# How every seal begins, as it stands in a body.
SEAL: Final = base64.b64encode(_MARK)
_SEALED: Final = SEAL.decode()
_ENCODE = msgspec.json.Encoder().encode


class Seal(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed: the dialect of who made it, and the signature or the hidden thought.

    `text` is the words of a thought that travels without them; `leads` says that words of the answer stood
    between it and the call it rides on.
    """

    maker: str
    signature: str = ""
    redacted: str | None = None
    text: str = ""
    leads: bool = False


# What cannot be opened binds nothing any more.
_BROKEN: Final = Seal("", "")
_DECODE = msgspec.json.Decoder(Seal).decode
_DECODE_ALL = msgspec.json.Decoder(tuple[Seal, ...]).decode


def sealed(maker: str, signature: str, redacted: str | None = None) -> str:
    """Return a seal as text.

    A thought without a signature is sealed as well: a conversation that goes on elsewhere is known by its
    seals, and its thoughts are nobody else's either.
    """
    return _written((maker, signature, redacted))


def resealed(seals: Sequence[Seal]) -> str:
    """Return seals as the text of one; none are the empty text."""
    return _written(seals) if seals else ""


def is_sealed(text: str) -> bool:
    """Tell whether a signature is a seal."""
    return text.startswith(_SEALED)


def unsealed(text: str, dialect: str) -> Seal:
    """Return what a client of a dialect handed back: a seal, or a signature of that dialect's own."""
    return unsealed_all(text, dialect)[0]


def unsealed_all(text: str, dialect: str) -> tuple[Seal, ...]:
    """Return what a client handed back, all that is in it and at least one."""
    if not is_sealed(text):
        return (Seal(dialect, text),)
    try:
        inside = base64.b64decode(text, validate=True)[len(_MARK) :]
        return _DECODE_ALL(inside) if inside.startswith(b"[[") else (_DECODE(inside),)
    except (binascii.Error, ValueError):
        return (_BROKEN,)  # it was cut or changed


def _written(inside: Sequence[object]) -> str:
    return base64.b64encode(_MARK + _ENCODE(inside)).decode()
