"""Errors under a good status: some providers answer 200 and mean no. The client hears what they say."""

import json
from typing import Any

import pytest

from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.dialects import CHAT, MESSAGES, RESPONSES, Dialect, each_dialect
from tests.path.house import CHAT_KEY, MESSAGES_KEY, House, configuration
from tests.upstream.scripts import stream, whole
from tests.upstream.server import Upstream
from tests.upstream.steps import Script

WORDS = "All our machines are busy."
# What each says, and what it is: its status and its kind as a client of the same dialect hears it.
BUSY: dict[str, Any] = {
    "anthropic-messages": {"type": "error", "error": {"type": "overloaded_error", "message": WORDS}},
    "openai-chat": {"error": {"message": WORDS, "type": "server_error", "code": "server_is_overloaded"}},
    "openai-responses": {"error": {"message": WORDS, "type": "server_error"}},
}
STATUSES = {"anthropic-messages": 529, "openai-chat": 503, "openai-responses": 500}
MODELS = """
next-claude = ["ant/claude-opus-5-5", "only-messages/claude-opus-5-5"]
next-gpt = ["box/gpt-5.1", "box-hasty/gpt-5.1-mini"]
crossed-claude = "only-chat/gpt-5.1"
[failure]
tries_per_target = 1
"""
each_form = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def several(gateway: Start, replay: Upstream) -> House:
    """A gateway with plans of one target and of two."""
    return House(gateway(configuration(replay) + MODELS), replay)


def hidden(dialect: Dialect, error: Any = None) -> Script:
    """An error under a 200, as JSON, asked for as a stream or not."""
    return whole(json.dumps(error or BUSY[dialect.name]).encode())


def heard(dialect: Dialect, reply: Reply) -> str:
    """What the client is told."""
    return str(dialect.error(reply)["message"])


@each_form
@each_dialect
def test_the_provider_s_words_are_told(several: House, dialect: Dialect, *, streamed: bool) -> None:
    """With one target: an error status, and the words as they were said."""
    body = dialect.body(stream=streamed)
    reply = several.ask(dialect, hidden(dialect), body=body).reply
    assert WORDS in heard(dialect, reply)
    assert reply.status == STATUSES[dialect.name]


@each_form
def test_the_words_cross(several: House, *, streamed: bool) -> None:
    """A provider of another dialect: the same words, in the client's own form."""
    body = MESSAGES.body("crossed-claude", stream=streamed)
    reply = several.ask(MESSAGES, hidden(CHAT), body=body).reply
    assert (reply.status, heard(MESSAGES, reply)) == (529, WORDS)


@each_form
@each_dialect
def test_another_target_is_asked(several: House, dialect: Dialect, *, streamed: bool) -> None:
    """Nothing was shown: the next target answers, and the client hears of no error."""
    good = stream(dialect.events) if streamed else whole(dialect.whole)
    exchange = several.replay.plays(hidden(dialect), good)
    model = "next-claude" if dialect is MESSAGES else "next-gpt"
    reply = several.post(dialect, dialect.body(model, stream=streamed), [exchange.header])
    assert (reply.status, reply.header("x-penstock-attempts")) == (200, "2")
    assert reply.body == (b"".join(dialect.events) if streamed else dialect.whole)


def test_a_throttle_says_when_to_come_back(several: House) -> None:
    """A limit under a 200 is a 429, with a time that clients understand."""
    error = {"type": "error", "error": {"type": "rate_limit_error", "message": "Slow down."}}
    reply = several.ask(MESSAGES, hidden(MESSAGES, error)).reply
    assert (reply.status, reply.header("retry-after")) == (429, "5")


def test_our_key_is_not_the_client_s(several: House) -> None:
    """A provider that refuses our key under a 200 is no 401 of the client's."""
    error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
    reply = several.ask(MESSAGES, hidden(MESSAGES, error)).reply
    assert reply.status == 502
    assert reply.header("x-should-retry") == "false"


@pytest.mark.parametrize(
    ("dialect", "key"), [(MESSAGES, MESSAGES_KEY), (CHAT, CHAT_KEY), (RESPONSES, CHAT_KEY)]
)
def test_a_quoted_key_is_not_passed_on(several: House, dialect: Dialect, key: str) -> None:
    """Some quote the key they mean: the client does not see it."""
    error = json.loads(json.dumps(BUSY[dialect.name]).replace(WORDS, f"no room for {key}"))
    reply = several.ask(dialect, hidden(dialect, error)).reply
    assert "no room for" in heard(dialect, reply)
    assert key not in reply.body.decode()
