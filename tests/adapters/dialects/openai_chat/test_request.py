"""Requests of openai-chat."""

import json

import pytest

from adapters.dialects.openai_chat.request import estimate, peek, read_prompt
from adapters.fault import Malformed
from adapters.request import Prompt, Tool

SCHEMA: dict[str, object] = {"type": "object", "properties": {"a": {"type": "string"}}}


def body_of(**fields: object) -> bytes:
    """A request body with these fields."""
    return json.dumps({"model": "m", **fields}).encode()


THINKING: dict[str, tuple[dict[str, object], bool]] = {
    "nothing said": ({}, False),
    "an effort": ({"reasoning_effort": "high"}, True),
    "a low effort": ({"reasoning_effort": "low"}, True),
    "no effort": ({"reasoning_effort": "none"}, False),
    "hardly any": ({"reasoning_effort": "minimal"}, False),
    "null": ({"reasoning_effort": None}, False),
    "an object": ({"reasoning": {"effort": "high"}}, True),
    "an object beside a null": ({"reasoning_effort": None, "reasoning": {}}, True),
    "a null object": ({"reasoning": None}, False),
    "a boolean": ({"reasoning": True}, False),
}


@pytest.mark.parametrize(("fields", "asked"), THINKING.values(), ids=THINKING)
def test_thinking_is_asked_for_by_an_effort(fields: dict[str, object], asked: bool) -> None:
    """An effort that is one, or a reasoning object, asks for thinking."""
    assert peek(body_of(**fields)).thinking is asked


LIMITS: dict[str, tuple[dict[str, object], int | None]] = {
    "the old name": ({"max_tokens": 5}, 5),
    "the new name": ({"max_completion_tokens": 6}, 6),
    "both": ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
    "the new one null": ({"max_tokens": 5, "max_completion_tokens": None}, 5),
    "none": ({}, None),
}


@pytest.mark.parametrize(("fields", "limit"), LIMITS.values(), ids=LIMITS)
def test_the_limit_goes_by_two_names(fields: dict[str, object], limit: int | None) -> None:
    """`max_completion_tokens` is meant when both are given."""
    assert peek(body_of(**fields)).max_tokens == limit


def test_a_wrong_type_under_the_new_name_is_told() -> None:
    """The field that is wrong is the one that is named."""
    with pytest.raises(Malformed) as caught:
        peek(body_of(max_completion_tokens="many"))
    assert str(caught.value) == "`max_completion_tokens` must be an integer, not a string."
    assert caught.value.param == "max_completion_tokens"


TOOL = {"type": "function", "function": {"name": "Read", "parameters": SCHEMA}}

PROMPTS: dict[str, tuple[dict[str, object], Prompt]] = {
    "a string": ({"messages": [{"role": "user", "content": "Hi"}]}, Prompt(model="m", text="Hi")),
    "the last text part": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
            ]
        },
        Prompt(model="m", text="b"),
    ),
    "the last user turn": (
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        Prompt(model="m", text="a"),
    ),
    "a turn without words": (
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "user", "content": [{"type": "image_url"}]},
            ]
        },
        Prompt(model="m", text="a"),
    ),
    "a developer turn at the end": (
        {"messages": [{"role": "user", "content": "a"}, {"role": "developer", "content": "b"}]},
        Prompt(model="m", text="a"),
    ),
    "tools": ({"messages": [], "tools": [TOOL]}, Prompt(model="m", tools=(Tool("Read", SCHEMA),))),
    "a tool without parameters": (
        {"messages": [], "tools": [{"type": "function", "function": {"name": "x"}}]},
        Prompt(model="m", tools=(Tool("x", {}),)),
    ),
    "a custom tool": (
        {"messages": [], "tools": [{"type": "custom", "custom": {"name": "x"}}]},
        Prompt(model="m"),
    ),
    "any tool forced": ({"messages": [], "tool_choice": "required"}, Prompt(model="m", tool_choice="any")),
    "a tool forced": (
        {"messages": [], "tool_choice": {"type": "function", "function": {"name": "Read"}}},
        Prompt(model="m", tool_choice="any", forced_tool="Read"),
    ),
    "no tool allowed": ({"messages": [], "tool_choice": "none"}, Prompt(model="m", tool_choice="none")),
    "the choice left": ({"messages": [], "tool_choice": "auto"}, Prompt(model="m")),
    "a result": (
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "tool", "tool_call_id": "1", "content": "x"},
            ]
        },
        Prompt(model="m", text="a", answered=True),
    ),
    "a result, then a system turn": (
        {"messages": [{"role": "tool", "content": "x"}, {"role": "system", "content": "b"}]},
        Prompt(model="m", answered=True),
    ),
    "a result long ago": (
        {"messages": [{"role": "tool", "content": "x"}, {"role": "user", "content": "more"}]},
        Prompt(model="m", text="more"),
    ),
}


@pytest.mark.parametrize(("fields", "prompt"), PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_is_what_the_last_turn_asks(fields: dict[str, object], prompt: Prompt) -> None:
    """Words, tools, choice and results are found where clients put them."""
    assert read_prompt(body_of(**fields)) == prompt


def turn(*parts: object) -> dict[str, object]:
    """A body's field with one user turn of these parts."""
    return {"messages": [{"role": "user", "content": list(parts)}]}


WORDS = "word " * 800  # 4 000 bytes: 1 000 tokens
CALL = {"id": "1", "type": "function", "function": {"name": "x", "arguments": WORDS}}

WEIGHTS: dict[str, tuple[dict[str, object], int, int]] = {
    "words": (turn({"type": "text", "text": WORDS}), 1000, 1010),
    "words as a string": ({"messages": [{"role": "user", "content": WORDS}]}, 1000, 1010),
    "a refusal": (turn({"type": "refusal", "refusal": WORDS}), 1000, 1010),
    "reasoning sent back": ({"messages": [{"role": "assistant", "reasoning_content": WORDS}]}, 1000, 1010),
    "tools": ({"tools": [{"function": {"name": "x", "description": WORDS}}]}, 1200, 1300),
    "functions": ({"functions": [{"name": "x", "description": WORDS}]}, 1200, 1300),
    "a tool call": ({"messages": [{"role": "assistant", "content": None, "tool_calls": [CALL]}]}, 1200, 1300),
    "a tool's result": ({"messages": [{"role": "tool", "content": WORDS}]}, 1000, 1010),
    "an image": (
        turn({"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}),
        1600,
        1610,
    ),
    "a sound": (
        turn({"type": "input_audio", "input_audio": {"data": "A" * 100_000, "format": "wav"}}),
        2000,
        5000,
    ),
    "a file": (turn({"type": "file", "file": {"file_data": "A" * 100_000}}), 2000, 5000),
    "an unknown part": (turn({"type": "new", "data": WORDS}), 1200, 1300),
}


@pytest.mark.parametrize(("fields", "low", "high"), WEIGHTS.values(), ids=WEIGHTS)
def test_every_part_of_a_request_is_weighed_by_its_kind(
    fields: dict[str, object], low: int, high: int
) -> None:
    """Nothing a client sends is free, and nothing in base64 is taken for text."""
    assert low <= estimate(body_of(**fields)) <= high
