"""What Codex sent, taken to Anthropic and to Chat: its patches, namespaces, thoughts and images arrive."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from anthropic.types import message_create_params
from hypothesis import given, settings
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from adapters.conversation import PLAIN, ClientTool, Quirks, Written
from adapters.dialects import anthropic_messages, openai_chat, openai_responses
from adapters.dialects.openai_responses.marks import sealed_summary
from adapters.fault import Malformed
from adapters.seal import sealed
from tests.adapters.crossing.crossings import Body, crossed, decoded
from tests.adapters.crossing.test_responses_same_dialect import RECORDED, wild

CODEX = {name: body for name, body in RECORDED.items() if name.startswith("codex")}
TARGETS = {"anthropic-messages": anthropic_messages.DIALECT, "openai-chat": openai_chat.DIALECT}
TYPES: dict[str, TypeAdapter[Any]] = {
    "anthropic-messages": TypeAdapter(message_create_params.MessageCreateParams),
    "openai-chat": TypeAdapter(completion_create_params.CompletionCreateParams),
}
every_target = pytest.mark.parametrize("target", TARGETS)
every_request = pytest.mark.parametrize("body", RECORDED.values(), ids=RECORDED)


def taken(body: Body | bytes, target: str, quirks: Quirks = PLAIN) -> Written:
    """A request of this dialect at a provider of another."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return crossed(raw, openai_responses.DIALECT, TARGETS[target], quirks)


def strings(value: object) -> Iterator[str]:
    """Every string inside a value, those inside JSON text included."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value
        with suppress(ValueError):
            inner = json.loads(value)
            yield from strings(inner) if isinstance(inner, dict) else ()


def said(item: Body) -> Iterator[str]:
    """The texts, ids, arguments and images of an item; a thought is its maker's alone."""
    kind = item.get("type", "message")
    if kind == "message":
        yield from shown(item["content"])
    elif kind.endswith("_call"):
        yield item["call_id"]
        yield from strings(item.get("arguments", {})) if kind != "function_call" else ()
        yield from strings(json.loads(item["arguments"])) if kind == "function_call" else ()
        yield from [item["input"]] if "input" in item else []
    elif kind.endswith("_output"):
        yield item["call_id"]
        yield from shown(item.get("output", []))


def shown(content: Any) -> Iterator[str]:
    """The texts and images of content."""
    parts = [{"text": content}] if isinstance(content, str) else content
    yield from (part["text"] if "text" in part else part["image_url"].rpartition(",")[2] for part in parts)


@every_target
@every_request
def test_nothing_an_agent_said_is_lost(body: bytes, target: str) -> None:
    """Every text, call, patch, result, image and tool is found in what the provider gets."""
    sent = json.loads(body)
    everything = "\0".join(strings(decoded(taken(body, target))))
    assert [text for item in sent["input"] for text in said(item) if text.strip() not in everything] == []
    tools = [tool for tool in sent.get("tools", []) if tool["type"] in ("function", "custom")]
    for tool in tools:
        assert tool["name"] in everything
        assert tool["description"] in everything


@every_target
@every_request
def test_the_official_sdk_knows_every_field(body: bytes, target: str) -> None:
    """What is written is a request by the types of the SDK, with no top-level field they do not have."""
    document = decoded(taken(body, target))
    adapter = TYPES[target]
    kept = json.loads(adapter.dump_json(adapter.validate_python(document), warnings=False))
    assert kept.keys() == document.keys()


@every_target
@every_request
def test_a_conversation_goes_on_from_its_beginning(body: bytes, target: str) -> None:
    """What a request repeats of the one before it comes out the same: a cache of prompts finds it."""
    sent = json.loads(body)
    calls = [place for place, item in enumerate(sent["input"]) if item.get("type", "").endswith("_output")]
    shorter = {**sent, "input": sent["input"][: calls[-1] + 1 if calls else None]}
    longer = decoded(taken(sent, target))["messages"]
    before = decoded(taken(shorter, target))["messages"]
    assert longer[: len(before) - 1] == before[:-1]


def parts_of(document: Body, kind: str) -> list[Body]:
    """The blocks of a kind in a request of Anthropic's, those inside results included."""
    found: list[Body] = []
    for message in document["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else []
        inner = [part for block in blocks for part in block.get("content", ()) if isinstance(part, dict)]
        found += [block for block in [*blocks, *inner] if block["type"] == kind]
    return found


PATCHED = CODEX["codex/apply-patch-and-parallel/0003.http"]
SEARCHED = CODEX["codex/toolsearch-subagent-image/0007.http"]


def test_a_patch_is_a_function_with_one_string() -> None:
    """Definition and history agree, the grammar stays in words, and the map leads back to free text."""
    patches = [
        item["input"] for item in json.loads(PATCHED)["input"] if item.get("type") == "custom_tool_call"
    ]
    written = taken(PATCHED, "anthropic-messages")
    document = decoded(written)
    uses = [block["input"] for block in parts_of(document, "tool_use") if block["name"] == "apply_patch"]
    assert uses == [{"input": patch} for patch in patches]
    (tool,) = [tool for tool in document["tools"] if tool["name"] == "apply_patch"]
    assert tool["input_schema"]["required"] == ["input"]
    assert "lark" in tool["description"]
    assert written.tools == {"apply_patch": ClientTool("apply_patch", freeform=True)}


def test_calls_at_once_stand_in_one_turn() -> None:
    """Two calls and their two results are one message each way, the results in the order of the calls."""
    messages = decoded(taken(PATCHED, "openai-chat"))["messages"]
    calling = [message for message in messages if len(message.get("tool_calls", [])) == 2]
    place = messages.index(calling[0])
    ids = [call["id"] for call in calling[0]["tool_calls"]]
    assert [message["tool_call_id"] for message in messages[place + 1 : place + 3]] == ids


@every_target
def test_what_a_search_found_is_offered_by_both_names(target: str) -> None:
    """Tools of a namespace are callable, and their names lead back to it; the search itself is a tool."""
    written = taken(SEARCHED, target)
    document = decoded(written)
    names = [tool.get("name") or tool["function"]["name"] for tool in document["tools"]]
    assert "multi_agent_v1__spawn_agent" in names
    assert "tool_search" in names
    assert len(set(names)) == len(names)
    assert written.tools["multi_agent_v1__spawn_agent"] == ClientTool("spawn_agent", "multi_agent_v1")
    everything = "\0".join(strings(document))
    assert "Loaded, and to be called from now on: multi_agent_v1__spawn_agent, " in everything
    assert "tools.web_search" in written.dropped


def test_an_image_in_a_result_is_an_image() -> None:
    """Anthropic has it in the result, Chat in the message behind all results."""
    (image,) = parts_of(decoded(taken(SEARCHED, "anthropic-messages")), "image")
    assert image["source"]["media_type"] == "image/png"
    messages = decoded(taken(SEARCHED, "openai-chat"))["messages"]
    shown = [message for message in messages if isinstance(message["content"], list)]
    assert [part["type"] for part in shown[0]["content"]][:2] == ["text", "image_url"]


def test_thoughts_of_another_maker_are_left_out() -> None:
    """OpenAI's encrypted content goes to OpenAI alone."""
    assert b"encrypted_content" in SEARCHED
    for target in TARGETS:
        everything = "\0".join(strings(decoded(taken(SEARCHED, target))))
        for item in json.loads(SEARCHED)["input"]:
            assert item.get("encrypted_content", "never said") not in everything


def thinking_back(bound: str) -> list[Body]:
    """The blocks Anthropic gets of a thought that came back with this content."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
    answer = {"role": "assistant", "content": "a"}
    items = [{"role": "user", "content": "Hi"}, {**thought, "encrypted_content": bound}, answer]
    document = decoded(taken({"model": "m", "input": [*items, items[0]]}, "anthropic-messages"))
    content = document["messages"][1]["content"]
    return content if isinstance(content, list) else []


def test_a_thought_comes_back_to_who_had_it() -> None:
    """A thought and its signature survive the way through a client of this dialect."""
    (thought, _) = thinking_back(sealed("anthropic-messages", "c2ln"))
    assert thought == {"type": "thinking", "thinking": "hm", "signature": "c2ln"}
    (hidden, _) = thinking_back(sealed("anthropic-messages", "", "eHg="))
    assert hidden == {"type": "redacted_thinking", "data": "eHg="}
    assert thinking_back("gAAA") == []


def test_a_developer_between_turns_keeps_its_place() -> None:
    """Behind the results that stand before it, and never between a call and its result."""
    items = [
        {"role": "user", "content": "Hi"},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"role": "developer", "content": "now"},
        {"type": "function_call_output", "call_id": "c", "output": "ok"},
    ]
    messages = decoded(taken({"model": "m", "input": items}, "openai-chat"))["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "tool", "system"]


@every_target
def test_a_compaction_asks_any_provider_for_a_summary(target: str) -> None:
    """The trigger is a plain question without tools; what was summed up before is told."""
    items = [
        {"type": "compaction", "encrypted_content": sealed_summary("It was é.")},
        {"role": "user", "content": "Go on."},
        {"type": "compaction_trigger"},
    ]
    tools = json.loads(PATCHED)["tools"]
    document = decoded(taken({"model": "m", "input": items, "tools": tools}, target))
    assert "tools" not in document
    everything = "\0".join(strings(document))
    assert "It was é." in everything
    assert "answer with the summary alone" in everything


REFUSED: dict[str, tuple[Body, str]] = {
    "a compaction of OpenAI's": (
        {"type": "compaction", "encrypted_content": "gAAA"},
        "`input[0]`: 'compaction' cannot be carried",
    ),
    "an image it made": (
        {"type": "image_generation_call", "id": "ig_1", "result": "QUJD"},
        "`input[0]`: 'image_generation_call' cannot be carried",
    ),
    "a new part": (
        {"role": "user", "content": [{"type": "hologram"}]},
        "`input[0].content[0]`: 'hologram' cannot be carried",
    ),
    "a result of no call": (
        {"type": "function_call_output", "call_id": "c", "output": "a"},
        "`input[0]`: no tool call has the id 'c'",
    ),
}


@every_target
@pytest.mark.parametrize(("item", "reason"), REFUSED.values(), ids=REFUSED)
def test_content_is_refused_and_not_lost(item: Body, reason: str, target: str) -> None:
    """What no words can say is named with its place."""
    with pytest.raises(Malformed) as caught:
        taken({"model": "m", "input": [item]}, target)
    assert reason in str(caught.value)


@every_target
def test_what_a_hosted_tool_did_is_told_in_words(target: str) -> None:
    """A search of the web is a line of text where nobody knows its item."""
    search = {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "é"}}
    items = [{"role": "user", "content": "Hi"}, search, {"role": "user", "content": "Go on."}]
    everything = "\0".join(strings(decoded(taken({"model": "m", "input": items}, target))))
    assert '[web_search_call] {"action":{"type": "search", "query": "é"}}' in everything


@every_target
def test_a_forced_tool_that_nobody_else_has_is_refused(target: str) -> None:
    """A choice that cannot be kept is told."""
    body = {
        "model": "m",
        "input": "Hi",
        "tools": [{"type": "web_search"}],
        "tool_choice": {"type": "web_search"},
    }
    with pytest.raises(Malformed, match="`tool_choice` forces `web_search`"):
        taken(body, target)


@every_target
def test_a_forced_tool_of_a_namespace_has_both_its_names(target: str) -> None:
    """It must be called by them, and the others stay where they are."""
    inner = {"type": "function", "name": "s", "parameters": {"type": "object", "properties": {}}}
    space = {"type": "namespace", "name": "n", "description": "d", "tools": [inner, {**inner, "name": "t"}]}
    choice = {"type": "function", "name": "s"}
    document = decoded(taken({"model": "m", "input": "Hi", "tools": [space], "tool_choice": choice}, target))
    names = [tool.get("name") or tool["function"]["name"] for tool in document["tools"]]
    assert names == ["n__s", "n__t"]
    chosen = document["tool_choice"]
    assert (chosen.get("name") or chosen["function"]["name"]) == "n__s"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(wild)
def test_made_up_requests_are_carried_or_refused(body: Body) -> None:
    """What is written is JSON with a model and messages; what is not written raised `Malformed`."""
    for target in TARGETS:
        with suppress(Malformed):
            assert {"model", "messages"} <= decoded(taken(body, target)).keys()
