"""Cases 35 to 39: what stands round a conversation of Claude Code, from counts to its session."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cases import claude
from tests.cases.stage import MESSAGES, Stage, There, foreign_to, over
from tests.path.client import Reply, now
from tests.upstream.codings import CODINGS, ENCODE, ENCODE_PIECES
from tests.upstream.plan import CLOSING
from tests.upstream.replies import events, fixture
from tests.upstream.scripts import EVENT_STREAM, JSON, chunked, whole

COUNT = "/v1/messages/count_tokens?beta=true"
AT_ONCE = 28
AGENT = ("x-claude-code-agent-id", "a5beffdf1ba50f45f")


def line_of(stage: Stage, identity: str) -> dict[str, Any]:
    """The line of the log under a request id."""
    output = stage.house.gateway.wait_for_output(identity)
    line: dict[str, Any] = json.loads(next(line for line in output.split("\n") if identity in line))
    return line


@over()
def test_case_35_many_counts_at_once(stage: Stage, there: There) -> None:
    """The 28 counts of `/context` are all answered within a second, and no completion is asked for."""
    led = stage.lead()
    asked = {
        "model": there.asked,
        "messages": [{"role": "user", "content": "foo"}],
        "tools": [claude.BASH],
    }

    def count(number: int) -> Reply:
        identity = ("x-request-id", f"count-{there.provider}-{number}")
        return stage.post(COUNT, asked, *claude.HEADERS, led.header, identity)

    began = now()
    with ThreadPoolExecutor(14) as pool:
        replies = list(pool.map(count, range(AT_ONCE)))
    assert now() - began < 5  # a second is meant; machines that run tests are busy
    assert {reply.status for reply in replies} == {200}
    assert all(reply.json()["input_tokens"] > 0 for reply in replies)
    assert not led.provider.asked
    line = line_of(stage, f"count-{there.provider}-0")
    assert line["operation"] == "count_tokens"
    assert "output" not in line


@foreign_to(MESSAGES)
def test_case_35_an_estimate_grows_with_what_is_counted(stage: Stage, there: There) -> None:
    """Where the upstream is asked in another dialect the count is ours, and asks nobody."""
    led = stage.lead()
    counts = []
    # A model that nobody else asks: what providers report is learnt from, and these report what they like.
    model = f"{there.asked}-uncounted"
    for words in ("foo", "foo " * 2000):
        asked = {"model": model, "messages": [{"role": "user", "content": words}]}
        counts.append(stage.post(COUNT, asked, led.header).json()["input_tokens"])
    assert 0 < counts[0] < 100
    assert 1000 < counts[1] < 8000
    assert not led.provider.asked


@pytest.mark.parametrize("path", ["/", "/api/hello"])
def test_case_36_greetings(stage: Stage, path: str) -> None:
    """What Claude Code asks before anything else is 200, without a body."""
    reply = stage.house.call("HEAD", path)
    assert (reply.status, reply.body) == (200, b"")


def test_case_36_every_model_can_be_picked(stage: Stage) -> None:
    """The list has Anthropic's shape, all of it at once, and only names that Claude Code keeps."""
    headers = [*claude.HEADERS, ("accept-encoding", "identity")]
    reply = stage.house.call("GET", "/v1/models?limit=1000", headers)
    listing = reply.json()
    assert reply.status == 200
    assert listing["has_more"] is False
    names = [entry["id"] for entry in listing["data"]]
    assert all(entry["type"] == "model" and entry["display_name"] for entry in listing["data"])
    assert all("claude" in name or "anthropic" in name for name in names)
    assert {"quick-claude", "anthropic/quick-gpt"} <= set(names)


def test_case_36_a_picked_name_leads_to_its_model(stage: Stage) -> None:
    """A name that was made to be picked is answered as the alias it stands for."""
    exchange = stage.plays(whole(fixture("openai-responses", "plain.json")))
    asked = {"model": "anthropic/quick-gpt", "max_tokens": 64, "messages": [{"role": "user", "content": "x"}]}
    reply = stage.post(claude.PATH, asked, exchange.header)
    assert reply.status == 200
    assert json.loads(exchange.request.body)["model"] == "gpt-5.1-mini"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/v1/messages?beta=true",
        "/v1/messages/?beta=true",
        "/v1/messages//",
        "//v1/messages",
        "/v1/messages",
    ],
)
@over()
def test_case_37_however_the_path_is_spelled(stage: Stage, there: There, path: str) -> None:
    """A base URL that ends in /v1 or in a slash leads to the same place."""
    led = stage.lead()
    reply = stage.post(path, claude.body(there), *claude.HEADERS, led.header)
    message = claude.answered(reply)
    assert message.content[-1].type == "text"
    assert message.content[-1].text == CLOSING
    assert led.request.path in (
        "/v1/messages",
        "/v1/chat/completions",
        "/v1/responses",
        f"/v1beta/models/{there.model}:streamGenerateContent",
        "/api/chat",
    )


@over()
def test_case_38_a_stream_is_never_coded(stage: Stage, there: There) -> None:
    """Whatever the client takes, what it reads of a stream is plain, and the upstream is asked for plain."""
    led = stage.lead()
    reply = claude.ask(stage, led, claude.body(there))
    assert reply.header("content-encoding") is None
    claude.answered(reply)
    assert led.request.header("accept-encoding") == "identity"


@pytest.mark.parametrize("coding", CODINGS)
@over(MESSAGES)
def test_case_38_an_upstream_that_codes_its_stream(stage: Stage, there: There, coding: str) -> None:
    """It is decoded, flushed event by event."""
    pieces = ENCODE_PIECES[coding](events(MESSAGES))
    headers = {**EVENT_STREAM, "content-encoding": coding}
    exchange = stage.plays(chunked(pieces, headers=headers))
    reply = stage.post(claude.PATH, claude.body(there), *claude.HEADERS, exchange.header)
    assert reply.header("content-encoding") is None
    assert reply.body == b"".join(events(MESSAGES))


@pytest.mark.parametrize("coding", CODINGS)
@over(MESSAGES)
def test_case_38_a_whole_reply_has_only_an_offered_coding(stage: Stage, there: There, coding: str) -> None:
    """What was offered passes as it is; what was not is decoded."""
    plain = fixture(MESSAGES, "plain.json")
    coded = whole(ENCODE[coding](plain), headers=[*JSON.items(), ("content-encoding", coding)])
    exchange = stage.plays(coded)
    asked = claude.body(there, stream=False)
    offered = stage.post(claude.PATH, asked, *claude.HEADERS, exchange.header)
    assert offered.header("content-encoding") == coding
    bare = [pair for pair in claude.HEADERS if pair[0] != "accept-encoding"]
    silent = stage.post(claude.PATH, asked, *bare, exchange.header)
    assert silent.header("content-encoding") is None
    assert silent.body == plain


@over()
def test_case_39_a_session_keeps_its_key_and_is_seen(stage: Stage, there: There) -> None:
    """All requests of a session go to one upstream with one key; the log tells which it was, and whose."""
    keys = set()
    for number in range(3):
        led, identity = stage.lead(), f"session-{there.provider}-{number}"
        headers = [AGENT] if number else []
        reply = claude.ask(stage, led, claude.body(there), *headers, ("x-request-id", identity))
        claude.answered(reply)
        request = led.request
        keys.add(tuple(request.header(name) for name in ("authorization", "x-api-key", "x-goog-api-key")))
        line = line_of(stage, identity)
        assert (line["session"], line.get("agent")) == (claude.SESSION, AGENT[1] if number else None)
    assert len(keys) == 1


@over()
def test_case_39_the_session_is_told_to_anthropic_alone(stage: Stage, there: There) -> None:
    """It and the subagent are Anthropic's own headers: elsewhere they stay here."""
    led = stage.lead()
    claude.answered(claude.ask(stage, led, claude.body(there), AGENT))
    sent = (led.request.header("x-claude-code-session-id"), led.request.header(AGENT[0]))
    assert sent == ((claude.SESSION, AGENT[1]) if there.dialect == MESSAGES else (None, None))
