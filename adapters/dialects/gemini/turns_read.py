"""Reading the turns of a request of gemini: each content is a turn, each part a part of the middle.

A signature on a part that is no thought is a thinking part before it, without text unless a seal holds the
words as well. Calls without an id get one; a response without an id, or with one nobody called by, answers
the first open call of its name. Texts of the model that stand side by side are pieces of one text: clients
keep a streamed reply as it came.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

import msgspec

from adapters.conversation import (
    Media,
    Opaque,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
)
from adapters.conversation_thoughts import recall
from adapters.dialects.gemini.media_read import NAME, STANDARD, media_of
from adapters.dialects.gemini.request_wire import (
    PART_KEYS,
    CallIn,
    ContentIn,
    PartIn,
    ResponseIn,
)
from adapters.fault import Malformed
from adapters.request import decode_part
from adapters.seal import Seal, is_sealed, unsealed_all

# The key of arguments that holds what a model wrote instead of a JSON object.
RAW_KEY = "__raw"
# The kind of a response that is more than its words.
RESPONSE = "functionResponse"

_DECODE_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_DECODE_PART = msgspec.json.Decoder(PartIn).decode
_DECODE_RESPONSE = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_DECODE_TEXT = msgspec.json.Decoder(str).decode
_DECODE_RAW_KEY = msgspec.json.Decoder(dict[str, str]).decode

# The keys of a response that hold its words, where one stands alone; the first two are the documented ones.
_WORDS = ("output", "error", "result")
_ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "user"}


class _Carried(msgspec.Struct, frozen=True):
    """What stands on the part after it."""

    seals: tuple[Seal, ...]


class _Thought(Thinking, frozen=True, gc=False):
    """A piece of a thought, which has its own signature: one that belongs to the next part is none."""


def texts_of(content: ContentIn, place: str) -> list[Text]:
    """Return the texts of a content that may hold nothing else; raise `Malformed` where it does."""
    texts: list[Text] = []
    for index, raw in enumerate(content.parts or ()):
        where = f"{place}.parts[{index}]"
        part = decode_part(_DECODE_PART, raw, where)
        if part.text is None:
            raise Malformed(f"`{where}`: only text can stand here.", param=where)
        texts.append(Text(part.text))
    return texts


class TurnReader:
    """Reads the turns of one request in their order; it knows which calls are still open."""

    __slots__ = ("_known", "_open")

    def __init__(self) -> None:
        self._open: list[tuple[str, str]] = []  # id and name
        self._known: set[str] = set()  # the ids of all calls

    def turn(self, content: ContentIn | str, place: str) -> Turn:
        """Read one content."""
        if isinstance(content, str):
            return Turn("user", (Text(content),))
        role = _ROLES.get(content.role or "user")
        if role is None:
            raise Malformed(f"`{place}.role` {content.role!r} is not known.", param=f"{place}.role")
        parts = [
            part
            for index, raw in enumerate(content.parts or ())
            for part in self._part(raw, f"{place}.parts[{index}]")
        ]
        return Turn(role, tuple(_recalled(_joined(parts)) if role == "assistant" else _unthought(parts)))

    def _part(self, raw: msgspec.Raw, place: str) -> list[Part | _Carried]:
        keys = decode_part(_DECODE_KEYS, raw, place).keys()
        part = decode_part(_DECODE_PART, raw, place)
        if not keys <= PART_KEYS:
            return [Opaque(NAME, ", ".join(sorted(keys - PART_KEYS)), place, raw, _words_of(part))]
        seals = _seals(part.thought_signature or "")
        if part.thought and part.text is not None:
            return [_Thought(part.text, seals[0].signature, seals[0].redacted, seals[0].maker)]
        before: list[Part | _Carried] = [_Carried(seals)] if part.thought_signature else []
        if part.text is not None:
            # The API ends a signed stream with an empty text that only carries the signature.
            return before if before and not part.text else [*before, Text(part.text)]
        return [*before, *self._told(part, raw, place)]

    def _told(self, part: PartIn, raw: msgspec.Raw, place: str) -> list[Part]:
        if part.function_call is not None:
            return [self._call(part.function_call, place)]
        if part.function_response is not None:
            return [self._result(part.function_response, place)]
        media = media_of(part, raw, place)
        return [] if media is None else [media]

    def _call(self, call: CallIn, place: str) -> ToolCall:
        # Of where it stands, so that every later request gives it the same one.
        identity = call.id or "_".join(("call", *re.findall(r"\d+", place)))
        self._open.append((identity, call.name))
        self._known.add(identity)
        text = decode_part(_as_text, call.args, f"{place}.functionCall.args")
        return ToolCall(identity, call.name, _arguments(text))

    def _result(self, response: ResponseIn, place: str) -> ToolResult:
        identity = self._answered(response, place)
        words, is_error = _words(response.response, f"{place}.functionResponse.response")
        shown = [
            _shown(raw, f"{place}.functionResponse.parts[{index}]")
            for index, raw in enumerate(response.parts or ())
        ]
        return ToolResult(id=identity, parts=(*words, *shown), place=place, is_error=is_error)

    def _answered(self, response: ResponseIn, place: str) -> str:
        """Find the call that a response answers."""
        if response.id and response.id in self._known:
            self._open = [call for call in self._open if call[0] != response.id]
            return response.id
        for index, (identity, name) in enumerate(self._open):
            if name == response.name:
                del self._open[index]
                return identity
        raise Malformed(f"`{place}.functionResponse`: no open call is one of {response.name!r}.", param=place)


def _joined(parts: list[Part | _Carried]) -> Iterator[Part | _Carried]:
    """The parts of the model's turn, with the pieces of one text, or of one thought, as that."""
    for kind, run in groupby(parts, key=type):
        if kind is Text:
            yield Text("".join(part.text for part in run if isinstance(part, Text)))
        elif kind is _Thought:
            yield from _thoughts([part for part in run if isinstance(part, _Thought)])
        else:
            yield from run


def _thoughts(pieces: list["_Thought"]) -> Iterator[Thinking]:
    """Pieces of thoughts as whole ones: a signature ends a thought."""
    words = ""
    for piece in pieces:
        words += piece.text
        if piece.signature or piece.redacted is not None:
            yield Thinking(words, piece.signature, piece.redacted, piece.maker)
            words = ""
    if words:
        yield Thinking(words, maker=NAME)


def _recalled(parts: Iterable[Part | _Carried]) -> list[Part]:
    """The parts with every thought where it was thought."""
    recalled: list[Part] = []
    for part in parts:
        if isinstance(part, _Carried):
            recall(recalled, part.seals)
        else:
            recalled.append(part)
    return recalled


def _unthought(parts: list[Part | _Carried]) -> Iterator[Part]:
    """The parts of the user's turn: what it holds as a thought is a text like any other."""
    for part in parts:
        if not isinstance(part, Thinking | _Carried):
            yield part
        elif isinstance(part, Thinking) and part.text:
            yield Text(part.text)


def _words_of(part: PartIn) -> str | None:
    """What a part that only Google knows says in text."""
    if part.executable_code is not None:
        return f"```{part.executable_code.language.lower()}\n{part.executable_code.code}\n```"
    if part.code_execution_result is not None:
        return f"{part.code_execution_result.outcome}: {part.code_execution_result.output}"
    return part.text


def _seals(signature: str) -> tuple[Seal, ...]:
    """What a signature says; one of Google's own stays as it is spelled."""
    standard = signature.translate(STANDARD)
    return unsealed_all(standard, NAME) if is_sealed(standard) else (Seal(NAME, signature),)


def _as_text(raw: bytes | msgspec.Raw) -> str:
    return bytes(raw).decode()


def _arguments(text: str) -> str:
    """The text of arguments; those that our own writer wrapped are what the model wrote."""
    if RAW_KEY not in text:
        return text if text != "null" else "{}"
    try:
        fields = _DECODE_RAW_KEY(text)
    except (ValueError, RecursionError):
        return text
    return fields[RAW_KEY] if fields.keys() == {RAW_KEY} else text


def _words(response: msgspec.Raw, place: str) -> tuple[list[Text | Opaque], bool]:
    """The words of a response, and whether they tell an error.

    Anything but one documented key with a string keeps its bytes: only Google's own can be given those.
    """
    fields = decode_part(_DECODE_RESPONSE, response, place)
    if fields is None:
        return [], False
    key = next(iter(fields)) if len(fields) == 1 else ""
    if fields.keys() == {"name", "content"}:
        said = _said(fields["content"])
    else:
        said = _said(fields[key] if key in _WORDS else response)
    exact = key in ("output", "error") and bytes(fields[key]).startswith(b'"')
    plain = exact or not said.strip()
    words = Text(said) if plain else Opaque(NAME, RESPONSE, place, response, said)
    return [words], key == "error"


def _said(raw: msgspec.Raw) -> str:
    text = bytes(raw)
    return _DECODE_TEXT(text) if text.startswith(b'"') else text.decode()


def _shown(raw: msgspec.Raw, place: str) -> Media | Opaque:
    """What a response shows beside its words."""
    keys = decode_part(_DECODE_KEYS, raw, place).keys()
    media = media_of(decode_part(_DECODE_PART, raw, place), raw, place) if keys <= PART_KEYS else None
    return Opaque(NAME, ", ".join(sorted(keys)), place, raw) if media is None else media
