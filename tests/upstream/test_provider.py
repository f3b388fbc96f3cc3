"""A provider leads an agent by its plan in every dialect, breaks when told to, and keeps what it refused."""

import json
from typing import Any

import pytest

from tests.upstream.asking import request, sent
from tests.upstream.conversations import CONVERSATIONS, PATHS, SCHEMA
from tests.upstream.faults import CleanEnd, Cut, ErrorEvent, Fault, Silence, Status
from tests.upstream.memory import Memory
from tests.upstream.plan import CLOSING, Call, Turn, fitting
from tests.upstream.provider import Provider
from tests.upstream.replies import ordinary
from tests.upstream.steps import Hang, Pause, Reset, Script, Send

TURN = Turn((Call("read", {"path": "a.txt"}),), "Reading.", "One file.")
each_dialect = pytest.mark.parametrize("dialect", CONVERSATIONS)


def asked(provider: Provider, dialect: str, **changes: Any) -> Script:
    """Ask a provider to go on with the good conversation of a dialect."""
    body = {**CONVERSATIONS[dialect](provider.memory), **changes}
    return provider(request(f"{PATHS[dialect]}?alt=sse", body))


@each_dialect
def test_the_conversation_says_how_far_it_is(dialect: str) -> None:
    """A conversation that has had a turn gets the next of the plan, and behind the last the closing text."""
    replies = [sent(asked(Provider([TURN] * turns), dialect)) for turns in (1, 2)]
    assert [bool(reply.count('"read"')) for reply in replies] == [False, True]
    assert [bool(reply.count(CLOSING[:3])) for reply in replies] == [True, False]


@each_dialect
def test_a_refused_request_is_kept(dialect: str) -> None:
    """What is refused is answered with a 400 of the dialect, and stands in the list with its words."""
    provider = Provider([TURN])
    (reply,) = asked(provider, dialect, model="", contents=[], tools=[{}])
    assert isinstance(reply, Send)
    head, _, body = reply.data.partition(b"\r\n\r\n")
    (refusal,) = provider.refused
    assert head.startswith(b"HTTP/1.1 400 ")
    error = json.loads(body)["error"]
    assert (error if dialect == "ollama" else error["message"]) == refusal.words
    assert refusal.request is provider.asked[0]


def test_a_tool_nobody_offered_is_refused() -> None:
    """A plan that needs what the request does not offer says so, instead of ending well."""
    provider = Provider([TURN, Turn((Call("write"),))])
    asked(provider, "openai-chat")
    assert "no such tool was offered: ['write']" in provider.refused[0].words


def test_text_for_a_tool_goes_where_it_is_taken() -> None:
    """A tool that takes text gets it as it is; offered as a function, in its one argument."""
    plan = [TURN, Turn((Call("read", text="one\ntwo"),))]
    custom = {"type": "custom", "name": "read"}
    as_text = sent(asked(Provider(plan), "openai-responses", tools=[custom]))
    assert '"type":"custom_tool_call"' in as_text
    as_function = sent(asked(Provider(plan), "openai-responses"))
    assert r'"arguments":"{\"path\":\"one\\ntwo\"}"' in as_function


def test_an_answer_of_a_shape() -> None:
    """Without tools, an answer fits the schema it is asked for, its types in either case."""
    shape = {"type": "OBJECT", "properties": {"score": {"type": "INTEGER"}, "why": {"type": "STRING"}}}
    body = {
        "contents": [{"role": "user", "parts": [{"text": "How hard?"}]}],
        "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": shape},
    }
    reply = sent(Provider([TURN])(request("/v1beta/models/x:generateContent", body)))
    assert r"{\"score\":1,\"why\":\"fits\"}" in reply
    assert fitting({"type": "object", "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "array"}}}) == {
        "a": "x",
        "b": [],
    }


def test_a_stream_of_no_events_is_an_array() -> None:
    """Who does not ask Gemini for events is streamed one JSON array."""
    provider = Provider([])
    script = provider(request(PATHS["gemini"], CONVERSATIONS["gemini"](provider.memory)))
    chunks = [step.data for step in script[1:-1] if isinstance(step, Send)]
    array = b"".join(chunk.partition(b"\r\n")[2].removesuffix(b"\r\n") for chunk in chunks)
    parts = [part for chunk in json.loads(array) for part in chunk["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts if not part.get("thought")) == CLOSING


@each_dialect
@pytest.mark.parametrize(
    ("fault", "ending"),
    [(Cut(2), "Close"), (Cut(2, Reset()), "Reset"), (CleanEnd(2), "Send"), (Silence(2), "Hang")],
    ids=["cut", "reset", "clean", "silence"],
)
def test_a_stream_breaks(dialect: str, fault: Fault, ending: str) -> None:
    """A fault plays so many events of the reply it was given to, and no others, and then breaks it."""
    provider = Provider([TURN, TURN], {1: fault})
    unbroken, broken = asked(provider, dialect), asked(provider, dialect)
    assert len(unbroken) > 4
    assert (len(broken), type(broken[-1]).__name__) == (4, ending)


@each_dialect
def test_a_stream_ends_in_an_error(dialect: str) -> None:
    """An error event carries its words in the dialect's own way."""
    reply = sent(asked(Provider([TURN, TURN], {0: ErrorEvent(1, "Too many of you.")}), dialect))
    assert reply.count("Too many of you.") == 1
    assert reply.endswith("0\r\n\r\n")


def test_silence_ends() -> None:
    """After some seconds of silence the rest comes."""
    script = asked(Provider([TURN, TURN], {0: Silence(2, 0.1)}), "openai-chat")
    assert script[3] == Pause(0.1)
    assert sent(script).endswith("data: [DONE]\n\n\r\n0\r\n\r\n")
    assert Hang() not in script


@each_dialect
def test_a_status_instead_of_a_reply(dialect: str) -> None:
    """A status comes with the words and the headers given."""
    headers = (("retry-after", "7"),)
    reply = sent(asked(Provider([TURN], {0: Status(429, "Slow down.", headers)}), dialect))
    assert reply.startswith("HTTP/1.1 429 Too Many Requests\r\n")
    assert "retry-after: 7\r\n" in reply
    assert '"Slow down."' in reply


def test_gemini_says_when_to_come_back_in_the_body() -> None:
    """A detail of the error holds the time to wait."""
    status = Status(429, "Slow down.", details={"retry": "2.5s"})
    reply = sent(asked(Provider([TURN], {0: status}), "gemini"))
    assert '"status":"RESOURCE_EXHAUSTED"' in reply
    assert '"retryDelay":"2.5s"' in reply


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/v1beta/models/x:countTokens", '"totalTokens":11'),
        ("/api/show", '"capabilities"'),
        ("/api/nothing", "no such path"),
    ],
)
def test_what_stands_beside_generating(target: str, found: str) -> None:
    """Counts and lists are answered whoever leads."""
    assert found in sent(Provider([])(request(target, {})))


@pytest.mark.parametrize("dialect", ["gemini", "ollama"])
@pytest.mark.parametrize("tools", [False, True], ids=["text", "tool"])
def test_an_ordinary_provider_of_every_dialect(dialect: str, *, tools: bool) -> None:
    """Without fixtures an ordinary reply is spoken: a call where there are tools, else words."""
    body = CONVERSATIONS[dialect](Memory())
    if not tools:
        del body["tools"]
    reply = sent(ordinary(request(f"{PATHS[dialect]}?alt=sse", body)))
    assert ('"name":"read"' in reply) is tools
    assert fitting(SCHEMA) == {"path": "fits"}
