"""`penstock run aider` with the real aider, which calls no tools: it writes what the model says into files.

Its loop is that of its own test command: what that says goes to the model, until it is content.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.agents.installed import agent
from tests.agents.rig import AWAY, PATIENCE
from tests.path.conftest import Start
from tests.path.process import ROOT, clean_environment
from tests.upstream.memory import Memory
from tests.upstream.plan import Said
from tests.upstream.refusal import Asked
from tests.upstream.replies import ordinary
from tests.upstream.scripts import stream
from tests.upstream.server import Upstream
from tests.upstream.steps import Script
from tests.upstream.voice import voice_of
from tests.upstream.wire import Request

pytestmark = pytest.mark.agents
FILES = {
    ".aider.conf.yml": "# mine\nmodel: away/x # the other one\nopenai-api-base: http://127.0.0.1:9\n"
    "openai-api-key: mine\ncheck-update: false\nanalytics: false\nshow-model-warnings: false\n",
    ".env": "OPENAI_API_BASE=http://127.0.0.1:9\n",
}
CONFIGURATION = """
[server]
discover = false
[providers.behind]
dialect = "openai-chat"
base_url = "{address}"
api_key = "dummy"
[models]
mine = "behind/gpt-5.1"
"""
TEST = "grep -q first one.txt && grep -q second one.txt"
# What the model says, in turn: a file, twice wrong and then right.
SAYS = tuple(f"Here it is.\n\none.txt\n```\n{text}\n```\n" for text in ("neither", "first", "first\nsecond"))


class Writer:
    """A provider that says its texts one after the other."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, request: Request) -> Script:
        """Answer one request."""
        voice = voice_of(request)
        if voice is None:
            return ordinary(request)
        heard = voice.hear(Asked(json.loads(request.body), request.path, ""))
        said = Said(len(self.asked), heard.model, SAYS[len(self.asked)])
        self.asked.append(request)
        return stream(voice.events(said, heard, Memory()))


@pytest.fixture
def writer() -> Iterator[tuple[Writer, str]]:
    """A provider under way, and its address."""
    made = Writer()
    upstream = Upstream(made)
    upstream.start()
    yield made, upstream.address
    upstream.stop()


@pytest.mark.parametrize("installed", [False, True], ids=["run", "installed"])
def test_it_goes_on_until_its_tests_pass(
    writer: tuple[Writer, str], tmp_path: Path, gateway: Start, *, installed: bool
) -> None:
    """Three turns through penstock, the file is there, and the files that lead elsewhere are as they were."""
    program, (provider, address) = agent("aider"), writer
    desk = Table(tmp_path, CONFIGURATION.format(address=address))
    if not installed:
        # Read before anything else is: an agent that is installed cannot be led past it.
        (desk.home / ".env").write_text("OPENAI_BASE_URL=http://127.0.0.1:9\n")
    before = desk.files()
    options = ["--config", str(desk.file), "--listen", "127.0.0.1:0"]
    command = [sys.executable, "-m", "gateway", "run", *options, "aider", *desk.arguments]
    if installed:
        place = urlsplit(gateway(desk.file.read_text(), {}).address).netloc
        desk.typed("install", "aider", "--config", str(desk.file), "--listen", place)
        command = [str(program), *desk.arguments]
    ended = desk.run(command)
    assert ended.returncode == 0, ended.stderr
    assert (desk.work / "one.txt").read_text() == "first\nsecond\n"
    assert [json.loads(request.body)["model"] for request in provider.asked] == ["gpt-5.1"] * 3
    if installed:
        desk.typed("uninstall", "aider")
    assert desk.files() == before


class Table:
    """A folder to work in and a home whose files lead elsewhere."""

    arguments = (
        *("--no-git", "--yes-always", "--no-show-release-notes", "--edit-format", "whole"),
        *("--auto-test", "--test-cmd", TEST, "--message", "Make it.", "one.txt"),
    )

    def __init__(self, folder: Path, configuration: str) -> None:
        self.work, self.home = folder / "work", folder / "home"
        for made in (self.work, self.home):
            made.mkdir()
        self.file = folder / "penstock.toml"
        self.file.write_text(configuration)
        (self.work / "one.txt").write_text("")
        for name, text in FILES.items():
            (self.home / name).write_text(text)

    def files(self) -> dict[str, bytes]:
        """The user's own files."""
        return {name: (self.home / name).read_bytes() for name in FILES}

    def run(self, command: list[str]) -> "subprocess.CompletedProcess[str]":
        """Run a command here, to its end."""
        # A map of prices it would fetch from afar is with the package, too.
        variables = clean_environment(self.home, {**AWAY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"})
        variables["PATH"] = f"{agent('aider').parent}:{variables['PATH']}"
        return subprocess.run(
            command,
            cwd=self.work,
            env={**variables, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def typed(self, *arguments: str) -> None:
        """Type a command of penstock's that has to succeed."""
        ended = self.run([sys.executable, "-m", "gateway", *arguments])
        assert ended.returncode == 0, ended.stderr
