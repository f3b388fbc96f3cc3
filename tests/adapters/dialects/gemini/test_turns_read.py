"""Turns of gemini as the middle has them: parts and signatures, calls and their answers, media."""

from typing import Any

import pytest

from adapters.conversation import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult, Turn
from adapters.seal import Seal, resealed, sealed
from tests.adapters.dialects.gemini.requests import answer, call, inline, model, raw, read, text, user


def said(*parts: object, role: str = "user") -> tuple[Part, ...]:
    """What the parts of one content become."""
    (turn,) = read(contents=[{"role": role, "parts": list(parts)}]).turns
    return turn.parts


# --- turns --------------------------------------------------------------------------------------------


CONTENTS: dict[str, tuple[object, list[Turn]]] = {
    "a string": ("Hi", [Turn("user", (Text("Hi"),))]),
    "one content": (user(text("Hi")), [Turn("user", (Text("Hi"),))]),
    "strings": (["Hi", "Ho"], [Turn("user", (Text("Hi"),)), Turn("user", (Text("Ho"),))]),
    "no role": ([{"parts": [text("Hi")]}], [Turn("user", (Text("Hi"),))]),
    "no parts": ([{"role": "user"}], [Turn("user", ())]),
    "both sides": (
        [user(text("a"), text("b")), model(text("c"))],
        [Turn("user", (Text("a"), Text("b"))), Turn("assistant", (Text("c"),))],
    ),
    "pieces of a stream": ([model(text("Hel"), text("lo"))], [Turn("assistant", (Text("Hello"),))]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("contents", "turns"), CONTENTS.values(), ids=CONTENTS)
def test_contents_become_turns(contents: object, turns: list[Turn]) -> None:
    """Each content is a turn; what the model said in pieces is one text."""
    assert list(read(contents=contents).turns) == turns


SYSTEMS: dict[str, tuple[object, tuple[str, ...]]] = {
    "parts": ({"role": "user", "parts": [text("a"), text("b")]}, ("a", "b")),
    "a string": ("a", ("a",)),
    "nothing": (None, ()),
    "no parts": ({"role": "system"}, ()),
}


@pytest.mark.parametrize(("instruction", "texts"), SYSTEMS.values(), ids=SYSTEMS)
def test_an_instruction_is_the_system(instruction: object, texts: tuple[str, ...]) -> None:
    """In either spelling, whatever role it says."""
    for name in ("systemInstruction", "system_instruction"):
        fields: dict[str, Any] = {name: instruction}
        assert tuple(part.text for part in read(**fields).system) == texts


SIGN = Thinking("", "c2ln", maker="gemini")
OTHER = sealed("anthropic-messages", "s?>")
HIDDEN = sealed("anthropic-messages", "", "x")
URL_SAFE = OTHER.replace("+", "-").replace("/", "_")
BOTH = resealed([Seal("a", "1", text="h", leads=True), Seal("b", "", "x"), Seal("c", "2", text="m")])
CARRIED = (Thinking("h", "1", maker="a"), Thinking("", "", "x", "b"), Thinking("m", "2", maker="c"))
SIGNED: dict[str, tuple[list[dict[str, object]], tuple[Part, ...]]] = {
    "a thought": ([text("hm", thought=True)], (Thinking("hm", maker="gemini"),)),
    "a signed thought": (
        [text("hm", thought=True, thoughtSignature="c2ln")],
        (Thinking("hm", "c2ln", maker="gemini"),),
    ),
    "pieces of a thought": (
        [text("h", thought=True), text("m", thought=True), text("", thought=True, thoughtSignature="c2ln")],
        (Thinking("hm", "c2ln", maker="gemini"),),
    ),
    "two thoughts": (
        [text("h", thought=True, thoughtSignature="c2ln"), text("m", thought=True)],
        (Thinking("h", "c2ln", maker="gemini"), Thinking("m", maker="gemini")),
    ),
    "a thought, and a signature of the call": (
        [text("hm", thought=True), {**call("f", {}, id="1"), "thoughtSignature": "c2ln"}],
        (Thinking("hm", maker="gemini"), SIGN, ToolCall("1", "f", "{}")),
    ),
    "no thought": ([text("a", thought=False)], (Text("a"),)),
    "a call": (
        [{**call("f", {}, id="1"), "thoughtSignature": "c2ln"}],
        (SIGN, ToolCall("1", "f", "{}")),
    ),
    "a text": ([text("a", thoughtSignature="c2ln"), text("b")], (SIGN, Text("ab"))),
    "an empty text": ([text("a"), text("", thoughtSignature="c2ln")], (Text("a"), SIGN)),
    "an image": (
        [{"inlineData": {"mimeType": "image/png", "data": "QUJD"}, "thought_signature": "c2ln"}],
        (
            SIGN,
            Media(kind="image", place="contents[0].parts[0]", media_type="image/png", data="QUJD"),
        ),
    ),
    "for URLs, as the SDK makes it": (
        [{**call("f", {}, id="1"), "thoughtSignature": "a-b_"}],
        (Thinking("", "a-b_", maker="gemini"), ToolCall("1", "f", "{}")),
    ),
    "another maker's": (
        [{**call("f", {}, id="1"), "thoughtSignature": OTHER}],
        (Thinking("", "s?>", maker="anthropic-messages"), ToolCall("1", "f", "{}")),
    ),
    "another maker's, for URLs": (
        [{**call("f", {}, id="1"), "thoughtSignature": URL_SAFE}],
        (Thinking("", "s?>", maker="anthropic-messages"), ToolCall("1", "f", "{}")),
    ),
    "another maker's thought": (
        [text("hm", thought=True, thoughtSignature=OTHER)],
        (Thinking("hm", "s?>", maker="anthropic-messages"),),
    ),
    "another maker's hidden thought": (
        [text("a", thoughtSignature=HIDDEN)],
        (Thinking("", "", "x", "anthropic-messages"), Text("a")),
    ),
    "thoughts on a call": (
        [text("a"), {**call("f", {}, id="1"), "thoughtSignature": BOTH}],
        (CARRIED[0], Text("a"), *CARRIED[1:], ToolCall("1", "f", "{}")),
    ),
    "thoughts on a call, and their words": (
        [
            text("h", thought=True),
            text("a"),
            text("m", thought=True),
            {**call("f", {}, id="1"), "thoughtSignature": BOTH},
        ],
        (CARRIED[0], Text("a"), *CARRIED[1:], ToolCall("1", "f", "{}")),
    ),
    "thoughts on an end": (
        [text("a"), text("b"), text("", thoughtSignature=BOTH)],
        (CARRIED[0], Text("ab"), *CARRIED[1:]),
    ),
    "a seal that was cut": ([text("a", thoughtSignature=OTHER[:-3])], (Text("a"),)),
}


@pytest.mark.parametrize(("parts", "told"), SIGNED.values(), ids=SIGNED)
def test_signatures_belong_to_who_made_them(parts: list[dict[str, object]], told: tuple[Part, ...]) -> None:
    """On a thought it is the thought's, on anything else a thought without words before it."""
    assert said(*parts, role="model") == told


def test_a_user_does_not_think() -> None:
    """What a user's turn holds as a thought is text, and its signatures are nobody's."""
    assert said(text("hm", thought=True), text("a", thoughtSignature="c2ln")) == (Text("hm"), Text("a"))


# --- calls and answers --------------------------------------------------------------------------------


def paired(*contents: dict[str, object]) -> list[tuple[str, str]]:
    """The ids of all calls and answers, in order, each with the name or the words."""
    found: list[tuple[str, str]] = []
    for part in (part for turn in read(contents=list(contents)).turns for part in turn.parts):
        if isinstance(part, ToolCall):
            found.append((part.id, part.name))
        elif isinstance(part, ToolResult):
            (words,) = part.parts
            assert isinstance(words, Text)
            found.append((part.id, words.text))
    return found


def output(words: str) -> dict[str, str]:
    """A response of nothing but words."""
    return {"output": words}


PAIRED: dict[str, tuple[list[dict[str, object]], list[tuple[str, str]]]] = {
    "ids": (
        [
            model(call("f", id="1"), call("f", id="2")),
            user(answer("f", output("b"), id="2"), answer("f", output("a"), id="1")),
        ],
        [("1", "f"), ("2", "f"), ("2", "b"), ("1", "a")],
    ),
    "59: no ids": (
        [model(call("f"), call("g")), user(answer("f", output("a")), answer("g", output("b")))],
        [("call_0_0", "f"), ("call_0_1", "g"), ("call_0_0", "a"), ("call_0_1", "b")],
    ),
    "59: no ids, by name": (
        [model(call("f"), call("g")), user(answer("g", output("b")), answer("f", output("a")))],
        [("call_0_0", "f"), ("call_0_1", "g"), ("call_0_1", "b"), ("call_0_0", "a")],
    ),
    "59: no ids, by order": (
        [model(call("f"), call("f")), user(answer("f", output("a"))), user(answer("f", output("b")))],
        [("call_0_0", "f"), ("call_0_1", "f"), ("call_0_0", "a"), ("call_0_1", "b")],
    ),
    "59: ids of calls alone": (
        [
            model(call("f", id="1"), call("f", id="2")),
            user(answer("f", output("a")), answer("f", output("b"))),
        ],
        [("1", "f"), ("2", "f"), ("1", "a"), ("2", "b")],
    ),
    "ids of answers alone": (
        [model(call("f")), user(answer("f", output("a"), id="x"))],
        [("call_0_0", "f"), ("call_0_0", "a")],
    ),
    "an id and none": (
        [
            model(call("f", id="1"), call("f", id="2")),
            user(answer("f", output("b"), id="1"), answer("f", output("a"))),
        ],
        [("1", "f"), ("2", "f"), ("1", "b"), ("2", "a")],
    ),
    "turn by turn": (
        [model(call("f")), user(answer("f", output("a"))), model(call("f")), user(answer("f", output("b")))],
        [("call_0_0", "f"), ("call_0_0", "a"), ("call_2_0", "f"), ("call_2_0", "b")],
    ),
    "the role of old": (
        [model(call("f")), {"role": "function", "parts": [answer("f", output("a"))]}],
        [("call_0_0", "f"), ("call_0_0", "a")],
    ),
}


@pytest.mark.parametrize(("contents", "pairs"), PAIRED.values(), ids=PAIRED)
def test_answers_find_their_calls(contents: list[dict[str, object]], pairs: list[tuple[str, str]]) -> None:
    """By id where both have one, else by name and order."""
    assert paired(*contents) == pairs


def answered(response: object, **fields: object) -> ToolResult:
    """The result that a response becomes."""
    turns = read(contents=[model(call("f", id="1")), user(answer("f", response, **fields))]).turns
    (result,) = turns[1].parts
    assert isinstance(result, ToolResult)
    return result


RESPONSE = "contents[1].parts[0].functionResponse.response"
WORDS: dict[str, tuple[object, str, bool]] = {
    "an output": ({"output": "ok"}, "ok", False),
    "an error": ({"error": "no"}, "no", True),
    "an empty result": ({"result": ""}, "", False),
}


@pytest.mark.parametrize(("response", "words", "is_error"), WORDS.values(), ids=WORDS)
def test_a_response_of_words_is_text(response: object, words: str, is_error: bool) -> None:
    """The documented keys hold the words themselves."""
    result = answered(response)
    assert (result.parts, result.is_error) == ((Text(words),), is_error)


KEPT: dict[str, tuple[object, str, bool]] = {
    "a result": ({"result": "ok"}, "ok", False),
    "opencode's": ({"name": "f", "content": "ok"}, "ok", False),
    "opencode's with an object": ({"name": "f", "content": {"a": 1}}, '{"a": 1}', False),
    "an output that is an object": ({"output": {"a": 1}}, '{"a": 1}', False),
    "an error that is one": ({"error": {"a": 1}}, '{"a": 1}', True),
    "more than an output": ({"output": "ok", "code": 0}, '{"output": "ok", "code": 0}', False),
    "anything": ({"temperature": 20}, '{"temperature": 20}', False),
    "nothing": ({}, "{}", False),
}


@pytest.mark.parametrize(("response", "words", "is_error"), KEPT.values(), ids=KEPT)
def test_any_other_response_keeps_its_bytes_and_has_words(
    response: object, words: str, is_error: bool
) -> None:
    """For Google the very object, for everybody else what it says."""
    result = answered(response)
    assert result.parts == (Opaque("gemini", "functionResponse", RESPONSE, raw(response), words),)
    assert result.is_error is is_error


def test_a_response_may_be_absent() -> None:
    """It says nothing."""
    assert answered(None).parts == ()


def test_a_response_shows_pictures() -> None:
    """Beside its words, each with its place."""
    picture = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}
    film = {"fileData": {"fileUri": "https://x/a.mp4", "mimeType": "video/mp4"}}
    result = answered({"output": "see"}, parts=[picture, film, {"new": 1}])
    words, shown, opaque, unknown = result.parts
    place = "contents[1].parts[0].functionResponse.parts"
    assert words == Text("see")
    assert shown == Media(kind="image", place=f"{place}[0]", media_type="image/png", data="QUJD")
    assert opaque == Opaque("gemini", "fileData of type 'video/mp4'", f"{place}[1]", raw(film))
    assert unknown == Opaque("gemini", "new", f"{place}[2]", raw({"new": 1}))


ARGUMENTS: dict[str, tuple[object, str]] = {
    "an object": ({"a": "é"}, '{"a": "\\u00e9"}'),
    "none": (None, "{}"),
    "what our own writer wrapped": ({"__raw": '{"a"'}, '{"a"'),
    "its key among others": ({"__raw": "x", "a": "b"}, '{"__raw": "x", "a": "b"}'),
    "its key with no text": ({"__raw": 5}, '{"__raw": 5}'),
}


@pytest.mark.parametrize(("args", "arguments"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_are_what_the_model_wrote(args: object, arguments: str) -> None:
    """As they came, or unwrapped."""
    assert said(call("f", args, id="1"), role="model") == (ToolCall("1", "f", arguments),)


# --- media --------------------------------------------------------------------------------------------


def at(uri: str, media_type: str | None = None, **fields: object) -> dict[str, object]:
    """A file at an address."""
    typed = {} if media_type is None else {"mimeType": media_type}
    return {"fileData": {"fileUri": uri, **typed}, **fields}


OWN = "https://generativelanguage.googleapis.com/v1beta/files/a1"
SHOWN: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "an image": (inline("image/webp"), {"kind": "image", "media_type": "image/webp", "data": "QUJD"}),
    "a document": (
        inline("application/pdf", displayName="a.pdf"),
        {"kind": "document", "media_type": "application/pdf", "data": "QUJD", "name": "a.pdf"},
    ),
    "a text": (inline("text/csv"), {"kind": "document", "media_type": "text/csv", "data": "QUJD"}),
    "a sound": (inline("audio/mpeg"), {"kind": "audio", "media_type": "audio/mp3", "data": "QUJD"}),
    "base64 for URLs": (
        {"inlineData": {"mimeType": "image/png", "data": "a-_="}},
        {"kind": "image", "media_type": "image/png", "data": "a+/="},
    ),
    "an address": (
        at("https://example.com/a.png?x=1"),
        {"kind": "image", "media_type": "image/png", "url": "https://example.com/a.png?x=1"},
    ),
    "an address with a type": (
        at("HTTP://example.com/a", "application/pdf"),
        {"kind": "document", "media_type": "application/pdf", "url": "HTTP://example.com/a"},
    ),
    "a file of Google's": (at(OWN, "image/png"), {"kind": "image", "media_type": "image/png", "file": OWN}),
    "a file in a bucket": (
        at("gs://b/a.pdf"),
        {"kind": "document", "media_type": "application/pdf", "file": "gs://b/a.pdf"},
    ),
    "little of it": (
        {**inline("image/png"), "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
        {"kind": "image", "media_type": "image/png", "data": "QUJD", "detail": "low"},
    ),
    "much of it": (
        at("gs://b/a.png", mediaResolution="MEDIA_RESOLUTION_HIGH"),
        {"kind": "image", "media_type": "image/png", "file": "gs://b/a.png", "detail": "high"},
    ),
}


@pytest.mark.parametrize(("part", "fields"), SHOWN.values(), ids=SHOWN)
def test_what_is_shown_is_media(part: dict[str, object], fields: dict[str, Any]) -> None:
    """By its bytes, by its address, or by the id of a file that nobody but Google has."""
    assert said(part) == (Media(place="contents[0].parts[0]", **fields),)


CODE: dict[str, object] = {"executableCode": {"language": "PYTHON", "code": "print(1)"}}
RUN: dict[str, object] = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1\n"}}
OPAQUE: dict[str, tuple[dict[str, object], str, str | None]] = {
    "a film": (inline("video/mp4"), "inlineData of type 'video/mp4'", None),
    "bytes of no type": ({"inlineData": {"data": "QUJD"}}, "inlineData of type ''", None),
    "a page": (at("https://youtu.be/x"), "fileData of type ''", None),
    "a film in part": (
        {**inline("video/mp4"), "videoMetadata": {"fps": 1}},
        "videoMetadata",
        None,
    ),
    "code": (CODE, "executableCode", "```python\nprint(1)\n```"),
    "what it brought": (RUN, "codeExecutionResult", "OUTCOME_OK: 1\n"),
    "a text with a mark": (text("a", partMetadata={}), "partMetadata", "a"),
    "something new": ({"new": 1}, "new", None),
}


@pytest.mark.parametrize(("part", "kind", "words"), OPAQUE.values(), ids=OPAQUE)
def test_what_only_google_knows_keeps_its_bytes(
    part: dict[str, object], kind: str, words: str | None
) -> None:
    """It is named, and says in words what can be said."""
    assert said(part) == (Opaque("gemini", kind, "contents[0].parts[0]", raw(part), words),)


def test_an_empty_part_says_nothing() -> None:
    """It is left out."""
    assert said({}, text("a")) == (Text("a"),)


def test_what_is_cached_stands_before_everything() -> None:
    """It is content that nobody else has."""
    request = read(cachedContent="cachedContents/x", contents="Hi")
    cached = Opaque("gemini", "cachedContent", "cachedContent", raw("cachedContents/x"))
    assert request.turns == (Turn("user", (cached,)), Turn("user", (Text("Hi"),)))
