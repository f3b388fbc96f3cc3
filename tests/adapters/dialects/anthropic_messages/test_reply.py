"""Whole replies of anthropic-messages, read by the official SDK."""

import json
from datetime import UTC, datetime

import anthropic
import pytest

from adapters.dialect import ModelEntry
from adapters.dialects.anthropic_messages.reply import (
    read_error,
    read_usage,
    write_count,
    write_error,
    write_model,
    write_models,
    write_reply,
)
from adapters.events import Reply, Usage
from adapters.fault import Fault, FaultKind, Malformed
from tests.adapters.replies import ARGUMENTS, REPLIES, TEXT, THINKING, TOOLS
from tests.adapters.sdks import read_by_anthropic


def ask(client: anthropic.Anthropic) -> anthropic.types.Message:
    """Ask for a message that is not streamed."""
    return client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "x"}])


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_the_sdk_reads_a_reply(reply: Reply) -> None:
    """Id, model, usage and stop reason arrive, and the message is written again as it was."""
    message = ask(read_by_anthropic(write_reply(reply)))
    assert (message.id, message.model, message.role, message.type) == (
        "msg_0a1b",
        "some-model",
        "assistant",
        "message",
    )
    assert len(message.content) == len(reply.blocks)
    assert message.usage.input_tokens == reply.usage.input
    assert message.usage.output_tokens == reply.usage.output
    assert json.loads(write_reply(reply))["stop_sequence"] is None


def test_the_sdk_reads_each_kind_of_block() -> None:
    """Text, thinking and tool calls arrive whole."""
    thinking, text = ask(read_by_anthropic(write_reply(THINKING))).content
    assert isinstance(thinking, anthropic.types.ThinkingBlock)
    assert (thinking.thinking, thinking.signature) == ("Hm, well, hm.", "c2ln")
    assert isinstance(text, anthropic.types.TextBlock)
    assert text.text == TEXT
    _, call, bare = ask(read_by_anthropic(write_reply(TOOLS))).content
    assert isinstance(call, anthropic.types.ToolUseBlock)
    assert (call.id, call.name, call.input) == ("call_1", "Read", json.loads(ARGUMENTS))
    assert isinstance(bare, anthropic.types.ToolUseBlock)
    assert bare.input == {}


STOPS = {"text": "end_turn", "tools": "tool_use", "cut short": "max_tokens"}


@pytest.mark.parametrize(("name", "reason"), STOPS.items(), ids=STOPS)
def test_a_stop_is_said_in_anthropics_words(name: str, reason: str) -> None:
    """Each reason to stop has its word."""
    assert ask(read_by_anthropic(write_reply(REPLIES[name]))).stop_reason == reason


def test_usage_that_was_written_is_read_again() -> None:
    """Each count comes back; reasoning has no place in Anthropic's usage."""
    usage = read_usage(write_reply(TOOLS))
    assert usage == Usage(input=12, cache_read=100, cache_write_5m=5, cache_write_1h=7, output=40)


USAGES: dict[str, tuple[dict[str, object] | None, Usage]] = {
    "none": (None, Usage()),
    "empty": ({}, Usage()),
    "nulls": ({"input_tokens": None, "cache_creation": None, "output_tokens": None}, Usage()),
    "uncached": ({"input_tokens": 3, "output_tokens": 4}, Usage(input=3, output=4)),
    "a cache read": ({"input_tokens": 3, "cache_read_input_tokens": 9}, Usage(input=3, cache_read=9)),
    "a total of writes": ({"cache_creation_input_tokens": 8}, Usage(cache_write_5m=8)),
    "writes by their time": (
        {
            "cache_creation_input_tokens": 8,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 6},
        },
        Usage(cache_write_5m=2, cache_write_1h=6),
    ),
    "thinking": (
        {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 5}},
        Usage(output=9, reasoning=5),
    ),
    "what nobody knows": (
        {"input_tokens": 1, "server_tool_use": {"web": 1}, "service_tier": None},
        Usage(input=1),
    ),
}


@pytest.mark.parametrize(("wire", "usage"), USAGES.values(), ids=USAGES)
def test_usage_of_a_whole_reply_is_read(wire: dict[str, object] | None, usage: Usage) -> None:
    """Counts are taken where they are, and are nothing where they are not."""
    message: dict[str, object] = {"type": "message", "content": []}
    assert read_usage(json.dumps({**message, "usage": wire}).encode()) == usage
    assert read_usage(json.dumps(message).encode()) == Usage()


SDK_ERRORS: list[tuple[Fault, str, type[anthropic.APIStatusError]]] = [
    (Fault("invalid_request", 400, "m"), "invalid_request_error", anthropic.BadRequestError),
    (Fault("authentication", 401, "m"), "authentication_error", anthropic.AuthenticationError),
    (Fault("billing", 402, "m"), "billing_error", anthropic.APIStatusError),
    (Fault("permission", 403, "m"), "permission_error", anthropic.PermissionDeniedError),
    (Fault("not_found", 404, "m"), "not_found_error", anthropic.NotFoundError),
    (Fault("too_large", 413, "m"), "request_too_large", anthropic.APIStatusError),
    (Fault("rate_limited", 429, "m"), "rate_limit_error", anthropic.RateLimitError),
    (Fault("internal", 500, "m"), "api_error", anthropic.InternalServerError),
    (Fault("upstream", 502, "m"), "api_error", anthropic.InternalServerError),
    (Fault("overloaded", 503, "m"), "overloaded_error", anthropic.APIStatusError),
    (Fault("timeout", 504, "m"), "timeout_error", anthropic.APIStatusError),
    (Fault("overloaded", 529, "m"), "overloaded_error", anthropic.APIStatusError),
]


@pytest.mark.parametrize(("fault", "kind", "error"), SDK_ERRORS)
def test_the_sdk_raises_the_error_that_was_meant(fault: Fault, kind: str, error: type[Exception]) -> None:
    """Each fault is the SDK's own exception, with Anthropic's type, our message and the request's id."""
    body = write_error(fault, "req_7")
    with pytest.raises(error) as caught:
        ask(read_by_anthropic(body, fault.status))
    assert isinstance(caught.value, anthropic.APIStatusError)
    assert caught.value.body == {
        "type": "error",
        "error": {"type": kind, "message": "m"},
        "request_id": "req_7",
    }


def test_a_program_is_told_which_error_it_can_mend() -> None:
    """Beside the words stands the name the SDKs know, and no other of ours."""
    told = json.loads(write_error(Fault("not_found", 404, "m", "thread_not_found"), "req_7"))["error"]
    assert told == {"type": "not_found_error", "message": "m", "details": {"error_code": "thread_not_found"}}
    assert (
        "details" not in json.loads(write_error(Fault("not_found", 404, "m", "model_not_found"), ""))["error"]
    )


READ: dict[str, tuple[int, object, Fault | None]] = {
    "a known type": (
        429,
        {"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}},
        Fault("rate_limited", 429, "slow"),
    ),
    "an unknown type goes by its status": (
        529,
        {"type": "error", "error": {"type": "new_error", "message": "m"}},
        Fault("overloaded", 529, "m"),
    ),
    "a vague type goes by its status": (
        502,
        {"type": "error", "error": {"type": "api_error", "message": "m"}},
        Fault("upstream", 502, "m"),
    ),
    "a type stronger than its status": (
        500,
        {"type": "error", "error": {"type": "overloaded_error", "message": "m"}},
        Fault("overloaded", 500, "m"),
    ),
    "no message": (400, {"type": "error", "error": {"type": "x"}}, Fault("invalid_request", 400, "x")),
    "OpenAI's shape": (400, {"error": {"type": "x", "message": "m"}}, None),
    "a message": (200, {"type": "message"}, None),
}


@pytest.mark.parametrize(("status", "body", "fault"), READ.values(), ids=READ)
def test_an_error_body_is_read_by_its_type_and_status(status: int, body: object, fault: Fault | None) -> None:
    """The type says the kind where it can, else the status does."""
    assert read_error(status, json.dumps(body).encode()) == fault


def test_every_kind_of_fault_has_a_type() -> None:
    """No fault is left without words."""
    kinds: tuple[FaultKind, ...] = ("invalid_request", "authentication", "billing", "permission", "not_found")
    more: tuple[FaultKind, ...] = (
        "too_large",
        "rate_limited",
        "overloaded",
        "upstream",
        "timeout",
        "internal",
    )
    types = [json.loads(write_error(Fault(kind, 400, "m"), ""))["error"]["type"] for kind in (*kinds, *more)]
    assert all(types)


def test_the_sdk_reads_a_models_list() -> None:
    """A list arrives whole, with its first and last id."""
    entries = [ModelEntry("claude-a", "anthropic", 1_767_225_600), ModelEntry("anthropic/gpt-5", "openai")]
    client = read_by_anthropic(write_models(entries))
    page = client.models.list(limit=1000)
    assert [model.id for model in page.data] == ["claude-a", "anthropic/gpt-5"]
    assert (page.first_id, page.last_id, page.has_more) == ("claude-a", "anthropic/gpt-5", False)
    assert page.data[0].created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert [model.type for model in client.models.list()] == ["model", "model"]


def test_an_empty_models_list_has_no_first_and_no_last() -> None:
    """Nothing is listed as nothing."""
    assert json.loads(write_models([])) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_the_sdk_reads_one_model() -> None:
    """One model is the list's line."""
    model = read_by_anthropic(write_model(ModelEntry("claude-a", "anthropic"))).models.retrieve("claude-a")
    assert (model.id, model.display_name, model.type) == ("claude-a", "claude-a", "model")


def test_the_sdk_reads_a_count() -> None:
    """A token count arrives as one."""
    client = read_by_anthropic(write_count(334))
    assert (
        client.messages.count_tokens(model="m", messages=[{"role": "user", "content": "x"}]).input_tokens
        == 334
    )


def test_what_is_no_message_has_no_usage() -> None:
    """An error, for one, is JSON as well."""
    with pytest.raises(Malformed, match="its type is `error`"):
        read_usage(b'{"type":"error","error":{}}')
