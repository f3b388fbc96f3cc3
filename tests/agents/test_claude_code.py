"""Claude Code, the real one, headless: a tool loop through penstock, and not a byte of it changed."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.installed import agent
from tests.path.conftest import Start
from tests.path.house import House, configuration
from tests.path.process import clean_environment
from tests.upstream.conversation import CLOSING, Call, Conversation
from tests.upstream.server import Upstream
from tests.upstream.tee import Tee
from tests.upstream.wire import Request

pytestmark = pytest.mark.agents
PATIENCE = 100.0
# An address nobody listens on, for whatever the agent might want of the world outside.
NOWHERE = "http://127.0.0.1:9"


class Run:
    """One run of Claude Code in a folder of its own, between a tee and an upstream that leads it."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.folder = folder
        self.written = folder / "written.txt"
        bash = {"command": "echo made-by-bash | tee made.txt", "description": "Makes a file"}
        write = {"file_path": str(self.written), "content": "written by the agent: é日本🙂\n"}
        self.upstream = Upstream(Conversation(Call("Bash", bash), Call("Write", write)))
        self.upstream.start()
        self.house = House(start(configuration(self.upstream)), self.upstream)
        self.tee = Tee(self.house.address)
        self.tee.start()

    def claude(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it in print mode with a dummy key and an empty home."""
        home = self.folder / "home"
        home.mkdir()
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
        away = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
        address = {"ANTHROPIC_BASE_URL": self.tee.address, "ANTHROPIC_AUTH_TOKEN": "dummy"}
        command = agent("claude")
        environment = clean_environment(home, {**quiet, **away, **address})
        environment["PATH"] = f"{command.parent}:{environment['PATH']}"
        return subprocess.run(
            [str(command), "-p", "Please make two files.", "--allowedTools", "Bash Write Read", *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def stop(self) -> None:
        """End what was started here."""
        self.tee.stop()
        self.house.gateway.stop()
        self.upstream.stop()


@pytest.fixture
def run(tmp_path: Path, gateway: Start) -> Iterator[Run]:
    """A run that is ready to start."""
    agent("claude")
    running = Run(tmp_path, gateway)
    yield running
    running.stop()


def turns(requests: list[Request]) -> list[bytes]:
    """The bodies of the turns of a conversation, in order."""
    return [request.body for request in requests if request.path.endswith("/v1/messages")]


def test_tool_loop_is_verbatim(run: Run) -> None:
    """Two tools run, the closing text arrives, and every body reached the upstream as the client sent it."""
    finished = run.claude("--model", "claude-opus-5-5")
    assert (finished.returncode, finished.stdout.strip()) == (0, CLOSING), finished.stderr
    assert (run.folder / "made.txt").read_text() == "made-by-bash\n"
    assert run.written.read_text() == "written by the agent: é日本🙂\n"
    assert len(turns(run.tee.requests)) == 3
    assert turns(run.upstream.requests) == turns(run.tee.requests)


def test_tool_loop_with_an_alias(run: Run) -> None:
    """With an alias each body differs from the client's in the model's span only."""
    finished = run.claude("--model", "quick-claude")
    assert (finished.returncode, finished.stdout.strip()) == (0, CLOSING), finished.stderr
    sent, received = turns(run.tee.requests), turns(run.upstream.requests)
    assert len(sent) == 3
    asked, asked_upstream = b'"model":"quick-claude"', b'"model":"claude-haiku-4-5"'
    assert received == [body.replace(asked, asked_upstream, 1) for body in sent]
    assert all(body.count(asked) == 1 for body in sent)
