"""Turns of anthropic-messages as they stand in openai-chat (features A2, A4, A6; client cases by number)."""

import pytest

from adapters.conversation import Quirks
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import HI, Body, body_of, chat_body, to_chat

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
IMAGE_OUT = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
PDF = {
    "type": "document",
    "title": "a.pdf",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "QUJD"},
}
PDF_OUT = {
    "type": "file",
    "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
}
MARK = {"type": "ephemeral"}


def text(words: str, **fields: object) -> Body:
    """A text block."""
    return {"type": "text", "text": words, **fields}


def call(identity: str, name: str = "Read", arguments: object = None, **fields: object) -> Body:
    """A tool_use block."""
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments or {}, **fields}


def result(identity: str, content: object = "ok", **fields: object) -> Body:
    """A tool_result block."""
    return {"type": "tool_result", "tool_use_id": identity, "content": content, **fields}


def user(*blocks: object) -> Body:
    """A user turn."""
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: object) -> Body:
    """An assistant turn."""
    return {"role": "assistant", "content": list(blocks)}


def system(content: object, **fields: object) -> Body:
    """A system turn."""
    return {"role": "system", "content": content, **fields}


def called(*pairs: tuple[str, str, str], content: str | None = None) -> Body:
    """An assistant message of Chat with these calls: id, name, arguments."""
    calls = [
        {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}
        for identity, name, arguments in pairs
    ]
    return {"role": "assistant", "content": content, "tool_calls": calls}


def tool(identity: str, content: str = "ok") -> Body:
    """A tool message of Chat."""
    return {"role": "tool", "tool_call_id": identity, "content": content}


def below(identity: str) -> Body:
    """The line before what a result shows."""
    return text(f"From the result of tool call {identity}:")


READ = ("c1", "Read", "{}")
TWO = assistant(call("c1"), call("c2"))
TWO_OUT = called(READ, ("c2", "Read", "{}"))

SYSTEMS: dict[str, tuple[object, str | None]] = {
    "absent": (None, None),
    "a string": ("Be kind.", "Be kind."),
    "a block": ([text("Be kind.", cache_control=MARK)], "Be kind."),
    "several blocks": ([text("a"), text("b")], "a\n\nb"),
    "the billing header": ([text("x-anthropic-billing-header: cc_version=2;"), text("b")], "b"),
    "the billing header and more": (
        "x-anthropic-billing-header: a\nBe kind.",
        "x-anthropic-billing-header: a\nBe kind.",
    ),
    "the billing header alone": ([text("x-anthropic-billing-header: cc_version=2;")], None),
}


@pytest.mark.parametrize(("given", "expected"), SYSTEMS.values(), ids=SYSTEMS)
def test_the_system_is_the_first_message(given: object, expected: str | None) -> None:
    """System blocks become one message before all others; the billing header stays at home."""
    head = [] if expected is None else [system(expected)]
    assert chat_body({"system": given})["messages"] == [*head, HI]


TURNS: dict[str, tuple[list[Body], list[Body]]] = {
    "strings": ([HI, {"role": "assistant", "content": "Yes"}], [HI, {"role": "assistant", "content": "Yes"}]),
    "texts": ([user(text("a"), text("b"))], [{"role": "user", "content": "a\n\nb"}]),
    "cited texts": (
        [HI, assistant(text("The sky", citations=[]), text(" is blue.", citations=[{}]))],
        [HI, {"role": "assistant", "content": "The sky is blue."}],
    ),
    "a mark on everything": (
        [
            user(text("a", cache_control=MARK)),
            assistant(call("c1", cache_control=MARK)),
            user(result("c1", cache_control=MARK)),
        ],
        [{"role": "user", "content": "a"}, called(READ), tool("c1")],
    ),
    "1: a system turn after the first user turn": (
        [HI, system([text("Env"), text("Skills", cache_control=MARK)])],
        [HI, system("Env\n\nSkills")],
    ),
    "2: a system turn with an effort": (
        [HI, system("Env", output_config={"effort": "low"})],
        [HI, system("Env")],
    ),
    "3: a system turn between a call and its results": (
        [TWO, system("now"), user(result("c1"), result("c2"))],
        [TWO_OUT, tool("c1"), tool("c2"), system("now")],
    ),
    "3: a system turn after the results": (
        [TWO, user(result("c1"), result("c2")), system("now"), assistant(text("b"))],
        [TWO_OUT, tool("c1"), tool("c2"), system("now"), {"role": "assistant", "content": "b"}],
    ),
    "8: references": (
        [
            assistant(call("c1")),
            user(
                result("c1", [{"type": "tool_reference", "tool_name": name} for name in ("a", "b")]),
                text("Tool loaded."),
            ),
        ],
        [called(READ), tool("c1", "loaded: a, b"), {"role": "user", "content": "Tool loaded."}],
    ),
    "9: results in reverse": (
        [TWO, user(result("c2", "two"), result("c1", "one"))],
        [TWO_OUT, tool("c1", "one"), tool("c2", "two")],
    ),
    "9: results in two turns": (
        [TWO, user(result("c2", "two")), user(result("c1", "one"), text("go on"))],
        [TWO_OUT, tool("c1", "one"), tool("c2", "two"), {"role": "user", "content": "go on"}],
    ),
    "10: text and an image in a result": (
        [TWO, user(result("c1", [text("see"), IMAGE], is_error=True), result("c2"), text("so?"))],
        [
            TWO_OUT,
            tool("c1", "[error] see"),
            tool("c2"),
            {"role": "user", "content": [below("c1"), IMAGE_OUT]},
            {"role": "user", "content": "so?"},
        ],
    ),
    "10: an image alone in a result": (
        [assistant(call("c1")), user(result("c1", [IMAGE]))],
        [
            called(READ),
            tool("c1", "(The result is shown in the next user message.)"),
            {"role": "user", "content": [below("c1"), IMAGE_OUT]},
        ],
    ),
    "11: a document in a result": (
        [assistant(call("c1")), user(result("c1", [PDF]))],
        [
            called(READ),
            tool("c1", "(The result is shown in the next user message.)"),
            {"role": "user", "content": [below("c1"), PDF_OUT]},
        ],
    ),
    "12: words before a result": (
        [assistant(call("c1")), user(text("first"), result("c1"), text("last"))],
        [called(READ), tool("c1"), {"role": "user", "content": "first\n\nlast"}],
    ),
    "a result of nothing": (
        [assistant(call("c1")), user({"type": "tool_result", "tool_use_id": "c1"})],
        [called(READ), tool("c1", "")],
    ),
    "17: thoughts": (
        [
            HI,
            assistant(
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                text("a"),
            ),
        ],
        [HI, {"role": "assistant", "content": "a"}],
    ),
    "17: thoughts alone": (
        [HI, assistant({"type": "thinking", "thinking": "hm"})],
        [HI, {"role": "assistant", "content": ""}],
    ),
    "words and a call": (
        [HI, assistant(text("a"), call("c1", "Bash", {"cmd": "é\n"}), text("b"))],
        [HI, called(("c1", "Bash", '{"cmd": "é\\n"}'), content="a\n\nb")],
    ),
    "arguments that were no JSON": (
        [HI, assistant(call("c1", arguments={"__raw": '{"a":'}))],
        [HI, called(("c1", "Read", '{"a":'))],
    ),
    "arguments that only look so": (
        [HI, assistant(call("c1", arguments={"__raw": 1}))],
        [HI, called(("c1", "Read", '{"__raw": 1}'))],
    ),
    "an id used again": (
        [
            assistant(call("c1")),
            user(result("c1", "one")),
            assistant(call("c1")),
            user(result("c1", "two")),
        ],
        [called(READ), tool("c1", "one"), called(READ), tool("c1", "two")],
    ),
    "an id too long": (
        [assistant(call("c" * 41)), user(result("c" * 41))],
        [
            called(("c" * 31 + "_2d55900a", "Read", "{}")),
            tool("c" * 31 + "_2d55900a"),
        ],
    ),
    "images and words in order": (
        [user(text("a"), IMAGE, text(""), text("b"))],
        [{"role": "user", "content": [text("a"), IMAGE_OUT, text("b")]}],
    ),
    "an image by its address": (
        [user({"type": "image", "source": {"type": "url", "url": "https://x/a.png"}})],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/a.png"}}]}],
    ),
    "a document with words beside it": (
        [user({**PDF, "context": "Last year's."})],
        [{"role": "user", "content": [text("Last year's."), PDF_OUT]}],
    ),
    "a document without a name": (
        [user({"type": "document", "source": PDF["source"]})],
        [
            {
                "role": "user",
                "content": [
                    {
                        "type": "file",
                        "file": {
                            "filename": "document.pdf",
                            "file_data": "data:application/pdf;base64,QUJD",
                        },
                    }
                ],
            }
        ],
    ),
    "a document of text": (
        [
            user(
                {
                    "type": "document",
                    "title": "T",
                    "context": "C",
                    "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                }
            )
        ],
        [{"role": "user", "content": "T\n\nC\n\nwords"}],
    ),
    "a document of blocks": (
        [
            user(
                {
                    "type": "document",
                    "title": "T",
                    "source": {"type": "content", "content": [text("w"), IMAGE]},
                }
            )
        ],
        [{"role": "user", "content": [text("T"), text("w"), IMAGE_OUT]}],
    ),
    "a document of a string": (
        [user({"type": "document", "source": {"type": "content", "content": "w"}})],
        [{"role": "user", "content": "w"}],
    ),
    "a search result": (
        [
            assistant(call("c1")),
            user(
                result(
                    "c1",
                    [{"type": "search_result", "title": "T", "source": "https://x", "content": [text("w")]}],
                )
            ),
        ],
        [called(READ), tool("c1", "T\nhttps://x\nw")],
    ),
}


@pytest.mark.parametrize(("turns", "messages"), TURNS.values(), ids=TURNS)
def test_every_turn_has_its_place_in_a_chat(turns: list[Body], messages: list[Body]) -> None:
    """Words, calls, results, images and documents stand where Chat wants them, in order, none lost."""
    assert chat_body({"messages": turns})["messages"] == messages


SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}
REFUSED: dict[str, tuple[list[Body], str]] = {
    "a server tool's call": (
        [HI, assistant(text("a"), SEARCH)],
        "`messages[1].content[1]`: 'server_tool_use' cannot be carried",
    ),
    "a server tool's result": (
        [
            HI,
            assistant({"type": "web_search_tool_result", "tool_use_id": "s1", "content": {"type": "error"}}),
        ],
        "`messages[1].content[0]`: 'web_search_tool_result' cannot",
    ),
    "a block nobody knows": ([user({"type": "new", "text": {}})], "`messages[0].content[0]`: 'new' cannot"),
    "an image by the id of a file": (
        [user({"type": "image", "source": {"type": "file", "file_id": "f1"}})],
        "`messages[0].content[0]`: an image by the id of a file cannot",
    ),
    "a document by the id of a file": (
        [user({"type": "document", "source": {"type": "file", "file_id": "f1"}})],
        "`messages[0].content[0]`: a document by the id of a file cannot",
    ),
    "a document by its address": (
        [
            assistant(call("c1")),
            user(result("c1", [text("a"), {**PDF, "source": {"type": "url", "url": "u"}}])),
        ],
        "`messages[1].content[0].content[1]`: a document by its address cannot",
    ),
    "a source nobody knows": (
        [user({"type": "image", "source": {"type": "new"}})],
        "`messages[0].content[0]`: 'image with a source of type new' cannot",
    ),
    "an image in an assistant's turn": (
        [HI, assistant(IMAGE)],
        "`messages[1].content[0]`: 'image' cannot",
    ),
    "a result without its call": (
        [user(result("c9"))],
        "`messages[0].content[0]`: no tool call has the id 'c9'",
    ),
    "a call inside a result": (
        [assistant(call("c1")), user(result("c1", [text("a"), call("c2")]))],
        "`messages[1].content[0].content[1]`: a block of this type cannot stand in a tool_result",
    ),
    "a call in a user's turn": ([user(call("c1"))], "A ToolCall stands where only text can"),
    "a role nobody knows": ([{"role": "robot", "content": ""}], "`messages[0].role` 'robot' is not known"),
    "a text that is none": (
        [user(text(""), {"type": "text", "text": 1})],
        "`messages[0].content[1]`: Expected",
    ),
    "a block that is none": ([user("words")], "`messages[0].content[0]`: Expected"),
}


@pytest.mark.parametrize(("turns", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_carried_is_named_with_its_place(turns: list[Body], words: str) -> None:
    """A block that has no place in a chat is refused by kind and place, never lost."""
    with pytest.raises(Malformed) as caught:
        to_chat(body_of({"messages": turns}))
    assert str(caught.value).startswith(words)


def test_a_system_of_images_is_refused() -> None:
    """Only text can stand in the system."""
    with pytest.raises(Malformed, match=r"`system\[1\]`: a block of type 'image'"):
        to_chat(body_of({"system": [text("a"), IMAGE]}))


THOUGHTS = [HI, assistant({"type": "thinking", "thinking": "hm", "signature": "s"}, call("c1"))]
QUIRKS: dict[str, tuple[Quirks, list[Body], list[Body]]] = {
    "developer": (
        Quirks(system_role="developer"),
        [HI, system("a")],
        [HI, {"role": "developer", "content": "a"}],
    ),
    "no system turns": (
        Quirks(system_turns=False),
        [HI, system("a")],
        [HI, {"role": "user", "content": "a"}],
    ),
    "thoughts wanted back": (
        Quirks(reasoning_field="reasoning_content"),
        THOUGHTS,
        [HI, {**called(READ), "reasoning_content": "hm"}],
    ),
    "thoughts not wanted": (Quirks(), THOUGHTS, [HI, called(READ)]),
}


@pytest.mark.parametrize(("quirks", "turns", "messages"), QUIRKS.values(), ids=QUIRKS)
def test_a_provider_may_want_its_messages_otherwise(
    quirks: Quirks, turns: list[Body], messages: list[Body]
) -> None:
    """The role of a system, its place and the echo of thoughts are the provider's to say."""
    assert chat_body({"messages": turns}, quirks)["messages"] == messages
