"""Thoughts that came back on a call, put where they were thought.

Their client may have handed back the words as well, in a place of their own and without a signature: then
there is one thought, and it is the signed one.
"""

from collections.abc import Iterable, Sequence

from adapters.conversation import Part, Refusal, Text, Thinking
from adapters.seal import Seal


def recall(parts: list[Part], seals: Iterable[Seal]) -> None:
    """Put what a call carried among the parts of its turn that stand before it."""
    for seal in seals:
        if not seal.signature and seal.redacted is None:
            continue  # a seal that is broken
        bare = _taken_bare(parts, seal.text)
        place = len(parts) - (_words_at_end(parts) if seal.leads else 0)
        if bare is not None and seal.leads:
            place = bare
        parts.insert(place, Thinking(seal.text, seal.signature, seal.redacted, seal.maker))


def _taken_bare(parts: list[Part], text: str) -> int | None:
    """Take words out of the thought without a signature that begins with them, and tell where that was."""
    for place, part in enumerate(parts):
        if text and isinstance(part, Thinking) and not part.signature and part.text.startswith(text):
            rest = part.text.removeprefix(text)
            parts[place : place + 1] = [Thinking(rest, maker=part.maker)] if rest else []
            return place
    return None


def _words_at_end(parts: Sequence[Part]) -> int:
    """How many parts at the end are words of the answer."""
    count = 0
    while count < len(parts) and isinstance(parts[-1 - count], Text | Refusal):
        count += 1
    return count
