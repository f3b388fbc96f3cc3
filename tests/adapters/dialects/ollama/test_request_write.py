"""Requests of ollama, written out of the middle."""

import json
from typing import Any

import msgspec
import pytest
from ollama._types import ChatRequest as ChatRequestOfSdk

from adapters.conversation import (
    ChatRequest,
    Choice,
    ClientTool,
    Format,
    Media,
    Opaque,
    Part,
    Quirks,
    Reasoning,
    Refusal,
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
from adapters.dialects.ollama.request_read import read_request
from adapters.dialects.ollama.request_write import write_request
from adapters.fault import Malformed

HI = Turn("user", (Text("Hi"),))
CALL = ToolCall("a", "f", '{"x": 1}')
RAW = msgspec.Raw(b"{}")
TOOL = Tool(name="f", description="d", schema=msgspec.Raw(b'{"type":"object"}'))
EVERY_LEVEL = Quirks(efforts=("low", "medium", "high", "max"))


def request(*turns: Turn, **fields: Any) -> ChatRequest:
    """A request of another dialect, of these turns or of one."""
    return ChatRequest(**{"dialect": "anthropic-messages", "model": "m", "turns": turns or (HI,), **fields})


def body(*turns: Turn, quirks: Quirks | None = None, **fields: Any) -> dict[str, Any]:
    """What is written of a request."""
    decoded: dict[str, Any] = json.loads(write_request(request(*turns, **fields), quirks or Quirks()).body)
    return decoded


def messages(*parts: Part) -> list[dict[str, Any]]:
    """What is written of one turn of the user."""
    told: list[dict[str, Any]] = body(Turn("user", parts))["messages"]
    return told


def picture(data: str | None = "QUJD", **fields: Any) -> Media:
    """An image."""
    return Media(kind="image", place="messages[0].content[1]", media_type="image/png", data=data, **fields)


def document(**fields: Any) -> Media:
    """A document."""
    return Media(kind="document", place="messages[0].content[1]", **fields)


USER: dict[str, tuple[tuple[Part, ...], dict[str, Any]]] = {
    "texts": ((Text("a"), Text(""), Text("b")), {"content": "a\n\nb"}),
    "texts that were cut to cite": (
        (Text("a "), Text("b", citations=msgspec.Raw(b"[]"))),
        {"content": "a b"},
    ),
    "an image": ((Text("a"), picture(), Text("b")), {"content": "a\n\nb", "images": ["QUJD"]}),
    "a text document": (
        (document(text="words", name="n.txt", context="c"),),
        {"content": "n.txt\n\nc\n\nwords"},
    ),
    "an encoded text": (
        (document(media_type="text/plain", data="w6k="),),
        {"content": "é"},
    ),
    "a part with words": ((Opaque("x", "k", "p", RAW, "in words"),), {"content": "in words"}),
    "a reference": ((ToolReference("f"),), {"content": "loaded: f"}),
}


@pytest.mark.parametrize(("parts", "message"), USER.values(), ids=USER)
def test_a_users_turn_is_a_text_and_images(parts: tuple[Part, ...], message: dict[str, Any]) -> None:
    """Text is one string, images stand beside it."""
    assert messages(*parts) == [{"role": "user", **message}]


LOST: dict[str, tuple[Part, str]] = {
    "an image by its address": (picture(None, url="https://a.test/b.png"), "an image that is not sent in"),
    "an image by an id": (picture(None, file="file_1"), "an image that is not sent in base64"),
    "a PDF": (document(media_type="application/pdf", data="QUJD"), "document of type application/pdf"),
    "a document by its address": (document(url="https://a.test/b"), "document of type unknown"),
    "a text that is none": (document(media_type="text/plain", data="////"), "a document that is no text"),
    "a text in no base64": (document(media_type="text/plain", data="?"), "a document that is no text"),
    "a sound": (
        Media(kind="audio", place="messages[0].content[1]", media_type="audio/wav", data="QUJD"),
        "audio of type audio/wav",
    ),
    "what another dialect knows": (Opaque("x", "odd", "messages[0].content[1]", RAW), "'odd'"),
}


@pytest.mark.parametrize(("part", "reason"), LOST.values(), ids=LOST)
def test_what_cannot_be_carried_is_named(part: Part, reason: str) -> None:
    """The block and its place are told; nothing is left out."""
    with pytest.raises(Malformed) as caught:
        messages(Text("a"), part)
    assert str(caught.value).startswith(f"`messages[0].content[1]`: {reason}")
    assert caught.value.param == "messages[0].content[1]"


def test_a_part_that_stands_nowhere_is_refused() -> None:
    """Thinking is the model's own: in a user's turn it has no words."""
    with pytest.raises(Malformed, match="'Thinking' cannot be carried"):
        messages(Thinking("hm"))


def test_the_system_stands_first() -> None:
    """Texts are joined, and words for Anthropic's accounting left out; a later system message stays."""
    billing = Text("x-anthropic-billing-header: cc_version=1;")
    turns = (HI, Turn("system", (Text("c"),)))
    told = body(*turns, system=(billing, Text("a"), Text("b")))["messages"]
    assert [message["role"] for message in told] == ["system", "user", "system"]
    assert told[0]["content"] == "a\n\nb"
    assert body(*turns, quirks=Quirks(system_turns=False))["messages"][1]["role"] == "user"
    assert body(system=(billing,))["messages"] == [{"role": "user", "content": "Hi"}]


def test_an_answer_keeps_its_thoughts_and_its_calls() -> None:
    """Thoughts stand beside the text, arguments are objects, a refusal is text."""
    parts = (Thinking("h", "sig", maker="x"), Thinking("", redacted="r"), Text("a"), Refusal("no"), CALL)
    told = body(HI, Turn("assistant", parts))["messages"][1]
    assert told == {
        "role": "assistant",
        "content": "a\n\nno",
        "thinking": "h",
        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}],
    }


def test_a_turn_of_nothing_but_hidden_thoughts_is_empty() -> None:
    """Its place is kept, and nobody but their maker gets them."""
    hidden = Turn("assistant", (Thinking("", "sig", maker="anthropic-messages"),))
    assert body(HI, hidden)["messages"][1] == {"role": "assistant", "content": ""}


def test_results_follow_their_calls() -> None:
    """Each says the name of its tool; text that stood before comes after; an error says that it is one."""
    calls = Turn("assistant", (CALL, ToolCall("b", "g.h", "")))
    answers = Turn(
        "user",
        (
            Text("next"),
            ToolResult(id="b", parts=(Text("two"),), place="p", is_error=True),
            ToolResult(id="a", parts=(Text("one"),), place="p"),
        ),
    )
    written = write_request(request(HI, calls, answers))
    told = json.loads(written.body)["messages"]
    (sent,) = written.tools
    assert told[2:] == [
        {"role": "tool", "content": "one", "tool_name": "f", "tool_call_id": "a"},
        {"role": "tool", "content": "[error] two", "tool_name": sent, "tool_call_id": "b"},
        {"role": "user", "content": "next"},
    ]
    assert written.tools == {sent: ClientTool("g.h")}


def test_images_of_results_follow_in_a_user_message() -> None:
    """They stand after all results, and it is said whose they are."""
    shown = ToolResult(id="a", parts=(picture(),), place="p")
    told = body(HI, Turn("assistant", (CALL,)), Turn("user", (shown,)))["messages"][2:]
    assert told == [
        {
            "role": "tool",
            "content": "(The result is shown in the next user message.)",
            "tool_name": "f",
            "tool_call_id": "a",
        },
        {"role": "user", "content": "From the result of the tool f:", "images": ["QUJD"]},
    ]


def test_an_empty_result_is_an_empty_text() -> None:
    """It is there, for its call was answered."""
    empty = Turn("user", (ToolResult(id="a", parts=(), place="p"),))
    assert body(HI, Turn("assistant", (CALL,)), empty)["messages"][2]["content"] == ""


SETTINGS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "nothing": ({}, {"stream": False, "truncate": False}, ()),
    "a stream": ({"stream": True}, {"stream": True, "truncate": False}, ()),
    "options": (
        {"max_tokens": 9, "sampling": Sampling(0.5, 0.6, 7, 8, 0.1, 0.2), "stop": ("a", "b")},
        {
            "options": {
                "num_predict": 9,
                "temperature": 0.5,
                "top_p": 0.6,
                "top_k": 7,
                "seed": 8,
                "frequency_penalty": 0.1,
                "presence_penalty": 0.2,
                "stop": ["a", "b"],
            }
        },
        (),
    ),
    "log probabilities": (
        {"sampling": Sampling(logprobs=True, top_logprobs=2)},
        {"logprobs": True, "top_logprobs": 2},
        (),
    ),
    "any JSON": ({"format": Format()}, {"format": "json"}, ()),
    "a schema": ({"format": Format(RAW, strict=True)}, {"format": {}}, ()),
    "no thinking": ({"reasoning": Reasoning("none", thinks=False)}, {"think": False}, ()),
    "thinking switched off": ({"reasoning": Reasoning(thinks=False)}, {"think": False}, ()),
    "as much thinking as it likes": ({"reasoning": Reasoning()}, {"think": None}, ()),
    "an effort": ({"reasoning": Reasoning("high")}, {"think": None}, ("thinking",)),
    "an effort of a model that has levels": (
        {"reasoning": Reasoning("minimal"), "model": "gpt-oss:20b"},
        {"think": "low"},
        (),
    ),
    "a budget of a model that has levels": (
        {"reasoning": Reasoning(budget=9000), "model": "someone/gpt-oss"},
        {"think": "medium"},
        (),
    ),
    "a large budget": (
        {"reasoning": Reasoning(budget=31_999), "model": "gpt-oss"},
        {"think": "high"},
        (),
    ),
    "who and how": (
        {"user": "u", "service_tier": "flex", "extras": {"store": RAW}, "unread": ("odd",)},
        {"user": None, "service_tier": None, "store": None},
        ("odd", "store", "user", "service_tier"),
    ),
}


@pytest.mark.parametrize(("fields", "expected", "dropped"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_written_or_named(
    fields: dict[str, Any], expected: dict[str, Any], dropped: tuple[str, ...]
) -> None:
    """What Ollama knows is sent under its name; None stands for what is not sent."""
    written = write_request(request(**fields))
    told = json.loads(written.body)
    assert {key: told.get(key) for key in expected} == expected
    assert written.dropped == dropped


LEVELS: list[tuple[Quirks, Reasoning, str | None]] = [
    (EVERY_LEVEL, Reasoning("xhigh"), "max"),
    (EVERY_LEVEL, Reasoning("low"), "low"),
    (EVERY_LEVEL, Reasoning(budget=2048), "low"),
    (Quirks(efforts=()), Reasoning("low"), None),
    (Quirks(efforts=("none", "high")), Reasoning("low"), None),
    (Quirks(efforts=("none", "high")), Reasoning("high"), "high"),
]


@pytest.mark.parametrize(("quirks", "reasoning", "think"), LEVELS)
def test_a_row_says_which_levels_a_model_has(quirks: Quirks, reasoning: Reasoning, think: str | None) -> None:
    """A level that it has not is not asked for."""
    assert body(reasoning=reasoning, quirks=quirks).get("think") == think


CHOICES: list[tuple[Choice | None, bool, tuple[str, ...]]] = [
    (None, True, ()),
    (Choice("auto"), True, ()),
    (Choice("any"), True, ("tool_choice",)),
    (Choice("one", "f"), True, ("tool_choice",)),
    (Choice("none"), False, ()),
]


@pytest.mark.parametrize(("choice", "offered", "dropped"), CHOICES)
def test_a_choice_among_tools_is_kept_by_offering_them_or_not(
    choice: Choice | None, offered: bool, dropped: tuple[str, ...]
) -> None:
    """No tool may be forced here, and that is named."""
    written = write_request(request(tools=(TOOL,), choice=choice))
    assert ("tools" in json.loads(written.body), written.dropped) == (offered, dropped)


def test_tools_are_functions() -> None:
    """A freeform tool takes one string, a strict one is not strict, a provider's own is named."""
    tools = (
        TOOL,
        Tool(name="p", freeform=True),
        Tool(name="s", schema=RAW, strict=True),
        Tool(name="n", namespace="x"),
        ServerTool("anthropic-messages", "web_search_1", "web_search", RAW),
    )
    written = write_request(request(tools=tools, parallel=False))
    told = [tool["function"] for tool in json.loads(written.body)["tools"]]
    assert [tool["name"] for tool in told] == ["f", "p", "s", "x__n"]
    assert told[0] == {"name": "f", "description": "d", "parameters": {"type": "object"}}
    assert told[1]["parameters"]["required"] == ["input"]
    assert told[3] == {"name": "x__n", "parameters": {"type": "object", "properties": {}}}
    assert written.tools == {"p": ClientTool("p", freeform=True), "x__n": ClientTool("n", "x")}
    assert written.dropped == ("tools.web_search_1", "tools.strict", "parallel_tool_calls")


def test_a_freeform_call_is_one_string() -> None:
    """What a model wrote to it comes back to a model under `input`."""
    told = body(HI, Turn("assistant", (ToolCall("a", "p", "*** patch", freeform=True),)))["messages"][1]
    assert told["tool_calls"][0]["function"]["arguments"] == {"input": "*** patch"}


def test_quirks_are_obeyed() -> None:
    """A limit is clamped, a field is not sent, a keyword of a schema is put into words."""
    schema = msgspec.Raw(b'{"type":"string","pattern":"a"}')
    quirks = Quirks(most_tokens=5, refuses=frozenset({"truncate"}), refused_keywords=frozenset({"pattern"}))
    written = write_request(request(max_tokens=9, format=Format(schema)), quirks)
    told = json.loads(written.body)
    assert told["options"] == {"num_predict": 5}
    assert told["format"] == {"type": "string", "description": '(pattern: "a")'}
    assert written.dropped == ("truncate",)


def test_several_answers_are_refused() -> None:
    """There is one reply to a request."""
    with pytest.raises(Malformed, match="`n` must be 1"):
        write_request(request(answers=2))


OWN: dict[str, dict[str, Any]] = {
    "a tool loop": {
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "Look", "images": ["QUJD"]},
            {
                "role": "assistant",
                "content": "",
                "thinking": "hm",
                "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": [1, None]}}}],
            },
            {"role": "tool", "content": "r", "tool_name": "f", "tool_call_id": "a"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}}],
    },
    "options": {
        "options": {
            "num_predict": 5,
            "temperature": 0.5,
            "top_k": 3,
            "stop": ["a"],
            "num_ctx": 8192,
            "min_p": 0.1,
        }
    },
    "no limit": {"options": {"num_predict": -1}},
    "the rest": {
        "format": {"type": "object"},
        "think": True,
        "logprobs": True,
        "top_logprobs": 1,
        "keep_alive": "5m",
        "truncate": True,
    },
    "any JSON": {"format": "json", "think": "max"},
    "no thinking": {"think": False},
}


@pytest.mark.parametrize("fields", OWN.values(), ids=OWN)
@pytest.mark.parametrize("stream", [True, False])
def test_a_request_survives_the_middle(fields: dict[str, Any], stream: bool) -> None:
    """What an Ollama client says reaches an Ollama as it was said, and the SDK's own types take it."""
    whole = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": stream, **fields}
    written = write_request(read_request(json.dumps(whole).encode()))
    assert json.loads(written.body) == whole
    assert (written.dropped, written.tools) == ((), {})
    ChatRequestOfSdk.model_validate_json(written.body)
