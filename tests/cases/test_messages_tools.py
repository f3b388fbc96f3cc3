"""Cases 7, 8, 13 and 14: the tools Claude Code offers, at upstreams with functions alone."""

from typing import Any

import pytest

from tests.cases import claude
from tests.cases.arrived import arrived
from tests.cases.stage import MESSAGES, Stage, There, foreign_to, over
from tests.upstream.plan import Call, Turn

ODD, LONG = "mcp__fake__odd_name-1", "mcp__a_server_with_a_long_name__" + "and_a_tool_with_a_longer_one" * 2
SEARCH = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
DEFERRED = [
    claude.BASH,
    claude.PLACEHOLDER,
    claude.tool("ToolSearch", "query"),
    claude.tool(ODD, "a", defer_loading=True),
    claude.tool("WebSearch", "query", defer_loading=True),
    claude.tool("Never", "x", defer_loading=True),
]
FOUND = [{"type": "tool_reference", "tool_name": name} for name in (ODD, "WebSearch")]
# What an MCP server may say of its tool's arguments, and the draft it says it in.
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "kind": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "count": {"type": ["integer", "null"]},
        "inner": {"$ref": "#/$defs/Inner"},
        "names": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}},
    },
    "required": ["inner"],
    "$defs": {"Inner": {"type": "object", "properties": {"deep": {"type": "string"}}}},
}


def searched(there: There) -> dict[str, Any]:
    """A conversation in which two tools were found."""
    return claude.body(
        there,
        claude.said("Hello."),
        claude.environment(),
        claude.used(claude.use(1, "ToolSearch", query="odd, web")),
        claude.results(claude.result(1, FOUND), {"type": "text", "text": "Tool loaded."}),
        tools=DEFERRED,
    )


@foreign_to(MESSAGES)
def test_case_07_deferred_tools_wait_until_they_are_found(stage: Stage, there: There) -> None:
    """Before the search only what is loaded is offered, after it what was found; the placeholder never."""
    before, after = stage.lead(), stage.lead(Turn((Call(ODD, {"a": "x"}),)))
    claude.answered(claude.ask(stage, before, claude.body(there, tools=DEFERRED)))
    assert arrived(there.dialect, before.request.body).tools == ["Bash", "ToolSearch"]
    claude.answered(claude.ask(stage, after, searched(there)))
    assert arrived(there.dialect, after.request.body).tools == ["Bash", "ToolSearch", ODD, "WebSearch"]


@over(MESSAGES)
def test_case_07_anthropic_gets_all_as_it_is(stage: Stage, there: There) -> None:
    """With the placeholder and every mark of what is deferred."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, searched(there)))
    assert led.body["tools"] == DEFERRED


@foreign_to(MESSAGES)
def test_case_08_what_a_search_found_is_readable(stage: Stage, there: There) -> None:
    """The result names the tools in words and is no JSON of another API."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, searched(there)))
    (call,) = arrived(there.dialect, led.request.body).calls.values()
    assert "loaded" in (call.result or "")
    assert ODD in (call.result or "")
    assert "WebSearch" in (call.result or "")
    assert "tool_reference" not in led.text
    assert "Tool loaded." in led.text


@foreign_to(MESSAGES)
def test_case_13_a_search_of_anthropics_own_is_dropped(stage: Stage, there: There) -> None:
    """It is no function and is not sent as one: the answer is plain text, and the header says what went."""
    led = stage.lead()
    asked = claude.body(
        there,
        claude.said("Look it up."),
        tools=[SEARCH],
        tool_choice={"type": "auto"},
        thinking=None,
        context_management=None,
    )
    reply = claude.ask(stage, led, asked)
    claude.answered(reply)
    assert "tools.web_search_20250305" in (reply.header("x-penstock-dropped") or "")
    assert "tools" not in led.body
    assert "web_search" not in led.text


@foreign_to(MESSAGES)
def test_case_13_a_search_that_is_forced_is_a_plain_error(stage: Stage, there: There) -> None:
    """What must be called and cannot be is a 400 that names it; nothing goes upstream."""
    led = stage.lead()
    asked = claude.body(
        there, claude.said("Look it up."), tools=[SEARCH], tool_choice={"type": "any"}, thinking=None
    )
    reply = claude.ask(stage, led, asked)
    assert reply.status == 400
    assert "web_search_20250305" in claude.error(reply)["message"]
    assert not led.provider.asked


@pytest.mark.parametrize("name", [ODD, LONG, "mcp__dots.and_dashes-__x"], ids=["odd", "long", "dots"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@foreign_to(MESSAGES)
def test_case_14_the_exact_name_comes_back(stage: Stage, there: There, name: str, *, stream: bool) -> None:
    """Whatever name and schema an MCP server gives its tool, the upstream takes it, the client knows it."""
    arguments = {"inner": {"deep": "é日本🙂"}, "count": None}
    asked = claude.body(
        there, stream=stream, tools=[claude.BASH, {**claude.tool(name), "input_schema": SCHEMA}]
    )
    probe = stage.lead()
    claude.answered(claude.ask(stage, probe, asked))
    sent = arrived(there.dialect, probe.request.body).tools[1]
    led = stage.lead(Turn((Call(sent, arguments),)))
    message = claude.answered(claude.ask(stage, led, asked))
    call = message.content[-1]
    assert call.type == "tool_use"
    assert (call.name, call.input) == (name, arguments)
    assert message.stop_reason == "tool_use"


@foreign_to(MESSAGES)
def test_case_14_a_changed_name_is_changed_alike_in_what_was_said(stage: Stage, there: There) -> None:
    """A call that comes back next turn has the name its tool is offered under."""
    led = stage.lead()
    conversation = (
        claude.said("Hello."),
        claude.used(claude.use(1, LONG, inner={"deep": "x"})),
        claude.results(claude.result(1, "done")),
    )
    asked = claude.body(there, *conversation, tools=[{**claude.tool(LONG), "input_schema": SCHEMA}])
    claude.answered(claude.ask(stage, led, asked))
    what = arrived(there.dialect, led.request.body)
    assert [call.name for call in what.calls.values()] == what.tools
