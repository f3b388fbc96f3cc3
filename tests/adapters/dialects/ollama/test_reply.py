"""Whole replies, errors and models lists of ollama: what the SDK makes of them, what is read of others."""

import json
from typing import Any

import ollama
import pytest

from adapters.dialect import ModelEntry
from adapters.dialects.ollama import DIALECT
from adapters.dialects.ollama.reply import read_error, read_stream_fault, read_usage, write_reply, write_time
from adapters.events import Reply, TextBlock, ThinkingBlock, ToolBlock, Usage
from adapters.fault import Fault, Malformed
from tests.adapters.dialects.ollama.lines import WHOLES, document, last
from tests.adapters.dialects.ollama.sdk import in_front_of
from tests.adapters.replies import ARGUMENTS, REPLIES, TEXT, THINKING, TOOLS

MESSAGES = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_a_whole_chat(reply: Reply) -> None:
    """Text, thinking, calls, counts and the reason are there."""
    response = in_front_of(write_reply(reply)).chat("m", MESSAGES)
    message = response.message
    assert message.content == "".join(b.text for b in reply.blocks if isinstance(b, TextBlock))
    assert (message.thinking or "") == "".join(b.text for b in reply.blocks if isinstance(b, ThinkingBlock))
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    assert calls == [(b.name, json.loads(b.arguments)) for b in reply.blocks if isinstance(b, ToolBlock)]
    assert (response.model, response.done) == (reply.model, True)
    assert response.done_reason == ("length" if reply.stop == "max_tokens" else "stop")
    used = reply.usage
    read = used.input + used.cache_read + used.cache_write_5m + used.cache_write_1h
    assert (response.prompt_eval_count, response.eval_count) == (read, used.output)


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_the_same_as_a_generated_text(reply: Reply) -> None:
    """A client of /api/generate finds its text where it looks."""
    response = in_front_of(write_reply(reply)).generate("m", "x")
    assert response.response == "".join(b.text for b in reply.blocks if isinstance(b, TextBlock))
    thought = "".join(b.text for b in reply.blocks if isinstance(b, ThinkingBlock))
    assert (response.thinking or "") == thought


def test_a_whole_reply_has_ollamas_fields_in_order() -> None:
    """Those of a chat, and the response of /api/generate beside them."""
    told = json.loads(write_reply(TOOLS))
    model = list(json.loads(WHOLES["tools"]))
    assert [name for name in told if name != "response"] == model
    call = {"index": 0, "name": "Read", "arguments": json.loads(ARGUMENTS)}
    assert told["message"]["tool_calls"][0] == {"id": "call_1", "function": call}
    assert list(told["message"]) == ["role", "content", "tool_calls"]
    assert told["response"] == told["message"]["content"] == TEXT
    assert list(json.loads(write_reply(THINKING))["message"]) == ["role", "content", "thinking"]


def test_arguments_that_are_no_object_are_made_one() -> None:
    """Clients of Ollama read nothing else, and the text is not lost."""
    broken = Reply("", "m", (ToolBlock("a", "f", "{x"),), "tool_use", Usage())
    response = in_front_of(write_reply(broken)).chat("m", MESSAGES)
    assert response.message.tool_calls
    assert response.message.tool_calls[0].function.arguments == {"__raw": "{x"}


@pytest.mark.parametrize("name", WHOLES)
def test_usage_is_read_of_a_whole_reply(name: str) -> None:
    """Of chats and of generated texts."""
    whole = json.loads(WHOLES[name])
    counted = Usage(input=whole["prompt_eval_count"], output=whole["eval_count"])
    assert read_usage(WHOLES[name]) == counted


def test_usage_that_is_not_told_is_none() -> None:
    """A reply without counts is a reply."""
    assert read_usage(document(response="")) == Usage()


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"message":null}', b'{"error":"x"}', b'{"models":[]}', b"[" * 20_000],
)
def test_usage_is_not_read_of_what_is_no_reply(body: bytes) -> None:
    """It has a message or a response."""
    with pytest.raises(Malformed, match="not one of Ollama"):
        read_usage(body)


# --- errors -------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[int, dict[str, Any], tuple[str, int, str]]] = {
    "a model nobody has": (
        404,
        {"error": "model 'x' not found"},
        ("not_found", 404, "model 'x' not found"),
    ),
    "a model without tools": (
        400,
        {"error": '"x" does not support tools'},
        ("invalid_request", 400, '"x" does not support tools'),
    ),
    "a busy server": (
        503,
        {"error": "server busy, please try again.  maximum pending requests exceeded"},
        ("overloaded", 503, "server busy, please try again.  maximum pending requests exceeded"),
    ),
    "the cloud, which has no key": (
        401,
        {"error": "unauthorized", "signin_url": "https://a.test"},
        ("authentication", 401, "unauthorized"),
    ),
    "the cloud, which has enough": (
        429,
        {"StatusCode": 429, "Status": "429 Too Many Requests", "error": "slow down"},
        ("rate_limited", 429, "slow down"),
    ),
    "a server of another kind before it": (
        502,
        {"error": {"message": "no upstream"}},
        ("upstream", 502, "no upstream"),
    ),
}


@pytest.mark.parametrize(("status", "body", "fault"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_read(status: int, body: dict[str, Any], fault: tuple[str, int, str]) -> None:
    """Its words, and what its status stands for."""
    read = read_error(status, json.dumps(body).encode())
    assert read is not None
    assert (read.kind, read.status, read.message) == fault


@pytest.mark.parametrize(
    "message",
    [
        "the input length exceeds the context length",
        "the prompt is longer than the context length currently available to the model; shorten the prompt",
    ],
)
@pytest.mark.parametrize("status", [400, 500])
def test_a_conversation_that_is_too_long_is_known(message: str, status: int) -> None:
    """Whatever status it comes with, it is a wrong request of a known kind."""
    fault = read_error(status, document(error=message))
    assert fault is not None
    assert (fault.kind, fault.status, fault.code) == ("invalid_request", 400, "context_length_exceeded")
    assert fault.overflow is not None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"error":null}', b'{"error":[]}', b'{"error":{}}', b"[" * 20_000]
)
def test_what_is_no_error_is_none(body: bytes) -> None:
    """A body of another shape is not read as an error."""
    assert read_error(500, body) is None


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b'{"error":"server busy, please try again."}', ("overloaded", 503)),
        (b'{"error":"llama runner process has terminated"}', ("internal", 500)),
        (b'{"error":[1]}', ("internal", 500)),
    ],
)
def test_an_error_of_a_stream_has_no_status(line: bytes, fault: tuple[str, int]) -> None:
    """Its words say how it is to be taken; whatever it is, it is an error."""
    read = read_stream_fault(line)
    assert (read.kind, read.status) == fault
    assert read.message


def test_the_sdk_reads_our_errors() -> None:
    """Words and status reach the caller."""
    body = DIALECT.write_error(Fault("not_found", 404, 'No "x".'), "req_1")
    with pytest.raises(ollama.ResponseError) as caught:
        in_front_of(body, 404).chat("m", MESSAGES)
    assert (caught.value.error, caught.value.status_code) == ('No "x".', 404)


# --- models -------------------------------------------------------------------------------------------

ENTRIES = [ModelEntry("a", "box", 1_700_000_000), ModelEntry("b/c", "box")]


def test_the_sdk_lists_our_models() -> None:
    """Each has its name, a time and a digest of its own."""
    models = in_front_of(DIALECT.write_models(ENTRIES)).list().models
    assert [model.model for model in models] == ["a", "b/c"]
    assert [model.modified_at.timestamp() for model in models if model.modified_at] == [1_700_000_000, 0]
    assert len({model.digest for model in models}) == 2
    assert all(len(model.digest or "") == 64 for model in models)


def test_models_have_ollamas_fields() -> None:
    """The official command line takes every one for granted."""
    (first, _) = json.loads(DIALECT.write_models(ENTRIES))["models"]
    assert list(first) == ["name", "model", "modified_at", "size", "digest", "details"]
    assert first["details"] == {
        "parent_model": "",
        "format": "",
        "family": "box",
        "families": ["box"],
        "parameter_size": "",
        "quantization_level": "",
    }


def test_the_sdk_shows_one_of_our_models() -> None:
    """Tools are among what it can do, so that agents offer theirs."""
    shown = in_front_of(DIALECT.write_model(ENTRIES[0])).show("a")
    assert shown.capabilities == ["completion", "tools"]
    assert shown.modelinfo == {"general.architecture": "box", "general.basename": "a"}
    assert shown.details
    assert shown.details.family == "box"


def test_there_is_a_place_for_a_key_and_for_a_count() -> None:
    """The cloud's key is a bearer's; a count has Anthropic's shape."""
    assert DIALECT.credential("k") == (b"authorization", b"Bearer k")
    assert json.loads(DIALECT.write_count(7)) == {"input_tokens": 7}


@pytest.mark.parametrize(
    ("operation", "path"),
    [("generate", "/api/chat"), ("count_tokens", "/api/chat"), ("embed", "/api/embed")],
)
@pytest.mark.parametrize("stream", [True, False])
def test_operations_have_their_paths(operation: Any, path: str, stream: bool) -> None:
    """Whether it streams stands in the body."""
    assert DIALECT.locate(operation, "m", stream) == path


def test_a_last_line_is_a_whole_reply() -> None:
    """The two are one shape: a stream of one line is read as a reply too."""
    assert read_usage(last()) == Usage(input=3, output=9)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "1970-01-01T00:00:00Z"), (-9, "1970-01-01T00:00:00Z"), (2**63, "9999-12-31T23:59:59Z")],
)
def test_any_time_can_be_told(seconds: int, told: str) -> None:
    """Providers say what they like; the year keeps its four digits."""
    assert write_time(seconds) == told
