"""Reading what a part of gemini shows: bytes in base64, or a file by its address.

A picture, a document or a sound is media; a film, and what says nothing of its type, is known here alone and
keeps its bytes. A file at Google's own store is one by its id: nobody else can fetch it.
"""

from typing import Literal

import msgspec

from adapters.conversation import Media, Opaque
from adapters.dialects.gemini.request_wire import PartIn

NAME = "gemini"
# The SDK for Python writes base64 for URLs, which others do not take.
STANDARD = str.maketrans("-_", "+/")

Kind = Literal["image", "document", "audio"]

_KINDS: dict[str, Kind] = {"image": "image", "audio": "audio", "application": "document", "text": "document"}
# Sounds by the name other dialects have for them.
_SOUNDS = {"audio/mpeg": "audio/mp3", "audio/x-wav": "audio/wav", "audio/wave": "audio/wav"}
_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "pdf": "application/pdf",
}
_OWN_FILES = "https://generativelanguage.googleapis.com/"
_WEB = ("http://", "https://")


def media_of(part: PartIn, raw: msgspec.Raw, place: str) -> Media | Opaque | None:
    """Return what a part shows; None where it shows nothing."""
    if part.inline_data is not None:
        blob = part.inline_data
        detail = _detail(part.media_resolution)
        kind = kind_of_type(blob.mime_type)
        if kind is None:
            return Opaque(NAME, f"inlineData of type {blob.mime_type!r}", place, raw)
        return Media(
            kind=kind,
            place=place,
            media_type=_SOUNDS.get(blob.mime_type, blob.mime_type),
            data=blob.data.translate(STANDARD),
            name=blob.display_name,
            detail=detail,
        )
    return None if part.file_data is None else _file(part, raw, place)


def kind_of_type(media_type: str) -> Kind | None:
    """Return which kind of media a type is; None for what the middle has no word for."""
    return _KINDS.get(media_type.partition("/")[0])


def type_of_address(address: str) -> str:
    """Return the type that the end of an address tells; nothing where it tells none."""
    path = address.partition("?")[0].partition("#")[0]
    return _TYPES.get(path.rpartition(".")[2].lower(), "")


def _file(part: PartIn, raw: msgspec.Raw, place: str) -> Media | Opaque:
    file = part.file_data
    address = file.file_uri if file else ""
    media_type = (file.mime_type if file else "") or type_of_address(address)
    kind = kind_of_type(media_type)
    if file is None or kind is None:
        return Opaque(NAME, f"fileData of type {media_type!r}", place, raw)
    fetched = address.lower().startswith(_WEB) and not address.startswith(_OWN_FILES)
    return Media(
        kind=kind,
        place=place,
        media_type=_SOUNDS.get(media_type, media_type),
        url=address if fetched else None,
        file=None if fetched else address,
        name=file.display_name,
        detail=_detail(part.media_resolution),
    )


def _detail(resolution: msgspec.Raw) -> str | None:
    told = bytes(resolution)
    return "low" if b"_LOW" in told else "high" if b"_HIGH" in told else None
