"""Requests of anthropic-messages."""

import json

import pytest

from adapters.dialects.anthropic_messages.request import estimate, peek, read_prompt
from adapters.request import Prompt, Tool

SCHEMA: dict[str, object] = {"type": "object", "properties": {"a": {"type": "string"}}}


def body_of(**fields: object) -> bytes:
    """A request body with these fields."""
    return json.dumps({"model": "m", **fields}).encode()


THINKING = {
    "enabled": ({"type": "enabled", "budget_tokens": 31999, "display": "omitted"}, True),
    "adaptive": ({"type": "adaptive", "display": "updates"}, True),
    "disabled": ({"type": "disabled"}, False),
    "null": (None, False),
    "an unknown type": ({"type": "later"}, False),
    "no type": ({}, False),
    "an odd type": ({"type": 5}, False),
    "an odd shape": ([1], False),
    "a string": ("enabled", False),
}


@pytest.mark.parametrize(("thinking", "asked"), THINKING.values(), ids=THINKING)
def test_thinking_is_asked_for_when_it_is_on(thinking: object, asked: bool) -> None:
    """Enabled and adaptive thinking count; everything else is the provider's to judge."""
    assert peek(body_of(thinking=thinking)).thinking is asked


TOOL = {"name": "Read", "input_schema": SCHEMA}
RESULT = {"type": "tool_result", "tool_use_id": "1", "content": "ok"}

PROMPTS: dict[str, tuple[dict[str, object], Prompt]] = {
    "a string": ({"messages": [{"role": "user", "content": "Hi"}]}, Prompt(model="m", text="Hi")),
    "the last text block": (
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
    "a system turn at the end": (
        {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]},
        Prompt(model="m", text="a"),
    ),
    "tools": (
        {"messages": [], "tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}]},
        Prompt(model="m", tools=(Tool("Read", SCHEMA),)),
    ),
    "a deferred tool": ({"messages": [], "tools": [{**TOOL, "defer_loading": True}]}, Prompt(model="m")),
    "any tool forced": (
        {"messages": [], "tools": [TOOL], "tool_choice": {"type": "any"}},
        Prompt(model="m", tools=(Tool("Read", SCHEMA),), tool_choice="any"),
    ),
    "a tool forced": (
        {"messages": [], "tools": [TOOL], "tool_choice": {"type": "tool", "name": "Read"}},
        Prompt(model="m", tools=(Tool("Read", SCHEMA),), tool_choice="any", forced_tool="Read"),
    ),
    "no tool allowed": (
        {"messages": [], "tool_choice": {"type": "none"}},
        Prompt(model="m", tool_choice="none"),
    ),
    "the choice left": ({"messages": [], "tool_choice": {"type": "auto"}}, Prompt(model="m")),
    "a result": (
        {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": [RESULT]}]},
        Prompt(model="m", text="a", answered=True),
    ),
    "a result, then a system turn": (
        {"messages": [{"role": "user", "content": [RESULT]}, {"role": "system", "content": "b"}]},
        Prompt(model="m", answered=True),
    ),
    "a result and words": (
        {"messages": [{"role": "user", "content": [RESULT, {"type": "text", "text": "go on"}]}]},
        Prompt(model="m", text="go on", answered=True),
    ),
    "a result long ago": (
        {"messages": [{"role": "user", "content": [RESULT]}, {"role": "user", "content": "more"}]},
        Prompt(model="m", text="more"),
    ),
    "thinking": ({"messages": [], "thinking": {"type": "adaptive"}}, Prompt(model="m", thinking=True)),
}


@pytest.mark.parametrize(("fields", "prompt"), PROMPTS.values(), ids=PROMPTS)
def test_a_prompt_is_what_the_last_turn_asks(fields: dict[str, object], prompt: Prompt) -> None:
    """Words, tools, choice and results are found where clients put them."""
    assert read_prompt(body_of(**fields)) == prompt


def turn(*blocks: object) -> dict[str, object]:
    """A body's field with one user turn of these blocks."""
    return {"messages": [{"role": "user", "content": list(blocks)}]}


WORDS = "word " * 800  # 4 000 bytes: 1 000 tokens

WEIGHTS: dict[str, tuple[dict[str, object], int, int]] = {
    "words": (turn({"type": "text", "text": WORDS}), 1000, 1010),
    "words as a string": ({"messages": [{"role": "user", "content": WORDS}]}, 1000, 1010),
    "a system prompt": ({"system": WORDS}, 1000, 1010),
    "a system prompt in blocks": ({"system": [{"type": "text", "text": WORDS}]}, 1000, 1010),
    "thinking sent back": (
        turn({"type": "thinking", "thinking": WORDS, "signature": "x" * 9000}),
        1000,
        1010,
    ),
    "tools": ({"tools": [{"name": "x", "description": WORDS}]}, 1200, 1300),
    "a tool call": (turn({"type": "tool_use", "id": "1", "name": "x", "input": {"a": WORDS}}), 1200, 1300),
    "a tool's result": (turn({"type": "tool_result", "content": WORDS}), 1000, 1010),
    "a result in blocks": (
        turn({"type": "tool_result", "content": [{"type": "text", "text": WORDS}]}),
        1000,
        1010,
    ),
    "an image": (turn({"type": "image", "source": {"type": "base64", "data": "A" * 400_000}}), 1600, 1610),
    "an image in a result": (turn({"type": "tool_result", "content": [{"type": "image"}]}), 1600, 1610),
    "a PDF": (turn({"type": "document", "source": {"type": "base64", "data": "A" * 100_000}}), 2000, 5000),
    "a text document": (turn({"type": "document", "source": {"type": "text", "data": WORDS}}), 1000, 1010),
    "a document of blocks": (
        turn(
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": WORDS}]}}
        ),
        1000,
        1010,
    ),
    "an unknown block": (turn({"type": "new", "data": WORDS}), 1200, 1300),
}


@pytest.mark.parametrize(("fields", "low", "high"), WEIGHTS.values(), ids=WEIGHTS)
def test_every_part_of_a_request_is_weighed_by_its_kind(
    fields: dict[str, object], low: int, high: int
) -> None:
    """Nothing a client sends is free, and nothing in base64 is taken for text."""
    assert low <= estimate(body_of(**fields)) <= high
