"""Claude Code, the real one, headless: a tool loop through penstock, and not a byte of it changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.path.conftest import Start
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.provider import Provider

pytestmark = pytest.mark.agents
QUIET = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
ASKED = ["-p", "Please make two files.", "--allowedTools", "Bash Write Read"]
PATH = "/v1/messages"


class Run(Rig):
    """One run of Claude Code, which makes two files."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.written = folder / "written.txt"
        bash = {"command": "echo made-by-bash | tee made.txt", "description": "Makes a file"}
        write = {"file_path": str(self.written), "content": "written by the agent: é日本🙂\n"}
        turns = (Turn((Call("Bash", bash),)), Turn((Call("Write", write),)))
        super().__init__(folder, start, Provider(turns))

    def claude(self, *arguments: str) -> Finished:
        """Run it in print mode with a dummy key and an empty home."""
        address = {"ANTHROPIC_BASE_URL": self.tee.address, "ANTHROPIC_AUTH_TOKEN": "dummy"}
        return self.run("claude", [*ASKED, *arguments], {**QUIET, **address})


@pytest.fixture
def run(tmp_path: Path, gateway: Start) -> Iterator[Run]:
    """A run that is ready to start."""
    agent("claude")
    running = Run(tmp_path, gateway)
    yield running
    running.stop()


def test_tool_loop_is_verbatim(run: Run) -> None:
    """Two tools run, the closing text arrives, and every body reached the upstream as the client sent it."""
    finished = run.claude("--model", "claude-opus-5-5")
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert (run.folder / "made.txt").read_text() == "made-by-bash\n"
    assert run.written.read_text() == "written by the agent: é日本🙂\n"
    assert len(run.sent(PATH)) == 3
    assert run.received(PATH) == run.sent(PATH)


def test_tool_loop_with_an_alias(run: Run) -> None:
    """With an alias each body differs from the client's in the model's span only."""
    finished = run.claude("--model", "quick-claude")
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    sent, received = run.sent(PATH), run.received(PATH)
    assert len(sent) == 3
    asked, asked_upstream = b'"model":"quick-claude"', b'"model":"claude-haiku-4-5"'
    assert received == [body.replace(asked, asked_upstream, 1) for body in sent]
    assert all(body.count(asked) == 1 for body in sent)
