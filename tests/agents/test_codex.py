"""Codex, the real one, headless: a tool loop through penstock, and not a byte of it changed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.clients import CODEX_SETTINGS
from tests.agents.installed import agent
from tests.agents.rig import Finished, Rig
from tests.path.conftest import Start
from tests.upstream.plan import CLOSING, Call, Turn
from tests.upstream.provider import Provider

pytestmark = pytest.mark.agents
PATH = "/v1/responses"
PATCH = "*** Begin Patch\n*** Add File: patched.txt\n+patched by the agent: é日本🙂\n*** End Patch\n"
SHELL = Call("exec_command", {"cmd": "echo made-by-shell | tee made.txt"})
ASKED = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "Make two files."]


class Run(Rig):
    """One run of Codex."""

    def codex(self, model: str) -> Finished:
        """Run it with a dummy key and an empty home but for its settings."""
        settings = self.home / ".codex" / "config.toml"
        settings.parent.mkdir()
        settings.write_text(CODEX_SETTINGS.format(model=model, address=self.tee.address), encoding="utf-8")
        return self.run("codex", ASKED, {"PENSTOCK_KEY": "dummy"})


@pytest.fixture
def patching(tmp_path: Path, gateway: Start) -> Iterator[Run]:
    """A run led through a shell command and a patch."""
    agent("codex")
    running = Run(tmp_path, gateway, _provider(SHELL, Call("apply_patch", text=PATCH)))
    yield running
    running.stop()


@pytest.fixture
def shelling(tmp_path: Path, gateway: Start) -> Iterator[Run]:
    """A run led through two shell commands: a model Codex does not know is given no `apply_patch`."""
    agent("codex")
    again = Call("exec_command", {"cmd": "cat made.txt > patched.txt"})
    running = Run(tmp_path, gateway, _provider(SHELL, again))
    yield running
    running.stop()


def _provider(*calls: Call) -> Provider:
    return Provider(Turn((call,)) for call in calls)


def outputs_in(body: bytes) -> list[str]:
    """The kinds of the results an agent sends back."""
    items: list[dict[str, Any]] = json.loads(body)["input"]
    return [item["type"] for item in items if item["type"].endswith("_output")]


def test_tool_loop_is_verbatim(patching: Run) -> None:
    """Two tools run, the closing text arrives, and every body reached the upstream as the client sent it."""
    finished = patching.codex("gpt-5.5")
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert (patching.folder / "made.txt").read_text() == "made-by-shell\n"
    assert (patching.folder / "patched.txt").read_text() == "patched by the agent: é日本🙂\n"
    sent = patching.sent(PATH)
    assert len(sent) == 3
    assert outputs_in(sent[-1]) == ["function_call_output", "custom_tool_call_output"]
    assert patching.received(PATH) == sent


def test_tool_loop_with_an_alias(shelling: Run) -> None:
    """With an alias each body differs from the client's in the model's span only."""
    finished = shelling.codex("quick-gpt")
    assert (finished.code, finished.output.strip()) == (0, CLOSING), finished.errors
    assert (shelling.folder / "patched.txt").read_text() == "made-by-shell\n"
    sent = shelling.sent(PATH)
    assert len(sent) == 3
    asked, asked_upstream = b'"model":"quick-gpt"', b'"model":"gpt-5.1-mini"'
    assert shelling.received(PATH) == [body.replace(asked, asked_upstream, 1) for body in sent]
    assert all(body.count(asked) == 1 for body in sent)
