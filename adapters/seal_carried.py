"""Thoughts of a reply to a client that hands back no thoughts: the call after them carries them.

Gemini's clients keep the signature of a call and leave out the thought before it; those of openai-chat have
no other place for a signature at all. So a sealed thought waits, words and all, for the next call.
"""

from collections.abc import Iterable, Iterator

import msgspec

from adapters.events import Block, TextBlock, ThinkingBlock, ToolBlock
from adapters.literal import inside, joined, text_of
from adapters.seal import Seal, is_sealed, resealed, unsealed


class CarriedThoughts:
    """The sealed thoughts that wait for their call, in the order they were thought."""

    __slots__ = ("_said", "_waiting")

    def __init__(self) -> None:
        self._said = bytearray()  # inside the literal of the open thought's words
        self._waiting: list[Seal] = []

    def add(self, literal: msgspec.Raw) -> None:
        """Words of the open thought."""
        self._said += inside(literal)

    def close(self, signature: str) -> bool:
        """The open thought is complete; False when its signature is no seal, and so is not kept here."""
        text = text_of(joined(self._said))
        self._said.clear()
        return self.keep(signature, text)

    def keep(self, signature: str, text: str) -> bool:
        """Keep a whole thought, as `close` does."""
        if not is_sealed(signature):
            return False
        # No dialect is nobody: what is taken here was sealed in this very reply.
        seal = unsealed(signature, "")
        if seal.signature or seal.redacted is not None:
            self._waiting.append(msgspec.structs.replace(seal, text=text))
        return True

    def pass_words(self) -> None:
        """Words of the answer begin: what waits stood before them."""
        self._waiting = [msgspec.structs.replace(seal, leads=True) for seal in self._waiting]

    def taken(self) -> str:
        """Give out what waits as one seal; the empty text where nothing does."""
        seal = resealed(self._waiting)
        self._waiting = []
        return seal


def carried(blocks: Iterable[Block]) -> Iterator[Block]:
    """Return the blocks of a reply: what is carried is a thought without words, before its call or last."""
    thoughts = CarriedThoughts()
    for block in blocks:
        if isinstance(block, ThinkingBlock) and thoughts.keep(block.signature, block.text):
            if block.text:
                yield ThinkingBlock(block.text)
            continue
        if isinstance(block, TextBlock):
            thoughts.pass_words()
        elif isinstance(block, ToolBlock):
            yield from _bare(thoughts.taken())
        yield block
    yield from _bare(thoughts.taken())


def _bare(signature: str) -> Iterator[Block]:
    if signature:
        yield ThinkingBlock("", signature)
