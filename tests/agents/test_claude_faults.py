"""Claude Code, the real one, over an upstream of another API that says no: it recovers as from its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.agents.clients import CLAUDE, Run
from tests.agents.crossing import CONFIGURATION, MODELS
from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.cases.faults import TROUBLES
from tests.cases.stage import CHAT
from tests.path.client import now
from tests.path.conftest import Start
from tests.upstream.faults import Fault, Spoken, Status
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.provider import Provider
from tests.upstream.steps import Close, Script
from tests.upstream.voice import voice_of
from tests.upstream.wire import Request

pytestmark = pytest.mark.agents
COUNTS = {"command": "echo ran | tee -a count.txt", "description": "Counts"}
LOOKS = {"command": "cat count.txt", "description": "Looks"}
CALLS = (Call("Bash", COUNTS), Call("Bash", LOOKS))
TURN = Turn(CALLS, "First a command, then a look.", "One line is easily counted.")
# What it asks for when it makes a conversation short.
SUMMARY = "CRITICAL: Respond with TEXT ONLY"


class Ran(msgspec.Struct, frozen=True):
    """How a run ended, what was sent, when it reached the upstream, and how often the tool ran."""

    finished: Finished
    sent: list[dict[str, Any]]
    moments: list[float]
    count: int

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self.finished.output + self.finished.errors


class Watch:
    """A provider, and when it was asked."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.moments: list[float] = []

    def __call__(self, request: Request) -> Script:
        """Note the moment, and answer."""
        if voice_of(request):
            self.moments.append(now())
        return self.provider(request)


class CutBehind(Fault, frozen=True):
    """A closed connection behind the first piece that holds some words."""

    words: bytes

    def script(self, spoken: Spoken) -> Script:
        """Send so much, then close."""
        count = next(number for number, piece in enumerate(spoken.pieces, 1) if self.words in piece)
        return (*spoken.begun(count), Close())


def trouble(name: str, there: str = CHAT) -> Status:
    """A trouble of the table as an upstream says it."""
    row = TROUBLES[name]
    told = row.told[there]
    return Status(told.status, told.words, row.headers, told.details)


def ran(folder: Path, start: Start, faults: Mapping[int, Fault], there: str = CHAT) -> Ran:
    """Lead it through a turn of two calls, with faults by the number of the request."""
    agent("claude")
    watch = Watch(Provider((TURN,), faults))
    leads = f"behind/{MODELS[there]}"
    rig = Rig(
        folder,
        start,
        watch,
        lambda upstream: CONFIGURATION.format(dialect=there, address=upstream.address, leads=leads),
    )
    try:
        run = Run(folder, rig.home, rig.tee.address, CLAUDE.model)
        finished = rig.run("claude", CLAUDE.arguments(run), CLAUDE.environment(run))
        sent = [json.loads(request.body) for request in rig.tee.requests if voice_of(request)]
    finally:
        rig.stop()
    counted = folder / "count.txt"
    count = len(counted.read_text(encoding="utf-8").split()) if counted.exists() else 0
    assert not watch.provider.refused
    return Ran(finished, sent, watch.moments, count)


def test_a_conversation_that_is_too_long_from_the_start(tmp_path: Path, gateway: Start) -> None:
    """With nothing to make shorter it says so with both numbers, and does not ask again."""
    run = ran(tmp_path, gateway, {0: trouble("context too long")})
    assert run.finished.code == 1
    assert "Prompt is too long" in run.said
    assert "213104" in run.said
    assert "200000" in run.said
    assert len(run.sent) == 1


def test_a_conversation_that_becomes_too_long_is_made_short(tmp_path: Path, gateway: Start) -> None:
    """Behind a turn it asks for a summary, and goes on with that instead of the turn."""
    run = ran(tmp_path, gateway, {1: trouble("context too long")})
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.said
    conversations = [json.dumps(body["messages"]) for body in run.sent]
    summary = max(place for place, text in enumerate(conversations) if SUMMARY in text)
    assert '"assistant"' in conversations[summary]
    assert '"assistant"' not in conversations[summary + 1]


def test_a_budget_that_is_too_large_is_made_smaller(tmp_path: Path, gateway: Start) -> None:
    """It asks for what is left of the window, less a thousand."""
    run = ran(tmp_path, gateway, {0: trouble("output budget")})
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.said
    assert [body["max_tokens"] for body in run.sent] == [128_000, 200_000 - 150_000 - 1000, 128_000]
    assert run.count == 1


def test_a_limit_of_requests_is_waited_for(tmp_path: Path, gateway: Start) -> None:
    """It comes back when it was told to, and the tool has run once."""
    run = ran(tmp_path, gateway, {0: Status(429, "Slow down.", (("retry-after", "1"),))})
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.said
    assert len(run.sent) == 3
    assert run.sent[0] == run.sent[1]
    assert run.moments[1] - run.moments[0] >= 1
    assert run.count == 1


def test_an_overloaded_upstream_is_asked_again(tmp_path: Path, gateway: Start) -> None:
    """A 503 of this API is the 529 at which it comes back."""
    run = ran(tmp_path, gateway, {0: trouble("unavailable"), 1: trouble("overloaded")})
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.said
    assert len(run.sent) == 4
    assert run.count == 1


@pytest.mark.parametrize("there", ["openai-chat", "openai-responses", "gemini"])
def test_thoughts_whose_signature_is_refused_are_left_out(tmp_path: Path, gateway: Start, there: str) -> None:
    """However the upstream says it, the next request is the same without them."""
    run = ran(tmp_path, gateway, {1: trouble("thinking signature", there)}, there)
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.said
    with_thoughts, without = (json.dumps(body["messages"]) for body in run.sent[1:])
    assert '"type": "thinking"' in with_thoughts
    assert '"type": "thinking"' not in without
    assert run.count == 1


@pytest.mark.parametrize("name", ["forbidden", "our key is wrong"])
def test_what_nobody_can_mend_is_asked_once(tmp_path: Path, gateway: Start, name: str) -> None:
    """It stops, and shows why."""
    run = ran(tmp_path, gateway, {0: trouble(name)})
    assert run.finished.code == 1
    assert len(run.sent) == 1
    words = "You may not use this model." if name == "forbidden" else "the key must be mended there"
    assert words in run.said


def test_a_stream_that_is_cut_behind_a_call_runs_it_once(tmp_path: Path, gateway: Start) -> None:
    """The first of two calls was complete: it is run, its result goes on, and it is not asked for again."""
    run = ran(tmp_path, gateway, {0: CutBehind(b'"tool_calls":[{"index":1')})
    assert run.count == 1
    assert run.finished.output.strip().endswith(CLOSING), run.said
