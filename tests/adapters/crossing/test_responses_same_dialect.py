"""A request of openai-responses read and written in its own dialect: what is said is said again."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.conversation import Quirks
from adapters.dialects import openai_responses
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import Body, crossed, decoded
from tests.agents.recordings import recordings

EFFORTS = Quirks(efforts=("none", "minimal", "low", "medium", "high", "xhigh", "max"))
# Names and states that a provider gives to what it made: nothing is said by them.
STATES = ("id", "status", "phase", "internal_chat_message_metadata_passthrough")
RECORDED = {
    recording.name: recording.request.body
    for recording in recordings()
    if "responses" in recording.request.path
}


def again(body: Body) -> Body:
    """A request through the middle and back."""
    dialect = openai_responses.DIALECT
    written = crossed(json.dumps(body).encode(), dialect, dialect, EFFORTS)
    assert (written.dropped, written.tools) == ((), {})
    return decoded(written)


def content_of(content: Any, role: str) -> list[Body]:
    """Content as parts: a string is one text, and what is meant without being said is said."""
    kind = "output_text" if role == "assistant" else "input_text"
    if isinstance(content, str):
        return [{"type": kind, "text": content}] if content else []
    parts = [
        {key: part[key] for key in part if key not in ("annotations", "logprobs")} for part in content or []
    ]
    return [{"detail": "auto", **part} if part["type"] == "input_image" else part for part in parts]


def plain(item: Body) -> Body:
    """An item without what says nothing, its content as parts; thoughts and searches are kept to the byte."""
    if item.get("type") in ("reasoning", "tool_search_output"):
        return item
    kept = {key: value for key, value in item.items() if key not in STATES}
    if "content" in kept or "role" in kept:
        kept["type"] = "message"
        kept["content"] = content_of(kept.get("content"), kept["role"])
    if "call_id" in kept and isinstance(kept.get("output"), str | list):
        kept["output"] = content_of(kept["output"], "user")
    return kept


def told(items: Any) -> list[Body]:
    """Items in one form: the messages of developers before the first turn are one."""
    given_items = [{"role": "user", "content": items}] if isinstance(items, str) else items
    shaped = [plain(item) for item in given_items]
    heads = 0
    while heads < len(shaped) and shaped[heads].get("role") in ("developer", "system"):
        heads += 1
    parts = [part for item in shaped[:heads] for part in item["content"]]
    head = [{"type": "message", "role": "developer", "content": parts}] if parts else []
    return [*head, *(item for item in shaped[heads:] if item.get("content", True))]


def must_be_said_again(body: Body) -> None:
    """The request comes out as it went in."""
    back = again(body)
    assert told(back.pop("input")) == told(body["input"])
    assert back == {key: value for key, value in body.items() if key != "input"}


@pytest.mark.parametrize("body", RECORDED.values(), ids=RECORDED)
def test_what_agents_sent_survives_the_middle(body: bytes) -> None:
    """Every item, tool and setting of a recorded request comes out again."""
    sent = json.loads(body)
    if not sent.get("tools", True):
        # A choice among no tools is refused by the provider.
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            del sent[name]
    must_be_said_again(sent)


SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION: Body = {"type": "function", "name": "f", "parameters": SCHEMA, "output_schema": {}, "strict": None}
CUSTOM: Body = {
    "type": "custom",
    "name": "p",
    "format": {"type": "grammar", "syntax": "regex", "definition": "a+"},
}
SPACE: Body = {"type": "namespace", "name": "n", "description": "d", "tools": [FUNCTION, CUSTOM]}
SEARCH: Body = {"type": "tool_search", "execution": "client", "description": "s", "parameters": SCHEMA}
TOOLS: list[Body] = [
    FUNCTION,
    CUSTOM,
    SPACE,
    {**SPACE, "name": "m"},
    SEARCH,
    {"type": "function", "name": "tool_search", "parameters": None},
    {"type": "web_search", "filters": {"allowed_domains": ["x"]}},
    {"type": "mcp", "server_label": "l", "server_url": "https://x"},
]
REQUESTS: dict[str, Body] = {
    "instructions": {
        "instructions": "Be kind.",
        "input": [{"role": "developer", "content": "a"}, {"role": "user", "content": "b"}],
    },
    "a system alone": {"input": "Hi", "instructions": "a"},
    "tools": {"tools": TOOLS, "parallel_tool_calls": False},
    "a forced function": {"tools": TOOLS, "tool_choice": {"type": "function", "name": "f"}},
    "a forced custom tool": {"tools": [CUSTOM], "tool_choice": {"type": "custom", "name": "p"}},
    "a forced search": {"tools": [SEARCH], "tool_choice": {"type": "tool_search"}},
    "a forced hosted tool": {"tools": TOOLS, "tool_choice": {"type": "web_search"}},
    "a forced server": {"tools": TOOLS, "tool_choice": {"type": "mcp", "server_label": "l"}},
    "no choice": {"tools": TOOLS, "tool_choice": "none"},
    "settings": {
        "max_output_tokens": 16,
        "temperature": 1.5,
        "top_p": 0.5,
        "reasoning": {"effort": "minimal", "summary": "detailed"},
        "text": {
            "verbosity": "high",
            "format": {"type": "json_schema", "name": "r", "schema": SCHEMA, "strict": False},
        },
        "user": "u" * 80,
        "service_tier": "ultrafast",
        "stream": True,
        "store": True,
        "truncation": "auto",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "client_metadata": {"a": 1},
        "stream_options": {"include_obfuscation": False},
    },
    "any JSON": {"text": {"format": {"type": "json_object"}}, "reasoning": {"effort": "none"}},
    "hosted items": {
        "input": [
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
            {"type": "compaction", "encrypted_content": "gAAA"},
            {"type": "additional_tools", "role": "developer", "tools": [FUNCTION]},
            {
                "role": "user",
                "content": [{"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}}],
            },
            {
                "role": "user",
                "content": [{"type": "hologram"}, {"type": "input_file", "file_id": "x", "detail": "low"}],
            },
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            {"role": "user", "content": [{"type": "input_file", "file_url": "https://x", "filename": "a"}]},
        ]
    },
    "a named search and its function": {
        "tools": [SEARCH],
        "input": [
            {"type": "function_call", "call_id": "1", "name": "tool_search", "arguments": ""},
            {"type": "function_call_output", "call_id": "1", "output": []},
            {"type": "tool_search_call", "call_id": "2", "execution": "client", "arguments": "broken"},
        ],
    },
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_survives_the_middle(name: str) -> None:
    """Tools, choices, settings, hosted items and media of OpenAI's own come out as they went in."""
    must_be_said_again({"model": "m", "input": "Hi", **REQUESTS[name]})


def test_some_tools_are_kept_by_offering_no_others() -> None:
    """A choice among some is written as what it means."""
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}
    back = again({"model": "m", "input": "Hi", "tools": [FUNCTION, CUSTOM], "tool_choice": allowed})
    assert (back["tools"], back["tool_choice"]) == ([FUNCTION], "required")


def test_what_a_search_found_is_not_listed_twice() -> None:
    """Found tools stand where they were found; a request with no others has no list."""
    search = {"type": "tool_search_output", "call_id": "1", "execution": "client", "tools": [SPACE]}
    items = [{"type": "tool_search_call", "call_id": "1", "execution": "client", "arguments": {}}, search]
    assert "tools" not in again({"model": "m", "input": items})


def test_a_field_the_provider_refuses_is_dropped_by_name() -> None:
    """A box that does not know a setting is not sent it."""
    dialect, body = openai_responses.DIALECT, {"model": "m", "input": "Hi", "metadata": {}, "store": False}
    written = crossed(json.dumps(body).encode(), dialect, dialect, Quirks(refuses=frozenset({"metadata"})))
    assert decoded(written).keys() == {"model", "input", "store"}
    assert written.dropped == ("metadata",)


# --- made up ------------------------------------------------------------------------------------------

words = some.text(min_size=1, max_size=5)
names = some.sampled_from(("f", "g", "tool_search"))
ids = some.sampled_from("abc")
detail = some.sampled_from(("low", "high", "original"))
part = some.one_of(
    some.builds(lambda text: {"type": "input_text", "text": text}, words),
    some.builds(
        lambda how: {"type": "input_image", "image_url": "data:image/png;base64,QUJD", "detail": how}, detail
    ),
    some.builds(lambda url: {"type": "input_file", "file_url": url}, words),
)
said = some.lists(
    some.builds(lambda text: {"type": "output_text", "text": text}, words), min_size=1, max_size=3
)
item = some.one_of(
    some.builds(
        lambda role, parts: {"role": role, "content": parts},
        some.just("user"),
        some.lists(part, min_size=1, max_size=3),
    ),
    some.builds(lambda text: {"role": "developer", "content": text}, words),
    some.builds(lambda parts: {"type": "message", "role": "assistant", "content": parts}, said),
    some.builds(
        lambda identity, name, text: {
            "type": "function_call",
            "call_id": identity,
            "name": name,
            "arguments": text,
        },
        ids,
        names,
        some.text(max_size=4),
    ),
    some.builds(
        lambda identity, text: {
            "type": "custom_tool_call",
            "call_id": f"p{identity}",
            "name": "p",
            "input": text,
        },
        ids,
        some.text(max_size=4),
    ),
    some.builds(
        lambda identity, output: {"type": "function_call_output", "call_id": identity, "output": output},
        ids,
        some.text(max_size=4) | some.lists(part, min_size=1, max_size=3),
    ),
    some.builds(
        lambda text, bound: {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": text}],
            "encrypted_content": bound,
        },
        words,
        some.text("ab=", max_size=3),
    ),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.lists(item, max_size=6))
def test_made_up_conversations_survive_the_middle(items: list[Body]) -> None:
    """Whatever order items stand in, they come out in that order, with all that they say."""
    must_be_said_again({"model": "m", "input": [*items, {"role": "user", "content": "Hi"}]})


anything = some.recursive(
    some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=4) | names,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "role content call_id name arguments input output tools summary encrypted_content execution text action"
    " id image_url file_data filename file_id detail parameters format strict namespace defer_loading type"
)
KINDS = (
    "message reasoning function_call function_call_output custom_tool_call custom_tool_call_output"
    " tool_search_call tool_search_output compaction compaction_trigger web_search_call item_reference"
    " additional_tools mcp_call function custom namespace tool_search input_text input_image input_file new"
)
thing = some.dictionaries(some.sampled_from(FIELDS.split()), anything, max_size=5).flatmap(
    lambda fields: some.sampled_from(KINDS.split()).map(lambda kind: {**fields, "type": kind})
)
wild = some.fixed_dictionaries(
    {"model": some.just("m"), "input": some.text(max_size=3) | some.lists(thing, max_size=4)},
    optional={
        "tools": some.lists(thing, max_size=3),
        "tool_choice": thing | some.sampled_from(("auto", "required", "none", "x")),
        "reasoning": some.dictionaries(some.sampled_from(("effort", "summary")), anything),
        "text": some.dictionaries(some.sampled_from(("format", "verbosity")), thing | anything),
        "new": anything,
    },
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(wild)
def test_made_up_requests_are_carried_or_refused(body: Body) -> None:
    """What is written is JSON with a model and an input; what is not written raised `Malformed`."""
    try:
        back = again(body)
    except Malformed:
        return
    except AssertionError:
        return  # a setting whose value has no place was dropped by name
    assert {"model", "input"} <= back.keys()


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.binary(max_size=80))
def test_any_bytes_are_refused_in_words(body: bytes) -> None:
    """Bytes that are no request raise `Malformed` and nothing else."""
    dialect = openai_responses.DIALECT
    with pytest.raises(Malformed):
        crossed(body, dialect, dialect, EFFORTS)
