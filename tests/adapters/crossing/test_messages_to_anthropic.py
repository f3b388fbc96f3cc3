"""The messages of openai-chat, as they stand in anthropic-messages (features A2, A4, A6; spec case 56)."""

import pytest

from adapters.conversation import Quirks
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import HI, Body, anthropic_body, body_of, to_anthropic


def text(words: str) -> Body:
    """A text part or block: the two are spelled alike."""
    return {"type": "text", "text": words}


def user(content: object) -> Body:
    """A user message."""
    return {"role": "user", "content": content}


def assistant(content: object = None, **fields: object) -> Body:
    """An assistant message."""
    return {"role": "assistant", "content": content, **fields}


def call(identity: str, name: str = "Read", arguments: str = "{}") -> Body:
    """A tool call of Chat."""
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*some: Body, content: object = None) -> Body:
    """An assistant message with calls."""
    return assistant(content, tool_calls=list(some))


def tool(identity: str, content: object = "ok") -> Body:
    """A tool message."""
    return {"role": "tool", "tool_call_id": identity, "content": content}


def use(identity: str, name: str = "Read", arguments: object = None) -> Body:
    """A tool_use block."""
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments or {}}


def result(identity: str, content: object = "ok") -> Body:
    """A tool_result block."""
    return {"type": "tool_result", "tool_use_id": identity, "content": content}


def media(kind: str, **source: object) -> Body:
    """An image or document block."""
    return {"type": kind, "source": source}


def address(url: str, **fields: object) -> Body:
    """An image part."""
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def file(**fields: object) -> Body:
    """A file part."""
    return {"type": "file", "file": fields}


PNG = media("image", type="base64", media_type="image/png", data="QUJD")
PDF = media("document", type="base64", media_type="application/pdf", data="QUJD")
OPENING = user("(The assistant begins.)")
TWO = calls(call("c1"), call("c2"))
TWO_OUT = assistant([use("c1"), use("c2")])

SYSTEMS: dict[str, tuple[list[Body], object, list[Body]]] = {
    "none": ([HI], None, [HI]),
    "one": ([{"role": "system", "content": "a"}, HI], "a", [HI]),
    "two of both roles": (
        [{"role": "system", "content": "a"}, {"role": "developer", "content": [text("b"), text("c")]}, HI],
        [text("a"), text("b"), text("c")],
        [HI],
    ),
    "56: one in the middle": (
        [HI, {"role": "developer", "content": "b"}],
        None,
        [user([text("Hi"), text("b")])],
    ),
    "an empty one": ([{"role": "system", "content": " "}, HI], None, [HI]),
    "nothing else": ([{"role": "system", "content": "a"}], None, [user("a")]),
}


@pytest.mark.parametrize(("messages", "system", "turns"), SYSTEMS.values(), ids=SYSTEMS)
def test_system_and_developer_messages_lead_or_keep_their_place(
    messages: list[Body], system: object, turns: list[Body]
) -> None:
    """Those before the first turn are the system; a later one is the user's text where it stood."""
    body = anthropic_body({"messages": messages})
    assert (body.get("system"), body["messages"]) == (system, turns)


def test_a_system_message_stays_one_where_that_is_allowed() -> None:
    """A provider that takes system turns gets them in place."""
    messages = [HI, {"role": "developer", "content": "b"}, assistant("c")]
    body = anthropic_body({"messages": messages}, Quirks(system_turns=True))
    assert body["messages"] == [HI, {"role": "system", "content": "b"}, assistant("c")]


MESSAGES: dict[str, tuple[list[Body], list[Body]]] = {
    "strings": ([HI, assistant("Yes")], [HI, assistant("Yes")]),
    "two users": ([HI, user("b")], [user([text("Hi"), text("b")])]),
    "two assistants": ([HI, assistant("a"), assistant("b")], [HI, assistant([text("a"), text("b")])]),
    "an assistant first": ([assistant("a"), HI], [OPENING, assistant("a"), HI]),
    "blank texts": ([HI, assistant(""), user([text(" "), text("b")])], [user([text("Hi"), text("b")])]),
    "a blank at the end": ([HI, assistant("a \n")], [HI, assistant("a")]),
    "a blank in the middle": ([HI, assistant("a \n"), HI], [HI, assistant("a \n"), HI]),
    "a call": (
        [HI, calls(call("c1", "Bash", '{"cmd": "é"}'), content="a"), tool("c1")],
        [HI, assistant([text("a"), use("c1", "Bash", {"cmd": "é"})]), user([result("c1")])],
    ),
    "results in reverse": (
        [HI, TWO, tool("c2", "two"), tool("c1", "one"), user("so?")],
        [HI, TWO_OUT, user([result("c1", "one"), result("c2", "two"), text("so?")])],
    ),
    "words before a result": (
        [HI, calls(call("c1")), user("wait"), tool("c1")],
        [HI, assistant([use("c1")]), user([result("c1"), text("wait")])],
    ),
    "56: a result of parts": (
        [HI, calls(call("c1")), tool("c1", [text("a"), text("b")])],
        [HI, assistant([use("c1")]), user([result("c1", [text("a"), text("b")])])],
    ),
    "a result of nothing": (
        [HI, calls(call("c1")), tool("c1", "")],
        [HI, assistant([use("c1")]), user([{"type": "tool_result", "tool_use_id": "c1"}])],
    ),
    "a result with an image": (
        [HI, calls(call("c1")), tool("c1", [address("data:image/png;base64,QUJD")])],
        [HI, assistant([use("c1")]), user([result("c1", [PNG])])],
    ),
    "19: no arguments": (
        [HI, calls(call("c1", arguments=""), call("c2", arguments=" "))],
        [HI, TWO_OUT],
    ),
    "19: arguments that are no JSON": (
        [HI, calls(call("c1", arguments='{"a":'), call("c2", arguments="[1]"))],
        [HI, assistant([use("c1", arguments={"__raw": '{"a":'}), use("c2", arguments={"__raw": "[1]"})])],
    ),
    "ids of another alphabet": (
        [HI, calls(call("functions.Read:0")), tool("functions.Read:0")],
        [
            HI,
            assistant([use("functions_Read_0_9d4d98f9")]),
            user([result("functions_Read_0_9d4d98f9")]),
        ],
    ),
    "a freeform call": (
        [
            HI,
            calls({"id": "c1", "type": "custom", "custom": {"name": "patch", "input": "*** a\n"}}),
            tool("c1"),
        ],
        [HI, assistant([use("c1", "patch", {"input": "*** a\n"})]), user([result("c1")])],
    ),
    "functions of the old kind": (
        [
            HI,
            assistant(function_call={"name": "f", "arguments": "{}"}),
            {"role": "function", "name": "f", "content": "1"},
            assistant(function_call={"name": "f", "arguments": "{}"}),
            {"role": "function", "name": "f", "content": "2"},
        ],
        [
            HI,
            assistant([use("messages_1", "f")]),
            user([result("messages_1", "1")]),
            assistant([use("messages_3", "f")]),
            user([result("messages_3", "2")]),
        ],
    ),
    "56: thoughts of somebody else": ([HI, assistant("a", reasoning_content="hm")], [HI, assistant("a")]),
    "a refusal": ([HI, assistant(refusal="No.")], [HI, assistant("No.")]),
    "a refusal as a part": (
        [HI, assistant([{"type": "refusal", "refusal": "No."}])],
        [HI, assistant("No.")],
    ),
    "a refusal as a result": (
        [HI, calls(call("c1")), tool("c1", [{"type": "refusal", "refusal": "No."}])],
        [HI, assistant([use("c1")]), user([result("c1", "No.")])],
    ),
    "an image by its address": (
        [user([text("a"), address("https://x/a.png", detail="auto")])],
        [user([text("a"), media("image", type="url", url="https://x/a.png")])],
    ),
    "an image as a data URI": ([user([address("data:image/png;base64,QUJD")])], [user([PNG])]),
    "an image as a bare string": (
        [user([{"type": "image_url", "image_url": "data:image/png;base64,QUJD"}])],
        [user([PNG])],
    ),
    "a document": (
        [user([file(filename="a.pdf", file_data="data:application/pdf;base64,QUJD")])],
        [user([{**PDF, "title": "a.pdf"}])],
    ),
    "a document without its type": (
        [user([file(filename="a.PDF", file_data="QUJD")])],
        [user([{**PDF, "title": "a.PDF"}])],
    ),
    "a document of text": (
        [user([file(file_data="data:text/markdown;charset=utf-8;base64,w6k=")])],
        [user([media("document", type="text", media_type="text/plain", data="é")])],
    ),
    "an image as a file": ([user([file(file_data="data:image/png;base64,QUJD")])], [user([PNG])]),
}


@pytest.mark.parametrize(("messages", "turns"), MESSAGES.values(), ids=MESSAGES)
def test_every_message_has_its_place_with_anthropic(messages: list[Body], turns: list[Body]) -> None:
    """Words, calls, results, images and documents stand where Anthropic wants them, in order, none lost."""
    assert anthropic_body({"messages": messages})["messages"] == turns


def test_thoughts_without_a_signature_go_where_they_are_taken() -> None:
    """A provider that asks for no signature gets the thoughts back."""
    messages = [HI, assistant("a", reasoning="hm")]
    body = anthropic_body({"messages": messages}, Quirks(unsigned_thinking=True))
    thought = {"type": "thinking", "thinking": "hm", "signature": ""}
    assert body["messages"] == [HI, assistant([thought, text("a")])]


SOUND = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}
REFUSED: dict[str, tuple[list[Body], str]] = {
    "a sound": ([user([text("a"), SOUND])], "`messages[0].content[1]`: a sound cannot be carried"),
    "a sound said before": ([HI, assistant(audio={"id": "a1"})], "`messages[1].audio`: 'audio' cannot"),
    "a part nobody knows": ([user([{"type": "new", "text": 1}])], "`messages[0].content[0]`: 'new' cannot"),
    "an image that is none": (
        [user([{"type": "image_url"}])],
        "`messages[0].content[0]`: 'image_url' cannot",
    ),
    "a sound that is none": ([user([{"type": "input_audio"}])], "`messages[0].content[0]`: 'input_audio'"),
    "a file that is none": ([user([{"type": "file"}])], "`messages[0].content[0]`: 'file' cannot"),
    "a file by its id": (
        [user([file(file_id="f1")])],
        "`messages[0].content[0]`: document by the id of a file",
    ),
    "a file of nothing": ([user([file()])], "`messages[0].content[0]`: document without bytes"),
    "a file of another type": (
        [user([file(file_data="data:application/zip;base64,QUJD")])],
        "`messages[0].content[0]`: a document of type 'application/zip' cannot",
    ),
    "a text that is none": (
        [user([file(file_data="data:text/plain;base64,/w==")])],
        "`messages[0].content[0]`: a document that is no text",
    ),
    "an image at another address": (
        [user([address("data:image/svg+xml,<svg/>")])],
        "`messages[0].content[0]`: image without bytes or an address of the web",
    ),
    "an image in the system": (
        [{"role": "system", "content": [text("a"), address("https://x")]}, HI],
        "`messages[0].content[1]`: only text can stand in a system message",
    ),
    "a result without an id": ([{"role": "tool", "content": "a"}], "`messages[0].tool_call_id` is required"),
    "a function nobody called": ([{"role": "function", "content": "a"}], "`messages[0].tool_call_id` is"),
    "a result without its call": ([HI, tool("c9")], "`messages[1]`: no tool call has the id 'c9'"),
    "a call of nothing": (
        [HI, assistant(tool_calls=[{"id": "c1", "type": "function"}])],
        "`messages[1].tool_calls[0].function` is required",
    ),
    "a role nobody knows": ([{"role": "robot"}], "`messages[0].role` 'robot' is not known"),
    "a text of numbers": ([user([{"type": "text", "text": 1}])], "`messages[0].content[0]`: Expected `str`"),
}


@pytest.mark.parametrize(("messages", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_carried_is_named_with_its_place(messages: list[Body], words: str) -> None:
    """A part that has no place with Anthropic is refused by kind and place, never lost."""
    with pytest.raises(Malformed) as caught:
        to_anthropic(body_of({"messages": messages}))
    assert str(caught.value).startswith(words)
