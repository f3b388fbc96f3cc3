"""Requests of openai-responses."""

import json

import pytest

from adapters.dialects.openai_responses.request import estimate, peek, read_prompt
from adapters.request import Prompt, Tool
from adapters.tokens import IMAGE

SCHEMA: dict[str, object] = {"type": "object", "properties": {"a": {"type": "string"}}}


def body_of(**fields: object) -> bytes:
    """A request body with these fields."""
    return json.dumps({"model": "m", **fields}).encode()


THINKING: dict[str, tuple[dict[str, object], bool]] = {
    "nothing said": ({}, False),
    "an effort": ({"reasoning": {"effort": "low"}}, True),
    "a summary alone": ({"reasoning": {"summary": "auto"}}, True),
    "a null effort": ({"reasoning": {"effort": None}}, True),
    "no effort": ({"reasoning": {"effort": "none"}}, False),
    "hardly any": ({"reasoning": {"effort": "minimal"}}, False),
    "null": ({"reasoning": None}, False),
    "a string": ({"reasoning": "high"}, False),
    "an odd effort": ({"reasoning": {"effort": 5}}, False),
}


@pytest.mark.parametrize(("fields", "asked"), THINKING.values(), ids=THINKING)
def test_thinking_is_asked_for_by_a_reasoning_object(fields: dict[str, object], asked: bool) -> None:
    """An object asks for thinking unless its effort is none."""
    assert peek(body_of(**fields)).thinking is asked


def user(content: object) -> dict[str, object]:
    """A turn of the user's, without a type as some clients send it."""
    return {"role": "user", "content": content}


def text(words: str) -> dict[str, object]:
    """A part of a turn."""
    return {"type": "input_text", "text": words}


FUNCTION = {"type": "function", "name": "Read", "parameters": SCHEMA}
CUSTOM = {"type": "custom", "name": "apply_patch", "format": {"type": "grammar"}}
CALL = {"type": "function_call", "call_id": "1", "name": "Read", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "1", "output": "ok"}
READ = Tool("Read", SCHEMA)

PROMPTS: dict[str, tuple[dict[str, object], Prompt]] = {
    "nothing": ({}, Prompt(model="m")),
    "a string": ({"input": "Hi"}, Prompt(model="m", text="Hi")),
    "a turn without a type": ({"input": [user("Hi")]}, Prompt(model="m", text="Hi")),
    "a message": ({"input": [{"type": "message", **user("Hi")}]}, Prompt(model="m", text="Hi")),
    "the last text part": ({"input": [user([text("a"), text("b")])]}, Prompt(model="m", text="b")),
    "a turn without words": (
        {"input": [user("a"), user([{"type": "input_image", "image_url": "data:"}])]},
        Prompt(model="m", text="a"),
    ),
    "words of others": (
        {"input": [user("a"), {"role": "assistant", "content": "b"}, {"role": "developer", "content": "c"}]},
        Prompt(model="m", text="a"),
    ),
    "a function": ({"input": "x", "tools": [FUNCTION]}, Prompt(model="m", text="x", tools=(READ,))),
    "a function without a schema": (
        {"input": "x", "tools": [{"type": "function", "name": "Read"}]},
        Prompt(model="m", text="x", tools=(Tool("Read", {}),)),
    ),
    "a custom tool": (
        {"input": "x", "tools": [CUSTOM]},
        Prompt(model="m", text="x", tools=(Tool("apply_patch", {}, custom=True),)),
    ),
    "a namespace": (
        {"input": "x", "tools": [{"type": "namespace", "name": "n", "tools": [FUNCTION, CUSTOM]}]},
        Prompt(
            model="m",
            text="x",
            tools=(Tool("Read", SCHEMA, "n"), Tool("apply_patch", {}, "n", custom=True)),
        ),
    ),
    "tools the provider runs": (
        {
            "input": "x",
            "tools": [{"type": "web_search"}, {"type": "tool_search"}, {"type": "mcp", "name": 5}],
        },
        Prompt(model="m", text="x"),
    ),
    "a tool of another kind": (
        {"input": "x", "tools": [{"type": "odd", "name": "Read"}]},
        Prompt(model="m", text="x"),
    ),
    "a call must come": (
        {"input": "x", "tool_choice": "required"},
        Prompt(model="m", text="x", tool_choice="any"),
    ),
    "no call may come": (
        {"input": "x", "tool_choice": "none"},
        Prompt(model="m", text="x", tool_choice="none"),
    ),
    "a call of this tool": (
        {"input": "x", "tool_choice": {"type": "custom", "name": "Read"}},
        Prompt(model="m", text="x", tool_choice="any", forced_tool="Read"),
    ),
    "a choice of some": (
        {"input": "x", "tool_choice": {"type": "allowed_tools", "tools": []}},
        Prompt(model="m", text="x"),
    ),
    "a tool's result": ({"input": [user("a"), CALL, OUTPUT]}, Prompt(model="m", text="a", answered=True)),
    "a custom tool's result": (
        {"input": [user("a"), {"type": "custom_tool_call_output", "call_id": "1", "output": "ok"}]},
        Prompt(model="m", text="a", answered=True),
    ),
    "a result, then a developer's word": (
        {"input": [user("a"), CALL, OUTPUT, {"role": "developer", "content": "b"}]},
        Prompt(model="m", text="a", answered=True),
    ),
    "a result, then a question": ({"input": [CALL, OUTPUT, user("b")]}, Prompt(model="m", text="b")),
    "thinking": (
        {"input": "x", "reasoning": {"effort": "high"}},
        Prompt(model="m", text="x", thinking=True),
    ),
}


@pytest.mark.parametrize(("fields", "prompt"), PROMPTS.values(), ids=PROMPTS)
def test_the_demo_provider_reads_a_prompt(fields: dict[str, object], prompt: Prompt) -> None:
    """Text, tools, choice and results are read of any shape the input may have."""
    assert read_prompt(body_of(**fields)) == prompt


WORDS = "word " * 400  # 500 tokens
WEIGHTS: dict[str, tuple[object, float]] = {
    "a string": (WORDS, 500),
    "a turn": ([user(WORDS)], 500),
    "parts": ([user([text(WORDS), text(WORDS)])], 1000),
    "an image": ([user([{"type": "input_image", "image_url": "data:" + "A" * 90_000}])], IMAGE),
    "a file": ([user([{"type": "input_file", "file_data": "A" * 40_000}])], 1200),
    "a refusal": ([{"role": "assistant", "content": [{"type": "refusal", "refusal": WORDS}]}], 500),
    "a result": ([{"type": "function_call_output", "call_id": "1", "output": WORDS}], 500),
    "a result with an image": (
        [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": "data:"}]}],
        IMAGE,
    ),
    "a call": ([{"type": "function_call", "id": "f" * 900, "name": "Read", "arguments": WORDS}], 500),
    "a summary": ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": WORDS}]}], 500),
    "an item nobody knows": ([{"type": "odd", "x": WORDS}], 610),
}


@pytest.mark.parametrize(("given", "weight"), WEIGHTS.values(), ids=WEIGHTS)
def test_an_estimate_weighs_what_the_model_reads(given: object, weight: float) -> None:
    """Words, calls, results and images count; ids and states do not."""
    assert weight <= estimate(body_of(input=given)) <= weight + 10


def test_instructions_and_tools_are_weighed() -> None:
    """What stands beside the input is read too."""
    bare = estimate(body_of(input=""))
    assert estimate(body_of(input="", instructions=WORDS)) - bare >= 499
    assert estimate(body_of(input="", tools=[FUNCTION])) > bare + 10
