"""The two spellings of fields."""

import json

import pytest

from adapters.dialects.gemini.spelling import FIELDS, respelled, snake
from adapters.fault import Malformed

THEIRS = {"system_instruction": 1, "inline_data": {"mime_type": 2}}


def test_the_first_spelling_keeps_its_bytes() -> None:
    """Nearly every body is left alone."""
    body = b'{ "systemInstruction": {}, "contents": [ ] }'
    assert respelled(body) is body


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_has_another_spelling(name: str) -> None:
    """It is found wherever it stands."""
    body = json.dumps({"contents": [{"parts": [{snake(name): 1}]}]}).encode()
    assert json.loads(respelled(body)) == {"contents": [{"parts": [{name: 1}]}]} or name == snake(name)


def test_a_whole_request_is_spelled_anew() -> None:
    """At every depth, in lists too."""
    body = {
        "system_instruction": {"parts": [{"text": "a"}]},
        "generation_config": {"max_output_tokens": 5, "thinking_config": {"thinking_budget": 1}},
        "contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "QUJD"}}]}],
        "tools": [{"function_declarations": [{"name": "f"}]}, {"google_search": {}}],
    }
    assert json.loads(respelled(json.dumps(body).encode())) == {
        "systemInstruction": {"parts": [{"text": "a"}]},
        "generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"thinkingBudget": 1}},
        "contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}}]}],
        "tools": [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}],
    }


@pytest.mark.parametrize("key", ["args", "response", "parameters", "parametersJsonSchema", "labels"])
def test_what_is_the_clients_own_is_left_as_it_is(key: str) -> None:
    """Arguments, results and schemas have names of their own."""
    body = json.dumps({"system_instruction": {}, "x": {key: THEIRS}}).encode()
    assert json.loads(respelled(body)) == {"systemInstruction": {}, "x": {key: THEIRS}}


def test_a_value_that_looks_like_a_field_is_left_as_it_is() -> None:
    """Only keys are fields."""
    body = b'{"contents":"system_instruction"}'
    assert respelled(body) is body


@pytest.mark.parametrize(
    "body",
    [
        b'{"top_p":',
        b'{"top_p":' + b"[" * 50_000,
        b'{"top_p":' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"top_p":1,"a":"\xff"}',
    ],
)
def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    """It is told in plain words."""
    with pytest.raises(Malformed):
        respelled(body)
