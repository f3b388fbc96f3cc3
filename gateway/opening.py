"""By what a conversation is known whose client says no session: its system prompt and its first turn.

These are there in every request of it, unchanged but for the marks of prompt caches, which move on with each
turn. They are found in the body of any dialect: the names they stand under do not clash.
"""

import re
from hashlib import blake2b
from typing import Final

import msgspec

SIZE: Final = 16
# With the comma before it, or after it where it comes first.
MARK: Final = re.compile(
    rb',\s*"cache_control"\s*:\s*(?:\{[^{}]*\}|null)|"cache_control"\s*:\s*(?:\{[^{}]*\}|null)\s*,'
)
NOTHING: Final = msgspec.Raw(b"")


class _Opening(msgspec.Struct, rename={"system_instruction_camel": "systemInstruction"}):
    """Where each dialect has them. What is left out is not decoded."""

    system: msgspec.Raw = NOTHING
    instructions: msgspec.Raw = NOTHING
    system_instruction: msgspec.Raw = NOTHING
    system_instruction_camel: msgspec.Raw = NOTHING
    messages: list[msgspec.Raw] = []
    contents: list[msgspec.Raw] = []
    input: msgspec.Raw = NOTHING
    prompt: msgspec.Raw = NOTHING


class _Turn(msgspec.Struct):
    role: str = ""


_BODY: Final = msgspec.json.Decoder(_Opening)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_TURN: Final = msgspec.json.Decoder(_Turn)


def opening(body: bytes) -> bytes:
    """A digest of the opening; empty where there is none."""
    try:
        found = _BODY.decode(body)
        parts = _parts(found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    text = b"\0".join(bytes(part) for part in parts)
    if not text.strip(b"\0"):
        return b""
    return blake2b(MARK.sub(b"", text), digest_size=SIZE).digest()


def _parts(found: _Opening) -> list[msgspec.Raw]:
    parts = [found.system, found.instructions, found.system_instruction, found.system_instruction_camel]
    given = bytes(found.input)
    turns = found.messages or found.contents or (_LIST.decode(given) if given.startswith(b"[") else [])
    return parts + (_first_turn(turns) or [found.input, found.prompt])


def _first_turn(turns: list[msgspec.Raw]) -> list[msgspec.Raw]:
    """All until the first that a user says; where none does, the first."""
    for place, turn in enumerate(turns):
        if _TURN.decode(turn).role == "user":
            return turns[: place + 1]
    return turns[:1]
