"""The parts of a turn as blocks of anthropic-messages.

Blank texts are left out, for they are refused. Thinking without a signature is left out too, unless the
provider takes it. Arguments that are no JSON object stand under one key, `__raw`: an input is always an
object here.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from typing import assert_never

import msgspec

from adapters.conversation import (
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolReference,
    ToolResult,
)
from adapters.conversation_tools import Names, fitted
from adapters.dialects.anthropic_messages.request_read import NAME, RAW_KEY
from adapters.fault import Malformed
from adapters.request import decode_part

Json = dict[str, object]

LONGEST_ID = 256
_DECODE_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_BLOCK = msgspec.json.Decoder(Json).decode
_PDF = "application/pdf"


class Blocks:
    """Writes the blocks of one request; `own` says that the client speaks this dialect too."""

    __slots__ = ("_names", "_own", "_unsigned")

    def __init__(self, names: Names, *, own: bool, unsigned: bool) -> None:
        self._names = names
        self._own = own
        self._unsigned = unsigned

    def of(self, parts: Iterable[Part]) -> Iterator[Json]:
        """Write the blocks of some parts; raise `Malformed` for one that has no place here."""
        for part in parts:
            yield from self._block(part)

    def _block(self, part: Part) -> Iterator[Json]:
        match part:
            case Text(text) if text.strip():
                yield _marked({"type": "text", "text": text}, cache=part.cache, citations=part.citations)
            case Refusal(text) if text.strip():
                yield {"type": "text", "text": text}
            case Text() | Refusal():
                pass
            case Thinking():
                yield from self._thinking(part)
            case ToolCall():
                yield self._call(part)
            case ToolResult():
                yield self._result(part)
            case ToolReference(name):
                yield self._reference(name)
            case Media():
                yield self._media(part)
            case Opaque():
                yield self._opaque(part)
            case _:
                assert_never(part)

    def _thinking(self, part: Thinking) -> Iterator[Json]:
        signature = part.signature if part.maker == NAME else ""
        if part.redacted is not None:
            if part.maker == NAME:
                yield {"type": "redacted_thinking", "data": part.redacted}
        elif signature or (self._unsigned and part.text):
            yield {"type": "thinking", "thinking": part.text, "signature": signature}

    def _call(self, call: ToolCall) -> Json:
        block: Json = {
            "type": "tool_use",
            "id": fitted(call.id, LONGEST_ID),
            "name": self._names.sent(call.name, call.namespace),
            "input": {"input": call.arguments} if call.freeform else _input(call.arguments),
        }
        return _marked(block, cache=call.cache)

    def _result(self, result: ToolResult) -> Json:
        block: Json = {"type": "tool_result", "tool_use_id": fitted(result.id, LONGEST_ID)}
        content = list(self.of(result.parts))
        if len(content) == 1 and content[0].keys() == {"type", "text"}:
            block["content"] = content[0]["text"]
        elif content:
            block["content"] = content
        if result.is_error:
            block["is_error"] = True
        return _marked(block, cache=result.cache)

    def _reference(self, name: str) -> Json:
        if self._own:
            return {"type": "tool_reference", "tool_name": name}
        return {"type": "text", "text": f"loaded: {name}"}

    def _opaque(self, part: Opaque) -> Json:
        if part.dialect == NAME:
            return decode_part(_DECODE_BLOCK, part.raw, part.place)
        if part.words is None:
            raise _lost(part, repr(part.kind))
        return {"type": "text", "text": part.words}

    def _media(self, media: Media) -> Json:
        if media.kind == "audio":
            raise _lost(media, "a sound")
        source = self._source(media)
        block: Json = {"type": media.kind, "source": source}
        if media.kind == "document" and media.name:
            block["title"] = media.name
        if media.kind == "document" and media.context:
            block["context"] = media.context
        return _marked(block, cache=media.cache, citations=media.citations)

    def _source(self, media: Media) -> Json:
        if media.file is not None and not self._own:
            raise _lost(media, f"{media.kind} by the id of a file")
        if media.file is not None:
            return {"type": "file", "file_id": media.file}
        if media.text is not None:
            return {"type": "text", "media_type": "text/plain", "data": media.text}
        if media.data is not None:
            return _encoded(media, media.data)
        if media.url is None or not media.url.lower().startswith(("http://", "https://")):
            raise _lost(media, f"{media.kind} without bytes or an address of the web")
        return {"type": "url", "url": media.url}


def _encoded(media: Media, data: str) -> Json:
    if media.kind == "document" and media.media_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _text_of(media, data)}
    if media.kind == "document" and media.media_type != _PDF:
        raise _lost(media, f"a document of type {media.media_type!r}")
    return {"type": "base64", "media_type": media.media_type, "data": data}


def _text_of(media: Media, data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _lost(media, f"a document that is no text ({error})") from error


def _marked(block: Json, **marks: msgspec.Raw | None) -> Json:
    for name, raw in marks.items():
        if raw is not None:
            block["cache_control" if name == "cache" else name] = raw
    return block


def _input(arguments: str) -> msgspec.Raw | Json:
    """The arguments as they came when they are a JSON object, `{}` for none, else wrapped."""
    if not arguments.strip():
        return {}
    try:
        _DECODE_OBJECT(arguments)
    except (ValueError, RecursionError):
        return {RAW_KEY: arguments}
    return msgspec.Raw(arguments.encode())


def _lost(part: Media | Opaque, what: str) -> Malformed:
    return Malformed(f"`{part.place}`: {what} cannot be carried to this model's provider.", param=part.place)
