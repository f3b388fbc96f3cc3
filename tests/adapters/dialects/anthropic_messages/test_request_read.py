"""Reading requests of anthropic-messages: what the middle holds of them, for whichever dialect writes it."""

import json
from typing import get_type_hints

import msgspec
import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming

from adapters.conversation import (
    ChatRequest,
    Choice,
    Format,
    Media,
    Opaque,
    Part,
    Reasoning,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolReference,
    ToolResult,
    Turn,
)
from adapters.dialects.anthropic_messages.request_read import NAME, read_request
from adapters.dialects.anthropic_messages.request_wire import CARRIED, KNOWN
from adapters.fault import Malformed
from adapters.seal import sealed

MARK = b'{"type":"ephemeral"}'
PLACE = "messages[0].content[0]"


def read(**fields: object) -> ChatRequest:
    """Read a request with these fields."""
    return read_request(json.dumps({"model": "m", "messages": [], **fields}, separators=(",", ":")).encode())


def raw(text: bytes) -> msgspec.Raw:
    """JSON as it came."""
    return msgspec.Raw(text)


def only_part(block: object) -> Part:
    """The part that a user's only block becomes."""
    (turn,) = read(messages=[{"role": "user", "content": [block]}]).turns
    (part,) = turn.parts
    return part


def image(**source: object) -> dict[str, object]:
    """An image block."""
    return {"type": "image", "source": source}


def document(**source: object) -> dict[str, object]:
    """A document block with a title."""
    return {"type": "document", "title": "t", "source": source}


PARTS: dict[str, tuple[dict[str, object], Part]] = {
    "text": ({"type": "text", "text": "é日本🙂"}, Text("é日本🙂")),
    "marked text": (
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}, "citations": None},
        Text("a", raw(MARK)),
    ),
    "cited text": ({"type": "text", "text": "a", "citations": [1]}, Text("a", citations=raw(b"[1]"))),
    "text of nothing": ({"type": "text"}, Text("")),
    "thinking": ({"type": "thinking", "thinking": "hm", "signature": "s"}, Thinking("hm", "s", maker=NAME)),
    "unsigned thinking": (
        {"type": "thinking", "thinking": "hm", "signature": None},
        Thinking("hm", maker=NAME),
    ),
    "thinking another maker signed": (
        {"type": "thinking", "thinking": "", "signature": sealed("gemini", "s")},
        Thinking("", "s", maker="gemini"),
    ),
    "hidden thinking": ({"type": "redacted_thinking", "data": "x"}, Thinking("", redacted="x", maker=NAME)),
    "a call": (
        {"type": "tool_use", "id": "c1", "name": "Read", "input": {"a": [1]}},
        ToolCall("c1", "Read", '{"a":[1]}'),
    ),
    "a call without input": ({"type": "tool_use", "id": "c1", "name": "Read"}, ToolCall("c1", "Read", "{}")),
    "a call with broken input": (
        {"type": "tool_use", "id": "c1", "name": "Read", "input": {"__raw": "{"}},
        ToolCall("c1", "Read", "{"),
    ),
    "a call with more than that": (
        {"type": "tool_use", "id": "c1", "name": "Read", "input": {"__raw": "{", "b": "c"}},
        ToolCall("c1", "Read", '{"__raw":"{","b":"c"}'),
    ),
    "a result": (
        {"type": "tool_result", "tool_use_id": "c1", "content": "ok"},
        ToolResult(id="c1", parts=(Text("ok"),), place=PLACE),
    ),
    "a failed result": (
        {"type": "tool_result", "tool_use_id": "c1", "is_error": True},
        ToolResult(id="c1", parts=(), place=PLACE, is_error=True),
    ),
    "a result of blocks": (
        {
            "type": "tool_result",
            "tool_use_id": "c1",
            "content": [{"type": "tool_reference", "tool_name": "x"}, image(type="url", url="u")],
            "is_error": False,
            "cache_control": {"type": "ephemeral"},
        },
        ToolResult(
            id="c1",
            parts=(ToolReference("x"), Media(kind="image", place=f"{PLACE}.content[1]", url="u")),
            place=PLACE,
            cache=raw(MARK),
        ),
    ),
    "an image": (
        image(type="base64", media_type="image/png", data="QUJD"),
        Media(kind="image", place=PLACE, media_type="image/png", data="QUJD"),
    ),
    "an image of a file": (image(type="file", file_id="f1"), Media(kind="image", place=PLACE, file="f1")),
    "a document": (
        {**document(type="url", url="u"), "context": "c"},
        Media(kind="document", place=PLACE, url="u", name="t", context="c"),
    ),
    "a document of text": (
        document(type="text", media_type="text/plain", data="w"),
        Media(kind="document", place=PLACE, media_type="text/plain", text="w", name="t"),
    ),
    "an image from elsewhere": (
        image(type="new"),
        Opaque(
            "anthropic-messages",
            "image with a source of type new",
            PLACE,
            raw(b'{"type":"image","source":{"type":"new"}}'),
        ),
    ),
    "a search result": (
        {
            "type": "search_result",
            "source": "s",
            "title": "t",
            "content": [{"type": "text", "text": "w"}],
        },
        Opaque(
            "anthropic-messages",
            "search_result",
            PLACE,
            raw(b'{"type":"search_result","source":"s","title":"t","content":[{"type":"text","text":"w"}]}'),
            "t\ns\nw",
        ),
    ),
    "an unknown block": (
        {"type": "new", "text": [1]},
        Opaque("anthropic-messages", "new", PLACE, raw(b'{"type":"new","text":[1]}')),
    ),
}


@pytest.mark.parametrize(("block", "part"), PARTS.values(), ids=PARTS)
def test_a_block_is_read_as_its_part(block: dict[str, object], part: Part) -> None:
    """Every kind of block has its part; marks and what nobody knows keep their bytes."""
    assert only_part(block) == part


def test_turns_keep_their_order_and_their_sides() -> None:
    """Strings and lists are turns alike, a system turn among them."""
    messages = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": [{"type": "text", "text": "b"}]},
        {"role": "assistant", "content": []},
    ]
    turns = (Turn("user", (Text("a"),)), Turn("system", (Text("b"),)), Turn("assistant", ()))
    assert read(messages=messages).turns == turns


READ: dict[str, tuple[dict[str, object], ChatRequest]] = {
    "nothing": ({}, ChatRequest(dialect="anthropic-messages", model="m", include_usage=True)),
    "settings": (
        {
            "max_tokens": 5,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 3,
            "stop_sequences": ["a"],
            "metadata": {"user_id": "u"},
            "service_tier": "auto",
            "stream": True,
        },
        ChatRequest(
            dialect="anthropic-messages",
            model="m",
            max_tokens=5,
            sampling=Sampling(temperature=0.5, top_p=0.9, top_k=3),
            stop=("a",),
            user="u",
            service_tier="auto",
            stream=True,
            include_usage=True,
        ),
    ),
    "what nobody else knows": (
        {"new": {"a": 1}, "container": None},
        ChatRequest(
            dialect="anthropic-messages",
            model="m",
            include_usage=True,
            extras={"new": raw(b'{"a":1}'), "container": raw(b"null")},
        ),
    ),
    "what has no place": (
        {"output_config": {"effort": "extreme", "format": {"type": "new"}}},
        ChatRequest(
            dialect="anthropic-messages",
            model="m",
            include_usage=True,
            unread=("output_config.effort", "output_config.format"),
        ),
    ),
}


@pytest.mark.parametrize(("fields", "request_read"), READ.values(), ids=READ)
def test_settings_are_read_each_to_its_place(fields: dict[str, object], request_read: ChatRequest) -> None:
    """What all dialects share has a field, the rest keeps its bytes under its name."""
    assert read(**fields) == request_read


REASONING: dict[str, tuple[dict[str, object], Reasoning | None]] = {
    "not asked": ({}, None),
    "adaptive": ({"thinking": {"type": "adaptive", "display": "omitted"}}, Reasoning(display="omitted")),
    "with an effort": (
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        Reasoning("max"),
    ),
    "a budget": ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, Reasoning(budget=2000)),
    "disabled": ({"thinking": {"type": "disabled"}}, Reasoning("none", thinks=False)),
    "an effort alone": ({"output_config": {"effort": "low"}}, Reasoning("low", thinks=False)),
    "an effort of a turn": (
        {
            "output_config": {"effort": "low"},
            "messages": [{"role": "user", "content": "a", "output_config": {"effort": "xhigh"}}],
        },
        Reasoning("xhigh", thinks=False),
    ),
}


@pytest.mark.parametrize(("fields", "reasoning"), REASONING.values(), ids=REASONING)
def test_thinking_is_an_effort_or_a_budget(fields: dict[str, object], reasoning: Reasoning | None) -> None:
    """Thinking and effort are read together, and the last word on effort holds."""
    assert read(**fields).reasoning == reasoning


CHOICES: dict[str, tuple[object, Choice | None, bool | None]] = {
    "none said": (None, None, None),
    "auto": ({"type": "auto"}, Choice("auto"), None),
    "any, one by one": ({"type": "any", "disable_parallel_tool_use": True}, Choice("any"), False),
    "one": ({"type": "tool", "name": "x"}, Choice("one", "x"), None),
    "none": ({"type": "none"}, Choice("none"), None),
    "side by side": ({"type": "auto", "disable_parallel_tool_use": False}, Choice("auto"), True),
}


@pytest.mark.parametrize(("given", "choice", "parallel"), CHOICES.values(), ids=CHOICES)
def test_a_choice_says_which_and_how_many(
    given: object, choice: Choice | None, parallel: bool | None
) -> None:
    """The choice and whether calls may stand side by side are two things."""
    request = read(tool_choice=given)
    assert (request.choice, request.parallel) == (choice, parallel)


def test_tools_are_the_clients_or_the_providers() -> None:
    """A tool with a type of its own is the provider's and keeps its bytes."""
    tools = [
        {"name": "x", "description": "d", "input_schema": {"type": "object"}, "strict": True},
        {"name": "y", "defer_loading": True, "cache_control": {"type": "ephemeral"}},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "nameless"},
    ]
    schema = raw(b'{"type":"object"}')
    assert read(tools=tools).tools == (
        Tool(name="x", description="d", schema=schema, strict=True),
        Tool(name="y", deferred=True, cache=raw(MARK)),
        ServerTool(
            "anthropic-messages", "bash_20250124", "bash", raw(b'{"type":"bash_20250124","name":"bash"}')
        ),
        ServerTool("anthropic-messages", "nameless", "nameless", raw(b'{"type":"nameless"}')),
    )


def test_a_system_is_texts_and_a_format_a_strict_schema() -> None:
    """A string is one text; Anthropic's schema always binds."""
    assert read(system="a").system == (Text("a"),)
    assert read(system=[{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]).system == (
        Text("a"),
        Text("b"),
    )
    shape = read(output_config={"format": {"type": "json_schema", "schema": {}}}).format
    assert shape == Format(raw(b"{}"), strict=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The request body is empty; a JSON object is expected."),
        (b"[]", "The request body must be a JSON object, not an array."),
        (b'{"model":"m"}', "The request body is wrong: Object missing required field `messages`."),
        (b'{"model":"m","messages":[{"role":"user","content":1}]}', "`messages[0].content` must be"),
        (b'{"messages":[]}', "`model` is required."),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, words: str) -> None:
    """The reason is in words."""
    with pytest.raises(Malformed) as caught:
        read_request(body)
    assert str(caught.value).startswith(words)


def test_fields_nobody_else_knows_are_kept_as_they_came() -> None:
    """Extras are all that the middle has no place for, known to the SDK or not, but what is null."""
    known = read(container={"id": "c"}, speed=None)
    unknown = read(container={"id": "c"}, tomorrow=[1, 2])
    assert known.extras == {"container": raw(b'{"id":"c"}')}
    assert unknown.extras == {"container": raw(b'{"id":"c"}'), "tomorrow": raw(b"[1,2]")}


def test_every_field_of_the_sdk_is_read_in_one_go() -> None:
    """A body is decoded a second time only for fields that the official SDK does not have either."""
    headers = {"betas", "user_profile_id", "workspace_id"}
    fields = set(get_type_hints(MessageCreateParamsNonStreaming)) - headers
    assert fields <= KNOWN | set(CARRIED)


def test_a_block_of_a_new_kind_may_have_any_fields() -> None:
    """What a kind that is known here must have, one that is not need not."""
    block = {"type": "tomorrow", "text": {"not": "a string"}}
    request = read(messages=[{"role": "user", "content": [block]}])
    (part,) = request.turns[0].parts
    assert part == Opaque(NAME, "tomorrow", PLACE, raw(json.dumps(block, separators=(",", ":")).encode()))


CITING = {
    "a text": [{"type": "text", "text": "a", "citations": []}],
    "a document": [document(type="text", data="a") | {"citations": {"enabled": True}}],
    "a document in a result": [
        {
            "type": "tool_result",
            "tool_use_id": "c1",
            "content": [document(type="text", data="a") | {"citations": {"enabled": True}}],
        }
    ],
}


@pytest.mark.parametrize("content", CITING.values(), ids=CITING)
def test_citations_are_noticed(content: list[dict[str, object]]) -> None:
    """A request says that its parts are cited or may be, so that who cannot carry it can name it."""
    assert read(messages=[{"role": "user", "content": content}]).cited


def test_other_citations_are_not() -> None:
    """A tool may have a field of that name, and a text the word."""
    schema = {"type": "object", "properties": {"citations": {"type": "array"}}}
    words = [{"type": "text", "text": '"citations": 1', "citations": None}]
    tools = [{"name": "t", "input_schema": schema}]
    assert not read(messages=[{"role": "user", "content": words}], tools=tools).cited
