"""The turns of a request as contents of gemini.

Results stand in a content of their own, right after the calls they answer, each with the name of its
function. What a result shows stands inside it where the model takes that, else in the content after. A
signature goes back onto the part it came with; the first call of a turn that has none gets the documented
stand-in where the model insists on one. Arguments that are no JSON object stand under one key, `__raw`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

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
    Turn,
)
from adapters.conversation_tools import Names
from adapters.dialects.gemini.families import STAND_IN, Family
from adapters.dialects.gemini.media_read import NAME, type_of_address
from adapters.dialects.gemini.turns_read import RAW_KEY, RESPONSE
from adapters.fault import Malformed
from adapters.request import decode_part

Json = dict[str, object]

BLANK = "\n\n"
SIGNATURE = "thoughtSignature"
SHOWN = "(The result is shown beside these words.)"
# What is cached at Google stands among the turns and is written beside them.
CACHED = "cachedContent"

_DECODE_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_PART = msgspec.json.Decoder(Json).decode
_WEB = ("http://", "https://")


class Contents:
    """Writes the turns of one request; `own` says that the client speaks this dialect too."""

    __slots__ = ("_called", "_family", "_names", "_own")

    def __init__(self, names: Names, family: Family, *, own: bool) -> None:
        self._names = names
        self._family = family
        self._own = own
        self._called: dict[str, str] = {}  # the function's name by the call's id

    def of(self, turns: Iterable[Turn]) -> Iterator[Json]:
        """Write turns that are in order; raise `Malformed` for a part that has no place here."""
        for turn in turns:
            if turn.role == "assistant":
                yield from _content("model", self._model(turn.parts))
            elif any(isinstance(part, ToolResult) for part in turn.parts):
                yield from self._answers([part for part in turn.parts if isinstance(part, ToolResult)])
            else:
                yield from _content("user", [json for part in turn.parts for json in self._part(part)])

    # --- the model's

    def _model(self, parts: Sequence[Part]) -> list[Json]:
        written: list[Json] = []
        pending = ""
        for part in parts:
            if isinstance(part, Thinking):
                if part.maker == NAME:
                    written += _signed(pending) if pending else ()
                    pending = "" if part.text else part.signature
                    written += _thought(part)
                continue
            for json in self._part(part):
                if pending and json.keys() & {"text", "functionCall"}:
                    json[SIGNATURE], pending = pending, ""
                written.append(json)
        written += _signed(pending) if pending else ()
        calls = [json for json in written if "functionCall" in json]
        if calls and self._family.signed:
            calls[0].setdefault(SIGNATURE, STAND_IN)
        return written

    def _call(self, call: ToolCall) -> Json:
        name = self._called[call.id] = self._names.sent(call.name, call.namespace)
        arguments = {"input": call.arguments} if call.freeform else arguments_object(call.arguments)
        return {"functionCall": {"name": name, "args": arguments, "id": call.id}}

    # --- the user's

    def _part(self, part: Part) -> Iterator[Json]:
        match part:
            case Text(text) | Refusal(text) if text:
                yield {"text": text}
            case ToolCall():
                yield self._call(part)
            case ToolReference(name):
                yield {"text": f"loaded: {name}"}
            case Media():
                yield from self._media(part)
            case Opaque() if part.dialect == NAME and part.kind == CACHED:
                pass
            case Opaque():
                yield self._opaque(part)
            case _:
                pass

    def _opaque(self, part: Opaque) -> Json:
        if part.dialect == NAME:
            return decode_part(_DECODE_PART, part.raw, part.place)
        if part.words is None:
            raise _lost(part, repr(part.kind))
        return {"text": part.words}

    def _answers(self, results: Sequence[ToolResult]) -> Iterator[Json]:
        yield from _content("user", [self._response(result) for result in results])
        below = [json for result in results for json in self._below(result)]
        yield from _content("user", below)

    def _response(self, result: ToolResult) -> Json:
        inside = [json for part in result.parts if self._stands_inside(part) for json in self._part(part)]
        response: Json = {"id": result.id, "name": self._called[result.id]}
        response["response"] = self._words(result, shows=any(map(_is_shown, result.parts)))
        if inside:
            response["parts"] = inside
        return {"functionResponse": response}

    def _words(self, result: ToolResult, *, shows: bool) -> msgspec.Raw | Json:
        own = [part.raw for part in result.parts if isinstance(part, Opaque) and _is_response(part)]
        if own:
            return own[0]
        said = BLANK.join(filter(None, _said(result.parts)))
        if not said and shows and not self._own:
            said = SHOWN
        return {"error" if result.is_error else "output": said}

    def _stands_inside(self, part: Part) -> bool:
        """Films of the client's own stand where it put them; of sounds no result may be made."""
        if isinstance(part, Opaque):
            return part.dialect == NAME and part.kind != RESPONSE
        return _is_shown(part) and self._shows(part)

    def _shows(self, part: Part) -> bool:
        return self._own or (self._family.shows and isinstance(part, Media) and part.kind != "audio")

    def _below(self, result: ToolResult) -> Iterator[Json]:
        """What a result shows and cannot hold, with a line that says whose it is."""
        parts = [part for part in result.parts if _is_shown(part) and not self._shows(part)]
        if parts:
            yield {"text": f"From the result of tool call {result.id}:"}
        for part in parts:
            yield from self._part(part)

    # --- media

    def _media(self, media: Media) -> Iterator[Json]:
        if media.text is not None:
            yield {"text": _written_out(media)}
            return
        told = BLANK.join(filter(None, (media.name, media.context)))
        if told and media.kind == "document" and not self._own:
            yield {"text": told}
        key, value = self._source(media)
        if self._own and media.name:
            value["displayName"] = media.name
        part: Json = {key: value}
        if self._own and media.detail in ("low", "high"):
            part["mediaResolution"] = {"level": f"MEDIA_RESOLUTION_{media.detail.upper()}"}
        yield part

    def _source(self, media: Media) -> tuple[str, Json]:
        if media.data is not None:
            if not media.media_type:
                raise _lost(media, f"{media.kind} without a type")
            return "inlineData", {"mimeType": media.media_type, "data": media.data}
        if media.file is not None and not self._own:
            raise _lost(media, f"{media.kind} by the id of a file")
        address = media.file or media.url or ""
        if media.file is None and not address.lower().startswith(_WEB):
            raise _lost(media, f"{media.kind} without bytes or an address of the web")
        file: Json = {"fileUri": address}
        media_type = media.media_type or type_of_address(address)
        if media_type:
            file["mimeType"] = media_type
        return "fileData", file


def arguments_object(arguments: str) -> msgspec.Raw | Json:
    """The arguments as they came when they are a JSON object, `{}` for none, else wrapped."""
    if not arguments.strip():
        return {}
    try:
        _DECODE_OBJECT(arguments)
    except (ValueError, RecursionError):
        return {RAW_KEY: arguments}
    return msgspec.Raw(arguments.encode())


def _content(role: str, parts: list[Json]) -> Iterator[Json]:
    """A content without parts is refused."""
    if parts:
        yield {"role": role, "parts": parts}


def _signed(signature: str) -> Iterator[Json]:
    """A signature that no part stands behind."""
    yield {"text": "", SIGNATURE: signature}


def _thought(part: Thinking) -> Iterator[Json]:
    if part.text:
        yield {"text": part.text, "thought": True, **({SIGNATURE: part.signature} if part.signature else {})}


def _is_shown(part: Part) -> bool:
    return isinstance(part, Media) and part.text is None


def _is_response(part: Opaque) -> bool:
    return part.dialect == NAME and part.kind == RESPONSE


def _said(parts: Sequence[Part]) -> Iterator[str]:
    """The words of a result; tools found side by side are named in one line."""
    for is_reference, run in groupby(parts, key=lambda part: isinstance(part, ToolReference)):
        if is_reference:
            yield "loaded: " + ", ".join(part.name for part in run if isinstance(part, ToolReference))
        else:
            yield from map(_words_of, run)


def _words_of(part: Part) -> str:
    match part:
        case Text(text):
            return text
        case Media(text=str()):
            return _written_out(part)
        case Opaque(words=None) if part.dialect != NAME:
            raise _lost(part, repr(part.kind))
        case Opaque(words=str(words)) if part.dialect != NAME:
            return words
        case _:
            return ""


def _written_out(media: Media) -> str:
    return BLANK.join(filter(None, (media.name, media.context, media.text)))


def _lost(part: Media | Opaque, what: str) -> Malformed:
    return Malformed(f"`{part.place}`: {what} cannot be carried to this model's provider.", param=part.place)
