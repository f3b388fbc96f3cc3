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
MARKED: Final = b"cache_control"
APART: Final = b"\0"
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


class _Teller:
    """Takes parts into a digest, as they are but for their marks."""

    __slots__ = ("_marked", "_told", "said")

    def __init__(self, body: bytes) -> None:
        self._told = blake2b(digest_size=SIZE)
        self._marked = body.find(MARKED) >= 0
        self.said = False

    def tell(self, part: msgspec.Raw) -> None:
        """One part. What is not there keeps its place: two that change places are another opening."""
        if part is not NOTHING:
            self._told.update(MARK.sub(b"", part) if self._marked else part)
            self.said = True
        self._told.update(APART)

    def digest(self) -> bytes:
        """Of all that was told; empty where that was nothing."""
        return self._told.digest() if self.said else b""


def opening(body: bytes) -> bytes:
    """A digest of the opening; empty where there is none."""
    teller = _Teller(body)
    try:
        found = _BODY.decode(body)
        teller.tell(found.system)
        teller.tell(found.instructions)
        teller.tell(found.system_instruction)
        teller.tell(found.system_instruction_camel)
        _tell_turns(teller, found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return b""
    return teller.digest()


def _tell_turns(teller: _Teller, found: _Opening) -> None:
    turns = found.messages or found.contents
    if not turns and found.input is not NOTHING and bytes(found.input).startswith(b"["):
        turns = _LIST.decode(found.input)
    if not turns:
        teller.tell(found.input)
        teller.tell(found.prompt)
        return
    count = _first_turn(turns) if len(turns) > 1 else 1
    for turn in turns:
        teller.tell(turn)
        count -= 1
        if not count:
            return


def _first_turn(turns: list[msgspec.Raw]) -> int:
    """How many turns there are until a user has spoken; where none does, the first is one."""
    for place, turn in enumerate(turns):
        if _TURN.decode(turn).role == "user":
            return place + 1
    return 1
