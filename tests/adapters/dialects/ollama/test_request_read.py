"""Requests of ollama, read into the middle."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import ollama
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.conversation import (
    ChatRequest,
    Format,
    Media,
    Part,
    Reasoning,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    Turn,
)
from adapters.dialects.ollama.request_read import read_request
from adapters.fault import Malformed
from tests.adapters.dialects.ollama.sdk import sent_by

HI = {"role": "user", "content": "Hi"}
PNG, JPEG = "iVBORw0KGgoAAA", "/9j/4AAQ"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


def read(path: str = "/api/chat", **fields: Any) -> ChatRequest:
    """A request with these fields."""
    return read_request(json.dumps({"model": "m", **fields}).encode(), path)


def call(name: str, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    """A call of a message."""
    return {**fields, "function": {"name": name, "arguments": arguments}}


def image(data: str, place: str, kind: str = "") -> Media:
    """An image as it is read."""
    return Media(kind="image", place=place, media_type=kind, data=data)


TURNS: dict[str, tuple[dict[str, Any], Turn]] = {
    "text": (HI, Turn("user", (Text("Hi"),))),
    "nothing": ({"role": "user"}, Turn("user", (Text(""),))),
    "a role in capitals": ({"role": "User", "content": "Hi"}, Turn("user", (Text("Hi"),))),
    "an image": (
        {"role": "user", "content": "", "images": [PNG]},
        Turn("user", (image(PNG, "messages[0].images[0]", "image/png"),)),
    ),
    "images before their text": (
        {"role": "user", "content": "Look", "images": [JPEG, "QUJD"]},
        Turn(
            "user",
            (
                image(JPEG, "messages[0].images[0]", "image/jpeg"),
                image("QUJD", "messages[0].images[1]"),
                Text("Look"),
            ),
        ),
    ),
    "an answer": ({"role": "assistant", "content": "a"}, Turn("assistant", (Text("a"),))),
    "an empty answer": ({"role": "assistant", "content": ""}, Turn("assistant", (Text(""),))),
    "thinking": (
        {"role": "assistant", "content": "a", "thinking": "hm"},
        Turn("assistant", (Thinking("hm", maker="ollama"), Text("a"))),
    ),
    "calls without ids": (
        {"role": "assistant", "content": "", "tool_calls": [call("f", {"a": 1}), call("g")]},
        Turn("assistant", (ToolCall("call_0_0", "f", '{"a": 1}'), ToolCall("call_0_1", "g", "{}"))),
    ),
    "calls with ids": (
        {"role": "assistant", "tool_calls": [call("f", {}, id="x")]},
        Turn("assistant", (ToolCall("x", "f", "{}"),)),
    ),
    "arguments we wrapped": (
        {"role": "assistant", "tool_calls": [call("f", {"__raw": "[1"}, id="x")]},
        Turn("assistant", (ToolCall("x", "f", "[1"),)),
    ),
    "an image of an answer": (
        {"role": "assistant", "images": ["QUJD"]},
        Turn("assistant", (image("QUJD", "messages[0].images[0]"),)),
    ),
}


@pytest.mark.parametrize(("message", "turn"), TURNS.values(), ids=TURNS)
def test_a_message_is_a_turn(message: dict[str, Any], turn: Turn) -> None:
    """Each role's fields become parts, in the order a model sees them."""
    assert read(messages=[message]).turns == (turn,)


def test_system_messages_before_the_first_turn_are_the_system() -> None:
    """A later one is a turn where it stands."""
    request = read(messages=[{"role": "system", "content": word} for word in "ab"] + [HI])
    assert (request.system, len(request.turns)) == ((Text("a"), Text("b")), 1)
    later = read(messages=[HI, {"role": "system", "content": "c"}])
    assert (later.system, later.turns[1]) == ((), Turn("system", (Text("c"),)))


def results(*answers: dict[str, Any], calls: list[dict[str, Any]] | None = None) -> list[str]:
    """The ids that results answer, after calls of f, g and f."""
    made = calls or [call("f"), call("g"), call("f")]
    tools = [{"role": "tool", "content": "r", **answer} for answer in answers]
    turns = read(messages=[{"role": "assistant", "tool_calls": made}, *tools]).turns[1:]
    parts: list[Part] = [part for turn in turns for part in turn.parts]
    return [part.id for part in parts if isinstance(part, ToolResult)]


PAIRS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "in order": ([{}, {}, {}], ["call_0_0", "call_0_1", "call_0_2"]),
    "by name": (
        [{"tool_name": "g"}, {"tool_name": "f"}, {"tool_name": "f"}],
        ["call_0_1", "call_0_0", "call_0_2"],
    ),
    "by a name nobody has": ([{"tool_name": "h"}], ["call_0_0"]),
    "by an id nobody has": ([{"tool_call_id": "x", "tool_name": "g"}], ["call_0_1"]),
    "by id": ([{"tool_call_id": "call_0_2", "tool_name": "f"}, {}], ["call_0_2", "call_0_0"]),
}


@pytest.mark.parametrize(("answers", "answered"), PAIRS.values(), ids=PAIRS)
def test_results_are_paired_with_their_calls(answers: list[dict[str, Any]], answered: list[str]) -> None:
    """By id, else by the name of the tool, else in order; no call is answered twice."""
    assert results(*answers) == answered


def test_a_result_goes_to_the_call_of_its_id() -> None:
    """Ids of the client's are kept."""
    calls = [call("f", id="a"), call("f", id="b")]
    assert results({"tool_call_id": "b"}, {"tool_call_id": "a"}, calls=calls) == ["b", "a"]


def test_a_result_may_show_an_image() -> None:
    """It is a part of the result, with the place it came from."""
    message = {"role": "tool", "content": "seen", "images": [PNG]}
    (part,) = read(messages=[{"role": "assistant", "tool_calls": [call("f")]}, message]).turns[1].parts
    shown = image(PNG, "messages[1].images[0]", "image/png")
    assert part == ToolResult(id="call_0_0", parts=(shown, Text("seen")), place="messages[1]")


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({}, {"stream": True, "reasoning": None, "format": None, "max_tokens": None, "stop": ()}),
    "no stream": ({"stream": False}, {"stream": False}),
    "a limit": ({"options": {"num_predict": 7}}, {"max_tokens": 7, "extras": {}}),
    "no limit": (
        {"options": {"num_predict": -1}},
        {"max_tokens": None, "extras": {"options.num_predict": msgspec.Raw(b"-1")}},
    ),
    "sampling": (
        {
            "options": {"temperature": 0, "top_p": 0.5, "top_k": 4, "seed": 1, "presence_penalty": 1},
            "logprobs": True,
            "top_logprobs": 2,
        },
        {"sampling": Sampling(0.0, 0.5, 4, 1, None, 1.0, logprobs=True, top_logprobs=2)},
    ),
    "stops": ({"options": {"stop": ["a", "b"]}}, {"stop": ("a", "b")}),
    "one stop": ({"options": {"stop": "a"}}, {"stop": ("a",)}),
    "what only Ollama knows": (
        {"options": {"min_p": 0.1, "num_ctx": 8192}, "keep_alive": "5m", "truncate": True},
        {
            "extras": {
                "keep_alive": msgspec.Raw(b'"5m"'),
                "truncate": msgspec.Raw(b"true"),
                "options.min_p": msgspec.Raw(b"0.1"),
                "options.num_ctx": msgspec.Raw(b"8192"),
            }
        },
    ),
    "thinking": ({"think": True}, {"reasoning": Reasoning()}),
    "no thinking": ({"think": False}, {"reasoning": Reasoning("none", thinks=False)}),
    "a level": ({"think": "max"}, {"reasoning": Reasoning("max")}),
    "an empty level": ({"think": ""}, {"reasoning": None}),
    "any JSON": ({"format": "json"}, {"format": Format(name="")}),
    "no format": ({"format": ""}, {"format": None}),
    "a schema": ({"format": {"a": 1}}, {"format": Format(msgspec.Raw(b'{"a": 1}'))}),
    "a tool": (
        {"tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}]},
        {"tools": (Tool(name="f", description="d", schema=msgspec.Raw(b"{}")),)},
    ),
    "a tool of its name alone": ({"tools": [{"function": {"name": "f"}}]}, {"tools": (Tool(name="f"),)}),
}


@pytest.mark.parametrize(("fields", "read_as"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_read(fields: dict[str, Any], read_as: dict[str, Any]) -> None:
    """What others know has its place, and what nobody else knows is kept as it came."""
    request = read(messages=[HI], **fields)
    assert (request.dialect, request.model, request.include_usage) == ("ollama", "m", True)
    assert {name: getattr(request, name) for name in read_as} == read_as


def test_a_prompt_is_one_turn() -> None:
    """The system, the images and the prompt of /api/generate; what is no chat's is named."""
    fields = {"system": "s", "prompt": "p", "images": ["QUJD"], "raw": True, "template": "{{ . }}"}
    request = read("/api/generate", **fields, suffix="", context=[], keep_alive=0)
    assert request.system == (Text("s"),)
    assert request.turns == (Turn("user", (image("QUJD", "images[0]"), Text("p"))),)
    assert request.unread == ("raw", "template")
    assert request.extras == {"keep_alive": msgspec.Raw(b"0")}


def test_a_request_that_only_loads_a_model_says_nothing() -> None:
    """It has no turn, on either path."""
    assert read("/api/generate").turns == read().turns == read(messages=None).turns == ()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a role": ({"messages": [{"role": "robot"}]}, "`messages[0].role` 'robot' is not known."),
    "no role": ({"messages": [{}]}, "missing required field `role`"),
    "parts": (
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        "`messages[0].content` must be a string, not an array.",
    ),
    "a result of nothing": ({"messages": [{"role": "tool", "content": "x"}]}, "`messages[0]`: no tool call"),
    "an image for the system": (
        {"messages": [{"role": "system", "content": "", "images": ["QUJD"]}]},
        "`messages[0].images`: only text can stand in a system message.",
    ),
    "a tool without a function": ({"tools": [{"type": "function"}]}, "`tools[0]`: "),
    "a schema that is none": (
        {"tools": [{"function": {"name": "f", "parameters": [1]}}]},
        "`tools[0].function.parameters` must be an object.",
    ),
    "a format": ({"format": "xml"}, '`format` must be "json" or a JSON schema.'),
    "a level": ({"think": "loud"}, "`think` must be a boolean or one of low, medium, high, max."),
    "an option": ({"options": {"top_k": "x"}}, "`options`: Expected `int | null`, got `str`"),
    "no model": ({"model": ""}, "`model` must not be empty."),
}


@pytest.mark.parametrize(("fields", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    """The place and the reason are told."""
    with pytest.raises(Malformed) as caught:
        read(**fields)
    assert message in str(caught.value)


@pytest.mark.parametrize("fields", [{"suffix": "x"}, {"context": [1]}])
def test_what_no_chat_can_hold_is_refused(fields: dict[str, Any]) -> None:
    """A text to end with and a conversation in tokens are content: they are not dropped."""
    with pytest.raises(Malformed, match=f"`{next(iter(fields))}` cannot be carried"):
        read("/api/generate", prompt="p", **fields)


def test_what_the_sdk_sends_is_read() -> None:
    """A tool loop of the official SDK, which knows no ids, and its options."""

    def get_weather(city: str) -> str:
        """Get the weather.

        Args:
          city: The city.

        """
        return city

    messages: list[dict[str, Any] | ollama.Message] = [
        {"role": "user", "content": "Weather?", "images": [b"\x89PNG\r\n\x1a\n...."]},
        ollama.Message(
            role="assistant",
            thinking="hm",
            tool_calls=[
                ollama.Message.ToolCall(
                    function=ollama.Message.ToolCall.Function(name="get_weather", arguments={"city": "x"})
                )
            ],
        ),
        {"role": "tool", "tool_name": "get_weather", "content": "sunny"},
    ]
    body, path = sent_by(
        lambda client: client.chat(
            "m",
            messages,
            tools=[get_weather],
            think="high",
            format=SCHEMA,
            options=ollama.Options(temperature=0.5, num_ctx=4096),
            keep_alive="1m",
        )
    )
    request = read_request(body, path)
    shown, asked = request.turns[0].parts
    assert isinstance(shown, Media)
    assert (shown.media_type, asked) == ("image/png", Text("Weather?"))
    assert request.turns[1].parts[1:] == (ToolCall("call_1_0", "get_weather", '{"city":"x"}'),)
    answer = ToolResult(id="call_1_0", parts=(Text("sunny"),), place="messages[2]")
    assert request.turns[2].parts == (answer,)
    assert [tool.name for tool in request.tools] == ["get_weather"]
    assert (request.reasoning, request.sampling.temperature) == (Reasoning("high"), 0.5)
    assert request.extras.keys() == {"keep_alive", "options.num_ctx"}
    assert not request.stream


def test_a_prompt_the_sdk_sends_is_read() -> None:
    """The official SDK's generate, streamed."""
    body, path = sent_by(lambda client: list(client.generate("m", "Why?", system="Be brief.", stream=True)))
    request = read_request(body, path)
    assert (request.system, request.turns) == ((Text("Be brief."),), (Turn("user", (Text("Why?"),)),))
    assert request.stream


anything = some.recursive(
    some.none() | some.booleans() | some.integers(-2, 9) | some.text(max_size=3),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(
                "role content images tool_calls function name arguments id tool_name".split()  # noqa: SIM905
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
FIELDS = "messages tools format options think prompt system images suffix context raw stream".split()  # noqa: SIM905


@settings(max_examples=150, deadline=None, derandomize=True)
@given(some.dictionaries(some.sampled_from(FIELDS), anything, max_size=4) | some.binary(max_size=40))
def test_nothing_but_malformed_is_raised(body: dict[str, Any] | bytes) -> None:
    """Whatever arrives is a request or is refused in words."""
    data = body if isinstance(body, bytes) else json.dumps({"model": "m", **body}).encode()
    for path in ("/api/chat", "/api/generate"):
        with suppress(Malformed):
            assert read_request(data, path).model == "m"
