"""The parts of a turn as ollama has them: one text, and beside it images in base64.

Texts of one turn become one, with a blank line between. What a tool's result shows besides text follows in a
user message, after all results of the turn: templates of models show no image of a tool.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence

from adapters.conversation import Media, Opaque, Part, Refusal, Text, ToolReference, ToolResult
from adapters.fault import Malformed

Json = dict[str, object]

ERROR = "[error] "
BLANK = "\n\n"
SHOWN_BELOW = "(The result is shown in the next user message.)"


def said(parts: Sequence[Part]) -> Json:
    """Return the fields of a message that says and shows some parts; raise `Malformed` for one it cannot."""
    images = [_image(part) for part in parts if _is_image(part)]
    fields: Json = {"content": joined([part for part in parts if not _is_image(part)])}
    return {**fields, "images": images} if images else fields


def joined(parts: Sequence[Part]) -> str:
    """Return parts as one text; raise `Malformed` for one that has no words."""
    # Citations cut a text in the middle of its sentences.
    cited = any(isinstance(part, Text) and part.citations for part in parts)
    return ("" if cited else BLANK).join(filter(None, map(_words, parts)))


def result_message(result: ToolResult, name: str, identity: str) -> Json:
    """Return the message of a result; an error says so in its text, for there is no other place."""
    parts = [part for part in result.parts if not _is_image(part)]
    text = joined(parts)
    if not text and len(parts) < len(result.parts):
        text = SHOWN_BELOW
    content = ERROR + text if result.is_error else text
    return {"role": "tool", "content": content, "tool_name": name, "tool_call_id": identity}


def shown(result: ToolResult, name: str) -> Iterator[Part]:
    """The images of a result, which follow in a user message, with a line that says whose they are."""
    images: Iterable[Part] = [part for part in result.parts if _is_image(part)]
    if images:
        yield Text(f"From the result of the tool {name}:")
        yield from images


def _is_image(part: Part) -> bool:
    return isinstance(part, Media) and part.kind == "image"


def _image(part: Part) -> str:
    if isinstance(part, Media) and part.data is not None:
        return part.data
    raise _lost(part, "an image that is not sent in base64")


def _words(part: Part) -> str:
    match part:
        case Text(text) | Refusal(text):
            return text
        case ToolReference(name):
            return f"loaded: {name}"
        case Media():
            return BLANK.join(filter(None, (part.name, part.context, _text_of(part))))
        case Opaque(words=str(words)):
            return words
        case _:
            raise _lost(part, repr(getattr(part, "kind", type(part).__name__)))


def _text_of(media: Media) -> str:
    if media.text is not None:
        return media.text
    if media.data is None or not media.media_type.startswith("text/"):
        raise _lost(media, f"{media.kind} of type {media.media_type or 'unknown'}")
    try:
        return base64.b64decode(media.data, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _lost(media, f"a document that is no text ({error})") from error


def _lost(part: Part, what: str) -> Malformed:
    place = getattr(part, "place", "messages")
    return Malformed(f"`{place}`: {what} cannot be carried to this model's provider.", param=place)
