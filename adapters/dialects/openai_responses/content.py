"""The turns of a request as items of openai-responses.

What a turn says is a message; its thoughts, its calls and their results are items of their own, in the order
of the turn. A message of one text is a string, for that every server of this dialect takes. Thoughts are
given back to their maker alone, and to it under the id they had.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

import msgspec

from adapters.conversation import (
    Media,
    Opaque,
    Quirks,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolReference,
    ToolResult,
    Turn,
)
from adapters.conversation_tools import JOINT, Names, fitted
from adapters.dialects.openai_responses.marks import NAME, SEARCH, is_search, unpacked, written_home
from adapters.dialects.openai_responses.request_items import OwnThinking
from adapters.fault import Malformed

Json = dict[str, object]
Item = Json | msgspec.Raw
# What stands in a message.
Said = Text | Refusal | Media | ToolReference | Opaque

LONGEST_ID = 64
ERROR = "[error] "
BLANK = "\n\n"

_DECODE_VALUE = msgspec.json.Decoder(msgspec.Raw).decode
_DECODE_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

_ENCODE = msgspec.json.Encoder().encode


class Items:
    """Writes the items of one request; `own` says that the client speaks this dialect too."""

    __slots__ = ("_bridged", "_custom", "_names", "_own", "_roles")

    def __init__(self, names: Names, quirks: Quirks, *, own: bool) -> None:
        self._names = names
        self._own = own
        self._bridged = quirks.freeform_tools is False
        self._custom: set[str] = set()  # ids of calls whose results are those of freeform tools
        system = "user" if quirks.system_turns is False else "developer" if own else quirks.system_role
        self._roles = {"user": "user", "assistant": "assistant", "system": system}

    def of(self, turns: Iterable[Turn]) -> Iterator[Item]:
        """Write the items of some turns; raise `Malformed` for a part that has no place here."""
        for turn in turns:
            said: list[Said] = []
            for part in turn.parts:
                if not isinstance(part, Thinking | ToolCall | ToolResult) and not _is_item(part):
                    said.append(part)
                    continue
                yield from self.message(self._roles[turn.role], said)
                said = []
                yield from self._item(part)
            yield from self.message(self._roles[turn.role], said)

    def message(self, role: str, parts: Sequence[Said]) -> Iterator[Json]:
        """Write the message of some parts; none of no text."""
        spoken = [part for part in parts if not isinstance(part, Text) or part.text]
        if spoken:
            yield {"type": "message", "role": role, "content": self._content(role, spoken)}

    def _content(self, role: str, parts: list[Said]) -> str | list[Item]:
        texts = [part.text for part in parts if isinstance(part, Text)]
        whole = len(texts) == len(parts)
        if whole and len(texts) == 1:
            return texts[0]
        if whole and role == "assistant" and not self._own:
            # A list of an assistant's words must have the ids that OpenAI gave them.
            return _joined(parts)
        return [written for part in parts for written in self._written(part, role)]

    # --- parts

    def _written(self, part: Said, role: str) -> Iterator[Item]:
        """Write a part, and before it what the client says beside it."""
        if isinstance(part, Media) and part.text is None and part.context:
            yield self._part(Text(part.context), role)
        yield self._part(part, role)

    def _part(self, part: Said, role: str) -> Item:
        match part:
            case Text(text):
                return {"type": "output_text" if role == "assistant" else "input_text", "text": text}
            case Refusal(text) if role == "assistant":
                return {"type": "refusal", "refusal": text}
            case Refusal(text):
                return {"type": "input_text", "text": text}
            case ToolReference(name, namespace):
                whole = f"{namespace}{JOINT}{name}" if namespace else name
                return {"type": "input_text", "text": f"loaded: {whole}"}
            case Media() if role == "assistant" and not self._own:
                raise _lost(part, f"{part.kind} that the model made")
            case Media():
                return self._media(part)
            case Opaque(dialect=dialect, raw=raw) if dialect == NAME and self._own:
                return raw
            case Opaque(words=str(words)):
                return {"type": "output_text" if role == "assistant" else "input_text", "text": words}
            case _:
                raise _lost(part, repr(part.kind))

    def _media(self, media: Media) -> Json:
        if media.file is not None and not self._own:
            raise _lost(media, f"{media.kind} by the id of a file")
        return {"image": _image, "document": _document, "audio": self._audio}[media.kind](media)

    def _audio(self, media: Media) -> Json:
        if not self._own:
            raise _lost(media, "a sound")
        sound = {"data": media.data or "", "format": media.media_type.rpartition("/")[2]}
        return {"type": "input_audio", "input_audio": sound}

    # --- items

    def _item(self, part: Thinking | ToolCall | ToolResult | Opaque) -> Iterator[Item]:
        if isinstance(part, Thinking):
            yield from self._thinking(part)
        elif isinstance(part, ToolCall):
            yield self._call(part)
        elif isinstance(part, ToolResult):
            yield self._result(part)
        else:
            yield part.raw

    def _thinking(self, part: Thinking) -> Iterator[Item]:
        if isinstance(part, OwnThinking) and self._own:
            yield part.raw
        elif part.maker == NAME and part.signature:
            item, content = unpacked(part.signature)
            named: Json = {"id": item} if item else {}
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            yield {"type": "reasoning", **named, "summary": summary, "encrypted_content": content}

    def _call(self, call: ToolCall) -> Json:
        identity = self._id(call.id)
        if self._own and is_search(call.name, call.namespace):
            return {
                "type": "tool_search_call",
                "call_id": identity,
                "status": "completed",
                "execution": "client",
                "arguments": _object(call.arguments),
            }
        named = self._named(call)
        if not call.freeform:
            arguments = call.arguments if self._own else call.arguments or "{}"
            return {"type": "function_call", "call_id": identity, **named, "arguments": arguments}
        if self._bridged:
            wrapped = _ENCODE({"input": call.arguments}).decode()
            return {"type": "function_call", "call_id": identity, **named, "arguments": wrapped}
        self._custom.add(call.id)
        return {"type": "custom_tool_call", "call_id": identity, **named, "input": call.arguments}

    def _named(self, call: ToolCall) -> Json:
        if not self._own:
            return {"name": self._names.sent(call.name, call.namespace)}
        home = written_home(call.name, call.namespace)
        return {"name": call.name, "namespace": home} if home else {"name": call.name}

    def _result(self, result: ToolResult) -> Item:
        found = result.parts[0] if len(result.parts) == 1 else None
        if isinstance(found, Opaque) and self._own and found.kind == f"{SEARCH}_output":
            return found.raw
        kind = "custom_tool_call_output" if result.id in self._custom else "function_call_output"
        return {"type": kind, "call_id": self._id(result.id), "output": self._output(result)}

    def _output(self, result: ToolResult) -> str | list[Item]:
        parts: list[Said] = list(result.parts)
        if result.is_error:
            first = parts[0] if parts else None
            said = first.text if isinstance(first, Text) else ""
            parts = [Text(ERROR + said), *(parts[1:] if isinstance(first, Text) else parts)]
        if not parts:
            return ""
        if len(parts) == 1 and isinstance(parts[0], Text):
            return parts[0].text
        shown = [part for part in parts if not isinstance(part, Text) or part.text]
        return [written for part in shown for written in self._written(part, "user")]

    def _id(self, identity: str) -> str:
        return identity if self._own else fitted(identity, LONGEST_ID)


def _is_item(part: Said) -> TypeGuard[Opaque]:
    """Whether what stays as it came is an item by itself: its place says so."""
    return isinstance(part, Opaque) and part.dialect == NAME and "." not in part.place


def _joined(parts: Iterable[Said]) -> str:
    """Texts as one; citations cut a text in the middle of its sentences."""
    texts = [part for part in parts if isinstance(part, Text)]
    cited = any(part.citations for part in texts)
    return ("" if cited else BLANK).join(part.text for part in texts)


def _object(arguments: str) -> object:
    """The arguments of a search as the object they are; what is none stays a text."""
    try:
        _DECODE_OBJECT(arguments)
        return _DECODE_VALUE(arguments)
    except (ValueError, RecursionError):
        return arguments or {}


# --- media --------------------------------------------------------------------------------------------


def _image(media: Media) -> Json:
    place = {"file_id": media.file} if media.file is not None else {"image_url": _address(media)}
    return {"type": "input_image", **place, "detail": media.detail or "auto"}


def _document(media: Media) -> Json:
    if media.text is not None:
        said = (media.name, media.context, media.text)
        return {"type": "input_text", "text": BLANK.join(filter(None, said))}
    file: Json = {"type": "input_file"}
    if media.data is not None:
        kind = media.media_type.rpartition("/")[2] or "pdf"
        file |= {"filename": media.name or f"document.{kind}", "file_data": _address(media)}
    elif media.url is not None:
        file["file_url"] = media.url
    else:
        file["file_id"] = media.file
    if media.name and "filename" not in file:
        file["filename"] = media.name
    return file | ({} if media.detail is None else {"detail": media.detail})


def _address(media: Media) -> str:
    if media.data is None:
        return media.url or ""
    return f"data:{media.media_type or 'application/octet-stream'};base64,{media.data}"


def _lost(part: Media | Opaque, what: str) -> Malformed:
    return Malformed(f"`{part.place}`: {what} cannot be carried to this model's provider.", param=part.place)
