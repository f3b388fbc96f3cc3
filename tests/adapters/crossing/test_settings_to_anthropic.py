"""Tools and settings of openai-chat as they stand in anthropic-messages (features A3, A8, A11 to A14)."""

import pytest

from adapters.conversation import ChatRequest, Quirks, Reasoning, Text, Turn
from adapters.dialects.anthropic_messages.request_write import write_request
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import (
    HI,
    Body,
    anthropic_body,
    body_of,
    decoded,
    differing,
    to_anthropic,
)

SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}
READ = {"type": "function", "function": {"name": "Read", "description": "Reads.", "parameters": SCHEMA}}
READ_OUT = {"name": "Read", "description": "Reads.", "input_schema": SCHEMA}
BASH = {"type": "function", "function": {"name": "Bash", "parameters": SCHEMA}}
BASH_OUT = {"name": "Bash", "input_schema": SCHEMA}
ADAPTIVE = {"type": "adaptive"}
USER = Turn("user", (Text("Hi"),))


def budget(tokens: int) -> Body:
    """Thinking with a budget."""
    return {"type": "enabled", "budget_tokens": tokens}


def named(name: str) -> Body:
    """A tool by its name, as Chat points at one."""
    return {"type": "function", "function": {"name": name}}


def shape(**fields: object) -> Body:
    """A response format with a schema."""
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "r", **fields}}}


# What the client says, what Anthropic gets (None: absent), what is dropped by name.
SETTINGS: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "nothing": ({}, {"max_tokens": 32000, "tools": None, "stream": None, "thinking": None}, ()),
    "the new limit": ({"max_completion_tokens": 5}, {"max_tokens": 5}, ()),
    "the old limit": ({"max_tokens": 6}, {"max_tokens": 6}, ()),
    "both limits": ({"max_tokens": 6, "max_completion_tokens": 5}, {"max_tokens": 5}, ()),
    "temperature": ({"temperature": 0.5}, {"temperature": 0.5}, ()),
    "temperature too high": ({"temperature": 1.7}, {"temperature": 1.0}, ()),
    "temperature below all": ({"temperature": -1}, {"temperature": 0.0}, ()),
    "top_p": ({"top_p": 0.5}, {"top_p": 0.5}, ()),
    "temperature and top_p": (
        {"temperature": 0.5, "top_p": 1},
        {"temperature": 0.5, "top_p": None},
        ("top_p",),
    ),
    "a stop": ({"stop": "a"}, {"stop_sequences": ["a"], "stop": None}, ()),
    "stops": ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}, ()),
    "a blank stop": ({"stop": ["\n", "b"]}, {"stop_sequences": ["b"]}, ("stop",)),
    "only a blank stop": ({"stop": "\n"}, {"stop_sequences": None}, ("stop",)),
    "a stream": (
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": True, "stream_options": None},
        (),
    ),
    "a user": ({"user": "u1"}, {"metadata": {"user_id": "u1"}, "user": None}, ()),
    "a long user": ({"user": "u" * 257}, {"metadata": None}, ("user",)),
    "the automatic tier": ({"service_tier": "auto"}, {"service_tier": "auto"}, ()),
    "the default tier": ({"service_tier": "default"}, {"service_tier": "standard_only"}, ()),
    "a tier of OpenAI's": ({"service_tier": "flex"}, {"service_tier": None}, ("service_tier",)),
    "what only OpenAI knows": (
        {"seed": 1, "presence_penalty": 0.5, "logprobs": True, "store": False, "logit_bias": {}, "n": 1},
        {"seed": None, "presence_penalty": None, "logprobs": None, "store": None, "n": None},
        ("seed", "presence_penalty", "logprobs", "store", "logit_bias"),
    ),
    "what was not asked for": ({"logprobs": False, "seed": None}, {"logprobs": None, "seed": None}, ()),
    "a name of a speaker": (
        {"messages": [{**HI, "name": "Ann"}]},
        {"messages": [HI]},
        ("messages.name",),
    ),
    "an effort": (
        {"reasoning_effort": "medium"},
        {"thinking": ADAPTIVE, "output_config": {"effort": "medium"}},
        (),
    ),
    "the least effort": (
        {"reasoning_effort": "minimal"},
        {"thinking": ADAPTIVE, "output_config": {"effort": "low"}},
        (),
    ),
    "no effort": (
        {"reasoning_effort": "none"},
        {"thinking": {"type": "disabled"}, "output_config": None},
        (),
    ),
    "an effort nobody knows": (
        {"reasoning_effort": "extreme"},
        {"thinking": None, "output_config": None},
        ("reasoning_effort",),
    ),
    "an effort and sampling": (
        {"reasoning_effort": "high", "temperature": 0.5, "top_k": 5, "top_p": 0.5},
        {"thinking": ADAPTIVE, "temperature": None, "top_k": None, "top_p": None},
        ("temperature", "top_p", "top_k"),
    ),
    "an effort and a wide top_p": (
        {"reasoning_effort": "high", "top_p": 0.99},
        {"thinking": ADAPTIVE, "top_p": 0.99},
        (),
    ),
    "an effort and a forced tool": (
        {"reasoning_effort": "high", "tools": [READ], "tool_choice": "required"},
        {"thinking": None, "output_config": {"effort": "high"}, "tool_choice": {"type": "any"}},
        ("reasoning_effort",),
    ),
    "a schema": (
        shape(schema=SCHEMA, strict=True),
        {
            "output_config": {
                "format": {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}
            }
        },
        (),
    ),
    "any JSON": ({"response_format": {"type": "json_object"}}, {"output_config": None}, ("response_format",)),
    "only text": ({"response_format": {"type": "text"}}, {"output_config": None}, ()),
    "a shape nobody knows": (
        {"response_format": {"type": "new"}},
        {"output_config": None},
        ("response_format",),
    ),
    "tools": ({"tools": [READ, BASH]}, {"tools": [READ_OUT, BASH_OUT], "tool_choice": None}, ()),
    "functions of the old kind": (
        {"functions": [READ["function"]], "function_call": {"name": "Read"}},
        {"tools": [READ_OUT], "tool_choice": {"type": "tool", "name": "Read"}},
        (),
    ),
    "a strict tool": (
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": SCHEMA, "strict": True}}]},
        {"tools": [{"name": "x", "input_schema": {**SCHEMA, "additionalProperties": False}, "strict": True}]},
        (),
    ),
    "tools without a schema": (
        {
            "tools": [
                {"type": "function", "function": {"name": "x"}},
                {"type": "function", "function": {"name": "y", "parameters": {"title": "t"}}},
            ]
        },
        {
            "tools": [
                {"name": "x", "input_schema": {"type": "object", "properties": {}}},
                {"name": "y", "input_schema": {"type": "object", "properties": {}, "title": "t"}},
            ]
        },
        (),
    ),
    "any tool": ({"tools": [READ], "tool_choice": "required"}, {"tool_choice": {"type": "any"}}, ()),
    "no tool": (
        {"tools": [READ], "tool_choice": "none", "parallel_tool_calls": False},
        {"tool_choice": {"type": "none"}},
        (),
    ),
    "one tool": (
        {"tools": [READ], "tool_choice": named("Read")},
        {"tool_choice": {"type": "tool", "name": "Read"}},
        (),
    ),
    "some tools": (
        {
            "tools": [READ, BASH],
            "tool_choice": {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [named("Bash")]},
            },
        },
        {"tools": [BASH_OUT], "tool_choice": {"type": "any"}},
        (),
    ),
    "one call at a time": (
        {"tools": [READ], "parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        (),
    ),
    "calls side by side": (
        {"tools": [READ], "tool_choice": "auto", "parallel_tool_calls": True},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": False}},
        (),
    ),
    "no tools": ({"tools": [], "tool_choice": "auto"}, {"tools": None, "tool_choice": None}, ()),
    "a tool nobody knows": (
        {"tools": [READ, {"type": "new"}]},
        {"tools": [READ_OUT]},
        ("tools.new",),
    ),
}


@pytest.mark.parametrize(("fields", "expected", "dropped"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_carried_or_dropped_by_name(
    fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Each setting stands where Anthropic has it; what has no place there is named."""
    written = to_anthropic(body_of(fields))
    assert differing(decoded(written), expected) == {}
    assert written.dropped == dropped


WRONG: dict[str, tuple[Body, str]] = {
    "two answers": ({"n": 2}, "`n` must be 1"),
    "a tool without its function": ({"tools": [{"type": "function"}]}, "`tools[0].function` is required"),
    "parameters that are none": (
        {"tools": [{"function": {"name": "x", "parameters": []}}]},
        "`tools[0].function.parameters` must be an object",
    ),
    "a choice nobody knows": ({"tools": [READ], "tool_choice": "most"}, "`tool_choice` 'most' is not known"),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_asked_is_told_in_words(fields: Body, words: str) -> None:
    """Several answers, and what is no tool, are refused by name."""
    with pytest.raises(Malformed) as caught:
        to_anthropic(body_of(fields))
    assert str(caught.value).startswith(words)


CALLED: list[Body] = [
    HI,
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "Read", "arguments": ""}}],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "ok"},
]
BUDGETS = Quirks(thinking="budget")
QUIRKS: dict[str, tuple[Quirks, Body, Body, tuple[str, ...]]] = {
    "another limit": (Quirks(default_max_tokens=8192), {}, {"max_tokens": 8192}, ()),
    "a limit too high": (
        Quirks(most_tokens=8192),
        {"max_tokens": 9000},
        {"max_tokens": 8192},
        ("max_tokens(clamped)",),
    ),
    "a limit that nobody asked for": (Quirks(most_tokens=8192), {}, {"max_tokens": 8192}, ()),
    "a budget": (
        BUDGETS,
        {"reasoning_effort": "medium"},
        {"thinking": budget(8192), "output_config": None},
        (),
    ),
    "a budget under the limit": (
        BUDGETS,
        {"reasoning_effort": "high", "max_tokens": 4096},
        {"thinking": budget(4095)},
        (),
    ),
    "no room for a budget": (
        BUDGETS,
        {"reasoning_effort": "high", "max_tokens": 1024},
        {"thinking": None},
        ("reasoning_effort",),
    ),
    "a budget after a call without thoughts": (
        BUDGETS,
        {"reasoning_effort": "high", "messages": CALLED},
        {"thinking": None},
        ("reasoning_effort",),
    ),
    "a model that does not think": (
        Quirks(thinking="none"),
        {"reasoning_effort": "high"},
        {"thinking": None, "output_config": None},
        ("reasoning_effort",),
    ),
    "a model that does not think, told not to": (
        Quirks(thinking="none"),
        {"reasoning_effort": "none"},
        {"thinking": None},
        (),
    ),
    "a model that knows no budget": (
        Quirks(thinking="always"),
        {"reasoning_effort": "high"},
        {"thinking": ADAPTIVE, "output_config": {"effort": "high"}},
        (),
    ),
    "a model that is not told not to think": (
        Quirks(thinking="always"),
        {"reasoning_effort": "none"},
        {"thinking": None, "output_config": None},
        (),
    ),
    "a forced tool where thoughts come unasked": (
        Quirks(thinks_when_forced=False),
        {"tools": [READ], "tool_choice": "required"},
        {"thinking": {"type": "disabled"}, "tool_choice": {"type": "any"}},
        (),
    ),
    "a forced tool instead of thoughts": (
        Quirks(thinks_when_forced=False),
        {"tools": [READ], "tool_choice": "required", "reasoning_effort": "high"},
        {"thinking": {"type": "disabled"}},
        ("reasoning_effort",),
    ),
    "a budget after a call with thoughts that need no signature": (
        Quirks(thinking="budget", unsigned_thinking=True),
        {"reasoning_effort": "low", "messages": [HI, {**CALLED[1], "reasoning_content": "T"}, CALLED[2]]},
        {"thinking": budget(2048)},
        (),
    ),
    "a field refused": (
        Quirks(refuses=frozenset({"metadata"})),
        {"user": "u"},
        {"metadata": None},
        ("metadata",),
    ),
    "a keyword refused": (
        Quirks(refused_keywords=frozenset({"type"})),
        shape(schema={"type": "string"}),
        {"output_config": {"format": {"type": "json_schema", "schema": {"description": '(type: "string")'}}}},
        (),
    ),
}


@pytest.mark.parametrize(("quirks", "fields", "expected", "dropped"), QUIRKS.values(), ids=QUIRKS)
def test_a_provider_may_want_its_settings_otherwise(
    quirks: Quirks, fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Limits, the way to think and refused fields are the provider's to say."""
    written = to_anthropic(body_of(fields), quirks)
    assert differing(decoded(written), expected) == {}
    assert written.dropped == dropped


@pytest.mark.parametrize(
    ("tokens", "effort"),
    [(1, "minimal"), (2048, "low"), (2049, "medium"), (32_000, "xhigh"), (100_000, "max")],
)
def test_a_budget_is_an_effort_where_the_model_knows_none(tokens: int, effort: str) -> None:
    """How many tokens may be thought becomes how hard to think."""
    reasoning = Reasoning(budget=tokens)
    request = ChatRequest(dialect="gemini", model="m", turns=(USER,), reasoning=reasoning)
    body = decoded(write_request(request, Quirks(thinking="always")))
    assert body["thinking"] == ADAPTIVE
    assert body["output_config"] == {"effort": "low" if effort == "minimal" else effort}


def test_a_freeform_tool_becomes_a_function_of_one_string() -> None:
    """A custom tool keeps its words and its grammar, and the map says that its calls are free text."""
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a/"}}
    custom = {"type": "custom", "custom": {"name": "patch", "description": "Patches.", "format": grammar}}
    plain = {"type": "custom", "custom": {"name": "note"}}
    choice = {"type": "custom", "custom": {"name": "patch"}}
    written = to_anthropic(body_of({"tools": [custom, plain, READ], "tool_choice": choice}))
    patch, note, read = decoded(written)["tools"]
    assert patch["input_schema"]["required"] == ["input"]
    assert patch["description"].startswith("Patches.\n\nWrite the whole text")
    assert "start: /a/" in patch["description"]
    assert "grammar" not in note["description"]
    assert read == READ_OUT
    assert {name for name, tool in written.tools.items() if tool.freeform} == {"patch", "note"}
    assert decoded(written)["tool_choice"] == {"type": "tool", "name": "patch"}


def test_names_may_be_twice_as_long_here() -> None:
    """Anthropic takes 128 characters; a dot is still replaced, and the map leads back."""
    names = ["n" * 128, "n" * 129, "a.b"]
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    written = to_anthropic(body_of({"tools": tools}))
    sent = [tool["name"] for tool in decoded(written)["tools"]]
    assert sent[0] == names[0]
    assert [written.tools[name].name for name in sent[1:]] == names[1:]
    assert all(len(name) <= 128 and "." not in name for name in sent)


def test_an_empty_body_of_settings_says_nothing() -> None:
    """Only what Anthropic insists on is added."""
    assert anthropic_body({}) == {"model": "m", "max_tokens": 32000, "messages": [HI]}
