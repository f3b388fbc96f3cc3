"""The parts of a message, or of what a call brought, read into the middle."""

import re
from collections.abc import Callable, Iterator

import msgspec

from adapters.conversation import Media, Opaque, Refusal, Text
from adapters.dialects.openai_responses.marks import NAME
from adapters.dialects.openai_responses.request_wire import KindIn, PartIn
from adapters.request import decode_part

Said = Text | Media | Refusal | Opaque

_DECODE_KIND = msgspec.json.Decoder(KindIn).decode
_DECODE_PART = msgspec.json.Decoder(PartIn).decode
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.=+-]+)*;base64,", re.IGNORECASE)


def parts_of(content: str | list[msgspec.Raw] | None, place: str) -> Iterator[Said]:
    """Read a string or a list of parts; what is no part anybody knows stays as it came."""
    if isinstance(content, str):
        yield Text(content)
        return
    for index, raw in enumerate(content or ()):
        yield _part(raw, f"{place}[{index}]")


def _part(raw: msgspec.Raw, place: str) -> Said:
    kind = decode_part(_DECODE_KIND, raw, place).type or ""
    read = _KINDS.get(kind)
    part = read(decode_part(_DECODE_PART, raw, place), place) if read else None
    return part or Opaque(NAME, kind, place, raw)


def _image(part: PartIn, place: str) -> Media | None:
    detail = None if part.detail == "auto" else part.detail
    if part.image_url:
        kind, data = _split(part.image_url)
        url = part.image_url if data is None else None
        return Media(kind="image", place=place, media_type=kind, data=data, url=url, detail=detail)
    if part.file_id:
        return Media(kind="image", place=place, file=part.file_id, detail=detail)
    return None


def _file(part: PartIn, place: str) -> Media | None:
    if not (part.file_data or part.file_url or part.file_id):
        return None
    kind, data = _split(part.file_data or "")
    if part.file_data and data is None:
        # Some clients send the base64 alone.
        data, kind = part.file_data, "application/pdf" if (part.filename or "").endswith(".pdf") else ""
    return Media(
        kind="image" if kind.startswith("image/") else "document",
        place=place,
        media_type=kind,
        data=data,
        url=None if data else part.file_url,
        file=None if data or part.file_url else part.file_id,
        name=part.filename,
        detail=part.detail,
    )


def _audio(part: PartIn, place: str) -> Media | None:
    sound = part.input_audio
    if sound is None:
        return None
    return Media(kind="audio", place=place, media_type=f"audio/{sound.format}", data=sound.data)


def _split(url: str) -> tuple[str, str | None]:
    """Return the media type and the base64 of a data URI; no data where it is another address."""
    match = _DATA_URI.match(url)
    return (match[1] or "", url[match.end() :]) if match else ("", None)


_KINDS: dict[str, Callable[[PartIn, str], Said | None]] = {
    **dict.fromkeys(("input_text", "output_text", "text"), lambda part, _: Text(part.text)),
    "refusal": lambda part, _: Refusal(part.refusal),
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}
