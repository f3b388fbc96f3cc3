"""Contents of openai-chat, written from parts that any dialect may have read."""

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
    ToolReference,
    ToolResult,
)
from adapters.dialects.openai_chat.content import content_of, joined, result_message, shown
from adapters.fault import Malformed

CITED = msgspec.Raw(b"[]")


def media(kind: str, **fields: Any) -> Media:
    """An image, a document or a sound."""
    return Media(kind=kind, place="messages[0]", **fields)  # type: ignore[arg-type]


def opaque(words: str | None = None) -> Opaque:
    """A part that one dialect knows."""
    return Opaque("gemini", "new", "messages[0]", msgspec.Raw(b"{}"), words)


def result(*parts: Text | Media | ToolReference | Opaque, is_error: bool = False) -> ToolResult:
    """A result."""
    return ToolResult(id="c1", parts=parts, place="messages[0]", is_error=is_error)


def text(words: str) -> dict[str, object]:
    """A text part."""
    return {"type": "text", "text": words}


IMAGE = media("image", media_type="image/png", data="QUJD")
IMAGE_OUT = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}

JOINED: dict[str, tuple[list[Part], str]] = {
    "nothing": ([], ""),
    "one": ([Text("a")], "a"),
    "two": ([Text("a"), Text("b")], "a\n\nb"),
    "with an empty one": ([Text("a"), Text(""), Text("b")], "a\n\nb"),
    "cut apart by citations": ([Text("a "), Text("b", citations=CITED), Text(".")], "a b."),
    "a refusal": ([Text("a"), Refusal("No.")], "a\n\nNo."),
    "references": ([ToolReference("x"), ToolReference("y"), Text("a")], "loaded: x, y\n\na"),
    "references apart": ([ToolReference("x"), Text("a"), ToolReference("y")], "loaded: x\n\na\n\nloaded: y"),
    "a document of text": ([media("document", text="w", name="t", context="c")], "t\n\nc\n\nw"),
    "a document of bare text": ([media("document", text="w")], "w"),
    "a foreign part with words": ([opaque("w")], "w"),
}


@pytest.mark.parametrize(("parts", "words"), JOINED.values(), ids=JOINED)
def test_texts_are_joined_by_a_blank_line(parts: list[Part], words: str) -> None:
    """Texts keep their order, citations cut nothing apart, and references are one line."""
    assert joined(parts) == words
    assert content_of(parts) == words


CONTENTS: dict[str, tuple[Part, list[dict[str, Any]]]] = {
    "an image": (IMAGE, [IMAGE_OUT]),
    "an image of unknown bytes": (
        media("image", data="QUJD"),
        [{"type": "image_url", "image_url": {"url": "data:application/octet-stream;base64,QUJD"}}],
    ),
    "an image with its detail": (
        media("image", url="u", detail="low"),
        [{"type": "image_url", "image_url": {"url": "u", "detail": "low"}}],
    ),
    "a document": (
        media("document", media_type="application/pdf", data="QUJD", name="a.pdf", context="c"),
        [
            text("c"),
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD"}},
        ],
    ),
    "a document without a name": (
        media("document", media_type="text/csv", data="QUJD"),
        [
            {
                "type": "file",
                "file": {"filename": "document.csv", "file_data": "data:text/csv;base64,QUJD"},
            }
        ],
    ),
    "a sound": (
        media("audio", media_type="audio/wav", data="QUJD"),
        [{"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}}],
    ),
}


@pytest.mark.parametrize(("part", "content"), CONTENTS.values(), ids=CONTENTS)
def test_media_make_a_list_of_parts(part: Part, content: list[dict[str, Any]]) -> None:
    """Beside media texts are parts of their own, in order."""
    assert content_of([Text("a"), part, Text("b")]) == [text("a"), *content, text("b")]


RESULTS: dict[str, tuple[ToolResult, str, list[Part]]] = {
    "text": (result(Text("a"), Text("b")), "a\n\nb", []),
    "nothing": (result(), "", []),
    "an error": (result(Text("a"), is_error=True), "[error] a", []),
    "an error without words": (result(is_error=True), "[error] ", []),
    "text and an image": (
        result(Text("a"), IMAGE, Text("b")),
        "a\n\nb",
        [Text("From the result of tool call c1:"), IMAGE],
    ),
    "an image alone": (
        result(IMAGE),
        "(The result is shown in the next user message.)",
        [Text("From the result of tool call c1:"), IMAGE],
    ),
    "a document of text": (result(media("document", text="w")), "w", []),
}


@pytest.mark.parametrize(("given", "content", "below"), RESULTS.values(), ids=RESULTS)
def test_a_result_is_a_tool_message_and_what_it_shows(
    given: ToolResult, content: str, below: list[Part]
) -> None:
    """Text stands in the tool message, the rest is said to be below and is."""
    assert result_message(given) == {"role": "tool", "tool_call_id": "c1", "content": content}
    assert list(shown(given)) == below


REFUSED: dict[str, tuple[Part, str]] = {
    "a foreign part": (opaque(), "`messages[0]`: 'new' cannot be carried"),
    "an image by the id of a file": (
        media("image", file="f1"),
        "`messages[0]`: an image by the id of a file",
    ),
    "a document by the id of a file": (media("document", file="f"), "`messages[0]`: a document by the id"),
    "a document by its address": (media("document", url="u"), "`messages[0]`: a document by its address"),
    "a sound of another kind": (
        media("audio", media_type="audio/ogg", data="QUJD"),
        "`messages[0]`: a sound of type 'audio/ogg'",
    ),
    "a thought": (Thinking("hm"), "A Thinking stands where only text can."),
    "a result": (result(Text("a")), "A ToolResult stands where only text can."),
}


@pytest.mark.parametrize(("part", "words"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_place_is_refused(part: Part, words: str) -> None:
    """The place and the kind are told."""
    with pytest.raises(Malformed) as caught:
        content_of([part])
    assert str(caught.value).startswith(words)


def test_media_have_no_place_in_a_text() -> None:
    """Where only text can stand, as in the system, an image is refused at its place."""
    with pytest.raises(Malformed, match=r"`messages\[0\]`: 'image' cannot be carried") as caught:
        joined([Text("a"), IMAGE])
    assert caught.value.param == "messages[0]"
