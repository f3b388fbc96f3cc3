"""What OpenAI's APIs spell alike, read by the official SDK."""

import json
from typing import get_args

import openai
import pytest
from openai.types.chat import ChatCompletion

from adapters.dialect import ModelEntry
from adapters.fault import Fault, FaultKind
from adapters.openai import (
    ERROR_WORDS,
    ErrorDetail,
    credential,
    read_error,
    read_fault,
    read_stream_fault,
    write_count,
    write_error,
    write_model,
    write_models,
)
from adapters.overflow import Overflow
from tests.adapters.sdks import read_by_openai


def ask(client: openai.OpenAI) -> ChatCompletion:
    """Ask for anything: what comes is an error."""
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])


# Kinds whose words are OpenAI's general ones: only the status tells them apart.
GENERAL = {
    "not_found": "invalid_request",
    "too_large": "invalid_request",
    "upstream": "internal",
    "permission": "internal",
}


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_every_kind_of_fault_has_words_that_lead_back(kind: FaultKind) -> None:
    """Type and code read without a status are the kind they were written for, or the general one."""
    words, code = ERROR_WORDS[kind]
    back = read_fault(ErrorDetail("m", words, None, code), None).kind
    assert back == GENERAL.get(kind, kind)


@pytest.mark.parametrize(
    ("detail", "status", "told"),
    [
        (ErrorDetail("m", "server_error"), 503, 503),
        (ErrorDetail("m", "server_error"), None, 500),
        (ErrorDetail("m", None, None, 429), None, 429),
        (ErrorDetail("m", None, None, "503"), None, 503),
        (ErrorDetail("m", None, None, "²"), None, 500),
        (ErrorDetail("m", None, None, 1301), None, 500),
        (ErrorDetail("m", None, None, "insufficient_quota"), None, 429),
        ("m", None, 500),
    ],
)
def test_a_fault_has_a_status_even_in_a_stream(
    detail: ErrorDetail | str, status: int | None, told: int
) -> None:
    """The status is the reply's, else the one its words usually have, else the code that is one."""
    assert read_fault(detail, status).status == told


SDK_ERRORS: list[tuple[Fault, str, str | None, type[openai.APIStatusError]]] = [
    (
        Fault("invalid_request", 400, "m", param="stream"),
        "invalid_request_error",
        None,
        openai.BadRequestError,
    ),
    (
        Fault("authentication", 401, "m"),
        "invalid_request_error",
        "invalid_api_key",
        openai.AuthenticationError,
    ),
    (Fault("billing", 402, "m"), "insufficient_quota", "insufficient_quota", openai.APIStatusError),
    (Fault("permission", 403, "m"), "permission_error", "permission_denied", openai.PermissionDeniedError),
    (Fault("not_found", 404, "m"), "invalid_request_error", None, openai.NotFoundError),
    (
        Fault("not_found", 404, "m", code="model_not_found", param="model"),
        "invalid_request_error",
        "model_not_found",
        openai.NotFoundError,
    ),
    (Fault("too_large", 413, "m"), "invalid_request_error", "request_too_large", openai.APIStatusError),
    (Fault("rate_limited", 429, "m"), "rate_limit_error", "rate_limit_exceeded", openai.RateLimitError),
    (Fault("internal", 500, "m"), "server_error", None, openai.InternalServerError),
    (Fault("upstream", 502, "m"), "server_error", "upstream_error", openai.InternalServerError),
    (Fault("overloaded", 503, "m"), "server_error", "overloaded", openai.InternalServerError),
    (Fault("timeout", 504, "m"), "server_error", "timeout", openai.InternalServerError),
]


@pytest.mark.parametrize(("fault", "kind", "code", "error"), SDK_ERRORS)
def test_the_sdk_raises_the_error_that_was_meant(
    fault: Fault, kind: str, code: str | None, error: type[openai.APIStatusError]
) -> None:
    """Each fault is the SDK's own exception, with OpenAI's words and our message."""
    with pytest.raises(error) as caught:
        ask(read_by_openai(write_error(fault, "req_7"), fault.status))
    assert (caught.value.type, caught.value.code, caught.value.param) == (kind, code, fault.param)
    assert caught.value.body == {"message": "m", "type": kind, "param": fault.param, "code": code}


READ: dict[str, tuple[int, object, Fault | None]] = {
    "a status": (
        400,
        {"error": {"message": "m", "type": "invalid_request_error", "param": "stop", "code": None}},
        Fault("invalid_request", 400, "m", param="stop"),
    ),
    "a vague type goes by its status": (
        404,
        {"error": {"message": "m", "type": "invalid_request_error", "code": "model_not_found"}},
        Fault("not_found", 404, "m", code="model_not_found"),
    ),
    "no money left": (
        429,
        {"error": {"message": "m", "type": "insufficient_quota", "code": "insufficient_quota"}},
        Fault("billing", 429, "m", code="insufficient_quota"),
    ),
    "too long": (
        400,
        {"error": {"message": "m", "type": "invalid_request_error", "code": "context_length_exceeded"}},
        Fault("invalid_request", 400, "m", code="context_length_exceeded", overflow=Overflow()),
    ),
    "too long, with llama.cpp's numbers": (
        500,
        {
            "error": {
                "message": "m",
                "type": "exceed_context_size_error",
                "code": "exceed_context_size_error",
                "n_prompt_tokens": 9001,
                "n_ctx": 8192,
            }
        },
        Fault("invalid_request", 400, "m", code="context_length_exceeded", overflow=Overflow(9001, 8192)),
    ),
    "full, with the status of a rate limit": (
        429,
        {"error": {"message": "m", "type": "engine_overloaded_error"}},
        Fault("overloaded", 429, "m"),
    ),
    "no money left, in Moonshot's words": (
        429,
        {"error": {"message": "m", "type": "exceeded_current_quota_error"}},
        Fault("billing", 429, "m"),
    ),
    "refused by a policy": (
        400,
        {"error": {"message": "m", "type": None, "code": "content_policy_violation"}},
        Fault("invalid_request", 400, "m", code="content_policy_violation"),
    ),
    "Google's list of one": (
        503,
        [{"error": {"code": 503, "message": "m", "status": "UNAVAILABLE"}}],
        Fault("overloaded", 503, "m", code="503"),
    ),
    "Google's words for a rate": (
        429,
        [{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}],
        Fault("rate_limited", 429, "m", code="429"),
    ),
    "an empty list": (500, [], None),
    "xAI's two strings": (400, {"code": "c", "error": "m"}, Fault("invalid_request", 400, "m", code="c")),
    "Mistral's, without an error in it": (
        400,
        {"object": "error", "message": "m", "type": "invalid_function_call", "param": None, "code": "3280"},
        Fault("invalid_request", 400, "m", code="3280"),
    ),
    "Mistral's list of complaints": (
        422,
        {"object": "error", "message": {"detail": [{"loc": ["body", "x"]}]}, "type": "invalid_request_error"},
        Fault("invalid_request", 422, '{"detail":[{"loc":["body","x"]}]}'),
    ),
    "a server that checks fields": (422, {"detail": "m"}, Fault("invalid_request", 422, "m")),
    "a string": (500, {"error": "out of memory"}, Fault("internal", 500, "out of memory")),
    "a number for a code": (
        403,
        {"error": {"message": "m", "code": 403}},
        Fault("permission", 403, "m", code="403"),
    ),
    "only a code": (400, {"error": {"code": "odd"}}, Fault("invalid_request", 400, "odd", code="odd")),
    "nothing said": (502, {"error": {}}, Fault("upstream", 502, "unknown error")),
    "no error": (500, {"message": "m"}, None),
    "a list": (500, {"error": ["m"]}, None),
}


@pytest.mark.parametrize(("status", "body", "fault"), READ.values(), ids=READ)
def test_an_error_body_is_read_by_its_code_and_status(status: int, body: object, fault: Fault | None) -> None:
    """A code that says more than the status decides the kind, else the status does."""
    assert read_error(status, json.dumps(body).encode()) == fault


def test_the_sdk_reads_a_models_list() -> None:
    """A list arrives whole."""
    entries = [ModelEntry("gpt-a", "openai", 1_700_000_000), ModelEntry("demo", "demo")]
    page = read_by_openai(write_models(entries)).models.list()
    told = [(model.id, model.owned_by, model.created, model.object) for model in page]
    assert told == [("gpt-a", "openai", 1_700_000_000, "model"), ("demo", "demo", 0, "model")]
    assert json.loads(write_models([])) == {"object": "list", "data": []}


def test_the_sdk_reads_one_model() -> None:
    """One model is the list's line."""
    model = read_by_openai(write_model(ModelEntry("gpt-a", "openai", 5))).models.retrieve("gpt-a")
    assert (model.id, model.owned_by, model.created, model.object) == ("gpt-a", "openai", 5, "model")


def test_a_key_goes_into_authorization() -> None:
    """A key is a bearer's, as these APIs want it."""
    assert credential("sk-1") == (b"authorization", b"Bearer sk-1")


def test_a_count_is_one_number() -> None:
    """There is no such call in these APIs: the shape is Anthropic's."""
    assert json.loads(write_count(7)) == {"input_tokens": 7}


IN_STREAM: dict[str, tuple[bytes, Fault]] = {
    "an object": (
        b'{"message":"m","type":"rate_limit_error"}',
        Fault("rate_limited", 429, "m"),
    ),
    "a string": (b'"out of memory"', Fault("internal", 500, "out of memory")),
    "an empty object": (b"{}", Fault("internal", 500, "unknown error")),
    "what is neither": (b"[1]", Fault("internal", 500, "[1]")),
    "no JSON at all": (b"gone \xff", Fault("internal", 500, "gone \ufffd")),
}


@pytest.mark.parametrize(("error", "fault"), IN_STREAM.values(), ids=IN_STREAM)
def test_an_error_in_a_stream_is_read_whatever_it_is(error: bytes, fault: Fault) -> None:
    """Words in no known shape are still words."""
    assert read_stream_fault(error) == fault
