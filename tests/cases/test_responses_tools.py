"""Cases 42 to 44 and 47: Codex's tools over providers that know functions alone."""

import json

from tests.cases import clients_of_codex as codex
from tests.cases.stage import RESPONSES, Led, Stage, There, foreign_to, over
from tests.upstream.memory import Trusting
from tests.upstream.plan import CLOSING, Call, Json, Turn

FIRST = "apply-patch-and-parallel/0001"
SEARCHED = "toolsearch-subagent-image/0007"
PATCH = '*** Begin Patch\n*** Add File: two.txt\n+written: é日本🙂 "quoted" \\ back\n*** End Patch\n'
THOUGHT = "One thing after the other."
HOME = "multi_agent_v1"
SPAWN = {"message": "count: é日本🙂"}


def tool_at(led: Led, there: There, name: str) -> Json:
    """A tool as it was offered to the provider: its name, description and schema, whatever the dialect."""
    tools = led.body["tools"]
    if there.dialect == "gemini":
        tools = [function for tool in tools for function in tool["functionDeclarations"]]
    if there.dialect in ("openai-chat", "ollama"):
        tools = [tool["function"] for tool in tools]
    (found,) = [tool for tool in tools if tool.get("name") == name]
    schemas = ("input_schema", "parameters", "parametersJsonSchema")
    (schema,) = [found[field] for field in schemas if field in found]
    return {"description": found["description"], "schema": schema}


@over()
def test_case_42_a_patch_is_raw_text_at_both_ends(stage: Stage, there: There) -> None:
    """A call of a freeform tool reaches the client as its raw input, in deltas, and goes back as it was."""
    led = stage.lead(Turn((Call("apply_patch", text=PATCH),), "Now a patch.", THOUGHT))
    body = codex.asked(FIRST, there)
    first = codex.answer(stage, led, body)
    call = first.only("custom_tool_call")
    assert (call["name"], call["input"]) == ("apply_patch", PATCH)
    assert first.told("custom_tool_call_input") == PATCH
    (done,) = [event for event in first.events if event.type == "response.custom_tool_call_input.done"]
    assert done.input == PATCH
    body["input"] += [*codex.echoed(first.items), codex.output_of(call, "Success.")]
    assert codex.answer(stage, led, body).response.output_text == CLOSING
    (called,) = codex.seen_by(led, there).calls.values()
    whole = PATCH if there.dialect == RESPONSES else {"input": PATCH}
    assert (called.name, called.arguments, called.result) == ("apply_patch", whole, "Success.")


@foreign_to(RESPONSES)
def test_case_42_a_patch_is_offered_with_its_grammar(stage: Stage, there: There) -> None:
    """Where there are only functions, the tool has one string, and its description holds the grammar."""
    led = stage.lead()
    body = codex.asked(FIRST, there)
    codex.answer(stage, led, body)
    (custom,) = [tool for tool in body["tools"] if tool["type"] == "custom"]
    offered = tool_at(led, there, "apply_patch")
    assert offered["schema"]["properties"] == {"input": {"type": "string"}}
    assert offered["schema"]["required"] == ["input"]
    assert offered["description"].startswith(custom["description"])
    definition = json.dumps(custom["format"]["definition"], ensure_ascii=False)
    assert definition in offered["description"]


def found_tools() -> list[Json]:
    """The namespace of tools that a search of Codex's brought."""
    items = json.loads(codex.recorded(SEARCHED).body)["input"]
    (output,) = [item for item in items if item["type"] == "tool_search_output"]
    tools: list[Json] = output["tools"]
    return tools


def home_of_tools() -> Json:
    """The same namespace as it is offered at once to models that Codex does not know."""
    (home,) = found_tools()
    return {**home, "tools": [{**tool, "defer_loading": False} for tool in home["tools"]]}


def spawn(there: There) -> Call:
    """A call of the tool in the namespace, by the name its provider has it under."""
    return Call("spawn_agent" if there.dialect == RESPONSES else f"{HOME}__spawn_agent", SPAWN)


@over()
def test_case_43_a_namespace_is_flattened_and_restored(stage: Stage, there: There) -> None:
    """A provider is offered one name; the client's call is in its namespace, and goes back under one name."""
    led = stage.lead(Turn((spawn(there),), "Now a second one.", THOUGHT))
    body = codex.asked(FIRST, there)
    body["tools"].append(home_of_tools())
    first = codex.answer(stage, led, body)
    call = first.only("function_call")
    assert (call["name"], call["namespace"]) == ("spawn_agent", HOME)
    assert json.loads(call["arguments"]) == SPAWN
    assert json.loads(first.told("function_call_arguments")) == SPAWN
    body["input"] += [*codex.echoed(first.items), codex.output_of(call, "spawned")]
    assert codex.answer(stage, led, body).response.output_text == CLOSING
    (called,) = codex.seen_by(led, there).calls.values()
    assert (called.name, called.arguments, called.result) == (spawn(there).tool, SPAWN, "spawned")


@foreign_to(RESPONSES)
def test_case_44_a_search_for_tools_in_both_steps(stage: Stage, there: There) -> None:
    """The search is a function there and a search here; what it found can be called from then on."""
    turns = (
        Turn((Call("tool_search", {"query": "spawn agent"}),), "Searching."),
        Turn((spawn(there),), "Found."),
    )
    led = stage.lead(*turns)
    body = codex.asked(FIRST, there)
    first = codex.answer(stage, led, body)
    call = first.only("tool_search_call")
    assert (call["execution"], call["arguments"]) == ("client", {"query": "spawn agent"})
    assert "spawn_agent" not in led.text
    output = {"type": "tool_search_output", "call_id": call["call_id"], "execution": "client"}
    body["input"] += [*codex.echoed(first.items), {**output, "status": "completed", "tools": found_tools()}]
    second = codex.answer(stage, led, body)
    assert tool_at(led, there, spawn(there).tool)["schema"]["properties"]
    (searched,) = codex.seen_by(led, there).calls.values()
    assert spawn(there).tool in (searched.result or "")
    spawned = second.only("function_call")
    assert (spawned["name"], spawned["namespace"]) == ("spawn_agent", HOME)
    body["input"] += [*codex.echoed(second.items), codex.output_of(spawned)]
    assert codex.answer(stage, led, body).response.output_text == CLOSING
    assert len(codex.seen_by(led, there).calls) == 2


@over()
def test_case_44_a_search_on_the_web_is_no_error(stage: Stage, there: There) -> None:
    """A tool that only OpenAI runs goes to nobody else, and the reply says that it was left out."""
    led = stage.lead()
    reply = codex.post(stage, led, codex.asked(FIRST, there))
    assert reply.status == 200
    own = there.dialect == RESPONSES
    assert ('"type":"web_search"' in led.text) == own
    assert ("tools.web_search" in (reply.header("x-penstock-dropped") or "").split(", ")) is not own


@over()
def test_case_47_an_image_in_a_result_is_an_image(stage: Stage, there: There) -> None:
    """What `view_image` brought arrives as an image, in its place in a long conversation."""
    led = stage.lead(memory=Trusting())
    body = codex.asked(SEARCHED, there)
    codex.answer(stage, led, body)
    output = next(item["output"] for item in body["input"] if isinstance(item.get("output"), list))
    what = codex.seen_by(led, there)
    assert what.images == [output[0]["image_url"].partition(";base64,")[2]]
    called = [call.name for call in what.calls.values()]
    searched = [] if there.dialect == RESPONSES else ["tool_search"]
    assert called == [*searched, spawn(there).tool, "exec_command", "view_image"]
    # An image leaves no gap: each call still has its result.
    assert all(call.result is not None for call in what.calls.values())
