"""Thoughts that wait for the call that carries them, streamed and whole."""

import pytest

from adapters.events import Block, TextBlock, ThinkingBlock, ToolBlock
from adapters.literal import literal
from adapters.seal import Seal, resealed, sealed, unsealed_all
from adapters.seal_carried import CarriedThoughts, carried

MINE = Seal("gemini", "s")
SIGNATURE = sealed("gemini", "s")
TEXT = TextBlock("a")
CALL = ToolBlock("1", "f", "{}")


def bare(*seals: Seal) -> ThinkingBlock:
    """A block that is nothing but what is carried."""
    return ThinkingBlock("", resealed(seals))


def of(text: str, *, leads: bool = False) -> Seal:
    """A seal with words."""
    return Seal("gemini", "s", text=text, leads=leads)


WHOLE: dict[str, tuple[tuple[Block, ...], tuple[Block, ...]]] = {
    "nothing": ((), ()),
    "no thought": ((TEXT, CALL), (TEXT, CALL)),
    "no signature": ((ThinkingBlock("h"), CALL), (ThinkingBlock("h"), CALL)),
    "no seal": ((ThinkingBlock("h", "c2ln"), CALL), (ThinkingBlock("h", "c2ln"), CALL)),
    "a thought": ((ThinkingBlock("h", SIGNATURE), CALL), (ThinkingBlock("h"), bare(of("h")), CALL)),
    "without words": ((bare(MINE), CALL), (bare(MINE), CALL)),
    "two calls": (
        (ThinkingBlock("h", SIGNATURE), CALL, CALL),
        (ThinkingBlock("h"), bare(of("h")), CALL, CALL),
    ),
    "a thought for each call": (
        (ThinkingBlock("h", SIGNATURE), CALL, ThinkingBlock("m", SIGNATURE), CALL),
        (ThinkingBlock("h"), bare(of("h")), CALL, ThinkingBlock("m"), bare(of("m")), CALL),
    ),
    "words between": (
        (ThinkingBlock("h", SIGNATURE), TEXT, ThinkingBlock("m", SIGNATURE), CALL),
        (ThinkingBlock("h"), TEXT, ThinkingBlock("m"), bare(of("h", leads=True), of("m")), CALL),
    ),
    "no call": (
        (ThinkingBlock("h", SIGNATURE), TEXT),
        (ThinkingBlock("h"), TEXT, bare(of("h", leads=True))),
    ),
}


@pytest.mark.parametrize(("blocks", "told"), WHOLE.values(), ids=WHOLE)
def test_what_is_sealed_waits_for_its_call(blocks: tuple[Block, ...], told: tuple[Block, ...]) -> None:
    """It stands before the next call, or last; what is no seal stays on its thought."""
    assert tuple(carried(blocks)) == told


def test_a_stream_is_carried_in_pieces() -> None:
    """The words come as literals, the signature at the end; what was taken is gone."""
    thoughts = CarriedThoughts()
    for piece in ("é\n", "🙂"):
        thoughts.add(literal(piece))
    assert thoughts.close(SIGNATURE)
    thoughts.add(literal("not this one's"))
    assert not thoughts.close("c2ln")
    assert thoughts.close(SIGNATURE)
    assert unsealed_all(thoughts.taken(), "x") == (of("é\n🙂"), MINE)
    assert thoughts.taken() == ""
