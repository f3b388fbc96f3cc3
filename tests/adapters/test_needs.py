"""What a request needs of a model, whichever client asks."""

import json
from typing import Any

import pytest

from adapters.needs import needs_of
from adapters.table import DIALECTS

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}
PDF = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
SCHEMA = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
SHOWN = {"type": "tool_result", "tool_use_id": "t", "content": [IMAGE]}
CALLED = {"type": "tool_use", "id": "t", "name": "look", "input": {}}

# What a request of Anthropic's API says beside its words, and what it needs for that.
MESSAGES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "nothing": ({}, set()),
    "tools": ({"tools": [TOOL]}, {"tools"}),
    "tools not to be called": ({"tools": [TOOL], "tool_choice": {"type": "none"}}, set()),
    "no tools": ({"tools": []}, set()),
    "thought": ({"thinking": {"type": "adaptive"}}, {"thinking"}),
    "no thought": ({"thinking": {"type": "disabled"}}, set()),
    "a schema": ({"output_config": SCHEMA}, {"structured"}),
    "an image": ({"messages": [{"role": "user", "content": [IMAGE]}]}, {"vision"}),
    "a document": ({"messages": [{"role": "user", "content": [PDF]}]}, {"pdf"}),
    "an image of a tool": (
        {"messages": [{"role": "assistant", "content": [CALLED]}, {"role": "user", "content": [SHOWN]}]},
        {"vision"},
    ),
}


@pytest.mark.parametrize(("said", "needed"), MESSAGES.values(), ids=MESSAGES)
def test_what_a_request_needs(said: dict[str, Any], needed: set[str]) -> None:
    """Each ability where the request asks for it, and only there."""
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], **said}
    needs = needs_of(DIALECTS["anthropic-messages"].read_request(json.dumps(body).encode(), "/v1/messages"))
    assert (set(needs.abilities), needs.output) == (needed, 9)


def test_another_client() -> None:
    """The same of a client of openai-chat: a sound needs nothing that is told apart."""
    parts = [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
    ]
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    body = {"model": "m", "messages": [{"role": "user", "content": parts}], "response_format": schema}
    needs = needs_of(DIALECTS["openai-chat"].read_request(json.dumps(body).encode(), "/v1/chat/completions"))
    assert (set(needs.abilities), needs.output) == ({"vision", "structured"}, None)
