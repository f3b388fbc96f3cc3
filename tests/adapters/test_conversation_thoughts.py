"""Thoughts that came back on a call are put where they were thought."""

import pytest

from adapters.conversation import Part, Refusal, Text, Thinking, ToolCall
from adapters.conversation_thoughts import recall
from adapters.seal import Seal

CALL = ToolCall("1", "f", "{}")
TEXT = Text("a")
H = Thinking("h", "1", maker="gemini")
M = Thinking("m", "2", maker="gemini")
SEAL_H, SEAL_M = Seal("gemini", "1", text="h"), Seal("gemini", "2", text="m")
LEADING_H, LEADING_M = (
    Seal("gemini", "1", text="h", leads=True),
    Seal("gemini", "2", text="m", leads=True),
)


def bare(words: str) -> Thinking:
    """A thought without a signature."""
    return Thinking(words, maker="openai-chat")


CASES: dict[str, tuple[list[Part], list[Seal], list[Part]]] = {
    "nothing": ([TEXT], [], [TEXT]),
    "right before the call": ([TEXT], [SEAL_H], [TEXT, H]),
    "before the words": ([TEXT, Refusal("b")], [LEADING_H], [H, TEXT, Refusal("b")]),
    "after the call before": ([TEXT, CALL, TEXT], [LEADING_H], [TEXT, CALL, H, TEXT]),
    "before words that are not there": ([CALL], [LEADING_H], [CALL, H]),
    "before and after": ([TEXT], [LEADING_H, SEAL_M], [H, TEXT, M]),
    "two before": ([TEXT], [LEADING_H, LEADING_M], [H, M, TEXT]),
    "hidden": ([TEXT], [Seal("x", "", "r", leads=True)], [Thinking("", "", "r", "x"), TEXT]),
    "broken": ([TEXT], [Seal("", "")], [TEXT]),
    "its words": ([bare("h"), TEXT], [LEADING_H], [H, TEXT]),
    "its words elsewhere": ([bare("h"), TEXT], [SEAL_H], [TEXT, H]),
    "the words of both": ([bare("hm"), TEXT], [LEADING_H, LEADING_M], [H, M, TEXT]),
    "the words of both, apart": ([bare("hm"), TEXT], [LEADING_H, SEAL_M], [H, TEXT, M]),
    "more words": ([bare("hx"), TEXT], [LEADING_H], [H, bare("x"), TEXT]),
    "other words": ([bare("x"), TEXT], [LEADING_H], [bare("x"), H, TEXT]),
    "words that are signed": ([H, TEXT], [SEAL_H], [H, TEXT, H]),
    "no words": (
        [bare("h"), TEXT],
        [Seal("gemini", "1")],
        [bare("h"), TEXT, Thinking("", "1", maker="gemini")],
    ),
}


@pytest.mark.parametrize(("parts", "seals", "told"), CASES.values(), ids=CASES)
def test_a_thought_stands_where_it_was_thought(
    parts: list[Part], seals: list[Seal], told: list[Part]
) -> None:
    """One that led words stands before them, any other before its call; words that came back are signed."""
    recalled = list(parts)
    recall(recalled, seals)
    assert recalled == told
