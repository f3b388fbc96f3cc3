"""How providers of openai-chat stray from OpenAI, and what they get instead (features A8, A11 to A13, P4)."""

import json
from typing import Literal

import pytest

from adapters.conversation import ChatRequest, Effort, Quirks, Reasoning, Text, Turn
from adapters.conversation_settings import effort_for
from adapters.dialects import openai_chat
from adapters.dialects.openai_chat.request_write import write_request
from tests.adapters.crossing.crossings import (
    HI,
    Body,
    body_of,
    chat_body,
    crossed,
    decoded,
    differing,
    to_chat,
)

Way = Literal["effort", "object", "switch", "type"]
Formats = Literal["object", "words"]

SCHEMA: Body = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
STRICT = {"name": "Read", "input_schema": SCHEMA, "strict": True}
READ = {"name": "Read", "input_schema": SCHEMA}
ONLY_AUTO = Quirks(choices=frozenset(("auto",)))
FORCED_SILENTLY = Quirks(reasoning="type", efforts=(), thinks_when_forced=False)
NO_ONE = Quirks(choices=frozenset(("auto", "any", "none")))
EFFORTS: tuple[Effort, ...] = ("none", "low", "high")


def chosen(**choice: object) -> Body:
    """A request with a tool, and a choice."""
    return {"tools": [READ], "tool_choice": choice}


def shaped() -> Body:
    """A request whose answer must fit a schema."""
    return {"system": "S", "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}


# How a provider is asked to think: its way, its efforts, what was asked for, what it gets, what is lost.
ASKED: list[tuple[Way, tuple[Effort, ...], Reasoning, Body, bool]] = [
    ("effort", EFFORTS, Reasoning("medium"), {"reasoning_effort": "low"}, False),
    ("effort", EFFORTS, Reasoning("none"), {"reasoning_effort": "none"}, False),
    ("effort", (), Reasoning("low"), {}, True),
    ("effort", ("none",), Reasoning("low"), {}, True),
    ("effort", EFFORTS, Reasoning(budget=20_000), {"reasoning_effort": "high"}, False),
    ("effort", EFFORTS, Reasoning(), {}, False),
    ("object", EFFORTS, Reasoning("high"), {"reasoning": {"effort": "high"}}, False),
    ("object", EFFORTS, Reasoning("none"), {"reasoning": {"effort": "none"}}, False),
    ("object", EFFORTS, Reasoning(budget=9), {"reasoning": {"max_tokens": 9}}, False),
    ("object", EFFORTS, Reasoning(), {"reasoning": {"enabled": True}}, False),
    ("object", (), Reasoning("high"), {"reasoning": {"enabled": True}}, True),
    ("switch", (), Reasoning(), {"enable_thinking": True}, False),
    ("switch", (), Reasoning("none"), {"enable_thinking": False}, False),
    ("switch", (), Reasoning("none", thinks=False), {"enable_thinking": False}, False),
    ("switch", (), Reasoning("high"), {"enable_thinking": True}, True),
    ("switch", (), Reasoning("high", thinks=False), {}, True),
    ("switch", (), Reasoning(budget=9), {"enable_thinking": True, "thinking_budget": 9}, False),
    ("type", (), Reasoning(), {"thinking": {"type": "enabled"}}, False),
    ("type", (), Reasoning("none"), {"thinking": {"type": "disabled"}}, False),
    ("type", (), Reasoning("high"), {"thinking": {"type": "enabled"}}, True),
    ("type", (), Reasoning("high", thinks=False), {}, True),
    ("type", (), Reasoning(budget=9), {"thinking": {"type": "enabled"}}, True),
    (
        "type",
        ("high", "max"),
        Reasoning("low"),
        {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
        False,
    ),
]


@pytest.mark.parametrize(("way", "efforts", "reasoning", "fields", "lost"), ASKED)
def test_each_provider_is_asked_to_think_in_its_own_way(
    way: Way, efforts: tuple[Effort, ...], reasoning: Reasoning, fields: Body, *, lost: bool
) -> None:
    """The fields are the provider's; an effort or a budget it has no place for is named."""
    quirks = Quirks(reasoning=way, efforts=efforts)
    request = ChatRequest(
        dialect="anthropic-messages", model="m", turns=(Turn("user", (Text("Hi"),)),), reasoning=reasoning
    )
    written = write_request(request, quirks)
    body = decoded(written)
    asked = {name: body[name] for name in body.keys() - {"model", "messages"}}
    assert asked == fields
    assert written.dropped == (("thinking",) if lost else ())


def test_no_thinking_is_never_the_nearest_effort() -> None:
    """A model that knows `none` and `high` thinks hard when it was asked to think a little."""
    assert effort_for(Reasoning("minimal"), ("none", "high")) == "high"
    assert effort_for(Reasoning("none"), ("low", "high")) is None


QUIRKS: dict[str, tuple[Quirks, Body, Body, tuple[str, ...]]] = {
    "one tool where none can be named": (
        NO_ONE,
        chosen(type="tool", name="Read"),
        {"tool_choice": "required"},
        ("tool_choice",),
    ),
    "any tool where none can be forced": (
        ONLY_AUTO,
        chosen(type="any"),
        {"tool_choice": "auto"},
        ("tool_choice",),
    ),
    "one tool where none can be forced": (
        ONLY_AUTO,
        chosen(type="tool", name="Read"),
        {"tool_choice": "auto"},
        ("tool_choice",),
    ),
    "no tool where that cannot be said": (
        ONLY_AUTO,
        chosen(type="none"),
        {"tools": None, "tool_choice": None},
        ("tools",),
    ),
    "auto where nothing is said": (
        Quirks(choices=frozenset(("any",))),
        chosen(type="auto"),
        {"tool_choice": None},
        (),
    ),
    "a forced tool and thoughts": (
        FORCED_SILENTLY,
        {**chosen(type="any"), "thinking": {"type": "adaptive"}},
        {"thinking": {"type": "disabled"}, "tool_choice": "required"},
        ("thinking",),
    ),
    "a forced tool and a model that thinks unasked": (
        FORCED_SILENTLY,
        chosen(type="any"),
        {"thinking": {"type": "disabled"}, "tool_choice": "required"},
        (),
    ),
    "a forced tool and no thoughts": (
        FORCED_SILENTLY,
        {**chosen(type="any"), "thinking": {"type": "disabled"}},
        {"thinking": {"type": "disabled"}},
        (),
    ),
    "a tool that may be called, and thoughts": (
        FORCED_SILENTLY,
        {**chosen(type="auto"), "thinking": {"type": "adaptive"}},
        {"thinking": {"type": "enabled"}, "tool_choice": "auto"},
        (),
    ),
    "auto is understood by all": (ONLY_AUTO, chosen(type="auto"), {"tool_choice": "auto"}, ()),
    "no strict tools": (
        Quirks(strict=False),
        {"tools": [STRICT]},
        {"tools": [{"type": "function", "function": {"name": "Read", "parameters": SCHEMA}}]},
        ("tools.strict",),
    ),
    "one stop": (Quirks(most_stops=1), {"stop_sequences": ["a", "b"]}, {"stop": ["a"]}, ("stop",)),
    "a cooler temperature": (Quirks(hottest=0.5), {"temperature": 1}, {"temperature": 0.5}, ()),
    "an effort and sampling": (
        Quirks(sampling_beside_thinking=False),
        {"temperature": 1, "top_p": 1, "output_config": {"effort": "low"}},
        {"temperature": None, "top_p": None, "reasoning_effort": "low"},
        ("temperature", "top_p"),
    ),
    "no thinking and sampling": (
        Quirks(sampling_beside_thinking=False, efforts=EFFORTS),
        {"temperature": 1, "thinking": {"type": "disabled"}},
        {"temperature": 1, "reasoning_effort": "none"},
        (),
    ),
    "an object instead of a schema": (
        Quirks(formats="object"),
        shaped(),
        {"response_format": {"type": "json_object"}},
        ("response_format.json_schema",),
    ),
    "words instead of a format": (
        Quirks(formats="words"),
        shaped(),
        {"response_format": None},
        ("response_format",),
    ),
}


@pytest.mark.parametrize(("quirks", "fields", "expected", "dropped"), QUIRKS.values(), ids=QUIRKS)
def test_what_a_provider_does_not_understand_becomes_the_nearest_it_does(
    quirks: Quirks, fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Nothing is sent that would be refused, and what was changed is named."""
    written = to_chat(body_of(fields), quirks)
    assert differing(decoded(written), expected) == {}
    assert written.dropped == dropped


@pytest.mark.parametrize("formats", ["object", "words"])
def test_a_schema_without_a_field_is_said_in_words(formats: Formats) -> None:
    """The model still hears what its answer must fit, after the client's own instructions."""
    quirks = Quirks(formats=formats)
    system = chat_body(shaped(), quirks)["messages"][0]
    assert system["role"] == "system"
    own, words = system["content"].split("\n\n")
    assert own == "S"
    assert words.startswith("Answer with one JSON object and nothing else. It must fit this JSON schema: {")
    assert json.loads(words[words.index("{") :]) == SCHEMA


@pytest.mark.parametrize(("formats", "told"), [("object", ["user"]), ("words", ["system", "user"])])
def test_any_object_needs_words_only_where_no_field_says_it(formats: Formats, told: list[str]) -> None:
    """A client that asks for any JSON is left its own words where the field exists."""
    body = {"model": "m", "messages": [HI], "response_format": {"type": "json_object"}}
    quirks = Quirks(formats=formats)
    written = crossed(json.dumps(body).encode(), openai_chat.DIALECT, openai_chat.DIALECT, quirks)
    assert [message["role"] for message in decoded(written)["messages"]] == told
    assert ("response_format" in decoded(written)) == (formats == "object")


THOUGHT = {"type": "thinking", "thinking": "T", "signature": ""}
CALL = {"type": "tool_use", "id": "toolu_01", "name": "Read", "input": {}}
TURNS = [
    HI,
    {"role": "assistant", "content": [THOUGHT, CALL]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_01", "content": "ok"}]},
    {"role": "assistant", "content": "Done."},
    HI,
]


@pytest.mark.parametrize(
    ("quirks", "thoughts"),
    [
        (Quirks(), [None, None]),
        (Quirks(reasoning_field="reasoning"), ["T", None]),
        (Quirks(reasoning_field="reasoning", reasoning_kept=True), ["T", ""]),
    ],
)
def test_thoughts_go_back_to_those_who_want_them(quirks: Quirks, thoughts: list[str | None]) -> None:
    """Where every turn must have them, a turn without any says so."""
    messages = chat_body({"messages": TURNS}, quirks)["messages"]
    assert [message.get("reasoning") for message in messages if message["role"] == "assistant"] == thoughts


def test_ids_of_calls_are_short_where_they_must_be() -> None:
    """A call and its result have the same id of nine letters and digits, the same in every request."""
    bodies = [chat_body({"messages": TURNS}, Quirks(short_ids=True)) for _ in range(2)]
    call = bodies[0]["messages"][1]["tool_calls"][0]["id"]
    assert len(call) == 9
    assert call.isalnum()
    assert bodies[0]["messages"][2]["tool_call_id"] == call
    assert bodies[0] == bodies[1]


def test_an_id_that_is_short_already_is_kept() -> None:
    """What the provider made itself comes back to it."""
    turns = json.loads(json.dumps(TURNS).replace("toolu_01", "abcDEF123"))
    messages = chat_body({"messages": turns}, Quirks(short_ids=True))["messages"]
    assert [messages[1]["tool_calls"][0]["id"], messages[2]["tool_call_id"]] == ["abcDEF123"] * 2
