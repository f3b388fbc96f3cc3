"""Blocks of anthropic-messages, written from parts that any dialect may have read."""

import json
from typing import Any

import msgspec
import pytest

from adapters.conversation import (
    Media,
    Opaque,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolReference,
    ToolResult,
)
from adapters.conversation_tools import Names
from adapters.dialects.anthropic_messages.content import Blocks
from adapters.dialects.anthropic_messages.request_read import NAME
from adapters.fault import Malformed

MARK = msgspec.Raw(b'{"type":"ephemeral"}')
MARKED = {"cache_control": {"type": "ephemeral"}}


def blocks_of(*parts: Part, own: bool = False, unsigned: bool = False) -> list[Any]:
    """The blocks that parts become, as JSON."""
    blocks = Blocks(Names(128), own=own, unsigned=unsigned).of(parts)
    return list(json.loads(msgspec.json.encode(list(blocks))))


def media(kind: str, **fields: Any) -> Media:
    """An image, a document or a sound."""
    return Media(kind=kind, place="messages[0]", **fields)  # type: ignore[arg-type]


def opaque(dialect: str, words: str | None = None) -> Opaque:
    """A part that one dialect knows."""
    return Opaque(dialect, "new", "messages[0]", msgspec.Raw(b'{"type":"new"}'), words)


def result(*parts: Text | Media | ToolReference | Opaque, **fields: Any) -> ToolResult:
    """A result."""
    return ToolResult(id="c1", parts=parts, place="messages[0]", **fields)


def block(kind: str, **fields: object) -> dict[str, object]:
    """A block."""
    return {"type": kind, **fields}


BLOCKS: dict[str, tuple[Part, list[dict[str, object]]]] = {
    "text": (Text("a"), [block("text", text="a")]),
    "marked text": (Text("a", MARK), [block("text", text="a", **MARKED)]),
    "cited text": (Text("a", citations=msgspec.Raw(b"[]")), [block("text", text="a", citations=[])]),
    "blank text": (Text(" \n"), []),
    "a refusal": (Refusal("No."), [block("text", text="No.")]),
    "a blank refusal": (Refusal(""), []),
    "signed thinking": (Thinking("hm", "s", maker=NAME), [block("thinking", thinking="hm", signature="s")]),
    "unsigned thinking": (Thinking("hm"), []),
    "thinking another maker signed": (Thinking("hm", "s", maker="gemini"), []),
    "hidden thinking of another maker": (Thinking("", redacted="x", maker="gemini"), []),
    "hidden thinking": (Thinking("", redacted="x", maker=NAME), [block("redacted_thinking", data="x")]),
    "a call": (ToolCall("c1", "x", '{"a": 1}'), [block("tool_use", id="c1", name="x", input={"a": 1})]),
    "a marked call": (
        ToolCall("c1", "x", "", cache=MARK),
        [block("tool_use", id="c1", name="x", input={}, **MARKED)],
    ),
    "a freeform call": (
        ToolCall("c1", "x", '{"a": 1}', freeform=True),
        [block("tool_use", id="c1", name="x", input={"input": '{"a": 1}'})],
    ),
    "a call with a list": (
        ToolCall("c1", "x", "[]"),
        [block("tool_use", id="c1", name="x", input={"__raw": "[]"})],
    ),
    "a call with half an object": (
        ToolCall("c1", "x", '{"a'),
        [block("tool_use", id="c1", name="x", input={"__raw": '{"a'})],
    ),
    "a result of one text": (result(Text("a")), [block("tool_result", tool_use_id="c1", content="a")]),
    "a failed result": (
        result(Text("a"), is_error=True, cache=MARK),
        [block("tool_result", tool_use_id="c1", content="a", is_error=True, **MARKED)],
    ),
    "a result with a marked text": (
        result(Text("a", MARK)),
        [block("tool_result", tool_use_id="c1", content=[block("text", text="a", **MARKED)])],
    ),
    "a result of nothing": (result(), [block("tool_result", tool_use_id="c1")]),
    "a result of references": (
        result(ToolReference("x"), ToolReference("y")),
        [
            block(
                "tool_result",
                tool_use_id="c1",
                content=[block("text", text="loaded: x"), block("text", text="loaded: y")],
            )
        ],
    ),
    "an image": (
        media("image", media_type="image/png", data="QUJD", name="not for images", context="nor this"),
        [block("image", source=block("base64", media_type="image/png", data="QUJD"))],
    ),
    "an image by its address": (
        media("image", url="HTTPS://x", cache=MARK),
        [block("image", source=block("url", url="HTTPS://x"), **MARKED)],
    ),
    "a document": (
        media("document", media_type="application/pdf", data="QUJD", name="t", context="c"),
        [
            block(
                "document",
                source=block("base64", media_type="application/pdf", data="QUJD"),
                title="t",
                context="c",
            )
        ],
    ),
    "a document of text": (
        media("document", text="w"),
        [block("document", source=block("text", media_type="text/plain", data="w"))],
    ),
    "a foreign part with words": (opaque("gemini", "w"), [block("text", text="w")]),
    "a part of its own": (opaque("anthropic-messages", "w"), [block("new")]),
}


@pytest.mark.parametrize(("part", "blocks"), BLOCKS.values(), ids=BLOCKS)
def test_every_part_has_its_block(part: Part, blocks: list[dict[str, object]]) -> None:
    """A part is one block, or none where it would be refused as blank or unsigned."""
    assert blocks_of(part) == blocks


def test_a_client_of_this_dialect_keeps_its_references_and_files() -> None:
    """What a foreign client's names would mean nothing to is written as it was read."""
    assert blocks_of(ToolReference("x"), own=True) == [block("tool_reference", tool_name="x")]
    assert blocks_of(media("image", file="f1"), own=True) == [
        block("image", source=block("file", file_id="f1"))
    ]


def test_unsigned_thoughts_are_written_where_they_are_taken() -> None:
    """The signature is then empty."""
    assert blocks_of(Thinking("hm"), unsigned=True) == [block("thinking", thinking="hm", signature="")]


REFUSED: dict[str, tuple[Part, str]] = {
    "a sound": (media("audio", data="QUJD"), "a sound"),
    "a foreign part": (opaque("gemini"), "'new'"),
    "a foreign file": (media("document", file="f1"), "document by the id of a file"),
    "an address of another kind": (media("image", url="gs://x"), "image without bytes or an address"),
    "an address of nothing": (media("image"), "image without bytes or an address"),
    "a document of another kind": (media("document", data="QUJD"), "a document of type ''"),
    "broken base64": (media("document", media_type="text/csv", data="?"), "a document that is no text"),
}


@pytest.mark.parametrize(("part", "what"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_block_is_refused_at_its_place(part: Part, what: str) -> None:
    """The place and the kind are told, also as the parameter at fault."""
    with pytest.raises(Malformed) as caught:
        blocks_of(part)
    assert str(caught.value).startswith(f"`messages[0]`: {what}")
    assert caught.value.param == "messages[0]"
    assert caught.value.status == 400
