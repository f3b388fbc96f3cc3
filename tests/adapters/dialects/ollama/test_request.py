"""What routing and the demo provider read of a request of ollama, and what it weighs."""

import json
from typing import Any

import pytest

from adapters.dialect import Peek
from adapters.dialects.ollama.request import estimate, peek, read_prompt
from adapters.fault import Malformed
from adapters.request import Tool

CHAT, GENERATE, EMBED = "/api/chat", "/api/generate", "/api/embed"

SEEN: dict[str, tuple[dict[str, Any], str, Peek]] = {
    "a model streams": ({}, CHAT, Peek("m", stream=True)),
    "a prompt streams": ({}, GENERATE, Peek("m", stream=True)),
    "no path is a chat": ({}, "", Peek("m", stream=True)),
    "an embedding does not": ({}, EMBED, Peek("m")),
    "null is not said": ({"stream": None, "think": None, "options": None}, CHAT, Peek("m", stream=True)),
    "a stream": ({"stream": True}, CHAT, Peek("m", stream=True)),
    "no stream": ({"stream": False}, CHAT, Peek("m")),
    "a limit": ({"options": {"num_predict": 5}}, CHAT, Peek("m", stream=True, max_tokens=5)),
    "no limit": ({"options": {"num_predict": -1}}, CHAT, Peek("m", stream=True)),
    "other options": ({"options": {"num_ctx": "x"}}, CHAT, Peek("m", stream=True)),
    "thinking": ({"think": True, "stream": False}, CHAT, Peek("m", thinking=True)),
    "a level": ({"think": "high", "stream": False}, CHAT, Peek("m", thinking=True)),
    "no thinking": ({"think": False, "stream": False}, CHAT, Peek("m")),
}


@pytest.mark.parametrize(("fields", "path", "seen"), SEEN.values(), ids=SEEN)
def test_a_peek_reads_what_routing_asks(fields: dict[str, Any], path: str, seen: Peek) -> None:
    """Who does not say gets a stream; the limit is an option here."""
    assert peek(json.dumps({"model": "m", **fields}).encode(), path) == seen


WRONG: dict[str, tuple[bytes, str, str | None]] = {
    "no model": (b"{}", "`model` is required.", "model"),
    "a number for a model": (b'{"model":5}', "`model` must be a string, not an integer.", "model"),
    "a string for stream": (
        b'{"model":"m","stream":"no"}',
        "`stream` must be a boolean, not a string.",
        "stream",
    ),
    "a string for a limit": (
        b'{"model":"m","options":{"num_predict":"5"}}',
        "`options.num_predict` must be an integer, not a string.",
        "options.num_predict",
    ),
    "a list of options": (
        b'{"model":"m","options":[]}',
        "`options` must be an object, not an array.",
        "options",
    ),
}


@pytest.mark.parametrize(("body", "message", "param"), WRONG.values(), ids=WRONG)
def test_a_wrong_body_is_told_in_plain_words(body: bytes, message: str, param: str | None) -> None:
    """The place is named as the client wrote it."""
    with pytest.raises(Malformed) as caught:
        peek(body, CHAT)
    assert (str(caught.value), caught.value.param) == (message, param)


def weight(**fields: Any) -> int:
    """What a request weighs."""
    return estimate(json.dumps({"model": "m", **fields}).encode())


WORDS = "word " * 400


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "user", "content": WORDS}]},
        {"messages": [{"role": "assistant", "content": "", "thinking": WORDS}]},
        {"messages": [{"role": "system", "content": WORDS}]},
        {"prompt": WORDS},
        {"system": WORDS, "prompt": None},
        {"suffix": WORDS},
    ],
)
def test_words_weigh_the_same_wherever_they_stand(fields: dict[str, Any]) -> None:
    """Messages, thoughts, prompts and systems count by their text."""
    assert 500 <= weight(**fields) <= 505


def test_images_calls_and_tools_weigh() -> None:
    """Images weigh by number, not by their bytes; what is odd weighs by its JSON."""
    image = "A" * 100_000
    assert weight(images=[image]) == weight(messages=[{"role": "user", "images": [image]}]) - 4 == 1600
    call = {"function": {"name": "f", "arguments": {"a": WORDS}}}
    assert weight(messages=[{"role": "assistant", "tool_calls": [call]}]) > 500
    assert weight(tools=[{"function": {"name": "f", "description": WORDS}}]) > 500
    assert weight(messages=[WORDS, 5, None]) > 500
    assert weight(messages=5, images=7) == 1
    assert estimate(b"no JSON") == 2


TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def test_a_chat_is_read_for_the_demo_provider() -> None:
    """The last words of the user, the tools, and that thinking was asked for."""
    messages = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "one"},
        {"role": "user", "content": "two"},
        {"role": "assistant", "content": "three"},
    ]
    body = {"model": "m", "messages": messages, "tools": [TOOL, 5, {"function": {}}], "think": True}
    prompt = read_prompt(json.dumps(body).encode(), CHAT)
    assert (prompt.model, prompt.text, prompt.tools) == ("m", "two", (Tool("f", {"type": "object"}),))
    assert (prompt.thinking, prompt.answered, prompt.tool_choice) == (True, False, "auto")


def test_a_result_is_seen_by_the_demo_provider() -> None:
    """Who was answered calls no tool again; a tool without a schema takes anything."""
    messages = [{"role": "user", "content": 5}, {"role": "tool", "content": "x"}]
    tools = [{"function": {"name": "f", "parameters": 5}}]
    prompt = read_prompt(json.dumps({"model": "m", "messages": messages, "tools": tools}).encode(), CHAT)
    assert (prompt.text, prompt.answered, prompt.tools) == ("", True, (Tool("f", {}),))


def test_a_prompt_is_read_for_the_demo_provider() -> None:
    """The one prompt of /api/generate is what the user said."""
    prompt = read_prompt(b'{"model":"m","prompt":"Why?"}', GENERATE)
    assert (prompt.text, prompt.answered, prompt.thinking) == ("Why?", False, False)
