"""What all dialects ask of a request body: errors in words a person understands, and what a small mind reads.

msgspec decodes; this file only says in the client's terms what was wrong.
"""

import re
from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from adapters.fault import Malformed
from adapters.literal import mended

BOM = b"\xef\xbb\xbf"
HALF = rb"\ud"  # how the escape of half a surrogate pair begins

_KINDS = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal number",
    "bool": "a boolean",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_MISMATCH = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `\$\.?(.*)`)?")

Decoded = TypeVar("Decoded")


class Tool(msgspec.Struct, frozen=True):
    """A tool the client offers: its name and the JSON schema of its arguments.

    A `custom` tool takes text as it is; `namespace` is where the client keeps a tool of that name.
    """

    name: str
    schema: dict[str, object]
    namespace: str = ""
    custom: bool = False


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What the demo provider reads of a request.

    `text` is the last text a user wrote; `tool_choice` is "any" when the client forces a call, and
    `forced_tool` the one it names; `answered` says that the last turn brings a tool's result;
    `thinking` that thinking may be shown; `include_usage` that a stream is to end with what was used.
    """

    model: str
    text: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: Literal["auto", "any", "none"] = "auto"
    forced_tool: str | None = None
    answered: bool = False
    thinking: bool = False
    include_usage: bool = False


def decode_body(decode: Callable[[bytes], Decoded], body: bytes) -> Decoded:
    """Decode a request body; raise `Malformed` with the reason in plain words.

    Half a surrogate pair, which agents write that cut a text by its UTF-16 units, becomes U+FFFD: refused it
    would come back with every further turn of the conversation.
    """
    try:
        # The mark is tested for only here, in Python: 40 ns, and msgspec would refuse it.
        return decode(body[3:] if body.startswith(BOM) else body)
    except msgspec.ValidationError as error:
        raise _wrong_type(str(error)) from error
    except RecursionError as error:
        raise Malformed("The request body is nested too deeply.") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"The request body is not valid UTF-8: {error.reason}.") from error
    except msgspec.DecodeError as error:
        whole = _without_halves(body)
        if whole is None:
            raise _not_json(body, str(error)) from error
    return decode_body(decode, whole)


def decode_fields(decode: Callable[[bytes], Decoded], body: bytes) -> Decoded:
    """Decode the fields of a body as they came: what is written again as it is must be text, every byte."""
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The request body is not valid UTF-8: {error.reason}.") from error
    return decode_body(decode, body)


def decode_part(
    decode: Callable[[bytes | msgspec.Raw], Decoded], raw: bytes | msgspec.Raw, place: str
) -> Decoded:
    """Decode a part of a request's body that was left raw; raise `Malformed` with its place."""
    try:
        return decode(raw)
    except (ValueError, RecursionError) as error:
        whole = _without_halves(bytes(raw))
        if whole is not None:
            return decode_part(decode, whole, place)
        reason = str(error).replace(" - at `$.", " - at `")
        raise Malformed(f"`{place}`: {reason}.", param=place) from error


def checked_schema(raw: msgspec.Raw, place: str) -> msgspec.Raw | None:
    """Return a tool's schema, None where it is absent; raise `Malformed` when it is no object."""
    text = bytes(raw)
    if text == b"null":
        return None
    if not text.startswith(b"{"):
        raise Malformed(f"`{place}` must be an object.", param=place)
    return raw


def checked_model(model: str | msgspec.UnsetType) -> str:
    """Return the model a request names; raise `Malformed` when it names none."""
    if model is msgspec.UNSET:
        raise Malformed("`model` is required.", param="model")
    if not model.strip():
        raise Malformed("`model` must not be empty.", param="model")
    return model


def _without_halves(body: bytes) -> bytes | None:
    """Return JSON with U+FFFD for each half of a surrogate pair; None where it has none."""
    whole = mended(body) if HALF in body.lower() else body
    return whole if whole != body else None


def _not_json(body: bytes, reason: str) -> Malformed:
    if not body.removeprefix(BOM).strip():
        return Malformed("The request body is empty; a JSON object is expected.")
    if reason == "Input data was truncated":
        reason = f"it ends in the middle of a value (byte {len(body)})"
    return Malformed(f"The request body is not valid JSON: {reason.removeprefix('JSON is malformed: ')}.")


def _wrong_type(reason: str) -> Malformed:
    """Say a mismatch such as "Expected `bool | null`, got `str` - at `$.stream`" in the client's terms."""
    match = _MISMATCH.fullmatch(reason)
    if match is None:
        return Malformed(f"The request body is wrong: {reason}.")
    expected, found, path = match.groups()
    wanted = _KINDS.get(expected.removesuffix(" | null"), expected)
    got = _KINDS.get(found, found)
    if not path:
        return Malformed(f"The request body must be a JSON object, not {got}.")
    return Malformed(f"`{path}` must be {wanted}, not {got}.", param=path)
