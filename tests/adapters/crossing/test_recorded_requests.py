"""What real agents sent, taken to the other dialect: nothing they said is missing, and the SDKs know it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic.types import message_create_params
from openai.types.chat import completion_create_params
from pydantic import TypeAdapter

from adapters.conversation import Written
from adapters.conversation_settings import BILLING
from adapters.conversation_tools import PLACEHOLDER
from tests.adapters.crossing.crossings import Body, body_of, decoded, to_anthropic, to_chat
from tests.agents.recordings import recordings

AGENTS = Path(__file__).parents[2] / "fixtures" / "agents"
# Of a kind the other side has a word for: these blocks hold what somebody said or showed.
SAID = {"text": "text", "tool_use": "id", "tool_result": "tool_use_id", "image": "data", "document": "data"}


def bodies() -> dict[str, bytes]:
    """Every recorded body, once."""
    found = {
        path.relative_to(AGENTS).as_posix(): path.read_bytes() for path in sorted(AGENTS.rglob("*.body"))
    }
    found.update((recording.name, recording.request.body) for recording in recordings())
    # The same body in two places keeps its first name.
    names = {body: name for name, body in reversed(found.items())}
    return {name: body for body, name in names.items() if "messages" in json.loads(body or b"{}")}


RECORDED = bodies()


def is_chat(body: Body) -> bool:
    """Whether a recorded body is Chat's: a system of its own and schemas by another name are Anthropic's."""
    tools = body.get("tools") or [{}]
    return "stream_options" in body or "function" in tools[0]


def crossed(body: bytes) -> Written:
    """Take a body to the other dialect."""
    return to_anthropic(body) if is_chat(json.loads(body)) else to_chat(body)


def strings(value: object) -> Iterator[str]:
    """Every string inside a value, those inside JSON text included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def said_by_anthropic(body: Body) -> Iterator[str]:
    """The texts, ids, names and images that an Anthropic request holds."""
    system = body.get("system") or []
    yield from [system] if isinstance(system, str) else [block["text"] for block in system]
    for message in body["messages"]:
        yield from said_in(message["content"])
    for tool in body.get("tools", []):
        if not tool.get("defer_loading") and "input_schema" in tool:
            yield from (tool["name"], tool["description"])


def said_in(content: Any) -> Iterator[str]:
    """What the blocks of a turn hold."""
    if isinstance(content, str):
        yield content
        return
    for block in content:
        where = block.get("source", block)
        if block["type"] in SAID:
            yield where[SAID[block["type"]]]
        if block["type"] == "tool_use":
            yield block["name"]
            yield from strings(block["input"])
        yield from said_in(block.get("content", "")) if block["type"] == "tool_result" else ()
        yield from [block["tool_name"]] if block["type"] == "tool_reference" else ()


def said_by_chat(body: Body) -> Iterator[str]:
    """The texts, ids and names that a Chat request holds."""
    for message in body["messages"]:
        content = message.get("content") or ""
        yield from [content] if isinstance(content, str) else [part["text"] for part in content]
        yield from [message["tool_call_id"]] if "tool_call_id" in message else []
        for call in message.get("tool_calls", []):
            yield from (call["id"], call["function"]["name"])
            yield from strings(json.loads(call["function"]["arguments"]))
    for tool in body.get("tools", []):
        yield from (tool["function"]["name"], tool["function"]["description"])


def said_in_body(body: Body) -> Iterator[str]:
    """What a request of either dialect holds, without what is for Anthropic's ears alone."""
    said = said_by_chat(body) if is_chat(body) else said_by_anthropic(body)
    return (text for text in said if not text.startswith(BILLING) and text != PLACEHOLDER)


@pytest.mark.parametrize("body", RECORDED.values(), ids=RECORDED)
def test_nothing_an_agent_said_is_lost(body: bytes) -> None:
    """Every text, call, argument, tool and image of the source is found in what the other side gets."""
    arrived = decoded(crossed(body))
    # Arguments are JSON inside JSON at Chat: they are looked at both as they stand and taken apart.
    whole = list(strings(arrived))
    inside = [
        inner
        for message in arrived["messages"]
        for call in message.get("tool_calls", [])
        for inner in strings(json.loads(call["function"]["arguments"]))
    ]
    everything = "\0".join([*whole, *inside])
    assert [text for text in said_in_body(json.loads(body)) if text.strip() and text not in everything] == []


@pytest.mark.parametrize("body", RECORDED.values(), ids=RECORDED)
def test_every_call_is_answered_where_it_must_be(body: bytes) -> None:
    """The results of a turn's calls follow it at once, in the order of the calls."""
    messages = decoded(crossed(body))["messages"]
    for index, message in enumerate(messages):
        made = [call["id"] for call in message.get("tool_calls", [])]
        answers = messages[index + 1 : index + 1 + len(made)]
        assert [answer.get("tool_call_id") for answer in answers] == made
        if not isinstance(message["content"], list):
            continue
        made = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        following = messages[index + 1]["content"] if made else []
        assert [block.get("tool_use_id") for block in following[: len(made)]] == made


# Strict: an unknown key or a wrong type is an error, as far as the SDK's types say it.
TO_CHAT: TypeAdapter[Any] = TypeAdapter(completion_create_params.CompletionCreateParams)
TO_ANTHROPIC: TypeAdapter[Any] = TypeAdapter(message_create_params.MessageCreateParams)


def accepted(written: bytes, adapter: TypeAdapter[Any]) -> Body:
    """What the types of an SDK keep of a body: what they do not know is gone, what is wrong raises."""
    kept: Body = json.loads(adapter.dump_json(adapter.validate_python(json.loads(written)), warnings=False))
    return kept


@pytest.mark.parametrize("body", RECORDED.values(), ids=RECORDED)
def test_the_official_sdk_knows_every_field(body: bytes) -> None:
    """What is written is a request by the types of the SDK, with no top-level field they do not have."""
    written = crossed(body)
    adapter = TO_ANTHROPIC if is_chat(json.loads(body)) else TO_CHAT
    assert accepted(written.body, adapter).keys() == decoded(written).keys()


def test_a_recorded_session_comes_back_from_a_chat() -> None:
    """Anthropic to Chat to Anthropic keeps words, calls, results, images and tools of the longest session."""
    body = json.loads(RECORDED["claude/0006.body"])
    there = to_chat(json.dumps(body).encode())
    back = decoded(to_anthropic(there.body))
    everything = "\0".join(strings(back))
    assert [text for text in said_in_body(body) if text.strip() and text not in everything] == []
    known = {tool["name"]: tool["input_schema"] for tool in body["tools"]}
    assert {tool["name"]: tool["input_schema"] for tool in back["tools"]}.items() <= known.items()


def test_a_golden_session_comes_back_from_a_chat_as_it_was() -> None:
    """Where both dialects have a place for all of it, the way there and back changes nothing."""
    image = {"type": "base64", "media_type": "image/png", "data": "QUJD"}
    use = {"type": "tool_use", "id": "c1", "name": "Read", "input": {"a": "é日本🙂"}}
    fields: Body = {
        "max_tokens": 100,
        "system": "Be kind.",
        "tools": [{"name": "Read", "description": "d", "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "Read", "disable_parallel_tool_use": True},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image", "source": image}]},
            {"role": "assistant", "content": [{"type": "text", "text": "b"}, use]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "ok"}]},
        ],
        "stop_sequences": ["x"],
        "stream": True,
    }
    there = to_chat(body_of(fields))
    assert decoded(to_anthropic(there.body)) == {"model": "m", **fields}
