"""What a socket remembers: the conversation its last response ended, so that the next request may name it.

Only the latest chain is kept, as the bytes of its items; every response along it may be referred to, and a
request that goes on from an earlier one forgets what came after. It holds no more than one request could.
"""

from typing import Final

import msgspec

# What an id costs beside its items.
ID_WEIGHT: Final = 200


class _Item(msgspec.Struct):
    """What is asked of an item that was said."""

    type: str = ""
    encrypted_content: str | None = None


_READ: Final = msgspec.json.Decoder(_Item).decode


class Memory:
    """The items of one conversation, in pieces, and the number of pieces up to each response."""

    __slots__ = ("_ends", "_limit", "_outgrown", "_pieces")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._ends: dict[str, int] = {}
        self._outgrown = ""

    def up_to(self, response: str) -> bytes | None:
        """The items of the conversation up to this response, with commas between them; None if unknown."""
        end = self._ends.get(response)
        return None if end is None else b",".join(self._pieces[:end])

    def cap(self, response: str) -> int:
        """How many bytes are kept, if it was for its length that this response was not; else 0."""
        return self._limit if response == self._outgrown else 0

    def keep(self, response: str, previous: str | None, pieces: list[bytes]) -> None:
        """A response was made that goes on from `previous` with these pieces: input, then output."""
        start = 0 if previous is None else self._ends.get(previous, 0)
        compacted = _latest_compaction(pieces)
        if compacted:
            start, pieces = 0, pieces[compacted:]
        self._pieces[start:] = [piece for piece in pieces if piece]
        self._ends = {name: end for name, end in self._ends.items() if end <= start and not compacted}
        self._ends[response] = len(self._pieces)
        self._outgrown = ""
        if sum(map(len, self._pieces)) + ID_WEIGHT * len(self._ends) > self._limit:
            self._pieces, self._ends, self._outgrown = [], {}, response


def lasting(output: list[bytes], *, stored: bool) -> list[bytes]:
    """The items of an output that can be said again.

    Reasoning without its encrypted content is an id and nothing more, which only a provider that stored it
    would know.
    """
    return output if stored else [item for item in output if not _is_empty_reasoning(item)]


def _is_empty_reasoning(item: bytes) -> bool:
    found = _read(item)
    return found.type == "reasoning" and not found.encrypted_content


def _latest_compaction(pieces: list[bytes]) -> int:
    """The place of the latest item that stands for all before it (never the input's); 0 if there is none."""
    for place in range(len(pieces) - 1, 0, -1):
        if b'"compaction"' in pieces[place] and _read(pieces[place]).type == "compaction":
            return place
    return 0


def _read(item: bytes) -> _Item:
    try:
        return _READ(item)
    except msgspec.MsgspecError:
        return _Item()  # an odd shape is whoever reads it to judge
