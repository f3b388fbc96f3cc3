"""Settings and tools of Anthropic's and Chat's at a provider of openai-responses, and what it refuses."""

from typing import Any

import pytest

from adapters.conversation import PLAIN, ClientTool, Quirks, Written
from adapters.dialect import Dialect
from adapters.dialects import anthropic_messages, openai_chat, openai_responses
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import HI, Body, body_of, crossed, decoded, differing

MESSAGES, CHAT, RESPONSES = anthropic_messages.DIALECT, openai_chat.DIALECT, openai_responses.DIALECT


def written(fields: Body, source: Dialect = MESSAGES, quirks: Quirks = PLAIN) -> Written:
    """What a provider of this dialect gets of a request."""
    return crossed(body_of(fields), source, RESPONSES, quirks)


def sent(fields: Body, source: Dialect = MESSAGES, quirks: Quirks = PLAIN) -> Body:
    """The same, decoded."""
    return decoded(written(fields, source, quirks))


def user(*blocks: Body) -> Body:
    """A turn of the user's."""
    return {"role": "user", "content": list(blocks)}


def model(*blocks: Body) -> Body:
    """A turn of the model's."""
    return {"role": "assistant", "content": list(blocks)}


IMAGE: Body = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}


def message(content: Any, role: str = "user") -> Body:
    """A message as it is written."""
    return {"type": "message", "role": role, "content": content}


SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}}}
CLOSED: Body = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
ANTHROPIC: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "a limit": ({"max_tokens": 9}, {"max_output_tokens": 16}, ()),
    "a larger one": ({"max_tokens": 999}, {"max_output_tokens": 999}, ()),
    "stops": ({"stop_sequences": ["a"]}, {"stop": None}, ("stop",)),
    "sampling": (
        {"temperature": 0.5, "top_p": 0.5, "top_k": 3},
        {"temperature": 0.5, "top_p": 0.5},
        ("top_k",),
    ),
    "a budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 20_000}},
        {"reasoning": {"effort": "high", "summary": "auto"}},
        (),
    ),
    "a small budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"}},
        {"reasoning": {"effort": "low"}},
        (),
    ),
    "as it likes": ({"thinking": {"type": "adaptive"}}, {"reasoning": {"summary": "auto"}}, ()),
    "an effort": ({"output_config": {"effort": "max"}}, {"reasoning": {"effort": "high"}}, ()),
    "no thinking": ({"thinking": {"type": "disabled"}}, {"reasoning": None}, ("thinking",)),
    "a schema": (
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"text": {"format": {"type": "json_schema", "name": "response", "schema": SCHEMA}}},
        (),
    ),
    "a schema that can be strict": (
        {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
        {"text": {"format": {"type": "json_schema", "name": "response", "schema": CLOSED, "strict": True}}},
        (),
    ),
    "a user": ({"metadata": {"user_id": "u"}}, {"user": "u"}, ()),
    "a machine": ({"metadata": {"user_id": '{"a":1}'}}, {"user": None}, ("user",)),
    "a tier": ({"service_tier": "standard_only"}, {"service_tier": "default"}, ()),
    "a tier nobody has": ({"service_tier": "x"}, {"service_tier": None}, ("service_tier",)),
    "a stream": ({"stream": True}, {"stream": True}, ()),
    "what is Anthropic's": (
        {"context_management": {}},
        {"context_management": None},
        ("context_management",),
    ),
    "no tools": ({"tools": [], "tool_choice": {"type": "auto"}}, {"tools": None, "tool_choice": None}, ()),
    "a search of Anthropic's": (
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": None},
        ("tools.web_search_20250305",),
    ),
}


@pytest.mark.parametrize(("fields", "expected", "dropped"), ANTHROPIC.values(), ids=ANTHROPIC)
def test_settings_of_anthropics_are_carried_or_named(
    fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Each is what it means here, or dropped by name."""
    result = written(fields)
    assert differing(decoded(result), expected) == {}
    assert result.dropped == dropped


def test_a_limit_of_the_models_own_holds() -> None:
    """More than the model writes is not asked for."""
    assert sent({"max_tokens": 999}, quirks=Quirks(most_tokens=100))["max_output_tokens"] == 100


LONG = "mcp__a.server__" + "x" * 70


def test_a_tool_is_a_function_by_a_name_that_fits() -> None:
    """Its name leads back, its schema is as strict as it can be, and what is refused stays in words."""
    tools = [
        {"name": LONG, "description": "d", "input_schema": SCHEMA, "strict": True},
        {"name": "b", "input_schema": CLOSED, "strict": True},
        {"name": "c", "input_schema": CLOSED},
    ]
    choice = {"type": "tool", "name": LONG, "disable_parallel_tool_use": True}
    quirks = Quirks(refused_keywords=frozenset({"format"}))
    result = written({"tools": tools, "tool_choice": choice}, quirks=quirks)
    body = decoded(result)
    name = body["tools"][0]["name"]
    assert len(name) == 64
    assert result.tools[name].name == LONG
    assert body["tool_choice"] == {"type": "function", "name": name}
    assert body["parallel_tool_calls"] is False
    assert [tool["strict"] for tool in body["tools"]] == [False, True, False]
    assert "format" in body["tools"][0]["parameters"]["properties"]["a"]["description"]
    assert result.dropped == ("tools.strict",)


FREE: Body = {
    "type": "custom",
    "custom": {
        "name": "p",
        "description": "d",
        "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}},
    },
}
TALK: Body = {
    "tools": [FREE, {"type": "custom", "custom": {"name": "q"}}],
    "messages": [
        HI,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "p", "input": "*** a"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ],
}


def test_a_freeform_tool_of_a_chat_stays_one() -> None:
    """Definition, call and result are those of a custom tool; nothing needs to be led back."""
    result = written(TALK, CHAT)
    body = decoded(result)
    flat = {"type": "grammar", "definition": "start: A", "syntax": "lark"}
    assert body["tools"] == [
        {"type": "custom", "name": "p", "description": "d", "format": flat},
        {"type": "custom", "name": "q"},
    ]
    assert body["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "c1", "name": "p", "input": "*** a"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "ok"},
    ]
    assert result.tools == {}


CHATS: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "drawing": (
        {"seed": 1, "frequency_penalty": 0.5, "logprobs": False, "temperature": 3},
        {"temperature": 2.0},
        ("seed", "frequency_penalty"),
    ),
    "any JSON": (
        {"response_format": {"type": "json_object"}},
        {"text": {"format": {"type": "json_object"}}},
        (),
    ),
    "a described schema": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "r", "description": "d", "schema": SCHEMA},
            }
        },
        {"text": {"format": {"type": "json_schema", "name": "r", "description": "d", "schema": SCHEMA}}},
        (),
    ),
    "an effort": ({"reasoning_effort": "minimal"}, {"reasoning": {"effort": "low", "summary": "auto"}}, ()),
    "no effort": ({"reasoning_effort": "none"}, {"reasoning": None}, ("thinking",)),
    "a refusal": (
        {"messages": [HI, {"role": "assistant", "content": None, "refusal": "No."}]},
        {"input": [message("Hi"), message([{"type": "refusal", "refusal": "No."}], "assistant")]},
        (),
    ),
    "a refusal of a user's": (
        {"messages": [{"role": "user", "content": [{"type": "refusal", "refusal": "No."}]}]},
        {"input": [message([{"type": "input_text", "text": "No."}])]},
        (),
    ),
    "a call of nothing": (
        {
            "messages": [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
                    ],
                }
            ]
        },
        {"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]},
        (),
    ),
}


@pytest.mark.parametrize(("fields", "expected", "dropped"), CHATS.values(), ids=CHATS)
def test_settings_of_chats_are_carried_or_named(
    fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Each is what it means here, or dropped by name."""
    result = written(fields, CHAT)
    assert differing(decoded(result), expected) == {}
    assert result.dropped == dropped


LOST: dict[str, tuple[Dialect, Body, str]] = {
    "two answers": (CHAT, {"n": 2}, "`n` must be 1"),
    "an image by an id": (
        MESSAGES,
        {"messages": [user({"type": "image", "source": {"type": "file", "file_id": "f"}})]},
        "`messages[0].content[0]`: image by the id of a file",
    ),
    "a sound": (
        CHAT,
        {"messages": [user({"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}})]},
        "`messages[0].content[0]`: a sound",
    ),
    "a block of Anthropic's": (
        MESSAGES,
        {"messages": [HI, model({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})]},
        "`messages[1].content[0]`: 'server_tool_use'",
    ),
    "an image of the model's": (MESSAGES, {"messages": [HI, model(IMAGE)]}, "image that the model made"),
    "a grammar that is none": (
        CHAT,
        {"tools": [{"type": "custom", "custom": {"name": "p", "format": 5}}]},
        "`tools`: Expected `object`",
    ),
}


@pytest.mark.parametrize(("source", "fields", "reason"), LOST.values(), ids=LOST)
def test_content_is_refused_and_not_lost(source: Dialect, fields: Body, reason: str) -> None:
    """A block that cannot be carried is named with its place."""
    with pytest.raises(Malformed) as caught:
        written(fields, source)
    assert reason in str(caught.value)


GRAMMAR: Body = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}
PATCH: Body = {"type": "custom", "custom": {"name": "patch", "description": "d", "format": GRAMMAR}}
PATCHED: list[Body] = [
    HI,
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "custom", "custom": {"name": "patch", "input": 'a"\n'}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "ok"},
]
FORCED: Body = {"type": "custom", "custom": {"name": "patch"}}
BOX = Quirks(freeform_tools=False)


def test_a_box_without_tools_that_take_text_gets_functions() -> None:
    """Definition, calls, results and choice are a function's, and the client's tool is known again."""
    told = written({"messages": PATCHED, "tools": [PATCH], "tool_choice": FORCED}, CHAT, BOX)
    body = decoded(told)
    (tool,) = body["tools"]
    assert (tool["type"], tool["name"], list(tool["parameters"]["properties"])) == (
        "function",
        "patch",
        ["input"],
    )
    assert "start: x" in tool["description"]
    assert body["tool_choice"] == {"type": "function", "name": "patch"}
    called, answered = body["input"][-2:]
    assert (called["type"], called["arguments"]) == ("function_call", '{"input":"a\\"\\n"}')
    assert answered["type"] == "function_call_output"
    assert told.tools == {"patch": ClientTool("patch", freeform=True)}


def test_a_box_is_a_box_for_clients_of_its_own_dialect_too() -> None:
    """A tool in a namespace stays there, as a function; elsewhere it takes text."""
    custom = {"type": "custom", "name": "patch", "format": {"type": "text"}}
    space = {"type": "namespace", "name": "n", "description": "d", "tools": [custom]}
    choice = {"type": "custom", "name": "patch"}
    fields = {"input": "Hi", "tools": [space], "tool_choice": choice}
    told = written(fields, RESPONSES, BOX)
    (group,) = decoded(told)["tools"]
    assert (group["name"], group["tools"][0]["type"], group["tools"][0]["name"]) == ("n", "function", "patch")
    assert decoded(told)["tool_choice"] == {"type": "function", "name": "patch"}
    assert told.tools == {"patch": ClientTool("patch", "n", freeform=True)}
    plain = written(fields, RESPONSES)
    assert (decoded(plain)["tools"], decoded(plain)["tool_choice"], plain.tools) == ([space], choice, {})


MARKED = {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
SAID = {"type": "input_text", "text": '{"prompt_cache_breakpoint": {}}'}


@pytest.mark.parametrize(("part", "named"), [(MARKED, True), (SAID, False)], ids=["a mark", "words"])
def test_marks_for_the_cache_are_named(part: Body, named: bool) -> None:
    """They have no place in the middle; a text that speaks of them is a text."""
    body = body_of({"input": [message([part])]})
    dropped = crossed(body, RESPONSES, MESSAGES, PLAIN).dropped
    assert ("prompt_cache_breakpoint" in dropped) == named
