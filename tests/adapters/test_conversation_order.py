"""The order of turns."""

import pytest

from adapters.conversation import Part, Text, ToolCall, ToolResult, Turn
from adapters.conversation_order import arranged
from adapters.fault import Malformed


def turn(who: str, *words: str) -> Turn:
    """A turn: `?a` calls a, `!a` answers it, anything else is text."""
    return Turn("assistant" if who == "a" else "system" if who == "s" else "user", tuple(map(part, words)))


def part(word: str) -> Part:
    """One part of a turn."""
    if word[0] == "?":
        return ToolCall(word[1:], "x", "{}")
    if word[0] == "!":
        return ToolResult(id=word[1], parts=(Text(word),), place=word)
    return Text(word)


def told(turns: list[Turn]) -> list[str]:
    """Turns as words again."""
    return [f"{turn.role[0]}: {' '.join(map(word_of, turn.parts))}" for turn in turns]


def word_of(part: Part) -> str:
    """A part as its word."""
    if isinstance(part, ToolCall):
        return f"?{part.id}"
    if isinstance(part, ToolResult):
        return "".join(inner.text for inner in part.parts if isinstance(inner, Text))
    assert isinstance(part, Text)
    return part.text


ORDERS: dict[str, tuple[list[Turn], list[str]]] = {
    "nothing": ([], []),
    "in order": (
        [turn("u", "hi"), turn("a", "?a", "?b"), turn("u", "!a", "!b", "so")],
        ["u: hi", "a: ?a ?b", "u: !a !b", "u: so"],
    ),
    "reversed": ([turn("a", "?a", "?b"), turn("u", "!b", "!a")], ["a: ?a ?b", "u: !a !b"]),
    "apart": (
        [turn("a", "?a", "?b"), turn("u", "!b"), turn("s", "now"), turn("u", "x", "!a")],
        ["a: ?a ?b", "u: !a !b", "s: now", "u: x"],
    ),
    "after the next answer": (
        [turn("a", "?a"), turn("a", "?b"), turn("u", "!b"), turn("u", "!a")],
        ["a: ?a", "u: !a", "a: ?b", "u: !b"],
    ),
    "an id used again": (
        [turn("a", "?a"), turn("u", "!a1"), turn("a", "?a"), turn("u", "!a2")],
        ["a: ?a", "u: !a1", "a: ?a", "u: !a2"],
    ),
    "answered twice": ([turn("a", "?a"), turn("u", "!a1"), turn("u", "!a2")], ["a: ?a", "u: !a1 !a2"]),
    "never answered": ([turn("a", "?a"), turn("u", "so")], ["a: ?a", "u: so"]),
}


@pytest.mark.parametrize(("turns", "expected"), ORDERS.values(), ids=ORDERS)
def test_each_result_follows_its_call(turns: list[Turn], expected: list[str]) -> None:
    """Results stand after their turn in the order of its calls, and nothing else moves."""
    assert told(arranged(turns)) == expected


def test_a_result_before_its_call_is_refused() -> None:
    """A result can only answer what was asked before."""
    with pytest.raises(Malformed, match="`!a`: no tool call has the id 'a'"):
        arranged([turn("u", "!a"), turn("a", "?a")])
