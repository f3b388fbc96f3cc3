"""`penstock run` with the real agents: a tool loop each, and every file of the user's is as it was.

An agent writes at home by itself: sessions, logs, caches. So a run is held against a run without penstock,
which leaves the same files behind.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agents.clients import CLIENTS, FIRST, PICTURE, SECOND, THIRD, Client, Run
from tests.agents.installed import agent
from tests.agents.rig import AWAY, PATIENCE, Finished
from tests.path.process import ROOT, clean_environment
from tests.upstream.plan import CLOSING
from tests.upstream.provider import Provider
from tests.upstream.server import Upstream

pytestmark = pytest.mark.agents
CONFIGURATION = """
[server]
discover = false
[providers.behind]
dialect = "{dialect}"
base_url = "{address}"
api_key = "dummy"
[models]
only = "behind/{model}"
"*" = "behind"
"""
ELSEWHERE = "http://127.0.0.1:9"
# What the user has at home, which leads elsewhere: each run has to overrule it without touching it.
FILES = {
    "claude": {
        ".claude/settings.json": f'{{ "env": {{"ANTHROPIC_BASE_URL": "{ELSEWHERE}",\n'
        '  "ANTHROPIC_API_KEY": "no"} }',
    },
    "codex": {
        ".codex/config.toml": 'model = "gpt-5.5" # mine\nmodel_provider = "away"\n'
        f'[model_providers.away]\nname = "away"\nbase_url = "{ELSEWHERE}/v1"\nwire_api = "responses"\n',
    },
    "gemini": {
        ".gemini/settings.json": '{"security": {"auth": {"selectedType": "oauth-personal"}},\n'
        '"general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},\n'
        '"privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false}}',
        ".gemini/.env": f"GOOGLE_GEMINI_BASE_URL={ELSEWHERE}\nGEMINI_API_KEY=mine\n",
    },
    "opencode": {
        # It would write a missing $schema itself.
        ".config/opencode/opencode.jsonc": '{ "$schema": "https://opencode.ai/config.json", // mine\n'
        '"model": "away/x", "small_model": "away/y", "permission": "allow", "autoupdate": false,\n'
        '"provider": {"away": {"npm": "@ai-sdk/openai-compatible",\n'
        f'"options": {{"baseURL": "{ELSEWHERE}"}},\n'
        '"models": {"x": {}, "y": {}}}},\n'
        '"enabled_providers": ["away"]}',
    },
    "qwen": {
        # The model by name leads elsewhere, and what it starts with, too.
        # Without its version it would be written anew by itself.
        ".qwen/settings.json": '{ // mine\n"$version": 4,\n'
        '"security": {"auth": {"selectedType": "qwen-oauth"}},\n'
        '"model": {"name": "away"}, "general": {"enableAutoUpdate": false},\n'
        f'"env": {{"OPENAI_BASE_URL": "{ELSEWHERE}", "OPENAI_API_KEY": "mine"}},\n'
        '"modelProviders": {"openai": [{"id": "qwen3-coder", "envKey": "OPENAI_API_KEY",\n'
        f'"baseUrl": "{ELSEWHERE}"}}]}},\n'
        '"privacy": {"usageStatisticsEnabled": false}, "telemetry": {"enabled": false}}',
    },
}


class Desk:
    """A user's folder and home, with an upstream that leads the agent; `penstock run` is typed here."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.folder = folder / "work"
        self.home = folder / "home"
        self.temporary = folder / "temporary"
        for made in (self.folder, self.home, self.temporary):
            made.mkdir()
        self.provider = Provider(client.plan(self.folder))
        self.upstream = Upstream(self.provider)
        self.upstream.start()
        self.file = folder / "penstock.toml"
        self.file.write_text(
            CONFIGURATION.format(dialect=client.dialect, address=self.upstream.address, model=client.model),
            encoding="utf-8",
        )
        (self.folder / "picture.png").write_bytes(PICTURE)
        for name, text in FILES[client.name].items():
            Run(self.folder, self.home, "", "").write(name, text)

    def run(self, *options: str, arguments: list[str]) -> Finished:
        """Run the agent through penstock, to its end."""
        command = [
            sys.executable,
            "-m",
            "gateway",
            "run",
            "--config",
            str(self.file),
            "--listen",
            "127.0.0.1:0",
        ]
        command = [*command, *options, self.client.name, *arguments]
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Finished(ended.returncode, ended.stdout, ended.stderr)

    def environment(self) -> dict[str, str]:
        """What the user's shell has; nothing of it says where penstock is."""
        told = self.client.environment(Run(self.folder, self.home, "", self.client.model))
        quiet = {name: value for name, value in told.items() if not name.endswith(("_URL", "_KEY", "_TOKEN"))}
        variables = clean_environment(self.home, {**quiet, **AWAY})
        variables["PATH"] = f"{agent(self.client.name).parent}:{variables['PATH']}"
        return {**variables, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.temporary)}

    def alone(self) -> dict[str, str]:
        """What the agent has where nobody starts it for the user: a proxy it cannot do with is out."""
        told = self.client.environment(Run(self.folder, self.home, "", self.client.model))
        return self.environment() | {name: told[name] for name in AWAY if name in told}

    def arguments(self) -> list[str]:
        """What makes the agent go through its plan."""
        return self.client.arguments(Run(self.folder, self.home, "", self.client.model))

    def files(self) -> dict[str, tuple[bytes, float]]:
        """The user's own files: what they hold, and when they were last changed."""
        found = ((name, self.home / name) for name in FILES[self.client.name])
        return {name: (file.read_bytes(), file.stat().st_mtime) for name, file in found}


@pytest.fixture(params=list(CLIENTS))
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk for each agent."""
    agent(request.param)
    made = Desk(CLIENTS[request.param], tmp_path)
    yield made
    made.upstream.stop()


def test_a_tool_loop_leaves_the_users_files_alone(desk: Desk, tmp_path: Path) -> None:
    """The user's files lead elsewhere, the run through penstock; the rest the agent always leaves."""
    before = desk.files()
    model = [] if desk.client.name in ("claude", "gemini") else ["--model", desk.client.model]
    finished = desk.run(*model, arguments=desk.arguments())
    assert finished.code == 0, finished
    assert finished.output.strip().endswith(CLOSING)
    for name, text in (("one.txt", FIRST), ("two.txt", SECOND), ("three.txt", THIRD)):
        assert (desk.folder / name).read_text(encoding="utf-8") == text
    assert desk.provider.refused == []
    assert len(desk.provider.asked) >= len(desk.provider.plan)
    assert desk.files() == before
    assert sorted(desk.temporary.glob("penstock-*")) == []
    left = written(by_hand(desk, tmp_path / "other"))
    assert written(desk.home) - left - set(FILES[desk.client.name]) == set()


def written(home: Path) -> set[str]:
    """The files of a home, without what is another in every run: ids, times, process numbers."""
    names = (str(file.relative_to(home)) for file in home.rglob("*") if not file.is_dir())
    # Beside a database its log comes and goes.
    return {
        re.sub(r"-wal$|-shm$|[0-9a-f]{8}(-[0-9a-f-]{27})?|[0-9a-zA-Z]{16,}|[0-9]+", "#", name)
        for name in names
    }


def by_hand(desk: Desk, home: Path) -> Path:
    """Run the agent as its own documentation says, straight to the upstream; the home it leaves behind."""
    home.mkdir()
    run = Run(desk.folder, home, desk.upstream.address, desk.client.model)
    desk.client.prepare(run)
    variables = {**desk.environment(), **desk.client.environment(run), "HOME": str(home)}
    command = [str(agent(desk.client.name)), *desk.client.arguments(run)]
    subprocess.run(
        command,
        cwd=desk.folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    return home


HELLO = {
    "claude": ["-p", "Say hello"],
    "codex": ["exec", "--skip-git-repo-check", "Say hello"],
    "gemini": ["-p", "Say hello"],
    "opencode": ["run", "Say hello"],
    "qwen": ["-p", "Say hello"],
}


def test_the_demo_provider_answers(desk: Desk) -> None:
    """The first thing a person tries: no account, no key, and the agent says what the demo provider says."""
    finished = desk.run("--demo", arguments=HELLO[desk.client.name])
    assert finished.code == 0, finished
    assert "This is penstock's demo provider" in finished.output
