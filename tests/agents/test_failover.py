"""A session of a real agent goes on at the next provider, in another API, when the one it began at is down.

The first turn, a thought and a command, is made at a provider of the agent's own dialect; the second and the
closing words come from elsewhere. Each command leaves a line for every time it was run.
"""

from pathlib import Path

import pytest

from adapters.seal import SEAL
from tests.agents.clients import CLAUDE, CODEX
from tests.agents.moving import FIRST_COMMAND, SECOND_COMMAND, Moved, moved
from tests.path.conftest import Start
from tests.upstream.faults import Cut, Fault, Status
from tests.upstream.plan import CLOSING

pytestmark = pytest.mark.agents
MANY = 30
FOREIGN = ("openai-chat", "openai-responses", "gemini")


def busy(first: int = 1, last: int = MANY) -> dict[int, Fault]:
    """Overloaded, from a request on."""
    return {number: Status(529, "Overloaded") for number in range(first, last)}


def went_well(run: Moved) -> None:
    """The session ended as it should, each command ran once, and no provider would have refused anything."""
    assert (run.finished.code, run.finished.output.strip()) == (0, CLOSING), run.finished.errors
    assert (run.runs("first.txt"), run.runs("second.txt")) == (1, 1)
    assert [refusal.words for refusal in (*run.first.refused, *run.second.refused)] == []


def went_along(run: Moved) -> None:
    """What was called and what came of it is all there, in order; the first provider's signatures are not."""
    calls = list(run.there_last.calls.values())
    commands = [dict(call.arguments) for call in calls]
    assert [command.get("command") or command["cmd"] for command in commands] == [
        FIRST_COMMAND,
        SECOND_COMMAND,
    ]
    assert ["one" in (calls[0].result or ""), "two" in (calls[1].result or "")] == [True, True]
    assert "First a file: é日本🙂." in run.there_last.everything
    handed = run.first.memory.signatures
    assert handed
    assert not [one for one in handed for request in run.second.asked if one.encode() in request.body]


def thoughts_are_kept(run: Moved) -> None:
    """The client holds the thoughts of both; the second provider has its own back as it signed them."""
    assert run.first.memory.signatures[0] in run.here_last.signatures
    assert len(run.here_last.signatures) == 2
    own = run.second.memory.signatures[:1]
    assert set(own) <= set(run.there_last.signatures)


@pytest.mark.parametrize("there", FOREIGN)
def test_claude_code_goes_on_when_nobody_listens_any_more(tmp_path: Path, gateway: Start, there: str) -> None:
    """A provider that is stopped behind its first reply: the session goes on in any other dialect."""
    run = moved(tmp_path, gateway, CLAUDE, there)
    assert list(run.served_by()) == ["first", "second", "second"]
    went_well(run)
    went_along(run)
    thoughts_are_kept(run)


def test_claude_code_goes_on_when_the_provider_is_busy(tmp_path: Path, gateway: Start) -> None:
    """A 529 from the second request on is not seen: every request of the client is answered at once."""
    run = moved(tmp_path, gateway, CLAUDE, "openai-chat", busy())
    assert list(run.served_by()) == ["first", "second", "second"]
    assert len(run.sent) == 3
    went_well(run)
    went_along(run)
    thoughts_are_kept(run)


def test_claude_code_goes_on_behind_a_stream_that_breaks(tmp_path: Path, gateway: Start) -> None:
    """What was shown cannot be taken back: the client is told, asks again, and is answered elsewhere."""
    run = moved(tmp_path, gateway, CLAUDE, "openai-responses", {1: Cut(6), **busy(2)})
    assert [line["outcome"] for line in run.lines] == ["complete", "error", "complete", "complete"]
    went_well(run)
    went_along(run)


def test_claude_code_comes_back(tmp_path: Path, gateway: Start) -> None:
    """Once the first provider is well again it has the session back, with its own thoughts and no other's."""
    run = moved(tmp_path, gateway, CLAUDE, "openai-responses", busy(1, 3))
    assert list(run.served_by()) == ["first", "second", "first"]
    went_well(run)
    last = run.first.asked[-1].body
    assert run.first.memory.signatures[0].encode() in last
    assert SEAL not in last


@pytest.mark.parametrize("there", ["anthropic-messages", "openai-chat"])
def test_codex_goes_on_when_nobody_listens_any_more(tmp_path: Path, gateway: Start, there: str) -> None:
    """The same for Codex, whose thoughts are sealed to who had them."""
    run = moved(tmp_path, gateway, CODEX, there)
    assert list(run.served_by()) == ["first", "second", "second"]
    went_well(run)
    went_along(run)


def test_codex_goes_on_when_the_provider_is_busy(tmp_path: Path, gateway: Start) -> None:
    """A 529 from the second request on is not seen."""
    run = moved(tmp_path, gateway, CODEX, "anthropic-messages", busy())
    assert (list(run.served_by()), len(run.sent)) == (["first", "second", "second"], 3)
    went_well(run)
    went_along(run)
