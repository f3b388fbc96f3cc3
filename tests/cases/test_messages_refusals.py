"""Cases 23 to 28: an upstream that says no, in the words and the statuses Claude Code recovers from."""

import json
import time
from email.utils import formatdate

import pytest

from tests.cases import claude
from tests.cases.faults import TROUBLES
from tests.cases.stage import (
    BY_NAME,
    CHAT,
    GEMINI,
    MESSAGES,
    OLLAMA,
    RESPONSES,
    Stage,
    There,
    foreign_to,
    over,
)
from tests.path.client import Reply, call
from tests.path.conftest import Start
from tests.path.house import CHAT_KEY, ENVIRONMENT, configuration
from tests.upstream.faults import Status
from tests.upstream.scripts import JSON, whole
from tests.upstream.server import Upstream

Pairs = tuple[tuple[str, str], ...]
each_form = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


def refused(stage: Stage, there: There, fault: Status, *, stream: bool = True) -> Reply:
    """The reply to a request that the upstream refuses; it is asked once."""
    led = stage.lead(faults={0: fault})
    reply = claude.ask(stage, led, claude.body(there, stream=stream))
    assert len(led.provider.asked) == 1
    return reply


@each_form
@over()
def test_case_23_a_time_to_wait_is_passed_on(stage: Stage, there: There, *, stream: bool) -> None:
    """A 429 stays one, with its words, the time in whole seconds and a request's id."""
    fault = Status(429, "Slow down, please.", (("retry-after", "7"),))
    reply = refused(stage, there, fault, stream=stream)
    assert reply.status == 429
    assert reply.header("retry-after") == "7"
    assert claude.error(reply) == {"type": "rate_limit_error", "message": "Slow down, please."}
    assert reply.header("request-id")
    assert reply.header("x-should-retry") is None


TIMES: dict[str, tuple[Pairs, str]] = {
    "700 ms": ((("retry-after-ms", "700"),), "1"),
    "half a second": ((("retry-after", "0.5"),), "1"),
    "two and a half": ((("retry-after", "2.5"),), "3"),
    "an hour": ((("retry-after", "3600"),), "60"),
    "a date": ((("retry-after", formatdate(time.time() + 3600, usegmt=True)),), "60"),
    "a date gone by": ((("retry-after", formatdate(0, usegmt=True)),), "1"),
    "nothing": ((), "5"),
}


@pytest.mark.parametrize("name", TIMES)
@over()
def test_case_24_every_time_is_whole_seconds(stage: Stage, there: There, name: str) -> None:
    """Rounded up, and never above the minute at which Claude Code gives up."""
    headers, seconds = TIMES[name]
    reply = refused(stage, there, Status(429, "Slow down.", headers))
    assert reply.status == 429
    assert [value for key, value in reply.headers if key == "retry-after"] == [seconds]
    assert reply.header("retry-after-ms") is None or there.dialect == MESSAGES


@pytest.mark.parametrize(("delay", "seconds"), [("2.5s", "3"), ("7s", "7"), ("3600s", "60")])
def test_case_24_googles_own_time_is_read(stage: Stage, delay: str, seconds: str) -> None:
    """It stands in a detail of the error's body, with a fraction."""
    fault = Status(429, "Quota exceeded.", details={"retry": delay})
    reply = refused(stage, BY_NAME[GEMINI], fault)
    assert (reply.status, reply.header("retry-after")) == (429, seconds)


BUSY = [
    (MESSAGES, 529, 529),
    (CHAT, 503, 529),
    (RESPONSES, 503, 529),
    (GEMINI, 503, 529),
    (OLLAMA, 503, 529),
]


@each_form
@pytest.mark.parametrize(("dialect", "told", "seen"), BUSY, ids=[row[0] for row in BUSY])
def test_case_25_an_overloaded_upstream(
    stage: Stage, dialect: str, told: int, seen: int, *, stream: bool
) -> None:
    """It is a 529 to Claude Code, which then tries again; nothing is said of whether it should."""
    reply = refused(stage, BY_NAME[dialect], Status(told, "The model is overloaded."), stream=stream)
    assert reply.status == seen
    assert claude.error(reply) == {"type": "overloaded_error", "message": "The model is overloaded."}
    assert reply.header("x-should-retry") is None


LADDER = (
    'messages.1.role: Unexpected role "system".',
    "context_management: Extra inputs are not permitted",
    "messages.1.output_config: Extra inputs are not permitted",
    "messages.3.content.0: Invalid `signature` in `thinking` block",
    "prompt is too long: 213104 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000",
    'x: é日本🙂 "quoted" and\nbroken',
)


@pytest.mark.parametrize("words", LADDER)
@over()
def test_case_26_the_words_of_a_400_are_kept(stage: Stage, there: There, words: str) -> None:
    """Claude Code goes down its ladder by them, whoever says them."""
    reply = refused(stage, there, Status(400, words))
    assert reply.status == 400
    found = claude.error(reply)
    assert found["type"] == "invalid_request_error"
    assert found["message"].startswith(words.removesuffix("."))


def test_case_26_the_words_of_an_error_in_a_list_are_kept(stage: Stage) -> None:
    """Google says some errors as a list of one, also under its address for openai-chat."""
    error = {"error": {"code": 400, "message": "Unsupported value.", "status": "INVALID_ARGUMENT"}}
    for dialect in (CHAT, GEMINI):
        exchange = stage.plays(whole(json.dumps([error]).encode(), 400))
        reply = stage.post(claude.PATH, claude.body(BY_NAME[dialect]), exchange.header)
        assert reply.status == 400
        assert claude.error(reply)["message"] == "Unsupported value."


LONG, TOO_MUCH = TROUBLES["context too long"].told, TROUBLES["output budget"].told
TOLD = "prompt is too long: 213104 tokens > 200000 maximum"
OVERFLOWS = (
    (CHAT, LONG[CHAT].words, TOLD),
    (CHAT, "the request (213104 tokens) exceeds the available context size (200000 tokens), try more", TOLD),
    (RESPONSES, LONG[RESPONSES].words, "prompt is too long: more than what the model takes"),
    (GEMINI, LONG[GEMINI].words, TOLD),
    (OLLAMA, LONG[OLLAMA].words, TOLD),
    (
        CHAT,
        TOO_MUCH[CHAT].words,
        "input length and `max_tokens` exceed context limit: 150000 + 64000 > 200000",
    ),
)


@pytest.mark.parametrize(("dialect", "words", "told"), OVERFLOWS)
def test_case_27_a_conversation_that_is_too_long(stage: Stage, dialect: str, words: str, told: str) -> None:
    """It is told in Anthropic's words with its numbers: Claude Code shortens, or asks for less."""
    details = {"code": "context_length_exceeded"} if dialect in (CHAT, RESPONSES) else {}
    reply = refused(stage, BY_NAME[dialect], Status(400, words, details=details))
    assert reply.status == 400
    found = claude.error(reply)
    assert found["type"] == "invalid_request_error"
    assert found["message"].startswith(told)


@each_form
@over()
def test_case_28_our_wrong_key_is_not_the_clients(stage: Stage, there: There, *, stream: bool) -> None:
    """A provider that refuses our key is a 502 that names it, is not to be tried again, and shows no key."""
    reply = refused(stage, there, Status(401, f"Incorrect API key provided: {CHAT_KEY}."), stream=stream)
    assert reply.status == 502
    assert reply.header("x-should-retry") == "false"
    message = claude.error(reply)["message"]
    assert f"provider `only-{there.provider}`" in message
    assert "key" in message
    assert CHAT_KEY.encode() not in reply.body


def test_case_28_google_says_400_to_a_wrong_key(stage: Stage) -> None:
    """Its details say what it is: a client would retry or blame itself for either status."""
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    words = "API key not valid. Please pass a valid API key."
    error = {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT", "details": [detail]}}
    exchange = stage.plays(whole(json.dumps(error).encode(), 400))
    gemini = BY_NAME[GEMINI]
    asked = {"contents": [{"parts": [{"text": "Hello."}]}]}
    for reply in (
        stage.post(claude.PATH, claude.body(gemini), exchange.header),
        stage.post(f"/v1beta/models/{gemini.asked}:generateContent", asked, exchange.header),
    ):
        assert reply.status == 502
        assert reply.header("x-should-retry") == "false"
        assert "only-gemini" in reply.json()["error"]["message"]


def test_case_28_the_clients_own_wrong_key_is_its_401(gateway: Start, replay: Upstream) -> None:
    """A key of ours that is not one is a 401 in Anthropic's shape, and nobody is asked."""
    text = configuration(replay, 'keys = "required"') + '\n[keys]\nmine = { secret = "${MY_KEY}" }\n'
    locked = gateway(text, {**ENVIRONMENT, "MY_KEY": "pst_testpublic12_" + "k3yOfATest" * 4 + "abc"})
    exchange = replay.plays(whole(b"{}"))
    body = json.dumps(claude.body(BY_NAME[CHAT])).encode()
    reply = call(locked.address, "POST", claude.PATH, [*JSON.items(), *claude.HEADERS, exchange.header], body)
    assert reply.status == 401
    assert claude.error(reply)["type"] == "authentication_error"
    assert exchange.requests == []


@foreign_to(MESSAGES)
def test_case_28_a_forbidden_model_is_the_clients_403(stage: Stage, there: There) -> None:
    """Claude Code stops at it and shows the words."""
    reply = refused(stage, there, Status(403, "Your plan has no such model."))
    assert reply.status == 403
    assert claude.error(reply) == {"type": "permission_error", "message": "Your plan has no such model."}
