"""Settings and tools of gemini as the middle has them, and what is wrong with a request."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from adapters.conversation import Choice, Format, Reasoning, Sampling, ServerTool, Text, Tool, Turn
from adapters.dialects.gemini.request_read import read_request
from adapters.fault import Malformed
from tests.adapters.dialects.gemini.requests import (
    PATH,
    STREAM,
    answer,
    call,
    inline,
    model,
    raw,
    read,
    user,
)

# --- settings -----------------------------------------------------------------------------------------


def generation(**fields: object) -> dict[str, Any]:
    """A request with these settings."""
    return {"generationConfig": fields}


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
UPPER = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
PLAIN_SCHEMA = msgspec.Raw(b'{"type":"object","properties":{"a":{"type":"string"}}}')
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "nothing": ({}, {"max_tokens": None, "stop": (), "answers": 1, "reasoning": None, "extras": {}}),
    "null": (
        {"generationConfig": None, "tools": None, "toolConfig": None},
        {"max_tokens": None, "tools": ()},
    ),
    "a limit": (generation(maxOutputTokens=5), {"max_tokens": 5}),
    "the other spelling": ({"generation_config": {"max_output_tokens": 5}}, {"max_tokens": 5}),
    "sampling": (
        generation(
            temperature=1,
            topP=0.5,
            topK=40.0,
            seed=7,
            frequencyPenalty=0.1,
            presencePenalty=0.2,
            responseLogprobs=True,
            logprobs=3,
        ),
        {"sampling": Sampling(1.0, 0.5, 40, 7, 0.1, 0.2, logprobs=True, top_logprobs=3)},
    ),
    "stops": (generation(stopSequences=["a"]), {"stop": ("a",)}),
    "answers": (generation(candidateCount=2), {"answers": 2}),
    "a tier": ({"serviceTier": "flex"}, {"service_tier": "flex"}),
    "JSON": (generation(responseMimeType="application/json"), {"format": Format(name="")}),
    "text": (generation(responseMimeType="text/plain"), {"format": None, "unread": ()}),
    "a type nobody else has": (
        generation(responseMimeType="text/x.enum"),
        {"format": None, "unread": ("generationConfig.responseMimeType",)},
    ),
    "a schema": (
        generation(responseMimeType="application/json", responseSchema=UPPER),
        {"format": Format(schema=PLAIN_SCHEMA)},
    ),
    "60: a JSON schema in capitals": (
        generation(responseMimeType="application/json", responseJsonSchema=UPPER),
        {"format": Format(schema=PLAIN_SCHEMA)},
    ),
    "no thinking": (
        generation(thinkingConfig={"thinkingBudget": 0}),
        {"reasoning": Reasoning("none", thinks=False)},
    ),
    "a budget": (generation(thinkingConfig={"thinkingBudget": 9}), {"reasoning": Reasoning(budget=9)}),
    "as much as it likes": (generation(thinkingConfig={"thinkingBudget": -1}), {"reasoning": Reasoning()}),
    "a level": (
        generation(thinkingConfig={"thinkingLevel": "HIGH", "includeThoughts": True}),
        {"reasoning": Reasoning("high", display="summarized")},
    ),
    "a level in small letters": (
        generation(thinkingConfig={"thinkingLevel": "minimal", "includeThoughts": False}),
        {"reasoning": Reasoning("minimal", display="omitted")},
    ),
    "a level nobody knows": (
        generation(thinkingConfig={"thinkingLevel": "HUGE"}),
        {"reasoning": Reasoning(), "unread": ("generationConfig.thinkingConfig.thinkingLevel",)},
    ),
    "what only Google knows": (
        {"safetySettings": [], "labels": {"a": "b"}, **generation(speechConfig={})},
        {
            "extras": {
                "safetySettings": raw([]),
                "labels": raw({"a": "b"}),
                "generationConfig.speechConfig": raw({}),
            }
        },
    ),
    "a request inside a count": (
        {"generateContentRequest": {"model": "models/x", "contents": "Hi"}},
        {"turns": (Turn("user", (Text("Hi"),)),), "model": "gemini-3-pro"},
    ),
}


@pytest.mark.parametrize(("fields", "told"), SETTINGS.values(), ids=SETTINGS)
def test_settings_are_the_middles(fields: dict[str, Any], told: dict[str, object]) -> None:
    """What has no place there is kept beside, or named."""
    request = read(**fields)
    assert {name: getattr(request, name) for name in told} == told


def test_model_and_stream_are_in_the_path() -> None:
    """Usage is always shown in this dialect."""
    whole, stream = read(PATH, contents="Hi"), read(STREAM, contents="Hi")
    assert (whole.model, whole.stream, whole.include_usage) == ("gemini-3-pro", False, True)
    assert (stream.model, stream.stream, stream.dialect) == ("gemini-3-pro", True, "gemini")


F, G = {"name": "f", "description": "d", "parametersJsonSchema": SCHEMA}, {"name": "g", "parameters": UPPER}


def test_tools_are_functions_and_googles_own() -> None:
    """Schemas of either kind, in the order they are offered; what a function returns is named as unread."""
    request = read(
        tools=[
            {"functionDeclarations": [F, G]},
            {"googleSearch": {}, "functionDeclarations": [{"name": "h", "response": UPPER}]},
            {"functionDeclarations": None},
        ]
    )
    assert request.tools == (
        Tool(name="f", description="d", schema=raw(SCHEMA)),
        Tool(name="g", schema=PLAIN_SCHEMA),
        ServerTool("gemini", "googleSearch", "googleSearch", msgspec.Raw(b'{"googleSearch":{}}')),
        Tool(name="h"),
    )
    assert request.unread == ("tools.functionDeclarations.response",)


CALLING: dict[str, tuple[dict[str, object], Choice | None, list[str]]] = {
    "auto": ({"mode": "AUTO"}, Choice("auto"), ["f", "g", "googleSearch"]),
    "any": ({"mode": "ANY"}, Choice("any"), ["f", "g", "googleSearch"]),
    "one": ({"mode": "ANY", "allowedFunctionNames": ["g"]}, Choice("one", "g"), ["f", "g", "googleSearch"]),
    "some": ({"mode": "any", "allowedFunctionNames": ["g", "x"]}, Choice("any"), ["g", "googleSearch"]),
    "none": ({"mode": "NONE"}, Choice("none"), ["f", "g", "googleSearch"]),
    "no mode": ({}, Choice("auto"), ["f", "g", "googleSearch"]),
}


@pytest.mark.parametrize(("calling", "choice", "names"), CALLING.values(), ids=CALLING)
def test_a_choice_of_functions_is_kept(
    calling: dict[str, object], choice: Choice | None, names: list[str]
) -> None:
    """One is named, of some no others are offered."""
    tools = [{"functionDeclarations": [F, G]}, {"googleSearch": {}}]
    request = read(tools=tools, toolConfig={"functionCallingConfig": calling})
    assert (request.choice, [tool.name for tool in request.tools], request.extras) == (choice, names, {})


@pytest.mark.parametrize(
    "config",
    [{"functionCallingConfig": {"mode": "VALIDATED"}}, {"retrievalConfig": {"languageCode": "en"}}],
)
def test_a_configuration_that_says_more_is_kept_whole(config: dict[str, object]) -> None:
    """It is Google's alone."""
    assert read(toolConfig=config).extras == {"toolConfig": raw(config)}


# --- what is wrong ------------------------------------------------------------------------------------


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no contents": ({"contents": None}, "`contents` is required."),
    "a role": ({"contents": [{"role": "system", "parts": []}]}, "`contents[0].role` 'system' is not known."),
    "a part": ({"contents": [user(5)]}, "`contents[0].parts[0]`: Expected `object`, got `int`."),
    "a content": ({"contents": [5]}, "`contents[0]`: Expected `str | object`, got `int`."),
    "an answer to nothing": (
        {"contents": [user(answer("f"))]},
        "`contents[0].parts[0].functionResponse`: no open call is one of 'f'.",
    ),
    "an answer too many": (
        {"contents": [model(call("f")), user(answer("f"), answer("f"))]},
        "`contents[1].parts[1].functionResponse`: no open call is one of 'f'.",
    ),
    "a response that is no object": (
        {"contents": [model(call("f")), user(answer("f", "ok"))]},
        "`contents[1].parts[0].functionResponse.response`: Expected `object | null`, got `str`.",
    ),
    "a picture in the instruction": (
        {"systemInstruction": user(inline("image/png"))},
        "`systemInstruction.parts[0]`: only text can stand here.",
    ),
    "a mode": (
        {"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
        "`toolConfig` has a mode 'SOME' that is not known.",
    ),
    "a function without a name": (
        {"tools": [{"functionDeclarations": [{"description": "d"}]}]},
        "`tools[0].functionDeclarations[0].name` is required.",
    ),
    "a schema that is no object": (
        {"tools": [{"functionDeclarations": [{"name": "f", "parameters": 5}]}]},
        "`tools[0].functionDeclarations[0].parameters` must be an object.",
    ),
    "a setting": (
        generation(temperature="hot"),
        "`generationConfig`: Expected `float | null`, got `str` - at `temperature`.",
    ),
}


@pytest.mark.parametrize(("fields", "words"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_with_its_place(fields: dict[str, Any], words: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(Malformed) as caught:
        read(**fields)
    assert str(caught.value) == words


@settings(max_examples=200, deadline=None, derandomize=True)
@given(some.binary(max_size=80))
def test_random_bytes_are_no_request(body: bytes) -> None:
    """They raise `Malformed` and nothing else."""
    with pytest.raises(Malformed):
        read_request(body, PATH)
