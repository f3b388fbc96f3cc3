"""Codex with its built-in provider, which holds the whole session over one WebSocket."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.agents.crossing import CONFIGURATION, MODELS
from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.agents.test_codex import ASKED, PATCH, SHELL, outputs_in
from tests.path.conftest import Start
from tests.upstream.faults import Cut, Fault, Status
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.provider import Provider
from tests.upstream.relay import Ends, Keep, Relay

pytestmark = pytest.mark.agents
# What docs/agents.md says to write for the built-in provider, with a key of its own.
SETTINGS = 'model = "{model}"\nopenai_base_url = "{address}/v1"\n'
METHODS = {b"GET", b"POST"}
LOGIN = '{"OPENAI_API_KEY": "sk-dummy", "auth_mode": "apikey"}'


class Openings(Relay):
    """Passes everything on to one address, and keeps how each connection began."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._far = urlsplit(address)
        self.heads: list[bytes] = []

    async def join(self, near: Ends) -> tuple[Ends, Keep]:
        """Connect to the address."""
        del near
        return await asyncio.open_connection(self._far.hostname, self._far.port), self._keep

    def _keep(self, data: bytes) -> None:
        """Keep the first line of a request or a handshake: a frame begins with no letter."""
        if data.split(b" ", 1)[0] in METHODS:
            self.heads.append(data.partition(b"\r\n")[0])


class Run(Rig):
    """One run of Codex at a provider of one dialect, which leads it through a shell command and a patch."""

    def __init__(
        self, folder: Path, start: Start, dialect: str, faults: Mapping[int, Fault] | None = None
    ) -> None:
        plan = Turn((SHELL,), thinking="A command will do."), Turn((Call("apply_patch", text=PATCH),))
        self.provider = Provider(plan, faults)
        super().__init__(
            folder,
            start,
            self.provider,
            lambda upstream: CONFIGURATION.format(
                dialect=dialect, address=upstream.address, leads=f"behind/{MODELS[dialect]}"
            ),
        )
        self.openings = Openings(self.house.address)
        self.openings.start()

    def codex(self) -> Finished:
        """Run it with a dummy login and an empty home but for its settings."""
        home = self.home / ".codex"
        home.mkdir()
        settings = SETTINGS.format(model="gpt-5.5", address=self.openings.address)
        (home / "config.toml").write_text(settings, encoding="utf-8")
        (home / "auth.json").write_text(LOGIN, encoding="utf-8")
        return self.run("codex", ASKED, {})

    def stop(self) -> None:
        """End what was started here."""
        self.openings.stop()
        super().stop()


@pytest.fixture
def start_run(tmp_path: Path, gateway: Start) -> Iterator[Callable[..., Run]]:
    """Starts a run; it is ended with the test."""
    agent("codex")
    started: list[Run] = []

    def start(dialect: str, faults: Mapping[int, Fault] | None = None) -> Run:
        started.append(Run(tmp_path, gateway, dialect, faults))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def check(run: Run, finished: Finished) -> None:
    """Both tools ran once, the closing text arrived, and nothing was refused."""
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert (run.folder / "made.txt").read_text() == "made-by-shell\n"
    assert (run.folder / "patched.txt").read_text() == "patched by the agent: é日本🙂\n"
    assert [refusal.words for refusal in run.provider.refused] == []


@pytest.mark.parametrize("dialect", MODELS)
def test_a_session_over_one_socket(start_run: Callable[..., Run], dialect: str) -> None:
    """The whole session runs over one WebSocket, whatever dialect the provider speaks."""
    run = start_run(dialect)
    check(run, run.codex())
    assert run.openings.heads == [b"GET /v1/responses HTTP/1.1"]
    assert len(run.provider.asked) == 3


def test_the_conversation_grows_by_itself(start_run: Callable[..., Run]) -> None:
    """Codex sends only what is new, and the provider reads all that was said, each time."""
    run = start_run("openai-responses")
    check(run, run.codex())
    inputs = [json.loads(request.body)["input"] for request in run.provider.asked]
    for before, after in itertools.pairwise(inputs):
        assert after[: len(before)] == before
        assert len(after) > len(before)
    assert outputs_in(run.provider.asked[-1].body) == ["function_call_output", "custom_tool_call_output"]


@pytest.mark.parametrize(
    "fault",
    [Status(429, headers=(("retry-after", "1"),)), Status(503, headers=(("retry-after", "1"),)), Cut(4)],
    ids=["429", "503", "cut"],
)
def test_it_recovers(start_run: Callable[..., Run], fault: Fault) -> None:
    """After an error in the middle of a session Codex tries again, and no tool runs twice."""
    run = start_run("openai-responses", {1: fault})
    check(run, run.codex())
    assert len(run.provider.asked) == 4
