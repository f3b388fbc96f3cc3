"""The parts of a turn as openai-chat has them: strings, lists of parts, tool messages.

Texts of one turn become one string, with a blank line between: many providers of this dialect read nothing
else. A turn with media is a list of parts. What a tool's result shows besides text cannot stand in a tool
message: it follows in a user message, after all results of the turn.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from adapters.conversation import (
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolReference,
    ToolResult,
)
from adapters.conversation_tools import fitted
from adapters.fault import Malformed

Json = dict[str, object]

# Ids in this dialect are refused from 41 characters on.
LONGEST_ID = 40
ERROR = "[error] "
BLANK = "\n\n"
SHOWN_BELOW = "(The result is shown in the next user message.)"
_SOUNDS = {"audio/wav": "wav", "audio/mp3": "mp3"}


def joined(parts: Sequence[Part]) -> str:
    """Return parts as one text; raise `Malformed` for one that has no words."""
    if len(parts) == 1 and isinstance(only := parts[0], Text):
        return only.text  # as nearly all are: what follows costs ten times as much
    texts = _texts(parts)
    # Citations cut a text in the middle of its sentences.
    cited = any(isinstance(part, Text) and part.citations for part in parts)
    return ("" if cited else BLANK).join(text for text in texts if text)


def content_of(parts: Sequence[Part]) -> str | list[Json]:
    """Return the content of a user message: one text, or a list when there is more to it than text."""
    if not any(map(_is_shown, parts)):
        return joined(parts)
    return [written for part in parts for written in _written(part)]


def result_message(result: ToolResult) -> Json:
    """Return the tool message of a result; an error says so in its text, for there is no other place."""
    parts = [part for part in result.parts if not _is_shown(part)]
    text = joined(parts)
    if not text and len(parts) < len(result.parts):
        text = SHOWN_BELOW
    content = ERROR + text if result.is_error else text
    return {"role": "tool", "tool_call_id": fitted(result.id, LONGEST_ID), "content": content}


def shown(result: ToolResult) -> Iterator[Part]:
    """The parts of a result that follow in a user message, with a line that says whose they are."""
    parts = [part for part in result.parts if _is_shown(part)]
    if parts:
        yield Text(f"From the result of tool call {fitted(result.id, LONGEST_ID)}:")
        yield from parts


def _is_shown(part: Part) -> bool:
    return isinstance(part, Media) and part.text is None


def _texts(parts: Iterable[Part]) -> Iterator[str]:
    for is_reference, run in groupby(parts, key=lambda part: isinstance(part, ToolReference)):
        if is_reference:
            yield "loaded: " + ", ".join(part.name for part in run if isinstance(part, ToolReference))
        else:
            yield from map(_words, run)


def _words(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return text
        case Media(text=str(text)):
            return BLANK.join(filter(None, (part.name, part.context, text)))
        case Opaque(words=str(words)):
            return words
        case Opaque(kind=kind, place=place) | Media(kind=kind, place=place):
            raise Malformed(f"`{place}`: {kind!r} cannot be carried to this model's provider.", param=place)
        case _:
            raise Malformed(f"A {type(part).__name__} stands where only text can.")


# --- media --------------------------------------------------------------------------------------------


def _written(part: Part) -> Iterator[Json]:
    media = part if isinstance(part, Media) and part.text is None else None
    words = joined([part]) if media is None else media.context
    if words:
        yield {"type": "text", "text": words}
    if media is not None:
        yield _WRITERS[media.kind](media)


def _image(media: Media) -> Json:
    if media.file is not None:
        raise _lost(media, "an image by the id of a file")
    detail = {} if media.detail is None else {"detail": media.detail}
    return {"type": "image_url", "image_url": {"url": _address(media), **detail}}


def _document(media: Media) -> Json:
    if media.file is not None:
        raise _lost(media, "a document by the id of a file")
    if media.data is None:
        raise _lost(media, "a document by its address")
    name = media.name or f"document.{media.media_type.rpartition('/')[2] or 'pdf'}"
    return {"type": "file", "file": {"filename": name, "file_data": _address(media)}}


def _audio(media: Media) -> Json:
    sound = _SOUNDS.get(media.media_type)
    if sound is None or media.data is None:
        raise _lost(media, f"a sound of type {media.media_type!r}")
    return {"type": "input_audio", "input_audio": {"data": media.data, "format": sound}}


_WRITERS = {"image": _image, "document": _document, "audio": _audio}


def _address(media: Media) -> str:
    if media.data is None:
        return media.url or ""
    return f"data:{media.media_type or 'application/octet-stream'};base64,{media.data}"


def _lost(media: Media, what: str) -> Malformed:
    return Malformed(
        f"`{media.place}`: {what} cannot be carried to this model's provider.", param=media.place
    )
