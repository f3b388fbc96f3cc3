"""The settings and tools of a request of openai-responses, read."""

import json
from typing import Any

import msgspec
import pytest

from adapters.conversation import (
    ChatRequest,
    Choice,
    Format,
    Reasoning,
    Sampling,
    ServerTool,
    Tool,
)
from adapters.dialects.openai_responses.request_read import read_request
from adapters.dialects.openai_responses.request_tools import OwnTool
from adapters.fault import Malformed

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}


def raw_of(value: object) -> msgspec.Raw:
    """A value as the JSON it is sent in."""
    return msgspec.Raw(json.dumps(value, separators=(",", ":")).encode())


def read(**fields: Any) -> ChatRequest:
    """A request with these fields, read."""
    return read_request(bytes(raw_of({"model": "m", "input": "Hi", **fields})))


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {"max_tokens": None, "reasoning": None, "format": None, "choice": None, "extras": {}}),
    "a limit": ({"max_output_tokens": 7}, {"max_tokens": 7}),
    "sampling": ({"temperature": 0.5, "top_p": 0.9}, {"sampling": Sampling(0.5, 0.9)}),
    "a stream": ({"stream": True}, {"stream": True, "include_usage": True}),
    "a user": ({"user": "u", "service_tier": "flex"}, {"user": "u", "service_tier": "flex"}),
    "calls at once": ({"parallel_tool_calls": False}, {"parallel": False}),
    "an effort": ({"reasoning": {"effort": "xhigh"}}, {"reasoning": Reasoning("xhigh")}),
    "no thinking": ({"reasoning": {"effort": "none"}}, {"reasoning": Reasoning("none", thinks=False)}),
    "a summary": (
        {"reasoning": {"summary": "auto", "effort": None}},
        {"reasoning": Reasoning(), "extras": {"reasoning.summary": raw_of("auto")}},
    ),
    "reasoning of nothing": ({"reasoning": {"effort": None}}, {"reasoning": None}),
    "an effort nobody knows": (
        {"reasoning": {"effort": "huge"}},
        {"reasoning": None, "unread": ("reasoning.effort",)},
    ),
    "plain text": (
        {"text": {"format": {"type": "text"}, "verbosity": "low"}},
        {"format": None, "extras": {"text.verbosity": raw_of("low")}, "unread": ()},
    ),
    "any JSON": ({"text": {"format": {"type": "json_object"}}}, {"format": Format(name="")}),
    "a schema": (
        {"text": {"format": {"type": "json_schema", "name": "r", "schema": SCHEMA, "strict": True}}},
        {"format": Format(raw_of(SCHEMA), "r", None, strict=True)},
    ),
    "a format nobody knows": (
        {"text": {"format": {"type": "grammar"}}},
        {"format": None, "unread": ("text.format",)},
    ),
    "what nobody else knows": (
        {"store": False, "include": ["reasoning.encrypted_content"], "truncation": "auto", "metadata": {}},
        {
            "extras": {
                "store": raw_of(False),  # noqa: FBT003 - a value of the wire
                "include": raw_of(["reasoning.encrypted_content"]),
                "truncation": raw_of("auto"),
                "metadata": raw_of({}),
            }
        },
    ),
    "no state, said aloud": (
        {"previous_response_id": None, "conversation": None, "prompt": None, "background": False},
        {"extras": {}},
    ),
}


@pytest.mark.parametrize(("fields", "expected"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each has its place; what nobody else knows stays as it came, by both names where it stands inside."""
    request = read(**fields)
    assert {name: getattr(request, name) for name in expected} == expected


STATE = {
    "previous_response_id": "resp_1",
    "conversation": "conv_1",
    "prompt": {"id": "pmpt_1"},
    "background": True,
}


@pytest.mark.parametrize("name", STATE)
def test_what_a_provider_keeps_is_refused(name: str) -> None:
    """A request that leans on it is told so in plain words, with the field."""
    with pytest.raises(Malformed, match=f"`{name}` is not supported here") as caught:
        read(**{name: STATE[name]})
    assert caught.value.param == name


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"input":"a"}', b'{"model":"","input":"a"}', b'{"model":"m","input":5}']
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    """A body without model or with an input of another type is none."""
    with pytest.raises(Malformed):
        read_request(body)


# --- tools --------------------------------------------------------------------------------------------

FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "f",
    "description": "d",
    "parameters": SCHEMA,
    "strict": True,
}
LARK: dict[str, Any] = {"type": "grammar", "syntax": "lark", "definition": "start: A"}
CUSTOM: dict[str, Any] = {"type": "custom", "name": "p", "description": "d", "format": LARK}
SEARCH: dict[str, Any] = {
    "type": "tool_search",
    "execution": "client",
    "description": "s",
    "parameters": SCHEMA,
}
SPACE: dict[str, Any] = {
    "type": "namespace",
    "name": "agents",
    "description": "n",
    "tools": [FUNCTION, CUSTOM],
}
NESTED = raw_of({"type": "grammar", "grammar": {"definition": "start: A", "syntax": "lark"}})

TOOLS: dict[str, tuple[dict[str, Any], list[Tool]]] = {
    "a function": (FUNCTION, [Tool(name="f", description="d", schema=raw_of(SCHEMA), strict=True)]),
    "a function without a schema": (
        {"type": "function", "name": "f", "parameters": None, "strict": None},
        [Tool(name="f")],
    ),
    "a custom tool": (CUSTOM, [Tool(name="p", description="d", freeform=True, grammar=NESTED)]),
    "a custom tool of text": (
        {"type": "custom", "name": "p", "format": {"type": "text"}},
        [Tool(name="p", freeform=True, grammar=raw_of({"type": "text"}))],
    ),
    "a custom tool of anything": ({"type": "custom", "name": "p"}, [Tool(name="p", freeform=True)]),
    "a namespace": (
        SPACE,
        [
            Tool(name="f", namespace="agents", description="d", schema=raw_of(SCHEMA), strict=True),
            Tool(name="p", namespace="agents", description="d", freeform=True, grammar=NESTED),
        ],
    ),
    "the client's search": (SEARCH, [Tool(name="tool_search", description="s", schema=raw_of(SCHEMA))]),
    "a function of that name": (
        {"type": "function", "name": "tool_search"},
        [Tool(name="tool_search", namespace="functions")],
    ),
    "an empty namespace": ({"type": "namespace", "name": "n"}, []),
}


def known(tool: Tool | ServerTool) -> Tool:
    """A tool as every dialect knows it."""
    return Tool(**{name: getattr(tool, name) for name in Tool.__struct_fields__})


@pytest.mark.parametrize(("tool", "expected"), TOOLS.values(), ids=TOOLS)
def test_a_tool_is_read(tool: dict[str, Any], expected: list[Tool]) -> None:
    """Functions, free text, namespaces and the client's own search are tools of the client."""
    tools = read(tools=[tool]).tools
    assert [known(each) for each in tools] == expected
    assert all(isinstance(each, OwnTool) for each in tools)


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ({"type": "web_search", "external_web_access": True}, "web_search"),
        ({"type": "mcp", "server_label": "files"}, "files"),
        ({"type": "tool_search"}, "tool_search"),
        ({"type": "local_shell"}, "local_shell"),
    ],
)
def test_a_tool_the_provider_runs_is_its_own(tool: dict[str, Any], name: str) -> None:
    """It is kept as it came, by its kind or its label."""
    assert read(tools=[tool]).tools == (ServerTool("openai-responses", tool["type"], name, raw_of(tool)),)


def test_a_tool_of_the_providers_in_a_namespace_stands_by_itself() -> None:
    """It has no namespace that anybody else would know."""
    space = {"type": "namespace", "name": "n", "tools": [{"type": "web_search"}]}
    assert [tool.name for tool in read(tools=[space]).tools] == ["web_search"]


DEFERRED = {**FUNCTION, "defer_loading": True}


@pytest.mark.parametrize(("tools", "waits"), [([DEFERRED, SEARCH], True), ([DEFERRED], False)])
def test_a_tool_waits_only_where_the_client_searches(tools: list[dict[str, Any]], waits: bool) -> None:
    """Nobody else has the provider's own search, so a tool that waited for it would never be called."""
    found = read(tools=[*tools, {"type": "tool_search"}]).tools[0]
    assert isinstance(found, Tool)
    assert found.deferred is waits


def searched(*tools: dict[str, Any]) -> list[dict[str, Any]]:
    """What a client's search has found."""
    call = {"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {}}
    return [
        call,
        {"type": "tool_search_output", "call_id": "c1", "execution": "client", "tools": list(tools)},
    ]


def test_what_a_search_found_may_be_called() -> None:
    """Each found tool stands once behind the others, and one that waited waits no more."""
    space = {**SPACE, "tools": [DEFERRED]}
    items = [*searched(DEFERRED, space), *searched(space)]
    tools = [tool for tool in read(input=items, tools=[SEARCH, DEFERRED]).tools if isinstance(tool, OwnTool)]
    assert [(tool.namespace, tool.name, tool.deferred, tool.found) for tool in tools] == [
        ("", "tool_search", False, False),
        ("", "f", False, False),
        ("agents", "f", False, True),
    ]


def test_a_found_tool_is_named_in_words() -> None:
    """What a search brought can be told at a provider that has no such item, by the names used there."""
    (_, brought) = read(input=searched({**SPACE, "tools": [FUNCTION]}, FUNCTION)).turns
    words = "Loaded, and to be called from now on: agents__f, f."
    assert brought.parts[0].parts[0].words == words  # type: ignore[union-attr]
    (_, nothing) = read(input=searched()).turns
    assert nothing.parts[0].parts[0].words == "No tool was found."  # type: ignore[union-attr]


def test_additional_tools_may_be_called() -> None:
    """Tools that a developer adds in the input are found there."""
    item = {"type": "additional_tools", "role": "developer", "tools": [FUNCTION, {"type": "web_search"}]}
    request = read(input=[item])
    assert [tool.name for tool in request.tools] == ["f", "web_search"]
    assert [turn.role for turn in request.turns] == ["system"]


CHOICES: dict[str, tuple[Any, Choice, list[str]]] = {
    "auto": ("auto", Choice("auto"), ["f", "p", "s", "web_search"]),
    "none": ("none", Choice("none"), ["f", "p", "s", "web_search"]),
    "required": ("required", Choice("any"), ["f", "p", "s", "web_search"]),
    "a function": ({"type": "function", "name": "f"}, Choice("one", "f"), ["f", "p", "s", "web_search"]),
    "a custom tool": ({"type": "custom", "name": "p"}, Choice("one", "p"), ["f", "p", "s", "web_search"]),
    "a hosted tool": ({"type": "web_search"}, Choice("one", "web_search"), ["f", "p", "s", "web_search"]),
    "one in a namespace": (
        {"type": "function", "name": "s"},
        Choice("one", "s", "agents"),
        ["f", "p", "s", "web_search"],
    ),
    "some": (
        {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "custom", "name": "p"}, {"type": "web_search"}],
        },
        Choice("any"),
        ["p", "web_search"],
    ),
}


@pytest.mark.parametrize(("choice", "expected", "names"), CHOICES.values(), ids=CHOICES)
def test_a_choice_is_read(choice: Any, expected: Choice, names: list[str]) -> None:
    """A choice among some is kept by offering no others; one in a namespace is known by that."""
    tools = [
        FUNCTION,
        CUSTOM,
        {**SPACE, "tools": [{"type": "function", "name": "s"}]},
        {"type": "web_search"},
    ]
    request = read(tools=tools, tool_choice=choice)
    assert request.choice == expected
    assert [tool.name for tool in request.tools] == names


def test_a_choice_of_a_name_in_two_namespaces_is_any_of_both() -> None:
    """The choice does not say which is meant, so no others are offered."""
    inner = {"type": "function", "name": "s"}
    spaces = [{**SPACE, "name": name, "tools": [inner]} for name in ("m", "n")]
    request = read(tools=[FUNCTION, *spaces], tool_choice=inner)
    assert request.choice == Choice("any")
    kept = [(tool.namespace, tool.name) for tool in request.tools if isinstance(tool, Tool)]
    assert kept == [("m", "s"), ("n", "s")]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a choice nobody has": ({"tool_choice": "maybe"}, "`tool_choice` 'maybe' is not known."),
    "a function without a name": ({"tools": [{"type": "function"}]}, "`tools[0].name` is required."),
    "a schema that is none": (
        {"tools": [{"type": "function", "name": "f", "parameters": 5}]},
        "`tools[0].parameters` must be an object.",
    ),
    "one in a namespace": (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "custom"}]}]},
        "`tools[0].tools[0].name` is required.",
    ),
    "a grammar that is none": ({"tools": [{**CUSTOM, "format": 5}]}, "`tools[0].format`: Expected `object`"),
    "a tool that is none": ({"tools": [5]}, "`tools[0]`: Expected `object`"),
    "an effort that is no word": ({"reasoning": {"effort": 5}}, "`reasoning.effort`: Expected `str | null`"),
    "a format that is none": ({"text": {"format": 5}}, "`text.format`: Expected `object`"),
}


@pytest.mark.parametrize(("fields", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    """The place and the reason are told."""
    with pytest.raises(Malformed) as caught:
        read(**fields)
    assert message in str(caught.value)


def test_a_choice_that_names_no_tool_is_refused() -> None:
    """A type alone names a tool of OpenAI's; nothing at all names none."""
    with pytest.raises(Malformed, match="`tool_choice` names no tool"):
        read_request(b'{"model":"m","input":"x","tool_choice":{"type":""}}')
