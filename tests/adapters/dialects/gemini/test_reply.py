"""Whole replies of gemini, errors, counts and models, read by the official SDK and field by field."""

import json
from typing import Any

import pytest
from google.genai import errors

from adapters.dialect import ModelEntry
from adapters.dialects.gemini import DIALECT
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault, FaultKind, Malformed
from adapters.overflow import Overflow
from tests.adapters.cuts import FIXTURES
from tests.adapters.dialects.gemini.sdk import answering, gathered, parts_of, said_by, whole_of
from tests.adapters.replies import REPLIES

REPLY = Reply(
    id="01",
    model="gemini-x",
    blocks=(
        ThinkingBlock("Hm."),
        TextBlock("Hi, é"),
        ThinkingBlock("", "c2ln"),
        ToolBlock("call_1", "Read", '{"a": [1]}'),
    ),
    stop="tool_use",
    usage=Usage(input=1, cache_read=2, output=5, reasoning=1),
    created=1_700_000_000,
)
WHOLE = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "Hi, é"},
                    {
                        "functionCall": {"name": "Read", "args": {"a": [1]}, "id": "call_1"},
                        "thoughtSignature": "c2ln",
                    },
                ],
                "role": "model",
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 3,
        "cachedContentTokenCount": 2,
        "candidatesTokenCount": 4,
        "totalTokenCount": 8,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 3}],
        "thoughtsTokenCount": 1,
    },
    "modelVersion": "gemini-x",
    "responseId": "01",
}


def test_a_whole_reply_is_written_in_googles_order() -> None:
    """Every field a response has, as the recorded ones have it."""
    assert json.dumps(json.loads(DIALECT.write_reply(REPLY))) == json.dumps(WHOLE)


def test_a_reply_has_the_fields_of_a_recorded_one() -> None:
    """What Gemini CLI was answered has the same keys, at every depth."""
    recorded = json.loads((FIXTURES / "replies" / "gemini" / "plain.json").read_bytes())
    reply = Reply("01", "m", (TextBlock("a"),), "end", Usage(input=1, output=1))
    assert shape(json.loads(DIALECT.write_reply(reply))) == shape(recorded)


def shape(value: Any) -> Any:
    """The keys of a document, without its values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else type(value)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_a_reply(reply: Reply) -> None:
    """Words, thoughts, calls, id, model and counts arrive."""
    response = whole_of(DIALECT.write_reply(reply))
    assert gathered(parts_of(response)) == said_by(reply)
    assert (response.response_id, response.model_version) == ("0a1b", "some-model")
    usage = response.usage_metadata
    assert usage
    assert (usage.cached_content_token_count or 0, usage.thoughts_token_count) == (
        reply.usage.cache_read,
        reply.usage.reasoning,
    )
    assert DIALECT.read_usage(DIALECT.write_reply(reply)).output == reply.usage.output


FINISHES = {
    "end": "STOP",
    "max_tokens": "MAX_TOKENS",
    "stop_sequence": "STOP",
    "tool_use": "STOP",
    "refusal": "SAFETY",
}


@pytest.mark.parametrize(("stop", "finish"), FINISHES.items(), ids=FINISHES)
def test_every_stop_has_a_reason_the_sdk_knows(stop: Any, finish: str) -> None:
    """A call stops like a text: the part says that it is one."""
    response = whole_of(DIALECT.write_reply(Reply("1", "m", (TextBlock("a"),), stop, Usage())))
    assert response.candidates
    assert response.candidates[0].finish_reason == finish


# --- usage --------------------------------------------------------------------------------------------

COUNTED = b'{"candidates":[],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4}}'


def test_usage_is_found_in_a_whole_reply() -> None:
    """Also in one of a blocked prompt; without counts it is nothing."""
    assert DIALECT.read_usage(COUNTED) == Usage(input=5, cache_read=4)
    blocked = b'{"promptFeedback":{"blockReason":"OTHER"},"usageMetadata":{"promptTokenCount":9}}'
    assert DIALECT.read_usage(blocked) == Usage(input=9)
    assert DIALECT.read_usage(b'{"candidates":[]}') == Usage()


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"candidates":5}', b'{"error":{}}'])
def test_usage_of_what_is_no_reply_is_malformed(body: bytes) -> None:
    """The dialect's own words say what was expected."""
    with pytest.raises(Malformed, match="not a Gemini response"):
        DIALECT.read_usage(body)


# --- errors -------------------------------------------------------------------------------------------

STATUSES: dict[FaultKind, tuple[int, str]] = {
    "invalid_request": (400, "INVALID_ARGUMENT"),
    "authentication": (401, "UNAUTHENTICATED"),
    "billing": (402, "FAILED_PRECONDITION"),
    "permission": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "too_large": (413, "INVALID_ARGUMENT"),
    "rate_limited": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
    "upstream": (502, "UNAVAILABLE"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
    "internal": (500, "INTERNAL"),
}


@pytest.mark.parametrize(("kind", "told"), STATUSES.items(), ids=STATUSES)
def test_the_sdk_raises_each_error(kind: FaultKind, told: tuple[int, str]) -> None:
    """Code, word and message arrive as Google says them."""
    status, word = told
    client, _ = answering(DIALECT.write_error(Fault(kind, status, 'no "é"'), "req_1"), status)
    with pytest.raises(errors.APIError) as caught:
        client.models.generate_content(model="m", contents="x")
    assert (caught.value.code, caught.value.status, caught.value.message) == (status, word, 'no "é"')


def test_an_error_is_written_with_the_time_to_come_back() -> None:
    """Gemini's clients look for it in a detail (client case 61)."""
    body = DIALECT.write_error(Fault("rate_limited", 429, "slow", retry_after=3), "req_1")
    assert json.dumps(json.loads(body)["error"]) == json.dumps(
        {
            "code": 429,
            "message": "slow",
            "status": "RESOURCE_EXHAUSTED",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}],
        }
    )


OVERFLOWS = {
    "with numbers": (
        Overflow(213_462, 200_000),
        "The input token count (213462) exceeds the maximum number of tokens allowed (200000).",
    ),
    "without": (Overflow(), "The input token count exceeds the maximum number of tokens allowed."),
}


@pytest.mark.parametrize(("overflow", "words"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_conversation_that_is_too_long_is_told_in_googles_words(overflow: Overflow, words: str) -> None:
    """And from these words it is known again."""
    body = DIALECT.write_error(Fault("invalid_request", 400, "other words", overflow=overflow), "")
    assert json.loads(body)["error"]["message"] == words
    known = DIALECT.read_error(400, body)
    assert known is not None
    assert (known.overflow is not None) is (overflow.maximum is not None)


def error(**fields: object) -> bytes:
    """An error body."""
    return json.dumps({"error": fields}).encode()


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo"}
REASON = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
QUOTA = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{}]}
READ: dict[str, tuple[int, bytes, Fault]] = {
    "24: a time in a detail, rounded up": (
        429,
        error(code=429, message="slow", details=[QUOTA, {**RETRY, "retryDelay": "2.5s"}]),
        Fault("rate_limited", 429, "slow", retry_after=3),
    ),
    "whole seconds": (
        429,
        error(code=429, message="slow", details=[{**RETRY, "retryDelay": "41s"}]),
        Fault("rate_limited", 429, "slow", retry_after=41),
    ),
    "an odd time": (
        429,
        error(message="slow", details=[{**RETRY, "retryDelay": "soon"}]),
        Fault("rate_limited", 429, "slow"),
    ),
    "odd details": (
        429,
        error(message="slow", details=[5, {"@type": 5}, "x"]),
        Fault("rate_limited", 429, "slow"),
    ),
    "details that are no list": (429, error(message="slow", details={}), Fault("rate_limited", 429, "slow")),
    "25: unavailable": (
        503,
        error(code=503, message="The model is overloaded.", status="UNAVAILABLE"),
        Fault("overloaded", 503, "The model is overloaded."),
    ),
    "28: a wrong key is a 400 with a reason": (
        400,
        error(code=400, message="API key not valid.", status="INVALID_ARGUMENT", details=[REASON]),
        Fault("authentication", 401, "API key not valid."),
    ),
    "no message": (500, error(code=500, status="INTERNAL"), Fault("internal", 500, "INTERNAL")),
    "nothing": (500, error(), Fault("internal", 500, "unknown error")),
    "in an array": (
        429,
        b"[" + error(message="slow") + b"]",
        Fault("rate_limited", 429, "slow"),
    ),
}


@pytest.mark.parametrize(("status", "body", "fault"), READ.values(), ids=READ)
def test_an_error_is_read(status: int, body: bytes, fault: Fault) -> None:
    """The status keeps its meaning, the message its words, the time is in whole seconds."""
    assert DIALECT.read_error(status, body) == fault


def test_an_empty_array_is_no_error() -> None:
    """There is nothing in it."""
    assert DIALECT.read_error(500, b"[]") is None


# --- counts and models --------------------------------------------------------------------------------


def test_the_sdk_counts_tokens() -> None:
    """The answer is one number."""
    client, seen = answering(DIALECT.write_count(334))
    assert client.models.count_tokens(model="m", contents="x").total_tokens == 334
    assert seen[0].url.path.endswith("/models/m:countTokens")
    assert DIALECT.estimate(seen[0].content) >= 1


def test_the_sdk_lists_models() -> None:
    """Names with Google's prefix, and what can be asked of them."""
    entries = [ModelEntry("a", "box", 1_700_000_000), ModelEntry("b/c", "box")]
    client, _ = answering(DIALECT.write_models(entries))
    listed = list(client.models.list())
    assert [model.name for model in listed] == ["models/a", "models/b/c"]
    assert listed[0].supported_actions == ["generateContent", "countTokens"]
    client, _ = answering(DIALECT.write_model(entries[0]))
    assert client.models.get(model="a").display_name == "a"
    assert json.loads(DIALECT.write_models([])) == {"models": []}


def test_a_model_is_written_field_by_field() -> None:
    """Clients find what they look for in a list."""
    assert json.loads(DIALECT.write_model(ModelEntry("a", "box"))) == {
        "name": "models/a",
        "version": "001",
        "displayName": "a",
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
