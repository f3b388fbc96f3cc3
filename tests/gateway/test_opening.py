"""By what a conversation is known: the same through all its turns, and another for another."""

from typing import Any

import msgspec
import pytest

from gateway.opening import opening

ASKED = {"role": "user", "content": "count to three"}
MORE = [{"role": "assistant", "content": "1"}, {"role": "user", "content": "go on"}]
PARTS = [{"role": "user", "parts": [{"text": "hi"}]}]
ITEM = {"type": "message", "role": "user", "content": "hi"}
# One conversation in each dialect: its first request, and what a later one adds.
CONVERSATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "messages": ({"system": "be brief", "messages": [ASKED]}, {"messages": [ASKED, *MORE], "max_tokens": 9}),
    "chat": ({"messages": [{"role": "system", "content": "x"}, ASKED]}, {"stream": True}),
    "responses": ({"instructions": "x", "input": [ITEM]}, {"input": [ITEM, {"type": "reasoning"}, ITEM]}),
    "gemini": ({"systemInstruction": {"parts": []}, "contents": PARTS}, {"contents": PARTS * 3}),
    "gemini, in snakes": ({"system_instruction": {"parts": []}, "contents": PARTS}, {"contents": PARTS * 3}),
    "a text": ({"input": "hi"}, {"model": "m"}),
    "a prompt": ({"prompt": "hi"}, {"stream": False}),
    "nobody asks": ({"messages": MORE[:1]}, {"messages": MORE[:1] * 2}),
}


def of(*fields: dict[str, Any]) -> bytes:
    """The opening of a body with these fields."""
    return opening(msgspec.json.encode({key: value for part in fields for key, value in part.items()}))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_later_turns_have_the_opening_of_the_first(name: str) -> None:
    """In every dialect, whatever comes after the first turn."""
    first, later = CONVERSATIONS[name]
    assert of(first) == of(first, later)
    assert len(of(first)) == 16


@pytest.mark.parametrize("name", CONVERSATIONS)
@pytest.mark.parametrize("field", ["system", "instructions", "system_instruction", "systemInstruction"])
def test_another_prompt_is_another_conversation(name: str, field: str) -> None:
    """The system prompt counts, wherever it stands."""
    first, _ = CONVERSATIONS[name]
    assert of(first) != of(first, {field: "another"})


def test_another_question_is_another_conversation() -> None:
    """With the same prompt."""
    system = {"system": "be brief"}
    assert of(system, {"messages": [ASKED]}) != of(system, {"messages": [{"role": "user", "content": "2"}]})


@pytest.mark.parametrize("mark", [{"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}, None])
def test_marks_of_caches_move_and_count_for_nothing(mark: object) -> None:
    """Agents set them on the last turn: the first has one in the first request only."""
    bare = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
    marked = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": mark}]}
    before = {"role": "user", "content": [{"cache_control": mark, "type": "text", "text": "hi"}]}
    assert of({"messages": [bare]}) == of({"messages": [marked]}) == of({"messages": [before]})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"messages":[]}', b'{"messages":3}', b"\xff"])
def test_what_has_no_opening_has_none(body: bytes) -> None:
    """Nothing is made up, and nothing raised."""
    assert opening(body) == b""
