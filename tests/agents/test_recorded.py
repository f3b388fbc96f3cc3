"""The golden test of passthrough: what real agents sent, sent again, reaches the upstream byte for byte."""

import json

import pytest

from tests.agents.recordings import Recording, recordings
from tests.path.client import Reply
from tests.path.conftest import Start
from tests.path.house import ENVIRONMENT, House
from tests.upstream.server import Upstream
from tests.upstream.wire import Request

RECORDED = list(recordings())
ROUTES = """
[server]
discover = false
[providers.ant]
like = "anthropic"
base_url = "{upstream}"
api_key = "${{MESSAGES_KEY}}"
[providers.box]
like = "openai"
base_url = "{upstream}/v1"
api_key = "${{CHAT_KEY}}"
[models]
"*" = "{leads}"
"""
ALIAS = "another-name-é"
each_recording = pytest.mark.parametrize("recording", RECORDED, ids=lambda recording: recording.name)
# Headers the gateway answers for itself: credentials, and what belongs to one connection.
OURS = {"authorization", "x-api-key", "accept-encoding"}


def model_of(recording: Recording) -> str:
    """The model a recorded request asks for."""
    return str(json.loads(recording.request.body)["model"])


def provider_of(recording: Recording) -> str:
    """The provider that speaks the dialect of a recorded request."""
    return "ant" if "messages" in recording.request.path else "box"


def _houses(gateway: Start, replay: Upstream, target: str) -> dict[str, House]:
    """Start a gateway for each provider: agents ask for the same model in both dialects."""
    texts = {name: ROUTES.format(upstream=replay.address, leads=name + target) for name in ("ant", "box")}
    return {name: House(gateway(text, ENVIRONMENT), replay) for name, text in texts.items()}


@pytest.fixture(scope="module")
def plain(gateway: Start, replay: Upstream) -> dict[str, House]:
    """Gateways that ask their provider for the very model the client asked for."""
    return _houses(gateway, replay, "")


@pytest.fixture(scope="module")
def aliased(gateway: Start, replay: Upstream) -> dict[str, House]:
    """Gateways that ask their provider for another model."""
    return _houses(gateway, replay, f"/{ALIAS}")


def send(houses: dict[str, House], recording: Recording) -> tuple[Reply, Request]:
    """Send a recorded request again: the client's reply, and what the upstream received."""
    house = houses[provider_of(recording)]
    before = len(house.replay.requests)
    reply = house.call("POST", recording.request.target, recording.headers, recording.request.body)
    (received,) = house.replay.requests[before:]
    return reply, received


def test_there_are_recordings() -> None:
    """The archives hold what they should: every dialect, streamed and whole, counted and generated."""
    paths = {each.request.path for each in RECORDED}
    assert len(RECORDED) >= 85
    generated = {"/v1/messages", "/v1/chat/completions", "/v1/responses"}
    assert {*generated, "/v1/messages/count_tokens"} <= paths


@each_recording
def test_recorded_body_is_verbatim(plain: dict[str, House], recording: Recording) -> None:
    """A recorded request reaches the upstream with its path, its headers and every byte of its body."""
    reply, received = send(plain, recording)
    assert reply.status == 200
    assert reply.header("x-penstock-body") == "verbatim"
    assert received.body == recording.request.body
    assert received.target == recording.request.target
    kept = {pair for pair in recording.headers if pair[0] not in OURS}
    assert kept <= set(received.headers)


@each_recording
def test_recorded_body_with_an_alias(aliased: dict[str, House], recording: Recording) -> None:
    """With an alias a recorded body differs in the span of the top-level model, and nowhere else."""
    reply, received = send(aliased, recording)
    assert reply.status == 200
    assert reply.header("x-penstock-body") == "model-span"
    assert same_but_for_one_span(recording.request.body, received.body, model_of(recording), ALIAS)
    assert json.loads(received.body) == {**json.loads(recording.request.body), "model": ALIAS}


def same_but_for_one_span(sent: bytes, received: bytes, old: str, new: str) -> bool:
    """Whether two bodies are alike but for one JSON string, which was the old model and is the new one."""
    start = next(
        place for place, (left, right) in enumerate(zip(sent, received, strict=False)) if left != right
    )
    opening = sent.rindex(b'"', 0, start + 1)
    olds, news = (
        json.dumps(old).encode(),
        received[opening : opening + len(received) - len(sent) + len(old) + 2],
    )
    return (
        sent[opening:].startswith(olds)
        and json.loads(news) == new
        and sent[:opening] == received[:opening]
        and sent[opening + len(olds) :] == received[opening + len(news) :]
    )
