"""Requests nobody would write: what comes out is a request or `Malformed`, nothing else."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.conversation import Quirks
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import Body, to_anthropic, to_chat

QUIRKS = Quirks(refused_keywords=frozenset({"title"}), thinking="budget", reasoning_field="reasoning_content")
# Words of both dialects, so that what is made up hits what is read.
KINDS = (
    "text",
    "image",
    "document",
    "thinking",
    "tool_use",
    "tool_result",
    "tool_reference",
    "search_result",
)
PARTS = ("image_url", "input_audio", "file", "refusal", "redacted_thinking", "new")
KEYS = (
    "type text source content id name input tool_use_id is_error data url file_id media_type citations title"
    " image_url input_audio file function custom arguments detail format cache_control tool_name thinking"
)
ROLES = ("user", "assistant", "system", "developer", "tool", "function", "robot")
anything = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=4) | some.sampled_from(KINDS),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=8,
)
block = some.dictionaries(some.sampled_from(KEYS.split()), anything, max_size=5).flatmap(
    lambda fields: some.sampled_from(KINDS + PARTS).map(lambda kind: {**fields, "type": kind})
)
call = some.fixed_dictionaries(
    {"id": some.sampled_from("abc")},
    optional={"function": some.fixed_dictionaries({"name": some.text(max_size=3), "arguments": some.text()})},
)
message = some.fixed_dictionaries(
    {"role": some.sampled_from(ROLES), "content": some.text(max_size=3) | some.lists(block, max_size=3)},
    optional={"tool_calls": some.lists(call, max_size=3), "tool_call_id": some.sampled_from("abc")},
)
tool = some.fixed_dictionaries(
    {},
    optional={
        "name": some.text(max_size=3),
        "input_schema": anything,
        "function": some.fixed_dictionaries(
            {"name": some.text(max_size=3)}, optional={"parameters": anything}
        ),
        "custom": some.fixed_dictionaries({"name": some.text(max_size=3)}, optional={"format": anything}),
        "strict": some.booleans(),
        "defer_loading": some.booleans(),
    },
)
request = some.fixed_dictionaries(
    {"model": some.just("m"), "messages": some.lists(message, max_size=4)},
    optional={
        "tools": some.lists(tool, max_size=3),
        "system": some.text(max_size=3),
        "tool_choice": anything,
        "thinking": some.fixed_dictionaries({"type": some.sampled_from(("enabled", "adaptive", "disabled"))}),
        "reasoning_effort": some.sampled_from(("low", "none", "x")),
        "new": anything,
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(request)
def test_made_up_requests_are_carried_or_refused(body: Body) -> None:
    """What is written is JSON with a model and messages; what is not written raised `Malformed`."""
    for cross in (to_chat, to_anthropic):
        for quirks in (Quirks(), QUIRKS):
            with suppress(Malformed):
                written = json.loads(cross(json.dumps(body).encode(), quirks).body)
                assert {"model", "messages"} <= written.keys()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.binary(max_size=80))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    """Bytes that are no request raise `Malformed` and nothing else."""
    for cross in (to_chat, to_anthropic):
        with pytest.raises(Malformed):
            cross(body)


HALF = "\\ud800"
ODD: dict[str, str] = {
    "half a surrogate in a text": f'"content":[{{"type":"text","text":"{HALF}"}}]',
    "half a surrogate in an input": (
        f'"content":[{{"type":"tool_use","id":"a","name":"b","input":{{"__raw":"{HALF}"}}}}]'
    ),
    "half a surrogate in arguments": (
        f'"content":null,"tool_calls":[{{"id":"a","function":{{"name":"b","arguments":"{HALF}"}}}}]'
    ),
    "a deep input": '"content":[{"type":"tool_use","id":"a","name":"b","input":'
    + "[" * 5000
    + "]" * 5000
    + "}]",
}


@pytest.mark.parametrize("fields", ODD.values(), ids=ODD)
def test_odd_bytes_inside_a_part_raise_nothing_else(fields: str) -> None:
    """What msgspec stumbles over inside a part is told like all else."""
    body = f'{{"model":"m","messages":[{{"role":"assistant",{fields}}}]}}'.encode()
    for cross in (to_chat, to_anthropic):
        with suppress(Malformed):
            cross(body)
