"""A request of gemini read and written in its own dialect: what is said is said again, even the unknown."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.conversation import Quirks, Written
from adapters.dialects import anthropic_messages, gemini, openai_chat
from adapters.fault import Malformed
from tests.adapters.crossing.crossings import Body

PATH = "/v1beta/models/gemini-2.5-pro:generateContent"
NEWER = "/v1beta/models/gemini-3-pro:generateContent"
DIALECT = gemini.DIALECT


def again(body: bytes, path: str = PATH, quirks: Quirks | None = None) -> Written:
    """A request read and written again."""
    return DIALECT.write_request(DIALECT.read_request(body, path), quirks or Quirks())


def survives(fields: Body, path: str = PATH) -> None:
    """Hold a request to what comes out of the middle."""
    body = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], **fields}
    written = again(json.dumps(body).encode(), path)
    assert json.loads(written.body) == body
    assert (written.dropped, written.tools) == ((), {})


def user(*parts: object) -> Body:
    """A content of the user's."""
    return {"role": "user", "parts": list(parts)}


def model(*parts: object) -> Body:
    """A content of the model's."""
    return {"role": "model", "parts": list(parts)}


def call(identity: str = "1", **fields: object) -> Body:
    """A part that calls."""
    return {"functionCall": {"name": "f", "args": {"a": 1}, "id": identity}, **fields}


def round_of(response: object, *shown: object) -> Body:
    """A call and its answer."""
    answer: Body = {"id": "1", "name": "f", "response": response}
    if shown:
        answer["parts"] = list(shown)
    return {"contents": [user({"text": "a"}), model(call()), user({"functionResponse": answer})]}


SIGNED = {"thoughtSignature": "c2ln"}
FILM = {"fileData": {"fileUri": "https://youtu.be/x"}, "videoMetadata": {"fps": 1}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "QUJD"}}
SCHEMA: Body = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "f", "description": "d", "parametersJsonSchema": SCHEMA}
EMPTY = {"name": "g", "parametersJsonSchema": {"type": "object", "properties": {}}}

SURVIVES: dict[str, Body] = {
    "a system": {"systemInstruction": {"parts": [{"text": "a"}, {"text": "b"}]}},
    "a signed call": {"contents": [user({"text": "a"}), model(call(**SIGNED), call("2"))]},
    "a signed text": {"contents": [model({"text": "a", **SIGNED}), user({"text": "b"})]},
    "a signature at the end": {"contents": [model({"text": "a"}, {"text": "", **SIGNED})]},
    "thoughts": {
        "contents": [model({"text": "h", "thought": True, **SIGNED}, {"text": "m", "thought": True})]
    },
    "turns in a row": {
        "contents": [user({"text": "a"}), user({"text": "b"}), model({"text": "c"}), model({"text": "d"})]
    },
    "an output": round_of({"output": "ok"}),
    "an error": round_of({"error": "no"}),
    "a result": round_of({"result": "ok"}),
    "opencode's result": round_of({"name": "f", "content": "ok"}),
    "an object": round_of({"a": [1, {"b": None}]}),
    "an empty response": round_of({}),
    "a response that shows": round_of({"output": "see"}, IMAGE, FILM),
    "a response that only shows": round_of({"output": ""}, IMAGE),
    "media": {
        "contents": [
            user(
                IMAGE,
                {"inlineData": {"mimeType": "application/pdf", "data": "QUJD", "displayName": "a.pdf"}},
                {"fileData": {"fileUri": "https://example.com/a.png", "mimeType": "image/png"}},
                {"fileData": {"fileUri": "gs://b/a.pdf", "mimeType": "application/pdf"}},
                {**IMAGE, "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"}},
                FILM,
                {"inlineData": {"mimeType": "video/mp4", "data": "QUJD"}},
            )
        ]
    },
    "what Google ran": {
        "contents": [
            model(
                {"executableCode": {"language": "PYTHON", "code": "1"}},
                {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
                {"toolCall": {"id": "1"}},
            )
        ]
    },
    "what is cached": {"cachedContent": "cachedContents/x"},
    "tools": {
        "tools": [{"functionDeclarations": [FUNCTION, EMPTY]}, {"googleSearch": {}}, {"urlContext": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    },
    "a mode of Google's": {
        "tools": [{"functionDeclarations": [FUNCTION]}],
        "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
    },
    "a configuration of Google's": {"toolConfig": {"retrievalConfig": {"languageCode": "en"}}},
    "sampling": {
        "generationConfig": {
            "maxOutputTokens": 5,
            "temperature": 1.5,
            "topP": 0.5,
            "topK": 7,
            "seed": 1,
            "frequencyPenalty": 0.5,
            "presencePenalty": 0.25,
            "responseLogprobs": True,
            "logprobs": 3,
            "stopSequences": ["a"],
            "candidateCount": 2,
        }
    },
    "a shape": {
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        "tools": [{"functionDeclarations": [FUNCTION]}],
    },
    "a budget": {"generationConfig": {"thinkingConfig": {"thinkingBudget": 9, "includeThoughts": True}}},
    "no budget": {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}},
    "the rest": {
        "safetySettings": [{"category": "x", "threshold": "OFF"}],
        "labels": {"a": "b"},
        "serviceTier": "flex",
        "generationConfig": {"speechConfig": {}, "responseModalities": ["TEXT"]},
    },
}


@pytest.mark.parametrize("fields", SURVIVES.values(), ids=SURVIVES)
def test_gemini_survives_the_middle(fields: Body) -> None:
    """Signatures, films, results of any shape and settings of Google's own come out as they went in."""
    survives(fields)


def test_a_level_survives_where_there_are_levels() -> None:
    """And becomes a budget where there are none: an alias may lead to an older model."""
    fields = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": False}}}
    survives(fields, NEWER)
    survives(fields, "/v1beta/models/fake-1:generateContent")
    body = json.dumps({"contents": "Hi", **fields}).encode()
    assert json.loads(again(body).body)["generationConfig"]["thinkingConfig"] == {
        "thinkingBudget": 24_576,
        "includeThoughts": False,
    }


def test_a_thinking_config_of_nothing_is_none() -> None:
    """There is nothing to say, and nothing is missing."""
    written = again(b'{"contents":"Hi","generationConfig":{"thinkingConfig":{}}}', NEWER)
    assert (json.loads(written.body).keys(), written.dropped) == ({"contents"}, ())


def test_a_call_without_a_signature_gets_the_stand_in_of_a_newer_model() -> None:
    """A conversation may have begun with another provider."""
    written = again(json.dumps({"contents": [user({"text": "a"}), model(call())]}).encode(), NEWER)
    (part,) = json.loads(written.body)["contents"][1]["parts"]
    assert part["thoughtSignature"] == "skip_thought_signature_validator"


def test_what_is_cached_at_google_is_refused_elsewhere() -> None:
    """It is content, and nobody else has it."""
    body = b'{"contents":"Hi","cachedContent":"cachedContents/x"}'
    request = DIALECT.read_request(body, PATH)
    for target in (anthropic_messages.DIALECT, openai_chat.DIALECT):
        with pytest.raises(Malformed, match="cachedContent"):
            target.write_request(request, Quirks())


# --- any request --------------------------------------------------------------------------------------

words = some.text(some.characters(codec="utf-8"), min_size=1, max_size=6)
numbers = some.integers(-9, 9) | some.booleans() | some.none()
value = some.recursive(
    words | numbers,
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(words, inner, max_size=2),
    max_leaves=5,
)
spoken = some.fixed_dictionaries({"text": words})
signed = some.fixed_dictionaries({"text": words, "thoughtSignature": some.just("c2ln")})
pondered = some.fixed_dictionaries({"text": words, "thought": some.sampled_from((True,))})
pictures = some.just(IMAGE) | some.just(FILM)
responses = (
    some.fixed_dictionaries({"output": words})
    | some.fixed_dictionaries({"error": words})
    | (some.dictionaries(words, value, max_size=3))
)
arguments = some.dictionaries(words.filter(lambda key: key != "__raw"), value, max_size=3)


@some.composite
def conversations(draw: some.DrawFn) -> list[Body]:
    """A conversation in which each call is answered right after its turn."""
    contents: list[Body] = [user(*draw(some.lists(spoken | pictures, min_size=1, max_size=3)))]
    for turn in range(draw(some.integers(0, 3))):
        names = draw(some.lists(some.sampled_from("fgh"), max_size=3))
        given_arguments = [draw(arguments) for _ in names]
        calls = [
            {"functionCall": {"name": name, "args": args, "id": f"{turn}-{place}"}}
            for place, (name, args) in enumerate(zip(names, given_arguments, strict=True))
        ]
        # Two of a kind side by side would be one.
        before = draw(some.lists(pondered, max_size=1)) + draw(some.lists(spoken | signed, max_size=1))
        if before or calls:
            contents.append(model(*before, *calls))
        answers = [
            {"functionResponse": {"id": f"{turn}-{place}", "name": name, "response": draw(responses)}}
            for place, name in enumerate(names)
        ]
        contents += [user(*answers)] if answers else [user(*draw(some.lists(spoken, min_size=1, max_size=2)))]
    return contents


requests = some.fixed_dictionaries(
    {"contents": conversations()},
    optional={
        "systemInstruction": some.fixed_dictionaries({"parts": some.lists(spoken, min_size=1, max_size=2)}),
        "tools": some.just([{"functionDeclarations": [FUNCTION]}, {"googleSearch": {}}]),
        "safetySettings": some.lists(value, max_size=2),
        "labels": some.dictionaries(words, words, max_size=2),
        "generationConfig": some.fixed_dictionaries(
            {"maxOutputTokens": some.integers(1, 99)},
            optional={
                "temperature": some.sampled_from((0.5, 1.0)),
                "stopSequences": some.lists(words, min_size=1, max_size=5),
                "thinkingConfig": some.just({"thinkingBudget": 9}),
                "speechConfig": value,
            },
        ),
    },
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(requests)
def test_random_requests_survive_the_middle(body: Body) -> None:
    """Nothing of a valid request is changed or lost."""
    survives(body)


KEYS = (
    "text thought thoughtSignature inlineData fileData functionCall functionResponse executableCode name id"
    " args response parts role mimeType data fileUri inline_data function_call mediaResolution new output"
)
anything = some.recursive(
    numbers | some.text(max_size=3) | some.sampled_from(("f", "model", "user", "image/png", "c2ln")),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=10,
)
odd_requests = some.fixed_dictionaries(
    {
        "contents": some.lists(
            some.fixed_dictionaries({"role": some.sampled_from(("user", "model")), "parts": anything})
        )
    },
    optional={
        "systemInstruction": anything,
        "tools": some.lists(some.dictionaries(some.sampled_from(("functionDeclarations", "new")), anything)),
        "toolConfig": anything,
        "generationConfig": some.dictionaries(
            some.sampled_from(("topK", "responseSchema", "responseMimeType", "thinkingConfig", "new")),
            anything,
        ),
    },
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(odd_requests)
def test_made_up_requests_are_carried_or_refused(body: Body) -> None:
    """What is written is JSON; what is not written raised `Malformed`, and nothing else."""
    told = json.dumps(body).encode()
    for dialect in (gemini.DIALECT, anthropic_messages.DIALECT, openai_chat.DIALECT):
        with suppress(Malformed):
            written: Any = json.loads(dialect.write_request(DIALECT.read_request(told, NEWER), Quirks()).body)
            assert "contents" in written or "messages" in written
