"""Turns of other dialects as they stand in gemini (features A2, A4, A6; client cases by number)."""

import json
from typing import Any

import pytest

from adapters.conversation import PLAIN, Quirks, Written
from adapters.dialects import anthropic_messages, gemini, openai_chat
from adapters.dialects.gemini.families import STAND_IN
from adapters.fault import Malformed
from adapters.seal import sealed
from tests.adapters.crossing.crossings import HI, Body, body_of, crossed

NEW, OLD = "gemini-3-pro", "gemini-2.5-pro"


def written(fields: Body, model: str = NEW, quirks: Quirks = PLAIN) -> Written:
    """What Gemini gets of an Anthropic request."""
    body = body_of({"model": model, "max_tokens": 9, **fields})
    return crossed(body, anthropic_messages.DIALECT, gemini.DIALECT, quirks)


def sent(fields: Body, model: str = NEW) -> Body:
    """The body of it."""
    body: Body = json.loads(written(fields, model).body)
    return body


def contents(*messages: Body, model: str = NEW) -> list[Body]:
    """The contents that messages of Anthropic's become."""
    told: list[Body] = sent({"messages": list(messages)}, model)["contents"]
    return told


def user(*blocks: object) -> Body:
    """A message of the user's."""
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: object) -> Body:
    """A message of the assistant's."""
    return {"role": "assistant", "content": list(blocks)}


def text(words: str, **fields: object) -> Body:
    """A block of text."""
    return {"type": "text", "text": words, **fields}


def call(identity: str, name: str = "Read", arguments: object = None) -> Body:
    """A call."""
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments or {}}


def result(identity: str, content: object = "ok", **fields: object) -> Body:
    """A result."""
    return {"type": "tool_result", "tool_use_id": identity, "content": content, **fields}


def thinking(words: str, signature: str) -> Body:
    """A thought."""
    return {"type": "thinking", "thinking": words, "signature": signature}


def said(*parts: Body) -> Body:
    """A content of the user's."""
    return {"role": "user", "parts": list(parts)}


def told(*parts: Body) -> Body:
    """A content of the model's."""
    return {"role": "model", "parts": list(parts)}


def called(identity: str, signature: str | None = None, **fields: Any) -> Body:
    """A part that calls."""
    function = {"name": "Read", "args": {}, "id": identity, **fields}
    return {"functionCall": function, **({} if signature is None else {"thoughtSignature": signature})}


def answered(identity: str, response: Body, **fields: object) -> Body:
    """A part that answers."""
    return {"functionResponse": {"id": identity, "name": "Read", "response": response, **fields}}


HI_OUT = said({"text": "Hi"})
OWN = sealed("gemini", "c2ln")
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
IMAGE_OUT = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}
PDF_SOURCE = {"type": "base64", "media_type": "application/pdf", "data": "QUJD"}
PDF = {"type": "document", "title": "a.pdf", "context": "See.", "source": PDF_SOURCE}
PDF_OUT = {"inlineData": {"mimeType": "application/pdf", "data": "QUJD"}}
OK = {"output": "ok"}

SYSTEMS: dict[str, tuple[object, list[Body] | None]] = {
    "absent": (None, None),
    "a string": ("Be kind.", [{"text": "Be kind."}]),
    "blocks": ([text("a"), text("b", cache_control={"type": "ephemeral"})], [{"text": "a"}, {"text": "b"}]),
    "16: the billing header": ([text("x-anthropic-billing-header: a;"), text("b")], [{"text": "b"}]),
    "the billing header alone": ([text("x-anthropic-billing-header: a;")], None),
    "the billing header and more": (
        "x-anthropic-billing-header: a\nBe kind.",
        [{"text": "x-anthropic-billing-header: a\nBe kind."}],
    ),
}


@pytest.mark.parametrize(("system", "parts"), SYSTEMS.values(), ids=SYSTEMS)
def test_the_system_is_the_instruction(system: object, parts: list[Body] | None) -> None:
    """Block by block; the billing header stays at home."""
    body = sent({"system": system})
    assert body.get("systemInstruction") == (None if parts is None else {"parts": parts})
    assert body["contents"] == [HI_OUT]


def test_a_request_of_nothing_but_a_system_asks_with_it() -> None:
    """There must be a content."""
    body = sent({"system": "Be kind.", "messages": []})
    assert (body["contents"], "systemInstruction" in body) == ([said({"text": "Be kind."})], False)


TURNS: dict[str, tuple[list[Body], list[Body]]] = {
    "strings": ([HI, {"role": "assistant", "content": "Yes"}], [HI_OUT, told({"text": "Yes"})]),
    "1: a system turn": (
        [HI, {"role": "system", "content": "Env"}],
        [HI_OUT, said({"text": "Env"})],
    ),
    "3: a system turn between a call and its result": (
        [HI, assistant(call("1")), {"role": "system", "content": "Env"}, user(result("1"))],
        [HI_OUT, told(called("1", STAND_IN)), said(answered("1", OK)), said({"text": "Env"})],
    ),
    "9: results in another order": (
        [
            HI,
            assistant(call("1"), call("2", "Bash", {"a": 1})),
            user(result("2", "b"), result("1", "a")),
        ],
        [
            HI_OUT,
            told(called("1", STAND_IN), called("2", name="Bash", args={"a": 1})),
            said(
                answered("1", {"output": "a"}),
                {"functionResponse": {"id": "2", "name": "Bash", "response": {"output": "b"}}},
            ),
        ],
    ),
    "12: words after a result": (
        [HI, assistant(call("1")), user(result("1"), text("And?"))],
        [HI_OUT, told(called("1", STAND_IN)), said(answered("1", OK)), said({"text": "And?"})],
    ),
    "an error": (
        [HI, assistant(call("1")), user(result("1", "no", is_error=True))],
        [HI_OUT, told(called("1", STAND_IN)), said(answered("1", {"error": "no"}))],
    ),
    "8: tools that were found": (
        [
            HI,
            assistant(call("1")),
            user(result("1", [{"type": "tool_reference", "tool_name": name} for name in "ab"] + [text("x")])),
        ],
        [
            HI_OUT,
            told(called("1", STAND_IN)),
            said(answered("1", {"output": "loaded: a, b\n\nx"})),
        ],
    ),
    "two turns of the assistant": (
        [HI, assistant(text("a")), assistant(call("1")), user(result("1"))],
        [HI_OUT, told({"text": "a"}, called("1", STAND_IN)), said(answered("1", OK))],
    ),
    "two turns of the user": ([HI, HI], [HI_OUT, HI_OUT]),
    "an assistant that begins": (
        [assistant(text("a")), HI],
        [said({"text": "(The model begins.)"}), told({"text": "a"}), HI_OUT],
    ),
    "empty texts": ([user(text(""), text("a")), assistant(text("")), HI], [said({"text": "a"}), HI_OUT]),
    "19: broken arguments": (
        [HI, assistant(call("1", arguments={"__raw": '{"a"'})), user(result("1"))],
        [HI_OUT, told(called("1", STAND_IN, args={"__raw": '{"a"'})), said(answered("1", OK))],
    ),
    "10: an image in a result": (
        [HI, assistant(call("1")), user(result("1", [text("see"), IMAGE]))],
        [
            HI_OUT,
            told(called("1", STAND_IN)),
            said(answered("1", {"output": "see"}, parts=[IMAGE_OUT])),
        ],
    ),
    "nothing but an image in a result": (
        [HI, assistant(call("1")), user(result("1", [IMAGE]))],
        [
            HI_OUT,
            told(called("1", STAND_IN)),
            said(answered("1", {"output": "(The result is shown beside these words.)"}, parts=[IMAGE_OUT])),
        ],
    ),
}


@pytest.mark.parametrize(("messages", "expected"), TURNS.values(), ids=TURNS)
def test_turns_become_contents(messages: list[Body], expected: list[Body]) -> None:
    """Results right after their calls and by the name of the function; system turns in their place."""
    assert contents(*messages) == expected


THOUGHTS: dict[str, tuple[list[Body], list[Body]]] = {
    "17: its own on a call": ([thinking("", OWN), call("1")], [called("1", "c2ln")]),
    "17: its own on the second call": (
        [call("1"), thinking("", OWN), call("2")],
        [called("1", STAND_IN), called("2", "c2ln")],
    ),
    "17: its own on a text": (
        [thinking("", OWN), text("a"), call("1")],
        [{"text": "a", "thoughtSignature": "c2ln"}, called("1", STAND_IN)],
    ),
    "17: its own on nothing": (
        [text("a"), thinking("", OWN)],
        [{"text": "a"}, {"text": "", "thoughtSignature": "c2ln"}],
    ),
    "17: its own, twice": (
        [thinking("", OWN), thinking("", OWN), call("1")],
        [{"text": "", "thoughtSignature": "c2ln"}, called("1", "c2ln")],
    ),
    "17: its own thought": (
        [thinking("hm", OWN), call("1")],
        [{"text": "hm", "thought": True, "thoughtSignature": "c2ln"}, called("1", STAND_IN)],
    ),
    "17: another's": ([thinking("hm", "c2ln"), call("1")], [called("1", STAND_IN)]),
    "17: another's, sealed": (
        [thinking("hm", sealed("openai-responses", "x")), text("a")],
        [{"text": "a"}],
    ),
    "17: hidden": ([{"type": "redacted_thinking", "data": "x"}, text("a")], [{"text": "a"}]),
    "17: not signed": ([thinking("hm", ""), text("a")], [{"text": "a"}]),
}


@pytest.mark.parametrize(("blocks", "parts"), THOUGHTS.values(), ids=THOUGHTS)
def test_signatures_go_back_to_where_they_were(blocks: list[Body], parts: list[Body]) -> None:
    """Those of others stay away, and the first call of a turn is never without one."""
    results = [result(block["id"]) for block in blocks if block["type"] == "tool_use"]
    assert contents(HI, assistant(*blocks), user(*results, text("x")))[1] == told(*parts)


def test_older_models_want_no_stand_in() -> None:
    """They do not look for one."""
    messages = (HI, assistant(call("1")), user(result("1")))
    assert contents(*messages, model=OLD)[1] == told(called("1"))


def test_every_step_has_its_own_signature() -> None:
    """The steps of earlier turns too: what was sent stays as it was sent."""
    step = (assistant(call("1")), user(result("1")))
    steps = contents(HI, *step, HI, *step)
    assert [content["parts"][0]["thoughtSignature"] for content in steps if content["role"] == "model"] == [
        STAND_IN,
        STAND_IN,
    ]


def test_what_older_models_cannot_hold_in_a_result_stands_after_all_results() -> None:
    """With a line that says whose it is (client case 10)."""
    messages = (
        HI,
        assistant(call("1"), call("2")),
        user(result("1", [text("see"), IMAGE]), result("2")),
    )
    assert contents(*messages, model=OLD)[2:] == [
        said(answered("1", {"output": "see"}), answered("2", OK)),
        said({"text": "From the result of tool call 1:"}, IMAGE_OUT),
    ]


MEDIA: dict[str, tuple[Body, list[Body]]] = {
    "an image": (IMAGE, [IMAGE_OUT]),
    "an image by its address": (
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.jpg"}},
        [{"fileData": {"fileUri": "https://example.com/a.jpg", "mimeType": "image/jpeg"}}],
    ),
    "an address that tells no type": (
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a"}},
        [{"fileData": {"fileUri": "https://example.com/a"}}],
    ),
    "a document": (PDF, [{"text": "a.pdf\n\nSee."}, PDF_OUT]),
    "a document by its address": (
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        [{"fileData": {"fileUri": "https://example.com/a.pdf", "mimeType": "application/pdf"}}],
    ),
    "a document without a name": ({"type": "document", "source": PDF_SOURCE}, [PDF_OUT]),
    "a document of text": (
        {"type": "document", "title": "t", "source": {"type": "text", "data": "words"}},
        [{"text": "t\n\nwords"}],
    ),
    "a search result": (
        {"type": "search_result", "title": "t", "source": "s", "content": [text("x")]},
        [{"text": "t\ns\nx"}],
    ),
    "a tool that was found": ({"type": "tool_reference", "tool_name": "a"}, [{"text": "loaded: a"}]),
}


@pytest.mark.parametrize(("block", "parts"), MEDIA.values(), ids=MEDIA)
def test_what_is_shown_is_carried(block: Body, parts: list[Body]) -> None:
    """Bytes as bytes, addresses of the web as addresses, text as text."""
    assert contents(user(block)) == [said(*parts)]


def test_a_document_stands_in_a_result() -> None:
    """Also one of text, and what was searched for, whose words are the result's (client case 11)."""
    inside = {"type": "document", "source": {"type": "text", "data": "words"}}
    found = {"type": "search_result", "title": "t", "source": "s", "content": [text("x")]}
    third = contents(HI, assistant(call("1")), user(result("1", [inside, found, PDF])))[2]
    assert third == said(
        answered("1", {"output": "words\n\nt\ns\nx"}, parts=[{"text": "a.pdf\n\nSee."}, PDF_OUT])
    )


LOST: dict[str, tuple[Body, str]] = {
    "a file by its id": (
        {"type": "image", "source": {"type": "file", "file_id": "f1"}},
        "image by the id of a file",
    ),
    "an address of no web": (
        {"type": "image", "source": {"type": "url", "url": "ftp://x"}},
        "image without bytes or an address of the web",
    ),
    "bytes of no type": (
        {"type": "image", "source": {"type": "base64", "data": "QUJD"}},
        "image without a type",
    ),
    "what Anthropic ran": ({"type": "server_tool_use", "id": "s"}, "'server_tool_use'"),
}


@pytest.mark.parametrize(("block", "words"), LOST.values(), ids=LOST)
def test_what_cannot_be_carried_is_named(block: Body, words: str) -> None:
    """Block and place, alone and in a result; never silence."""
    alone = {"messages": [user(block)]}
    inside = {"messages": [HI, assistant(call("1")), user(result("1", [block]))]}
    for fields, place in ((alone, "messages[0].content[0]"), (inside, "messages[2].content[0].content[0]")):
        with pytest.raises(Malformed) as caught:
            written(fields)
        assert str(caught.value) == f"`{place}`: {words} cannot be carried to this model's provider."


def from_chat(fields: Body, model: str = NEW) -> Body:
    """What Gemini gets of a Chat request."""
    body = body_of({"model": model, **fields})
    told: Body = json.loads(crossed(body, openai_chat.DIALECT, gemini.DIALECT, PLAIN).body)
    return told


def chat_user(*parts: object) -> Body:
    """A request of Chat's with one message of these parts."""
    return {"messages": [{"role": "user", "content": list(parts)}]}


FREE = {"id": "1", "type": "custom", "custom": {"name": "patch", "input": "*** a"}}


def test_a_freeform_call_is_one_of_a_string() -> None:
    """Its text stands under `input` (client case 42)."""
    history = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [FREE]},
        {"role": "tool", "tool_call_id": "1", "content": "ok"},
    ]
    model_turn = from_chat({"messages": history}, OLD)["contents"][1]
    assert model_turn == told(called("1", name="patch", args={"input": "*** a"}))


def test_a_refusal_is_text_and_a_sound_is_a_sound() -> None:
    """Chat has both, and Gemini takes them."""
    refused = {"messages": [HI, {"role": "assistant", "content": None, "refusal": "No."}]}
    assert from_chat(refused)["contents"][1] == told({"text": "No."})
    sound = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}
    shown = from_chat(chat_user(sound))["contents"]
    assert shown == [said({"inlineData": {"mimeType": "audio/wav", "data": "QUJD"}})]


def test_an_image_by_a_data_uri_is_bytes() -> None:
    """Its detail is Chat's alone."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD", "detail": "low"}}
    assert from_chat(chat_user(image))["contents"] == [said(IMAGE_OUT)]
