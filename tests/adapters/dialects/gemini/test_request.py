"""What a request of gemini says in its path and what a peek, a rename, an estimate and a prompt find."""

import json
from typing import Any

import pytest

from adapters.dialect import Operation, Peek
from adapters.dialects.gemini import DIALECT
from adapters.fault import Malformed
from adapters.request import Prompt, Tool

PATH = "/v1beta/models/gemini-2.5-pro:generateContent"
STREAM = "/v1beta/models/gemini-2.5-pro:streamGenerateContent"

PLACES: dict[str, tuple[tuple[Operation, str, bool], str]] = {
    "whole": (("generate", "g", False), "/v1beta/models/g:generateContent"),
    "streamed": (("generate", "g", True), "/v1beta/models/g:streamGenerateContent"),
    "counted": (("count_tokens", "g", False), "/v1beta/models/g:countTokens"),
    "with the prefix": (("generate", "models/g", False), "/v1beta/models/g:generateContent"),
    "tuned": (("generate", "tunedModels/g", True), "/v1beta/tunedModels/g:streamGenerateContent"),
    "of a vendor": (("generate", "a/b:c", False), "/v1beta/models/a/b:c:generateContent"),
    "with odd signs": (("generate", "a b%é?#", False), "/v1beta/models/a%20b%25%C3%A9%3F%23:generateContent"),
}


@pytest.mark.parametrize(("asked", "path"), PLACES.values(), ids=PLACES)
def test_a_path_says_model_and_stream(asked: tuple[Operation, str, bool], path: str) -> None:
    """What was located is peeked at again."""
    operation, model, stream = asked
    assert DIALECT.locate(operation, model, stream) == path
    assert DIALECT.peek(b"{}", path) == Peek(model.removeprefix("models/"), stream)


MODELS = {
    "/v1/models/g:generateContent": "g",
    "/v1beta/models/models/g:generateContent": "g",
    "/v1beta/models/models%2Fg:generateContent": "g",
    "/v1beta/models/a%2Fb:generateContent": "a/b",
    "/v1beta/models/qwen3:8b:streamGenerateContent": "qwen3:8b",
    "/v1beta/models/tunedModels/g:generateContent": "tunedModels/g",
}


@pytest.mark.parametrize(("path", "model"), MODELS.items(), ids=MODELS)
def test_a_model_is_found_in_any_spelling_of_a_path(path: str, model: str) -> None:
    """Names are decoded, and Google's prefix is none of the name."""
    assert DIALECT.peek(b"{}", path).model == model


PEEKED: dict[str, tuple[bytes, Peek]] = {
    "nothing": (b"{}", Peek("gemini-2.5-pro")),
    "a mark": (b"\xef\xbb\xbf{}", Peek("gemini-2.5-pro")),
    "nulls": (b'{"generationConfig":null,"generation_config":null}', Peek("gemini-2.5-pro")),
    "a limit": (b'{"generationConfig":{"maxOutputTokens":5}}', Peek("gemini-2.5-pro", max_tokens=5)),
    "the other spelling": (
        b'{"generation_config":{"max_output_tokens":5,"thinking_config":{"thinking_budget":9}}}',
        Peek("gemini-2.5-pro", max_tokens=5, thinking=True),
    ),
    "a budget": (
        b'{"generationConfig":{"thinkingConfig":{"thinkingBudget":9}}}',
        Peek("gemini-2.5-pro", thinking=True),
    ),
    "a level": (
        b'{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}',
        Peek("gemini-2.5-pro", thinking=True),
    ),
    "no budget": (
        b'{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}',
        Peek("gemini-2.5-pro"),
    ),
    "an odd budget": (
        b'{"generationConfig":{"thinkingConfig":{"thinkingBudget":"x"}}}',
        Peek("gemini-2.5-pro"),
    ),
    "no thinking": (b'{"generationConfig":{"thinkingConfig":null}}', Peek("gemini-2.5-pro")),
}


@pytest.mark.parametrize(("body", "seen"), PEEKED.values(), ids=PEEKED)
def test_a_peek_reads_what_routing_asks(body: bytes, seen: Peek) -> None:
    """Limit and thinking are in the body, in either spelling."""
    assert DIALECT.peek(body, PATH) == seen


WRONG = {
    "a string for a limit": (
        b'{"generationConfig":{"maxOutputTokens":"5"}}',
        PATH,
        "`generationConfig.maxOutputTokens` must be an integer, not a string.",
    ),
    "an array": (b"[]", PATH, "The request body must be a JSON object, not an array."),
    "no JSON": (b"x", PATH, "The request body is not valid JSON: invalid character (byte 0)."),
    "no model": (b"{}", "/v1beta/models/:generateContent", "`model` must not be empty."),
    "a blank model": (b"{}", "/v1beta/models/%20:generateContent", "`model` must not be empty."),
    "no path": (b"{}", "", "`model` is required."),
}


@pytest.mark.parametrize(("body", "path", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_in_plain_words(body: bytes, path: str, words: str) -> None:
    """A peek refuses what no provider could read."""
    with pytest.raises(Malformed) as caught:
        DIALECT.peek(body, path)
    assert str(caught.value) == words


RENAMED: dict[str, tuple[bytes, bytes]] = {
    "a body that names no model": (b'{ "contents": [] }', b'{ "contents": [] }'),
    "one that does": (
        b'{ "model" : "models/a", "contents": [] }',
        b'{ "model" : "models/b", "contents": [] }',
    ),
    "a request inside a count": (
        b'{"generateContentRequest":{ "model": "models/a", "contents": [1.0] }}',
        b'{"generateContentRequest":{ "model": "models/b", "contents": [1.0] }}',
    ),
    "a request inside that names none": (
        b'{"generateContentRequest": {"contents":[]}}',
        b'{"generateContentRequest": {"contents":[]}}',
    ),
}


@pytest.mark.parametrize(("body", "renamed"), RENAMED.values(), ids=RENAMED)
def test_a_rename_touches_the_model_alone(body: bytes, renamed: bytes) -> None:
    """Where the path names the model the body passes as it is."""
    assert DIALECT.rename(body, "b") == renamed
    assert DIALECT.rename(body, "tunedModels/b") == renamed.replace(b"models/b", b"tunedModels/b")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"generateContentRequest":5}'])
def test_a_rename_of_what_is_no_request_is_malformed(body: bytes) -> None:
    """As a peek is."""
    with pytest.raises(Malformed):
        DIALECT.rename(body, "b")


def weighed(**fields: Any) -> int:
    """The estimate of a request."""
    return DIALECT.estimate(json.dumps(fields).encode())


def turn(*parts: object) -> dict[str, object]:
    """A content."""
    return {"role": "user", "parts": list(parts)}


PICTURE = {"inlineData": {"mimeType": "image/png", "data": "A" * 9000}}
SOUND = {"inline_data": {"mime_type": "audio/mp3", "data": "A" * 10_000}}


def test_an_estimate_weighs_by_kind() -> None:
    """Words by their length, pictures as pictures, sounds by their bytes, signatures not at all."""
    words = {"text": "word " * 400}
    assert 500 <= weighed(contents=[turn(words)]) <= 510
    assert weighed(contents=[turn(words)], system_instruction=turn(words)) > 1000
    assert 1600 <= weighed(contents=[turn(PICTURE)]) <= 1610
    assert 300 <= weighed(contents=[turn(SOUND)]) <= 310
    assert weighed(contents=[turn({"fileData": {"fileUri": "https://x/a.png"}})]) >= 1600
    call = {"functionCall": {"name": "f", "args": {"a": "b" * 330}}}
    assert 100 <= weighed(contents=[turn({**call, "thoughtSignature": "x" * 9000})]) <= 130


def test_an_estimate_looks_into_a_request_inside_a_count() -> None:
    """It weighs what it holds."""
    inside = {"contents": [turn({"text": "word " * 400})], "tools": [{"functionDeclarations": []}]}
    assert weighed(generateContentRequest=inside) == weighed(**inside)


@pytest.mark.parametrize("odd", [5, "x", None, [1, None], {"parts": 5}, [{"parts": [1, {"inlineData": 5}]}]])
def test_an_estimate_never_raises(odd: object) -> None:
    """Whatever the shape, there is a number."""
    assert weighed(contents=odd, tools=odd, systemInstruction=odd) >= 1


def test_an_estimate_of_what_cannot_be_read_is_its_length() -> None:
    """Deep or broken, there is a number."""
    assert DIALECT.estimate(b'{"inline_data":' + b"[" * 50_000) > 10_000


def prompt(path: str = PATH, **fields: Any) -> Prompt:
    """What the demo provider reads of a request."""
    return DIALECT.read_prompt(json.dumps(fields).encode(), path)


UPPER = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["a"]}
LOWER: dict[str, object] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def test_a_prompt_is_read() -> None:
    """The last words of the user, the tools with their schemas, and what may be shown."""
    read = prompt(
        contents=[
            turn({"text": "first"}),
            {"parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}]},
        ],
        tools=[
            {"functionDeclarations": [{"name": "f", "parameters": UPPER}, {"name": "g"}]},
            {"function_declarations": [{"name": "h", "parametersJsonSchema": LOWER}]},
            {"googleSearch": {}},
        ],
        generationConfig={"thinkingConfig": {"includeThoughts": True}},
    )
    assert read == Prompt(
        model="gemini-2.5-pro",
        text="b",
        tools=(Tool("f", LOWER), Tool("g", {}), Tool("h", LOWER)),
        thinking=True,
        include_usage=True,
    )


CALLING: dict[str, tuple[dict[str, object], tuple[str, str | None]]] = {
    "any": ({"mode": "ANY"}, ("any", None)),
    "one": ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ("any", "f")),
    "some": ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ("any", None)),
    "none": ({"mode": "NONE"}, ("none", None)),
    "auto": ({"mode": "AUTO", "allowedFunctionNames": ["f"]}, ("auto", None)),
    "odd": ({"mode": [5], "allowedFunctionNames": [5]}, ("auto", None)),
}


@pytest.mark.parametrize(("calling", "told"), CALLING.values(), ids=CALLING)
def test_a_prompt_says_what_is_forced(calling: dict[str, object], told: tuple[str, str | None]) -> None:
    """A choice of one function names it."""
    read = prompt(toolConfig={"functionCallingConfig": calling})
    assert (read.tool_choice, read.forced_tool) == told


def test_a_prompt_says_that_a_call_was_answered() -> None:
    """A response in the last turn is the end of a loop."""
    answered = turn({"functionResponse": {"name": "f", "response": {}}})
    assert prompt(contents=[answered]).answered
    assert not prompt(contents=[answered, turn({"text": "x"})]).answered


ODD = [
    5,
    "x",
    None,
    [1, None],
    {"parts": 5},
    [{"parts": [1, {"text": 5}]}],
    {"functionDeclarations": [5, {}]},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_prompt_of_an_odd_shape_is_empty(odd: object) -> None:
    """What the demo provider cannot read is as if it were not there."""
    read = prompt(contents=odd, tools=odd, toolConfig=odd)
    assert (read.text, read.tools, read.answered) == ("", (), False)
