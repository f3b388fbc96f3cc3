"""Tools and settings of other dialects as they stand in gemini (features A3, A8, A11 to A14)."""

import json
from typing import Any

import pytest

from adapters.conversation import PLAIN, ClientTool, Quirks, Written
from adapters.dialects import anthropic_messages, gemini, openai_chat
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import Body, body_of, crossed, decoded

NEW, OLD = "gemini-3-pro", "gemini-2.5-pro"
SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}


def messages(fields: Body, quirks: Quirks = PLAIN) -> Written:
    """What Gemini gets of an Anthropic request."""
    body = body_of({"model": NEW, "max_tokens": 9, **fields})
    return crossed(body, anthropic_messages.DIALECT, gemini.DIALECT, quirks)


def chat(fields: Body, quirks: Quirks = PLAIN) -> Written:
    """What Gemini gets of a Chat request."""
    return crossed(body_of({"model": NEW, **fields}), openai_chat.DIALECT, gemini.DIALECT, quirks)


def tool(name: str, schema: object = None, **fields: object) -> Body:
    """A tool of Anthropic's."""
    return {"name": name, "input_schema": SCHEMA if schema is None else schema, **fields}


def functions(written: Written) -> list[Body]:
    """The functions that are declared."""
    declared: list[Body] = decoded(written)["tools"][0]["functionDeclarations"]
    return declared


# --- settings -----------------------------------------------------------------------------------------

# What the client says, what stands in `generationConfig`, what is dropped by name.
ANTHROPIC: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "a limit": ({"max_tokens": 5}, {"maxOutputTokens": 5}, ()),
    "sampling": (
        {"temperature": 1, "top_p": 0.5, "top_k": 7},
        {"maxOutputTokens": 9, "temperature": 1.0, "topP": 0.5, "topK": 7},
        (),
    ),
    "stops": ({"stop_sequences": ["a"]}, {"maxOutputTokens": 9, "stopSequences": ["a"]}, ()),
    "too many stops": (
        {"stop_sequences": list("abcdef")},
        {"maxOutputTokens": 9, "stopSequences": list("abcde")},
        ("stop",),
    ),
    "a stream": ({"stream": True}, {"maxOutputTokens": 9}, ()),
    "5: a user": ({"metadata": {"user_id": "u"}}, {"maxOutputTokens": 9}, ("metadata.user_id",)),
    "5: what only Anthropic knows": (
        {"context_management": {}, "safeguards": []},
        {"maxOutputTokens": 9},
        ("context_management", "safeguards"),
    ),
    "4: adaptive": (
        {"thinking": {"type": "adaptive"}},
        {"maxOutputTokens": 9, "thinkingConfig": {"includeThoughts": True}},
        (),
    ),
    "4: adaptive, unseen, with an effort": (
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "max"}},
        {"maxOutputTokens": 9, "thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": False}},
        (),
    ),
    "4: a budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"maxOutputTokens": 9, "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True}},
        (),
    ),
    "4: an effort alone": (
        {"output_config": {"effort": "low"}},
        {"maxOutputTokens": 9, "thinkingConfig": {"thinkingLevel": "LOW"}},
        (),
    ),
    "no thinking": (
        {"thinking": {"type": "disabled"}},
        {"maxOutputTokens": 9, "thinkingConfig": {"thinkingLevel": "LOW"}},
        (),
    ),
    "6: a shape and no tools": (
        {"tools": [], "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {
            "maxOutputTokens": 9,
            "responseMimeType": "application/json",
            "responseJsonSchema": SCHEMA,
        },
        (),
    ),
}


@pytest.mark.parametrize(("fields", "config", "dropped"), ANTHROPIC.values(), ids=ANTHROPIC)
def test_settings_of_anthropic(fields: Body, config: Body, dropped: tuple[str, ...]) -> None:
    """What has a place is carried, what has none is named; the path says what the body does not."""
    written = messages(fields)
    body = decoded(written)
    assert (body["generationConfig"], written.dropped) == (config, dropped)
    assert body.keys() == {"contents", "generationConfig"}


CHAT: dict[str, tuple[Body, Body, tuple[str, ...]]] = {
    "nothing": ({}, {}, ()),
    "a limit": ({"max_completion_tokens": 5}, {"maxOutputTokens": 5}, ()),
    "sampling": (
        {"temperature": 3, "seed": 7, "frequency_penalty": 0.5, "presence_penalty": 0.1},
        {"temperature": 2.0, "seed": 7, "frequencyPenalty": 0.5, "presencePenalty": 0.1},
        (),
    ),
    "probabilities": ({"logprobs": True, "top_logprobs": 2}, {}, ("logprobs", "top_logprobs")),
    "no probabilities": ({"logprobs": False}, {}, ()),
    "a user": ({"user": "u"}, {}, ("user",)),
    "an effort": (
        {"reasoning_effort": "medium"},
        {"thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True}},
        (),
    ),
    "JSON": ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}, ()),
    "what only OpenAI knows": ({"store": False}, {}, ("store",)),
}


@pytest.mark.parametrize(("fields", "config", "dropped"), CHAT.values(), ids=CHAT)
def test_settings_of_chat(fields: Body, config: Body, dropped: tuple[str, ...]) -> None:
    """The same, of a dialect with others."""
    written = chat(fields)
    assert (decoded(written).get("generationConfig", {}), written.dropped) == (config, dropped)


TIERS: dict[str, tuple[str, str | None, tuple[str, ...]]] = {
    "auto": ("auto", None, ()),
    "default": ("default", "standard", ()),
    "flex": ("flex", "flex", ()),
    "priority": ("priority", "priority", ()),
    "scale": ("scale", None, ("service_tier",)),
}


@pytest.mark.parametrize(("tier", "told", "dropped"), TIERS.values(), ids=TIERS)
def test_tiers_are_googles_own(tier: str, told: str | None, dropped: tuple[str, ...]) -> None:
    """Those that both have are carried."""
    written = chat({"service_tier": tier})
    assert (decoded(written).get("serviceTier"), written.dropped) == (told, dropped)


def test_more_answers_than_one_are_refused() -> None:
    """A reply of another dialect has place for one (feature A14)."""
    with pytest.raises(Malformed, match="`n` must be 1"):
        chat({"n": 2})


SILENT: dict[str, tuple[Body, tuple[str, ...]]] = {
    "an effort of Chat's": ({"reasoning_effort": "high"}, ("reasoning_effort",)),
    "no effort": ({"reasoning_effort": "none"}, ()),
}


@pytest.mark.parametrize(("fields", "dropped"), SILENT.values(), ids=SILENT)
def test_a_model_that_does_not_think_is_not_asked_to(fields: Body, dropped: tuple[str, ...]) -> None:
    """What was asked for is named."""
    written = chat({"model": "gemini-2.0-flash", **fields})
    assert ("generationConfig" in decoded(written), written.dropped) == (False, dropped)


def test_thinking_is_dropped_by_the_clients_own_name() -> None:
    """Anthropic's clients know it by another."""
    assert messages({"model": "gemma-3", "thinking": {"type": "adaptive"}}).dropped == ("thinking",)


def test_quirks_lower_refuse_and_trim() -> None:
    """What a provider's row says holds here too."""
    quirks = Quirks(
        most_tokens=5,
        hottest=1.0,
        refuses=frozenset({"topK", "serviceTier"}),
        refused_keywords=frozenset({"minLength"}),
    )
    strict = {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}}
    fields = {"top_k": 5, "temperature": 1.5, "service_tier": "standard_only", "tools": [tool("f", strict)]}
    written = messages(fields, quirks)
    assert decoded(written)["generationConfig"] == {"maxOutputTokens": 5, "temperature": 1.0}
    assert written.dropped == ("max_tokens(clamped)", "topK", "serviceTier")
    (function,) = functions(written)
    assert function["parametersJsonSchema"]["properties"]["a"]["description"] == "(minLength: 1)"


FORMATS: dict[str, tuple[Quirks, Body, tuple[str, ...]]] = {
    "a schema": (
        PLAIN,
        {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        (),
    ),
    "an object": (
        Quirks(formats="object"),
        {"responseMimeType": "application/json"},
        ("response_format.json_schema",),
    ),
    "words": (Quirks(formats="words"), {}, ("response_format",)),
}


@pytest.mark.parametrize(("quirks", "config", "dropped"), FORMATS.values(), ids=FORMATS)
def test_a_shape_is_said_as_far_as_it_is_understood(
    quirks: Quirks, config: Body, dropped: tuple[str, ...]
) -> None:
    """Down to nothing but words."""
    shape = {"type": "json_schema", "json_schema": {"name": "r", "schema": SCHEMA}}
    written = chat({"response_format": shape}, quirks)
    assert (decoded(written).get("generationConfig", {}), written.dropped) == (config, dropped)


def test_a_shape_beside_tools_is_for_newer_models() -> None:
    """Older ones refuse the two together."""
    shape = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}, "tools": [tool("f")]}
    assert messages(shape).dropped == ()
    assert messages({"model": OLD, **shape}).dropped == ("response_format",)


# --- tools --------------------------------------------------------------------------------------------


SCHEMAS: dict[str, tuple[Any, Any]] = {
    "a schema": (SCHEMA, SCHEMA),
    "14: its own names": ({"$schema": "x", **SCHEMA}, SCHEMA),
    "14: references": (
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"type": "null"}}},
        {"type": "object", "properties": {"a": {"type": "null"}}},
    ),
    "14: lists of types and options": (
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {"anyOf": [{}]}}},
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "b": {"anyOf": [{}]}}},
    ),
    "no type": ({"properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}}),
    "nothing to give": ({"type": "object", "properties": {}}, None),
    "no word of it": ({}, None),
}


@pytest.mark.parametrize(("schema", "expected"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_tool_is_a_function_with_a_json_schema(schema: Any, expected: Any) -> None:
    """References are written out; a function of nothing has no schema."""
    (function,) = functions(messages({"tools": [tool("Read", schema, description="Reads.")]}))
    assert function["name"] == "Read"
    assert function["description"] == "Reads."
    assert function.get("parametersJsonSchema") == expected


NAMES = {
    "a plain one": ("Read", True),
    "with dashes": ("mcp__fake__odd_name-1", True),
    "64 characters": ("a" * 64, True),
    "65 characters": ("a" * 65, False),
    "with a blank": ("a b", False),
    "that begins with a digit": ("3d", False),
    "that begins with a dash": ("-x", False),
}


@pytest.mark.parametrize(("name", "fits"), NAMES.values(), ids=NAMES)
def test_names_fit_and_lead_back(name: str, fits: bool) -> None:
    """At most 64 signs, from a letter or `_` on; a changed one is known again (client case 14)."""
    history = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": name, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ok"}]},
    ]
    choice = {"type": "tool", "name": name}
    written = messages({"tools": [tool(name)], "messages": history, "tool_choice": choice})
    body = decoded(written)
    sent = functions(written)[0]["name"]
    assert (sent == name) is fits
    assert len(sent) <= 64
    assert sent[0].isalpha() or sent[0] == "_"
    assert written.tools == ({} if fits else {sent: ClientTool(name)})
    assert body["contents"][1]["parts"][0]["functionCall"]["name"] == sent
    assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == sent
    assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [sent]


CHOICES: dict[str, tuple[Body, Body | None, tuple[str, ...]]] = {
    "auto": ({"type": "auto"}, {"mode": "AUTO"}, ()),
    "any": ({"type": "any"}, {"mode": "ANY"}, ()),
    "one": ({"type": "tool", "name": "f"}, {"mode": "ANY", "allowedFunctionNames": ["f"]}, ()),
    "none": ({"type": "none"}, {"mode": "NONE"}, ()),
    "one at a time": (
        {"type": "auto", "disable_parallel_tool_use": True},
        {"mode": "AUTO"},
        ("parallel_tool_calls",),
    ),
}


@pytest.mark.parametrize(("choice", "calling", "dropped"), CHOICES.values(), ids=CHOICES)
def test_choices_are_modes(choice: Body, calling: Body, dropped: tuple[str, ...]) -> None:
    """Calls one at a time cannot be asked for."""
    written = messages({"tools": [tool("f")], "tool_choice": choice})
    assert decoded(written)["toolConfig"] == {"functionCallingConfig": calling}
    assert written.dropped == dropped


def test_no_tools_are_no_field() -> None:
    """Nor is a choice among none (client case 6)."""
    body = decoded(messages({"tools": [], "tool_choice": {"type": "auto"}}))
    assert "tools" not in body
    assert "toolConfig" not in body


def test_deferred_tools_come_when_they_are_found() -> None:
    """The placeholder never does (client case 7)."""
    found = {"type": "tool_reference", "tool_name": "found"}
    history = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": [found]}]},
    ]
    tools = [
        tool("f"),
        tool("found", defer_loading=True),
        tool("lost", defer_loading=True),
        tool("DeferredToolPlaceholder", defer_loading=True),
    ]
    written = messages({"tools": tools, "messages": history})
    assert [function["name"] for function in functions(written)] == ["f", "found"]


WEB = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}


def test_tools_that_another_provider_runs_are_dropped_or_refused() -> None:
    """By name, and with words when they were forced (client case 13)."""
    written = messages({"tools": [tool("f"), WEB]})
    assert len(decoded(written)["tools"]) == 1
    assert written.dropped == ("tools.web_search_20250305",)
    with pytest.raises(Malformed, match="`tool_choice` forces `web_search_20250305`"):
        messages({"tools": [WEB], "tool_choice": {"type": "any"}})


def test_strictness_is_dropped_by_name() -> None:
    """Google's functions have no such mark."""
    assert messages({"tools": [tool("f", strict=True)]}).dropped == ("tools.strict",)


def test_a_freeform_tool_is_a_function_of_one_string() -> None:
    """What fits it is said in its description, and the map says what it is (client case 42)."""
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: x"}}
    custom = {"type": "custom", "custom": {"name": "patch", "description": "d", "format": grammar}}
    written = chat({"tools": [custom]})
    (function,) = functions(written)
    assert function["parametersJsonSchema"]["required"] == ["input"]
    assert json.dumps("start: x") in function["description"]
    assert written.tools == {"patch": ClientTool("patch", freeform=True)}
