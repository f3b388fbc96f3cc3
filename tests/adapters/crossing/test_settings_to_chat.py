"""Tools and settings of anthropic-messages as they stand in openai-chat (features A3, A8, A11 to A14)."""

import json

import pytest

from adapters.conversation import Quirks
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import HI, Body, body_of, chat_body, decoded, differing, to_chat

SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}
CLOSED: Body = {**SCHEMA, "required": ["a"], "additionalProperties": False}
READ = {"name": "Read", "description": "Reads.", "input_schema": SCHEMA}
READ_OUT = {"type": "function", "function": {"name": "Read", "description": "Reads.", "parameters": SCHEMA}}
WEB = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
CLAUDE_CODE_USER = '{"device_id":"d","account_uuid":"","session_id":"s"}'


def thinking(**fields: object) -> Body:
    """A request that says how to think."""
    return {"thinking": fields}


def effort(word: str) -> Body:
    """A request that says how hard to try."""
    return {"output_config": {"effort": word}}


# What the client says, what Chat gets (None: absent), what is dropped by name.
SETTINGS: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "nothing": ({}, {"tools": None, "stream": None, "max_completion_tokens": None}, ()),
    "a limit": ({"max_tokens": 5}, {"max_completion_tokens": 5, "max_tokens": None}, ()),
    "temperature": ({"temperature": 1, "top_p": 0.5}, {"temperature": 1, "top_p": 0.5}, ()),
    "top_k": ({"top_k": 5}, {"top_k": None}, ("top_k",)),
    "stops": ({"stop_sequences": ["a", "b"]}, {"stop": ["a", "b"]}, ()),
    "too many stops": ({"stop_sequences": list("abcde")}, {"stop": list("abcd")}, ("stop",)),
    "a stream": ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}, ()),
    "no stream": ({"stream": False}, {"stream": None, "stream_options": None}, ()),
    "a user": ({"metadata": {"user_id": "u1"}}, {"user": "u1", "metadata": None}, ()),
    "5: Claude Code's user": (
        {"metadata": {"user_id": CLAUDE_CODE_USER}},
        {"user": None},
        ("metadata.user_id",),
    ),
    "a long user": ({"metadata": {"user_id": "u" * 65}}, {"user": None}, ("metadata.user_id",)),
    "a tier": ({"service_tier": "auto"}, {"service_tier": "auto"}, ()),
    "the standard tier": ({"service_tier": "standard_only"}, {"service_tier": "default"}, ()),
    "an unknown tier": ({"service_tier": "gold"}, {"service_tier": None}, ("service_tier",)),
    "5: what only Anthropic knows": (
        {"context_management": {"edits": []}, "safeguards": [{}], "new": 1},
        {"context_management": None, "safeguards": None, "new": None},
        ("context_management", "safeguards", "new"),
    ),
    "4: adaptive": (thinking(type="adaptive", display="omitted"), {"reasoning_effort": None}, ()),
    "4: adaptive with an effort": (
        {**thinking(type="adaptive"), **effort("medium")},
        {"reasoning_effort": "medium"},
        (),
    ),
    "4: an effort alone": (effort("low"), {"reasoning_effort": "low"}, ()),
    "4: an effort past the highest": (effort("max"), {"reasoning_effort": "high"}, ()),
    "4: an effort nobody knows": (
        effort("extreme"),
        {"reasoning_effort": None},
        ("output_config.effort",),
    ),
    "2: a turn's own effort": (
        {**effort("low"), "messages": [{**HI, "output_config": {"effort": "high"}}]},
        {"reasoning_effort": "high"},
        (),
    ),
    "4: a small budget": (thinking(type="enabled", budget_tokens=1024), {"reasoning_effort": "low"}, ()),
    "4: a budget": (thinking(type="enabled", budget_tokens=8000), {"reasoning_effort": "medium"}, ()),
    "4: a large budget": (thinking(type="enabled", budget_tokens=31999), {"reasoning_effort": "high"}, ()),
    "4: disabled": (thinking(type="disabled"), {"reasoning_effort": None}, ("thinking",)),
    "6: no tools and a schema": (
        {"tools": [], "output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
        {
            "tools": None,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "response", "schema": CLOSED, "strict": True},
            },
        },
        (),
    ),
    "6: a schema that strict mode refuses": (
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "response", "schema": SCHEMA}}},
        (),
    ),
    "6: a shape nobody knows": (
        {"output_config": {"format": {"type": "new"}}},
        {"response_format": None},
        ("output_config.format",),
    ),
    "a tool": ({"tools": [READ]}, {"tools": [READ_OUT], "tool_choice": None}, ()),
    "15: a tool with a mark": (
        {"tools": [{**READ, "type": "custom", "cache_control": {"type": "ephemeral"}}]},
        {"tools": [READ_OUT]},
        (),
    ),
    "a tool without words or schema": (
        {"tools": [{"name": "x"}]},
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "x", "parameters": {"type": "object", "properties": {}}},
                }
            ]
        },
        (),
    ),
    "a strict tool": (
        {"tools": [{"name": "x", "input_schema": CLOSED, "strict": True}]},
        {"tools": [{"type": "function", "function": {"name": "x", "parameters": CLOSED, "strict": True}}]},
        (),
    ),
    "a strict tool with what may be absent": (
        {"tools": [{**READ, "strict": True}]},
        {"tools": [READ_OUT]},
        ("tools.strict",),
    ),
    "any tool": ({"tools": [READ], "tool_choice": {"type": "any"}}, {"tool_choice": "required"}, ()),
    "no tool": ({"tools": [READ], "tool_choice": {"type": "none"}}, {"tool_choice": "none"}, ()),
    "one tool": (
        {"tools": [READ], "tool_choice": {"type": "tool", "name": "Read"}},
        {"tool_choice": {"type": "function", "function": {"name": "Read"}}},
        (),
    ),
    "one call at a time": (
        {"tools": [READ], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"tool_choice": "auto", "parallel_tool_calls": False},
        (),
    ),
    "calls side by side": (
        {"tools": [READ], "tool_choice": {"type": "auto", "disable_parallel_tool_use": False}},
        {"parallel_tool_calls": True},
        (),
    ),
    "a choice without tools": (
        {"tools": [], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"tools": None, "tool_choice": None, "parallel_tool_calls": None},
        (),
    ),
    "13: the provider's own tool": (
        {"tools": [READ, WEB], "tool_choice": {"type": "any"}},
        {"tools": [READ_OUT], "tool_choice": "required"},
        ("tools.web_search_20250305",),
    ),
    "13: the provider's own tool alone": (
        {"tools": [WEB], "tool_choice": {"type": "auto"}},
        {"tools": None, "tool_choice": None},
        ("tools.web_search_20250305",),
    ),
}


@pytest.mark.parametrize(("fields", "expected", "dropped"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_carried_or_dropped_by_name(
    fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Each setting stands where Chat has it; what has no place there is named."""
    written = to_chat(body_of(fields))
    assert differing(decoded(written), expected) == {}
    assert written.dropped == dropped


FORCED: dict[str, tuple[Body, str]] = {
    "by name": ({"type": "tool", "name": "web_search"}, "`tool_choice` forces `web_search_20250305`"),
    "as the only one": ({"type": "any"}, "`tool_choice` forces `web_search_20250305`"),
    "by an unknown word": ({"type": "most"}, "`tool_choice.type` 'most' is not known"),
}


@pytest.mark.parametrize(("choice", "words"), FORCED.values(), ids=FORCED)
def test_a_tool_of_the_providers_own_cannot_be_forced_elsewhere(choice: Body, words: str) -> None:
    """A forced tool that the target does not have is refused, not forgotten."""
    with pytest.raises(Malformed) as caught:
        to_chat(body_of({"tools": [WEB], "tool_choice": choice}))
    assert str(caught.value).startswith(words)


def test_a_forced_tool_of_the_client_is_kept_beside_one_that_is_dropped() -> None:
    """What is forced is there, so the other is only dropped."""
    fields = {"tools": [READ, WEB], "tool_choice": {"type": "tool", "name": "Read"}}
    assert chat_body(fields)["tools"] == [READ_OUT]


WRONG: dict[str, tuple[Body, str]] = {
    "no messages": ({"messages": None}, "`messages` must be an array, not null."),
    "a tool without a name": ({"tools": [{"input_schema": {}}]}, "`tools[0].name` is required."),
    "a tool that is none": ({"tools": [READ, 1]}, "`tools[1]`: Expected `object`, got `int`."),
    "a schema that is none": (
        {"tools": [{"name": "x", "input_schema": True}]},
        "`tools[0].input_schema` must be an object.",
    ),
    "no model": ({"model": ""}, "`model` must not be empty."),
    "a limit of words": ({"max_tokens": "many"}, "`max_tokens` must be an integer, not a string."),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_request_is_told_in_words(fields: Body, words: str) -> None:
    """The field that is wrong is named."""
    with pytest.raises(Malformed) as caught:
        to_chat(body_of(fields))
    assert str(caught.value) == words


QUIRKS: dict[str, tuple[Quirks, Body, Body, tuple[str, ...]]] = {
    "the old name of the limit": (
        Quirks(output_limit="max_tokens"),
        {"max_tokens": 5},
        {"max_tokens": 5, "max_completion_tokens": None},
        (),
    ),
    "a limit too high": (
        Quirks(most_tokens=8192),
        {"max_tokens": 128000},
        {"max_completion_tokens": 8192},
        ("max_tokens(clamped)",),
    ),
    "top_k": (Quirks(top_k=True), {"top_k": 5}, {"top_k": 5}, ()),
    "no usage in streams": (Quirks(stream_usage=False), {"stream": True}, {"stream_options": None}, ()),
    "a field refused": (
        Quirks(refuses=frozenset({"temperature"})),
        {"temperature": 1, "top_p": 1},
        {"temperature": None, "top_p": 1},
        ("temperature",),
    ),
    "more efforts": (
        Quirks(efforts=("none", "low", "high", "xhigh")),
        effort("max"),
        {"reasoning_effort": "xhigh"},
        (),
    ),
    "the lower of two efforts": (
        Quirks(efforts=("low", "high")),
        effort("medium"),
        {"reasoning_effort": "low"},
        (),
    ),
    "thinking switched off": (
        Quirks(efforts=("none", "low")),
        thinking(type="disabled"),
        {"reasoning_effort": "none"},
        (),
    ),
    "no efforts": (Quirks(efforts=()), effort("low"), {"reasoning_effort": None}, ("thinking",)),
    "keywords refused": (
        Quirks(refused_keywords=frozenset({"additionalProperties"})),
        {"tools": [{"name": "x", "input_schema": CLOSED}]},
        {
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "x",
                        "parameters": {
                            **SCHEMA,
                            "required": ["a"],
                            "description": "(additionalProperties: false)",
                        },
                    },
                }
            ]
        },
        (),
    ),
}


@pytest.mark.parametrize(("quirks", "fields", "expected", "dropped"), QUIRKS.values(), ids=QUIRKS)
def test_a_provider_may_want_its_settings_otherwise(
    quirks: Quirks, fields: Body, expected: Body, dropped: tuple[str, ...]
) -> None:
    """Names, limits, efforts and refused fields are the provider's to say."""
    written = to_chat(body_of(fields), quirks)
    assert differing(decoded(written), expected) == {}
    assert written.dropped == dropped


# --- deferred tools and names -------------------------------------------------------------------------

PLACE = {"name": "DeferredToolPlaceholder", "input_schema": SCHEMA, "defer_loading": True}
LATER = {"name": "mcp__a", "input_schema": SCHEMA, "defer_loading": True}
OTHER = {**LATER, "name": "mcp__b"}
FIND = {"name": "ToolSearch", "input_schema": SCHEMA}
SEARCHED = [
    HI,
    {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "ToolSearch", "input": {}}]},
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "c1",
                "content": [{"type": "tool_reference", "tool_name": "mcp__a"}],
            }
        ],
    },
]
CALLED = [{"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "mcp__b", "input": {}}]}]
BESIDE = [{"role": "user", "content": [{"type": "tool_reference", "tool_name": "mcp__b"}]}]

DEFERRED: dict[str, tuple[Body, list[str]]] = {
    "7: before the search": ({}, ["ToolSearch"]),
    "7: after the search": ({"messages": SEARCHED}, ["ToolSearch", "mcp__a"]),
    "7: called before": ({"messages": CALLED}, ["ToolSearch", "mcp__b"]),
    "7: named in a turn": ({"messages": BESIDE}, ["ToolSearch", "mcp__b"]),
    "7: forced": ({"tool_choice": {"type": "tool", "name": "mcp__a"}}, ["ToolSearch", "mcp__a"]),
}


@pytest.mark.parametrize(("fields", "names"), DEFERRED.values(), ids=DEFERRED)
def test_a_deferred_tool_is_sent_once_it_is_named(fields: Body, names: list[str]) -> None:
    """A deferred tool waits for its reference, its call or its choice; the placeholder is never sent."""
    body = chat_body({"tools": [FIND, LATER, PLACE, OTHER], **fields})
    assert [tool["function"]["name"] for tool in body["tools"]] == names


def test_without_the_providers_search_every_tool_is_sent() -> None:
    """A search that runs at Anthropic is dropped elsewhere, and nothing would ever name its tools."""
    search = {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"}
    written = to_chat(body_of({"tools": [search, LATER, OTHER, PLACE]}))
    assert [tool["function"]["name"] for tool in decoded(written)["tools"]] == ["mcp__a", "mcp__b"]
    assert written.dropped == ("tools.tool_search_tool_bm25_20251119",)


def test_a_name_that_does_not_fit_is_the_same_everywhere_and_leads_back() -> None:
    """14: definition, choice and history have one short name, and the client's is in the map."""
    long, dotted = "mcp__" + "n" * 70, "a.b"
    used = {"type": "tool_use", "id": "c1", "name": long, "input": {}}
    fields: Body = {
        "tools": [{"name": long, "input_schema": SCHEMA}, {"name": dotted, "input_schema": SCHEMA}, READ],
        "tool_choice": {"type": "tool", "name": long},
        "messages": [HI, {"role": "assistant", "content": [used]}],
    }
    written = to_chat(body_of(fields))
    body = decoded(written)
    names = [tool["function"]["name"] for tool in body["tools"]]
    assert {sent: tool.name for sent, tool in written.tools.items()} == {names[0]: long, names[1]: dotted}
    assert body["tool_choice"]["function"]["name"] == names[0]
    assert body["messages"][1]["tool_calls"][0]["function"]["name"] == names[0]
    assert all(len(name) <= 64 and name.replace("_", "").isalnum() for name in names)


def test_a_schema_crosses_byte_for_byte() -> None:
    """14: what MCP servers write in a schema is not touched when the provider refuses nothing."""
    schema = '{"$schema":"x", "$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":["string","null"]}]}}}'
    body = json.dumps({"model": "m", "messages": [HI], "tools": [{"name": "x", "input_schema": 0}]})
    assert (
        schema.encode()
        in to_chat(body.replace('"input_schema": 0', f'"input_schema": {schema}').encode()).body
    )
