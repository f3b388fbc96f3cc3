"""Codex and Gemini CLI, the real ones, at a provider of another dialect that fails: they recover or say why.

Each run is led through one shell command, which leaves a line for every time it was run.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from tests.agents.clients import CODEX, GEMINI, PICTURE, Client, Run
from tests.agents.crossing import CONFIGURATION, MODELS
from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.path.conftest import Start
from tests.upstream.faults import CleanEnd, Cut, ErrorEvent, Fault, Status
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.provider import Provider
from tests.upstream.steps import Reset

pytestmark = pytest.mark.agents
COMMAND = "echo once >> count.txt"
SHELLS = {
    CODEX.name: Call("exec_command", {"cmd": COMMAND}),
    GEMINI.name: Call("run_shell_command", {"command": COMMAND, "description": "Counts"}),
}
TOO_LONG = Status(
    400,
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 190000 tokens.",
    details={"code": "context_length_exceeded"},
)
SOON = (("retry-after", "1"),)


class Recovery(msgspec.Struct, frozen=True):
    """What goes wrong, by the number of the request, and how many requests it takes to the end."""

    faults: Mapping[int, Fault]
    requests: int


class Faulty(Rig):
    """A run of an agent at a provider of openai-chat with its faults."""

    there = "openai-chat"

    def __init__(self, folder: Path, start: Start, client: Client, faults: Mapping[int, Fault]) -> None:
        agent(client.name)
        self.client = client
        (folder / "picture.png").write_bytes(PICTURE)
        turn = Turn((SHELLS[client.name],), "First a command: é日本🙂.", "It is easily counted.")
        self.provider = Provider([turn], faults)
        super().__init__(
            folder,
            start,
            self.provider,
            lambda upstream: CONFIGURATION.format(
                dialect=self.there, address=upstream.address, leads=f"behind/{MODELS[self.there]}"
            ),
        )

    def go(self) -> Finished:
        """Run it with a home of its own, and end everything."""
        try:
            run = Run(self.folder, self.home, self.tee.address, self.client.model)
            self.client.prepare(run)
            return self.run(self.client.name, self.client.arguments(run), self.client.environment(run))
        finally:
            self.stop()

    @property
    def count(self) -> int:
        """How often the command was run."""
        file = self.folder / "count.txt"
        return len(file.read_text(encoding="utf-8").split()) if file.exists() else 0


class AtAnthropic(Faulty):
    """The same at a provider of anthropic-messages, whose calls are whole before the reply is."""

    there = "anthropic-messages"


RECOVERIES = {
    "429 with a time": Recovery({0: Status(429, "Slow down.", SOON)}, 3),
    "429 without": Recovery({1: Status(429, "Slow down.")}, 3),
    "500": Recovery({0: Status(500, "It is broken.")}, 3),
    "503": Recovery({1: Status(503, "It is down.", SOON)}, 3),
    "an error, then a cut": Recovery({0: ErrorEvent(6), 2: Cut(4)}, 4),
    "a cut behind a call": Recovery({0: Cut(16)}, 3),
    "reset in a call, then a clean end": Recovery({0: Cut(14, Reset()), 2: CleanEnd(3)}, 4),
}


@pytest.mark.parametrize("what", RECOVERIES)
def test_codex_goes_on(tmp_path: Path, gateway: Start, what: str) -> None:
    """After waiting, or anew: the closing text arrives, the command ran once, and nobody asked too often."""
    recovery = RECOVERIES[what]
    rig = Faulty(tmp_path, gateway, CODEX, recovery.faults)
    finished = rig.go()
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert rig.count == 1
    assert rig.provider.refused == []
    assert len(rig.provider.asked) == recovery.requests


def test_codex_keeps_a_call_that_was_whole(tmp_path: Path, gateway: Start) -> None:
    """A stream that breaks behind a whole call has made it: it is run once, and its result goes on."""
    rig = AtAnthropic(tmp_path, gateway, CODEX, {0: Cut(25)})
    finished = rig.go()
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert rig.provider.refused == []
    assert (rig.count, len(rig.provider.asked)) == (1, 2)


def test_codex_says_that_it_ran_out_of_room(tmp_path: Path, gateway: Start) -> None:
    """An overflow is told by the code that Codex knows: it asks no more, and says so."""
    rig = Faulty(tmp_path, gateway, CODEX, {1: TOO_LONG})
    finished = rig.go()
    assert finished.code == 1
    assert "ran out of room" in finished.errors
    assert (rig.count, len(rig.provider.asked)) == (1, 2)


def test_gemini_cli_waits(tmp_path: Path, gateway: Start) -> None:
    """A 429 that says when to come back, as Google's do, is waited for."""
    rig = Faulty(tmp_path, gateway, GEMINI, {0: Status(429, "Slow down.", SOON)})
    finished = rig.go()
    assert (finished.code, finished.output.strip().endswith(CLOSING)) == (0, True), finished.errors
    assert rig.count == 1
    assert rig.provider.refused == []
    assert len(rig.provider.asked) == 3
