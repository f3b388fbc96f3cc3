"""The demo provider's mind, in every dialect."""

import json
from typing import Any

import pytest

from adapters.dialect import Dialect
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock
from adapters.fault import Malformed
from adapters.providers.demo import QUOTE, answer
from adapters.table import DIALECTS
from tests.adapters.cuts import recorded_bodies
from tests.adapters.sdks import streamed_to_anthropic, streamed_to_openai
from tests.adapters.test_dialect import dialect_of

ANTHROPIC = DIALECTS["anthropic-messages"]
CHAT = DIALECTS["openai-chat"]
RESPONSES = DIALECTS["openai-responses"]
GEMINI = DIALECTS["gemini"]
every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)

SCHEMA = {"type": "object", "properties": {"path": {"type": "string", "minLength": 1}}, "required": ["path"]}


def tool(dialect: Dialect, name: str) -> dict[str, Any]:
    """A tool as the dialect offers it."""
    if dialect is ANTHROPIC:
        return {"name": name, "input_schema": SCHEMA}
    if dialect is RESPONSES:
        return {"type": "function", "name": name, "parameters": SCHEMA}
    if dialect is GEMINI:
        return {"functionDeclarations": [{"name": name, "parametersJsonSchema": SCHEMA}]}
    return {"type": "function", "function": {"name": name, "parameters": SCHEMA}}


def result(dialect: Dialect) -> dict[str, Any]:
    """A turn that brings a tool's result."""
    if dialect is ANTHROPIC:
        return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "ok"}]}
    if dialect is RESPONSES:
        return {"type": "function_call_output", "call_id": "1", "output": "ok"}
    if dialect is GEMINI:
        return {"role": "user", "parts": [{"functionResponse": {"name": "Read", "response": {}}}]}
    return {"role": "tool", "tool_call_id": "1", "content": "ok"}


def said_in(dialect: Dialect) -> str:
    """The field a conversation stands in."""
    return {RESPONSES.name: "input", GEMINI.name: "contents"}.get(dialect.name, "messages")


def said(dialect: Dialect, text: str) -> dict[str, Any]:
    """A turn of the user's."""
    words = {"parts": [{"text": text}]} if dialect is GEMINI else {"content": text}
    return {"role": "user", **words}


def ask(
    dialect: Dialect, text: str, *tools: str, turns: tuple[dict[str, Any], ...] = (), **more: object
) -> Reply:
    """The demo provider's reply to these words, with these tools on offer."""
    messages = [said(dialect, text), *turns]
    offered = {"tools": [tool(dialect, name) for name in tools]} if tools else {}
    body = {"model": "demo", "max_tokens": 100, said_in(dialect): messages, **offered, **more}
    return answer(dialect, json.dumps(body).encode(), created=7)


def text_of(reply: Reply) -> str:
    """All the text of a reply."""
    return "".join(block.text for block in reply.blocks if isinstance(block, TextBlock))


def calls_of(reply: Reply) -> list[tuple[str, object]]:
    """The tool calls of a reply."""
    return [
        (block.name, json.loads(block.arguments)) for block in reply.blocks if isinstance(block, ToolBlock)
    ]


@every_dialect
def test_it_says_what_it_is_and_how_to_go_on(dialect: Dialect) -> None:
    """A newcomer reads that this is the demo, what they wrote, and where a real key goes."""
    reply = ask(dialect, "Hello there,\n  how are you?")
    text = text_of(reply)
    assert "demo provider" in text
    assert "\u201cHello there, how are you?\u201d" in text
    assert "ANTHROPIC_API_KEY" in text
    assert (reply.model, reply.stop, reply.created) == ("demo", "end", 7)


@every_dialect
def test_a_long_text_is_quoted_by_its_start(dialect: Dialect) -> None:
    """Only the start is quoted, and the cut is shown."""
    text = text_of(ask(dialect, "é" * 1000))
    assert "\u201c" + "é" * QUOTE + "…\u201d" in text
    assert "é" * (QUOTE + 1) not in text


@every_dialect
def test_nothing_written_is_not_quoted(dialect: Dialect) -> None:
    """Without words of the user there is no quote."""
    assert "\u201c" not in text_of(ask(dialect, "  "))


@every_dialect
def test_the_same_request_gets_the_same_reply(dialect: Dialect) -> None:
    """Ids come from the body: repeated they are the same, and another body has others."""
    assert ask(dialect, "a tool", "Read") == ask(dialect, "a tool", "Read")
    assert ask(dialect, "a").id != ask(dialect, "b").id


CALLS: dict[str, tuple[str, tuple[str, ...], str | None]] = {
    "the word tool": ("please use a tool", ("Read", "Bash"), "Read"),
    "the word tools": ("what do your Tools do?", ("Read", "Bash"), "Read"),
    "a tool's name": ("run Bash for me", ("Read", "Bash"), "Bash"),
    "a name with signs": ("try mcp__x__odd-1.", ("Read", "mcp__x__odd-1"), "mcp__x__odd-1"),
    "no such words": ("hello", ("Read",), None),
    "a name inside a word": ("I have Reading glasses", ("Read",), None),
    "the word inside a word": ("a toolbox, a stool", ("Read",), None),
    "no tools": ("use a tool", (), None),
}


@every_dialect
@pytest.mark.parametrize(("text", "tools", "called"), CALLS.values(), ids=CALLS)
def test_a_tool_is_called_when_the_words_ask_for_one(
    dialect: Dialect, text: str, tools: tuple[str, ...], called: str | None
) -> None:
    """The named tool is called, or the first when any will do, with arguments that fit its schema."""
    reply = ask(dialect, text, *tools)
    assert calls_of(reply) == ([(called, {"path": "x"})] if called else [])
    assert reply.stop == ("tool_use" if called else "end")
    assert text_of(reply)


FORCED = {
    "anthropic any": (ANTHROPIC, {"type": "any"}, "Read"),
    "anthropic named": (ANTHROPIC, {"type": "tool", "name": "Bash"}, "Bash"),
    "anthropic none": (ANTHROPIC, {"type": "none"}, None),
    "chat required": (CHAT, "required", "Read"),
    "chat named": (CHAT, {"type": "function", "function": {"name": "Bash"}}, "Bash"),
    "chat none": (CHAT, "none", None),
    "responses required": (RESPONSES, "required", "Read"),
    "responses named": (RESPONSES, {"type": "function", "name": "Bash"}, "Bash"),
    "responses none": (RESPONSES, "none", None),
    "chat named but not offered": (CHAT, {"type": "function", "function": {"name": "gone"}}, "Read"),
}


@pytest.mark.parametrize(("dialect", "choice", "called"), FORCED.values(), ids=FORCED)
def test_a_forced_tool_is_called_and_a_forbidden_one_is_not(
    dialect: Dialect, choice: object, called: str | None
) -> None:
    """The client's choice goes before the user's words."""
    text = "use a tool" if called is None else "hello"
    reply = ask(dialect, text, "Read", "Bash", tool_choice=choice)
    assert [name for name, _ in calls_of(reply)] == ([called] if called else [])


@every_dialect
def test_after_a_tools_result_it_answers_with_text(dialect: Dialect) -> None:
    """The loop ends: a result is answered, and no tool is called again."""
    reply = ask(dialect, "use a tool", "Read", turns=(result(dialect),))
    assert (calls_of(reply), reply.stop) == ([], "end")
    assert "result arrived" in text_of(reply)


def test_it_thinks_when_asked_to_in_anthropics_dialect() -> None:
    """A thinking block with a signature comes first, and counts as reasoning."""
    reply = ask(ANTHROPIC, "hello", thinking={"type": "enabled", "budget_tokens": 1024})
    assert isinstance(reply.blocks[0], ThinkingBlock)
    assert reply.blocks[0].signature
    assert 0 < reply.usage.reasoning < reply.usage.output


def test_it_thinks_when_asked_to_in_responses() -> None:
    """A reasoning item comes first, and counts as reasoning."""
    reply = ask(RESPONSES, "hello", reasoning={"effort": "medium"})
    assert isinstance(reply.blocks[0], ThinkingBlock)
    assert 0 < reply.usage.reasoning < reply.usage.output


@every_dialect
def test_it_does_not_think_unasked(dialect: Dialect) -> None:
    """Without the option there is text alone."""
    assert [type(block) for block in ask(dialect, "hello").blocks] == [TextBlock]


@every_dialect
def test_usage_is_the_estimate(dialect: Dialect) -> None:
    """Input is what the dialect weighs, output what was said."""
    turns = [said(dialect, "word " * 400)]
    body = json.dumps({"model": "demo", "max_tokens": 5, said_in(dialect): turns}).encode()
    reply = answer(dialect, body)
    assert reply.usage.input == dialect.estimate(body)
    assert reply.usage.input > 400
    assert reply.usage.output > 10


@every_dialect
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"model":5}'])
def test_a_wrong_body_is_malformed(dialect: Dialect, body: bytes) -> None:
    """It answers nothing that a real provider would refuse to read."""
    with pytest.raises(Malformed):
        answer(dialect, body)


@pytest.mark.parametrize("name", recorded_bodies())
def test_agents_get_a_reply_their_sdk_can_read(name: str) -> None:
    """Recorded agent bodies are answered, streamed, in a way the official SDKs gather."""
    body = recorded_bodies()[name]
    dialect = dialect_of(name)
    stream = served(body, dialect)
    if dialect is RESPONSES:
        with streamed_to_openai(stream).responses.stream(model="m", input="x") as heard:
            assert heard.get_final_response().status == "completed"
    elif dialect is CHAT:
        with streamed_to_openai(stream).chat.completions.stream(model="m", messages=[]) as told:
            assert told.get_final_completion().choices[0].message.content
    else:
        with streamed_to_anthropic(stream).messages.stream(model="m", max_tokens=5, messages=[]) as gathered:
            assert gathered.get_final_message().stop_reason in ("end_turn", "tool_use")


def served(body: bytes, dialect: Dialect) -> bytes:
    """The stream a client of the demo provider gets for a body."""
    asked_for_usage = True
    return b"".join(dialect.write_stream(answer(dialect, body), asked_for_usage))


def test_an_anthropic_client_completes_a_tool_loop() -> None:
    """Asked for a tool, the SDK gets a call; the result sent back gets words and an end."""
    turns: list[Any] = [{"role": "user", "content": "Please use the Read tool."}]
    body = {"model": "demo", "max_tokens": 100, "messages": turns, "tools": [tool(ANTHROPIC, "Read")]}
    client = streamed_to_anthropic(served(json.dumps(body).encode(), ANTHROPIC))
    with client.messages.stream(model="demo", max_tokens=100, messages=turns) as told:
        first = told.get_final_message()
    assert (first.stop_reason, first.content[-1].type) == ("tool_use", "tool_use")
    turns += [{"role": "assistant", "content": [block.model_dump() for block in first.content]}]
    turns += [result(ANTHROPIC)]
    client = streamed_to_anthropic(served(json.dumps(body).encode(), ANTHROPIC))
    with client.messages.stream(model="demo", max_tokens=100, messages=turns) as told:
        last = told.get_final_message()
    assert (last.stop_reason, [block.type for block in last.content]) == ("end_turn", ["text"])


def test_an_openai_client_completes_a_tool_loop() -> None:
    """Asked for a tool, the SDK gets a call; the result sent back gets words and an end."""
    turns: list[Any] = [{"role": "user", "content": "Please use the Read tool."}]
    body = {"model": "demo", "messages": turns, "tools": [tool(CHAT, "Read")]}
    client = streamed_to_openai(served(json.dumps(body).encode(), CHAT))
    with client.chat.completions.stream(model="demo", messages=turns) as told:
        first = told.get_final_completion().choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls
    assert json.loads(first.message.tool_calls[0].function.arguments) == {"path": "x"}
    turns += [{"role": "assistant", "content": first.message.content, "tool_calls": []}, result(CHAT)]
    client = streamed_to_openai(served(json.dumps(body).encode(), CHAT))
    with client.chat.completions.stream(model="demo", messages=turns) as told:
        last = told.get_final_completion().choices[0]
    assert (last.finish_reason, last.message.tool_calls) == ("stop", None)
    assert "result arrived" in (last.message.content or "")


def test_a_responses_client_completes_a_tool_loop() -> None:
    """Asked for a tool, the SDK gets a call; the result sent back gets words and an end."""
    turns: list[Any] = [{"role": "user", "content": "Please use the Read tool."}]
    body = {"model": "demo", "input": turns, "tools": [tool(RESPONSES, "Read")]}
    client = streamed_to_openai(served(json.dumps(body).encode(), RESPONSES))
    with client.responses.stream(model="demo", input=turns) as told:
        first = told.get_final_response()
    call = first.output[-1]
    assert call.type == "function_call"
    assert (call.name, json.loads(call.arguments)) == ("Read", {"path": "x"})
    turns += [*(item.model_dump() for item in first.output), result(RESPONSES)]
    client = streamed_to_openai(served(json.dumps(body).encode(), RESPONSES))
    with client.responses.stream(model="demo", input=turns) as told:
        last = told.get_final_response()
    assert [item.type for item in last.output] == ["message"]
    assert "result arrived" in last.output_text


NAMESPACE = {"type": "namespace", "name": "agents", "tools": [tool(RESPONSES, "spawn")]}


def test_a_tool_in_a_namespace_is_called_with_its_namespace() -> None:
    """Codex takes a call of a tool in a namespace only with the namespace's name."""
    whole = {"model": "demo", "input": "run spawn", "tools": [NAMESPACE]}
    item = json.loads(RESPONSES.write_reply(answer(RESPONSES, json.dumps(whole).encode())))["output"][-1]
    assert (item["type"], item["name"], item["namespace"]) == ("function_call", "spawn", "agents")


def test_a_custom_tool_is_called_with_text() -> None:
    """A tool that takes text as it is gets a call of its own kind, with no JSON in it."""
    tools = [{"type": "custom", "name": "apply_patch", "format": {"type": "grammar"}}]
    whole = {"model": "demo", "input": "run apply_patch", "tools": tools}
    item = json.loads(RESPONSES.write_reply(answer(RESPONSES, json.dumps(whole).encode())))["output"][-1]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "apply_patch", "demo")


def test_a_tool_of_a_real_agent_gets_arguments_that_fit() -> None:
    """Claude Code's own tools are called with every argument they require."""
    whole = json.loads(recorded_bodies()["claude/0001"])
    for offered in whole["tools"]:
        if offered.get("defer_loading") or "input_schema" not in offered:
            continue
        choice = {"type": "tool", "name": offered["name"]}
        reply = answer(ANTHROPIC, json.dumps({**whole, "tool_choice": choice, "messages": []}).encode())
        ((name, arguments),) = calls_of(reply)
        assert name == offered["name"]
        assert isinstance(arguments, dict)
        assert set(arguments) == set(offered["input_schema"].get("required", []))
