"""The items of a request of openai-responses, read: who says what, in which turn."""

import json
from typing import Any

import msgspec
import pytest

from adapters.conversation import (
    ChatRequest,
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from adapters.dialects.openai_responses.marks import sealed_summary
from adapters.dialects.openai_responses.request_items import (
    SUMMARY_OPENING,
    SUMMARY_REQUEST,
)
from adapters.dialects.openai_responses.request_read import read_request
from adapters.fault import Malformed

Item = dict[str, Any]
PICTURE = "data:image/png;base64,QUJD"


def raw_of(value: object) -> msgspec.Raw:
    """A value as the JSON it is sent in."""
    return msgspec.Raw(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def read(items: Any, **fields: Any) -> ChatRequest:
    """A request of these items, read."""
    return read_request(bytes(raw_of({"model": "m", "input": items, **fields})))


def said(*parts: Item, role: str = "user") -> Item:
    """A message of some parts."""
    return {"type": "message", "role": role, "content": list(parts)}


def text(words: str) -> Item:
    """A text of a user's."""
    return {"type": "input_text", "text": words}


def call(name: str = "f", **fields: Any) -> Item:
    """A call of a function."""
    return {"type": "function_call", "call_id": "c1", "name": name, "arguments": "{}", **fields}


def output(value: Any, kind: str = "function_call_output") -> Item:
    """What a call brought."""
    return {"type": kind, "call_id": "c1", "output": value}


PLACE = "input[0].content[0]"
PARTS: dict[str, tuple[Item, Part]] = {
    "a text": (text("a"), Text("a")),
    "a text of the model's": ({"type": "output_text", "text": "a", "annotations": []}, Text("a")),
    "a refusal": ({"type": "refusal", "refusal": "No."}, Refusal("No.")),
    "an image in the request": (
        {"type": "input_image", "image_url": PICTURE, "detail": "original"},
        Media(kind="image", place=PLACE, media_type="image/png", data="QUJD", detail="original"),
    ),
    "an image by its address": (
        {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
        Media(kind="image", place=PLACE, url="https://x/y.png"),
    ),
    "an image by its id": (
        {"type": "input_image", "file_id": "file_1", "image_url": None},
        Media(kind="image", place=PLACE, file="file_1"),
    ),
    "a file in the request": (
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"},
        Media(kind="document", place=PLACE, media_type="application/pdf", data="QUJD", name="a.pdf"),
    ),
    "a file as bare base64": (
        {"type": "input_file", "filename": "a.pdf", "file_data": "QUJD"},
        Media(kind="document", place=PLACE, media_type="application/pdf", data="QUJD", name="a.pdf"),
    ),
    "a file of no known type": (
        {"type": "input_file", "file_data": "QUJD"},
        Media(kind="document", place=PLACE, data="QUJD"),
    ),
    "an image as a file": (
        {"type": "input_file", "file_data": PICTURE},
        Media(kind="image", place=PLACE, media_type="image/png", data="QUJD"),
    ),
    "a file by its address": (
        {"type": "input_file", "file_url": "https://x/y.pdf"},
        Media(kind="document", place=PLACE, url="https://x/y.pdf"),
    ),
    "a file by its id": (
        {"type": "input_file", "file_id": "file_1", "detail": "low"},
        Media(kind="document", place=PLACE, file="file_1", detail="low"),
    ),
    "a sound": (
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        Media(kind="audio", place=PLACE, media_type="audio/mp3", data="QUJD"),
    ),
}
UNKNOWN: dict[str, Item] = {
    "a new part": {"type": "hologram", "depth": 3},
    "an image of nothing": {"type": "input_image", "image_url": None},
    "a file of nothing": {"type": "input_file", "filename": "a.pdf"},
    "a sound of nothing": {"type": "input_audio"},
    "no type": {"text": "a"},
}


@pytest.mark.parametrize(("part", "expected"), PARTS.values(), ids=PARTS)
def test_a_part_of_a_message_is_read(part: Item, expected: Part) -> None:
    """Texts, refusals, images, files and sounds, however they are sent."""
    assert read([said(part)]).turns[0].parts == (expected,)


@pytest.mark.parametrize("part", UNKNOWN.values(), ids=UNKNOWN)
def test_a_part_nobody_knows_stays_as_it_came(part: Item) -> None:
    """It is kept with its bytes and its place."""
    (kept,) = read([said(part)]).turns[0].parts
    assert kept == Opaque("openai-responses", part.get("type", ""), PLACE, raw_of(part))


RESULT_PLACE = "input[1]"
SAID: dict[str, tuple[Any, list[tuple[str, tuple[Part, ...]]]]] = {
    "a string": ("Hi", [("user", (Text("Hi"),))]),
    "a message without a type": ([{"role": "user", "content": "Hi"}], [("user", (Text("Hi"),))]),
    "a message without content": (
        [{"role": "user", "content": None}, said(text("a"))],
        [("user", (Text("a"),))],
    ),
    "two messages of a user": (
        [said(text("a")), said(text("b"))],
        [("user", (Text("a"),)), ("user", (Text("b"),))],
    ),
    "a message of the model's and its call": (
        [said({"type": "output_text", "text": "a"}, role="assistant"), call(id="fc_1", status="completed")],
        [("assistant", (Text("a"), ToolCall("c1", "f", "{}")))],
    ),
    "a call and a message behind it": (
        [call(), said({"type": "output_text", "text": "a"}, role="assistant")],
        [("assistant", (ToolCall("c1", "f", "{}"), Text("a")))],
    ),
    "two messages of the model's": (
        [{"role": "assistant", "content": "a", "phase": "commentary"}, {"role": "assistant", "content": "b"}],
        [("assistant", (Text("a"),)), ("assistant", (Text("b"),))],
    ),
    "two calls at once": (
        [call(), call("g", call_id="c2", arguments=None)],
        [("assistant", (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "")))],
    ),
    "a call whose arguments are an object": (
        [call(arguments={"a": 1})],
        [("assistant", (ToolCall("c1", "f", '{"a":1}'),))],
    ),
    "a call in a namespace": (
        [call(namespace="agents")],
        [("assistant", (ToolCall("c1", "f", "{}", namespace="agents"),))],
    ),
    "a call of a function named as the search": (
        [call("tool_search")],
        [("assistant", (ToolCall("c1", "tool_search", "{}", namespace="functions"),))],
    ),
    "a custom call": (
        [{"type": "custom_tool_call", "call_id": "c1", "name": "p", "input": "*** a"}],
        [("assistant", (ToolCall("c1", "p", "*** a", freeform=True),))],
    ),
    "a search": (
        [{"type": "tool_search_call", "call_id": "c1", "execution": "client", "arguments": {"query": "é"}}],
        [("assistant", (ToolCall("c1", "tool_search", '{"query":"é"}'),))],
    ),
    "a result": (
        [call(), output("done")],
        [
            ("assistant", (ToolCall("c1", "f", "{}"),)),
            ("user", (ToolResult(id="c1", parts=(Text("done"),), place=RESULT_PLACE),)),
        ],
    ),
    "an empty result": (
        [call(), output(None)],
        [
            ("assistant", (ToolCall("c1", "f", "{}"),)),
            ("user", (ToolResult(id="c1", parts=(), place=RESULT_PLACE),)),
        ],
    ),
    "a result of parts": (
        [
            call(),
            output([text("a"), {"type": "input_image", "file_id": "x"}, {"type": "refusal", "refusal": "b"}]),
        ],
        [
            ("assistant", (ToolCall("c1", "f", "{}"),)),
            (
                "user",
                (
                    ToolResult(
                        id="c1",
                        parts=(
                            Text("a"),
                            Media(kind="image", place="input[1].output[1]", file="x"),
                            Text("b"),
                        ),
                        place=RESULT_PLACE,
                    ),
                ),
            ),
        ],
    ),
    "a developer between turns": (
        [said(text("a")), said(text("b"), role="developer")],
        [("user", (Text("a"),)), ("system", (Text("b"),))],
    ),
    "a summary of ours": (
        [{"type": "compaction", "encrypted_content": sealed_summary("It é.")}, said(text("b"))],
        [("user", (Text(SUMMARY_OPENING + "It é."),)), ("user", (Text("b"),))],
    ),
}


@pytest.mark.parametrize(("items", "turns"), SAID.values(), ids=SAID)
def test_items_become_turns(items: Any, turns: list[tuple[str, tuple[Part, ...]]]) -> None:
    """What a model says in one go is one turn, with one message; each message of a user is its own."""
    assert [(turn.role, turn.parts) for turn in read(items).turns] == turns


def test_developers_at_the_head_are_the_system() -> None:
    """Instructions come first, then every text of system and developer messages before the first turn."""
    heads = [said(text("b"), text("c"), role="developer"), {"role": "system", "content": "d"}]
    request = read([*heads, said(text("e"))], instructions="a")
    assert [part.text for part in request.system] == ["a", "b", "c", "d"]
    assert len(request.turns) == 1


# --- compaction ---------------------------------------------------------------------------------------


def test_a_trigger_asks_for_a_summary() -> None:
    """The last turn asks for it, and nothing is left that would make anything else of the answer."""
    fields = {
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "tool_choice": "required",
        "parallel_tool_calls": True,
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
    }
    request = read([said(text("a")), {"type": "compaction_trigger"}], **fields)
    assert request.compaction
    assert request.turns[-1].parts == (Text(SUMMARY_REQUEST),)
    assert (request.tools, request.choice, request.parallel, request.format) == ((), None, None, None)


WRONG: dict[str, tuple[Any, str]] = {
    "no input": (None, "`input` is required."),
    "an item of nothing": ([{}], "`input[0].type` is required."),
    "an item that is none": ([5], "`input[0]`: Expected `object`, got `int`."),
    "a role nobody has": ([{"role": "robot", "content": "a"}], "`input[0].role` 'robot' is not known."),
    "an image in the system": (
        [said({"type": "input_image", "file_id": "x"}, role="system")],
        "`input[0].content[0]`: only text can stand in a message of the system's.",
    ),
    "a call without an id": ([call(call_id=None)], "`input[0].call_id` is required."),
    "a result without an id": (
        [{"type": "function_call_output", "output": "a"}],
        "`input[0].call_id` is required.",
    ),
    "a part of the wrong kind": (
        [said({"type": "input_text", "text": 5})],
        "`input[0].content[0]`: Expected `str`",
    ),
    "a reference": ([{"type": "item_reference", "id": "msg_1"}], "`input[0]`: an `item_reference` points to"),
    "a compaction that was changed": (
        [{"type": "compaction", "encrypted_content": sealed_summary("a")[:-3]}],
        "`input[0]`: the compaction was changed and cannot be read.",
    ),
    "a trigger in the middle": (
        [{"type": "compaction_trigger"}, said(text("a"))],
        "`input[1]`: nothing may follow a `compaction_trigger`.",
    ),
}


@pytest.mark.parametrize(("items", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named(items: Any, message: str) -> None:
    """The place and the reason are told."""
    with pytest.raises(Malformed) as caught:
        read(items)
    assert message in str(caught.value)
