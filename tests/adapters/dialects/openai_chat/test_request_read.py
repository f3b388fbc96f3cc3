"""Reading requests of openai-chat: what the middle holds of them, for whichever dialect writes it."""

import json

import msgspec
import pytest

from adapters.conversation import (
    ChatRequest,
    Choice,
    Format,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Sampling,
    ServerTool,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from adapters.dialects.openai_chat.request_read import read_request
from adapters.fault import Malformed

PLACE = "messages[0].content[0]"
HI = {"role": "user", "content": "Hi"}


def read(**fields: object) -> ChatRequest:
    """Read a request with these fields."""
    return read_request(json.dumps({"model": "m", "messages": [], **fields}, separators=(",", ":")).encode())


def raw(text: bytes) -> msgspec.Raw:
    """JSON as it came."""
    return msgspec.Raw(text)


def only_turn(message: dict[str, object]) -> Turn:
    """The turn that a message becomes after a user's."""
    return read(messages=[HI, {"role": "assistant", **message}]).turns[1]


def only_part(part: dict[str, object]) -> Part:
    """The part that a user's only part becomes."""
    (turn,) = read(messages=[{"role": "user", "content": [part]}]).turns
    return turn.parts[0]


def image(url: str, **fields: object) -> dict[str, object]:
    """An image part."""
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def file(**fields: object) -> dict[str, object]:
    """A file part."""
    return {"type": "file", "file": fields}


PARTS: dict[str, tuple[dict[str, object], Part]] = {
    "text": ({"type": "text", "text": "é日本🙂"}, Text("é日本🙂")),
    "a refusal": ({"type": "refusal", "refusal": "No."}, Refusal("No.")),
    "an image": (
        image("https://x", detail="high"),
        Media(kind="image", place=PLACE, url="https://x", detail="high"),
    ),
    "an image of any detail": (
        image("https://x", detail="auto"),
        Media(kind="image", place=PLACE, url="https://x"),
    ),
    "an image of bytes": (
        image("data:image/png;base64,QUJD"),
        Media(kind="image", place=PLACE, media_type="image/png", data="QUJD"),
    ),
    "an image of untyped bytes": (image("data:;base64,QUJD"), Media(kind="image", place=PLACE, data="QUJD")),
    "a sound": (
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        Media(kind="audio", place=PLACE, media_type="audio/wav", data="QUJD"),
    ),
    "a file": (
        file(filename="a.pdf", file_data="data:application/pdf;base64,QUJD"),
        Media(kind="document", place=PLACE, media_type="application/pdf", data="QUJD", name="a.pdf"),
    ),
    "a bare file": (
        file(filename="a.bin", file_data="QUJD"),
        Media(kind="document", place=PLACE, data="QUJD", name="a.bin"),
    ),
    "a file by its id": (file(file_id="f1"), Media(kind="document", place=PLACE, file="f1")),
    "an unknown part": (
        {"type": "new", "a": 1},
        Opaque("openai-chat", "new", PLACE, raw(b'{"type":"new","a":1}')),
    ),
}


@pytest.mark.parametrize(("given", "part"), PARTS.values(), ids=PARTS)
def test_a_part_is_read_by_its_kind(given: dict[str, object], part: Part) -> None:
    """Every kind of content has its part; what nobody knows keeps its bytes."""
    assert only_part(given) == part


CALL = {"id": "c1", "type": "function", "function": {"name": "x", "arguments": '{"a": 1}'}}
TURNS: dict[str, tuple[dict[str, object], Turn]] = {
    "words": ({"content": "a"}, Turn("assistant", (Text("a"),))),
    "nothing": ({"content": None}, Turn("assistant", ())),
    "calls": (
        {"tool_calls": [CALL, {"id": "c2", "function": {"name": "y"}}]},
        Turn("assistant", (ToolCall("c1", "x", '{"a": 1}'), ToolCall("c2", "y", ""))),
    ),
    "a freeform call": (
        {"tool_calls": [{"id": "c1", "type": "custom", "custom": {"name": "x", "input": "a"}}]},
        Turn("assistant", (ToolCall("c1", "x", "a", freeform=True),)),
    ),
    "everything in order": (
        {"reasoning_content": "hm", "content": "a", "refusal": "No.", "tool_calls": [CALL]},
        Turn(
            "assistant",
            (Thinking("hm", maker="openai-chat"), Text("a"), Refusal("No."), ToolCall("c1", "x", '{"a": 1}')),
        ),
    ),
    "thoughts by the other name": (
        {"reasoning": "hm"},
        Turn("assistant", (Thinking("hm", maker="openai-chat"),)),
    ),
    "a sound said before": (
        {"audio": {"id": "a1"}},
        Turn("assistant", (Opaque("openai-chat", "audio", "messages[1].audio", raw(b'{"id":"a1"}')),)),
    ),
    "an old call": (
        {"function_call": {"name": "x", "arguments": None}},
        Turn("assistant", (ToolCall("messages_1", "x", ""),)),
    ),
    "a result": (
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a"}]},
        Turn("user", (ToolResult(id="c1", parts=(Text("a"),), place="messages[1]"),)),
    ),
    "a developer later": ({"role": "developer", "content": "a"}, Turn("system", (Text("a"),))),
}


@pytest.mark.parametrize(("message", "turn"), TURNS.values(), ids=TURNS)
def test_a_message_is_read_as_a_turn(message: dict[str, object], turn: Turn) -> None:
    """Thoughts come first, then words, then calls; a tool's message is the user's turn."""
    assert only_turn(message) == turn


def test_the_first_messages_of_a_system_lead() -> None:
    """System and developer messages before the first turn are the system, text by text."""
    lead = [{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}]
    request = read(messages=[*lead, HI])
    assert (request.system, request.turns) == ((Text("a"), Text("b")), (Turn("user", (Text("Hi"),)),))


READ: dict[str, tuple[dict[str, object], ChatRequest]] = {
    "nothing": ({}, ChatRequest(dialect="openai-chat", model="m")),
    "nulls": (
        {"stop": None, "tools": None, "user": None, "stream": None, "n": None, "reasoning_effort": None},
        ChatRequest(dialect="openai-chat", model="m"),
    ),
    "settings": (
        {
            "max_tokens": 5,
            "stop": "a",
            "user": "u",
            "service_tier": "flex",
            "n": 2,
            "stream": True,
            "stream_options": {"include_usage": True, "new": 1},
            "parallel_tool_calls": False,
        },
        ChatRequest(
            dialect="openai-chat",
            model="m",
            max_tokens=5,
            stop=("a",),
            user="u",
            service_tier="flex",
            answers=2,
            stream=True,
            include_usage=True,
            parallel=False,
        ),
    ),
    "sampling": (
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 3,
            "seed": 7,
            "frequency_penalty": 0.1,
            "presence_penalty": 0.2,
            "logprobs": True,
            "top_logprobs": 4,
        },
        ChatRequest(
            dialect="openai-chat",
            model="m",
            sampling=Sampling(0.5, 0.9, 3, 7, 0.1, 0.2, logprobs=True, top_logprobs=4),
        ),
    ),
    "usage not wanted": (
        {"stream": True, "stream_options": {"include_usage": False}},
        ChatRequest(dialect="openai-chat", model="m", stream=True),
    ),
    "what nobody else knows": (
        {"store": False, "metadata": {"a": "b"}},
        ChatRequest(
            dialect="openai-chat", model="m", extras={"store": raw(b"false"), "metadata": raw(b'{"a":"b"}')}
        ),
    ),
    "an effort": (
        {"reasoning_effort": "xhigh"},
        ChatRequest(dialect="openai-chat", model="m", reasoning=Reasoning("xhigh")),
    ),
    "no effort": (
        {"reasoning_effort": "none"},
        ChatRequest(dialect="openai-chat", model="m", reasoning=Reasoning("none", thinks=False)),
    ),
    "any JSON": (
        {"response_format": {"type": "json_object"}},
        ChatRequest(dialect="openai-chat", model="m", format=Format(name="")),
    ),
    "a schema": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "r", "description": "d", "schema": {}, "strict": True},
            }
        },
        ChatRequest(dialect="openai-chat", model="m", format=Format(raw(b"{}"), "r", "d", strict=True)),
    ),
}


@pytest.mark.parametrize(("fields", "request_read"), READ.values(), ids=READ)
def test_settings_are_read_each_to_its_place(fields: dict[str, object], request_read: ChatRequest) -> None:
    """What all dialects share has a field, the rest keeps its bytes under its name."""
    assert read(**fields) == request_read


FUNCTION = {"type": "function", "function": {"name": "x", "parameters": {}}}
OTHER = {"type": "function", "function": {"name": "y", "description": "d", "strict": False}}
X = Tool(name="x", schema=raw(b"{}"))
Y = Tool(name="y", description="d", strict=False)


def test_tools_are_functions_freeform_or_the_providers() -> None:
    """Each kind of tool is told apart; one nobody knows keeps its bytes."""
    custom = {"type": "custom", "custom": {"name": "z", "format": {"type": "text"}}}
    request = read(tools=[FUNCTION, custom, {"type": "new"}], functions=[OTHER["function"]])
    assert request.tools == (
        X,
        Tool(name="z", freeform=True, grammar=raw(b'{"type":"text"}')),
        ServerTool("openai-chat", "new", "new", raw(b'{"type":"new"}')),
        Y,
    )


SOME = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "y"}}]}
CHOICES: dict[str, tuple[dict[str, object], Choice | None, tuple[Tool, ...]]] = {
    "none said": ({}, None, (X, Y)),
    "required": ({"tool_choice": "required"}, Choice("any"), (X, Y)),
    "a function": ({"tool_choice": FUNCTION}, Choice("one", "x"), (X, Y)),
    "a freeform tool": ({"tool_choice": {"custom": {"name": "z"}}}, Choice("one", "z"), (X, Y)),
    "an old function": ({"function_call": {"name": "x"}}, Choice("one", "x"), (X, Y)),
    "an old word": ({"function_call": "none"}, Choice("none"), (X, Y)),
    "some": ({"tool_choice": {"allowed_tools": SOME}}, Choice("auto"), (Y,)),
    "an object of nothing": ({"tool_choice": {}}, None, (X, Y)),
}


@pytest.mark.parametrize(("fields", "choice", "tools"), CHOICES.values(), ids=CHOICES)
def test_a_choice_is_read_in_every_spelling(
    fields: dict[str, object], choice: Choice | None, tools: tuple[Tool, ...]
) -> None:
    """A word, a function, a freeform tool, the old field, or some tools of the list."""
    request = read(tools=[FUNCTION, OTHER], **fields)
    assert (request.choice, request.tools) == (choice, tools)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The request body is empty; a JSON object is expected."),
        (b"[]", "The request body must be a JSON object, not an array."),
        (b'{"model":"m"}', "The request body is wrong: Object missing required field `messages`."),
        (b'{"model":"m","messages":[{"content":"a"}]}', "The request body is wrong"),
        (b'{"messages":[]}', "`model` is required."),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, words: str) -> None:
    """The reason is in words."""
    with pytest.raises(Malformed) as caught:
        read_request(body)
    assert str(caught.value).startswith(words)
