"""`penstock run` for each agent, with stand-ins: what each is told, and that nothing outlives the run."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

from tests.cli.machine import ROOT, Machine

# What the agent was given; and of Gemini CLI's home what its settings say.
REPORT = f"""
exec {sys.executable} - "$@" > report.json <<'END'
import json, os, pathlib, sys
home = pathlib.Path(os.environ.get("GEMINI_CLI_HOME", "/nowhere")) / ".gemini"
entries = {{}}
if home.is_dir():
    entries = {{one.name: one.read_text() for one in home.iterdir() if one.is_file()}}
    (home / "made.txt").write_text("by the agent")
    (home / "settings.json").write_text(entries["settings.json"].replace("dark", "light"))
files = {{one: pathlib.Path(one).read_text() for one in sys.argv[1:] if one.endswith("settings.json")}}
report = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "home": entries, "files": files}}
print(json.dumps(report))
END
"""
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"
# Runs a program in a terminal of its own, fed from stdin and shown on stdout.
TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
CONFIGURATION = """
[server]
discover = false
[providers.box]
dialect = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
auth = "none"
[models]
mine = "box/something"
"*" = "box"
"""


def told(machine: Machine, agent: str, *options: str, code: int = 0) -> dict[str, Any]:
    """What an agent was given by a run."""
    machine.install(agent, REPORT)
    machine.configure(CONFIGURATION)
    ended = machine.run("run", "--listen", "127.0.0.1:0", *options, agent, "-x")
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")
    report: dict[str, Any] = json.loads((machine.folder / "report.json").read_text())
    assert report["arguments"][-1] == "-x"
    return report


def test_codex_is_told_by_flags(machine: Machine) -> None:
    """Its provider is a flag, the key a variable, so that no list of processes shows it."""
    machine.environment["OPENAI_API_KEY"] = "the user's own"
    given = told(machine, "codex", "--model", "mine")
    flags = given["arguments"][1::2][:3]
    assert flags[0] == 'model_provider="penstock"'
    assert 'wire_api = "responses"' in flags[1]
    assert 'env_key = "PENSTOCK_KEY"' in flags[1]
    assert flags[2] == 'model="mine"'
    assert given["environment"]["PENSTOCK_KEY"] == "penstock"


def test_opencode_is_told_by_a_variable(machine: Machine) -> None:
    """Its provider, its models and which it asks for lie over what the user has in that variable."""
    machine.environment["OPENCODE_CONFIG_CONTENT"] = '{"theme": "mine"} // kept'
    told_to = json.loads(
        told(machine, "opencode")["environment"]["OPENCODE_CONFIG_CONTENT"].removesuffix(" // kept")
    )
    assert told_to["theme"] == "mine"
    assert told_to["enabled_providers"] == ["penstock"]
    assert told_to["model"] == told_to["small_model"] == "penstock/mine"
    assert "mine" in told_to["provider"]["penstock"]["models"]


def test_claude_is_told_by_a_file_where_the_users_would_win(machine: Machine) -> None:
    """The user's settings set the address: a file of the run, gone afterwards, overrules them."""
    settings = machine.home / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}} // mine')
    given = told(machine, "claude", "--model", "mine")
    assert given["arguments"][0] == "--settings"
    (text,) = given["files"].values()
    overruled = json.loads(text)["env"]
    assert overruled["ANTHROPIC_BASE_URL"] == given["environment"]["ANTHROPIC_BASE_URL"]
    assert (overruled["CLAUDE_CODE_USE_BEDROCK"], overruled["ANTHROPIC_MODEL"]) == ("", "mine")
    assert not Path(given["arguments"][1]).exists()
    assert settings.read_text() == '{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}} // mine'


def test_gemini_has_a_home_over_the_users(machine: Machine) -> None:
    """It logs in with our key; what it makes and changes itself comes home, and not the login."""
    own = machine.home / ".gemini"
    own.mkdir()
    before = (
        '{\n  // mine\n  "security": {"auth": {"selectedType": "oauth-personal"}},\n  "theme": "dark"\n}\n'
    )
    (own / "settings.json").write_text(before)
    (own / "GEMINI.md").write_text("a memory")
    given = told(machine, "gemini")
    assert given["home"]["GEMINI.md"] == "a memory"
    assert '"gemini-api-key"' in given["home"]["settings.json"]
    assert (own / "made.txt").read_text() == "by the agent"
    assert (own / "settings.json").read_text() == before.replace("dark", "light")
    assert not Path(given["environment"]["GEMINI_CLI_HOME"]).exists()


def test_gemini_keeps_its_home_where_that_will_do(machine: Machine) -> None:
    """With the login of a key already chosen there is nothing to lay over."""
    own = machine.home / ".gemini"
    own.mkdir()
    (own / "settings.json").write_text('{"security": {"auth": {"selectedType": "gemini-api-key"}}}')
    environment = told(machine, "gemini")["environment"]
    assert "GEMINI_CLI_HOME" not in environment
    assert environment["GEMINI_API_KEY"] == "penstock"


def test_settings_that_cannot_be_read_are_no_run(machine: Machine) -> None:
    """Settings that are no JSON are named with the line, and the agent is not started."""
    machine.install("gemini", REPORT)
    machine.configure(CONFIGURATION)
    (machine.home / ".gemini").mkdir()
    (machine.home / ".gemini" / "settings.json").write_text("{\n oh")
    ended = machine.run("run", "--listen", "127.0.0.1:0", "gemini")
    assert ended.returncode == 1
    assert "settings.json: it is no JSON: a name or a text in quotes is missing, at line 2" in ended.stderr
    assert not (machine.folder / "report.json").exists()


@pytest.mark.parametrize(
    ("agent", "variables"),
    [
        ("qwen", {"OPENAI_API_KEY": "penstock", "OPENAI_MODEL": "mine"}),
        ("aider", {"AIDER_OPENAI_API_KEY": "penstock", "AIDER_MODEL": "openai/mine"}),
        ("goose", {"GOOSE_PROVIDER": "openai", "OPENAI_API_KEY": "penstock", "GOOSE_MODEL": "mine"}),
    ],
)
def test_others_are_told_by_variables(machine: Machine, agent: str, variables: dict[str, str]) -> None:
    """Address, key and model in the variables each of them reads."""
    environment = told(machine, agent, "--model", "mine")["environment"]
    assert {name: environment[name] for name in variables} == variables
    address = {"qwen": "OPENAI_BASE_URL", "aider": "AIDER_OPENAI_API_BASE", "goose": "OPENAI_HOST"}[agent]
    assert environment[address].startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("codex", "no provider answers gpt-5.5, and Codex's own login goes nowhere but to its home"),
        ("gemini", "set GEMINI_API_KEY, or lead the name somewhere in [models]"),
        ("opencode", "no provider is configured"),
    ],
)
def test_without_a_provider_there_is_no_run(machine: Machine, agent: str, said: str) -> None:
    """Only Anthropic's login may pass through: the others are told what is missing, and of --demo."""
    machine.install(agent, REPORT)
    ended = machine.run("run", agent)
    assert (ended.returncode, said in ended.stderr) == (1, True), ended.stderr
    assert f"penstock run --demo {agent}" in ended.stderr
    assert not (machine.folder / "report.json").exists()


@pytest.mark.parametrize("agent", ["codex", "gemini", "opencode"])
def test_demo_answers_any_of_them(machine: Machine, agent: str) -> None:
    """With --demo there is a run without a provider."""
    machine.install(agent, REPORT)
    assert machine.run("run", "--demo", "--listen", "127.0.0.1:0", agent).returncode == 0
    environment = json.loads((machine.folder / "report.json").read_text())["environment"]
    if agent == "opencode":
        assert json.loads(environment["OPENCODE_CONFIG_CONTENT"])["model"] == "penstock/demo"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_laid_over_is_gone_after_a_signal(machine: Machine, number: signal.Signals) -> None:
    """The folder of a run does not outlive it, however it is ended."""
    machine.install("gemini", 'echo "$GEMINI_CLI_HOME" > started.new\nmv started.new started\nsleep 60')
    machine.configure(CONFIGURATION)
    process = machine.start("run", "--listen", "127.0.0.1:0", "gemini")
    home = Path(machine.wait_for("started").strip())
    assert home.is_dir()
    os.killpg(process.pid, number)
    assert process.wait(30) == 128 + number
    assert not home.exists()


def test_a_run_that_is_killed_leaves_no_gateway(machine: Machine) -> None:
    """Where nothing can be tidied up any more, the system ends the gateway of the run."""
    machine.install("claude", 'echo "$ANTHROPIC_BASE_URL" > started.new\nmv started.new started\nsleep 60')
    process = machine.start("run", "--demo", "--listen", "127.0.0.1:0", "claude")
    port = int(machine.wait_for("started").strip().rpartition(":")[2])
    process.kill()
    deadline = time.monotonic() + 30
    while listens(port):
        assert time.monotonic() < deadline, "the gateway outlived the run"
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether anybody takes connections there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


def test_the_terminal_is_the_agents(machine: Machine) -> None:
    """It reads what is typed and writes to the terminal itself, and Ctrl-C there is for it."""
    script = "trap 'echo interrupted; exit 5' INT\ntest -t 0 && test -t 1 && test -t 2 && echo a terminal"
    machine.install("claude", f'{script}\nread line\necho "read $line"\nwhile :; do sleep 0.05; done')
    arguments = [str(ROOT), "run", "--demo", "--listen", "127.0.0.1:0", "claude"]
    with subprocess.Popen(
        # A process of its own makes the terminal: this one has threads.
        [sys.executable, "-c", TERMINAL, sys.executable, "-P", "-c", START, *arguments],
        cwd=machine.folder,
        env=machine.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as terminal:
        assert terminal.stdin is not None
        assert terminal.stdout is not None
        said = until(terminal.stdout, b"a terminal")
        terminal.stdin.write(b"something\n")
        said += until(terminal.stdout, b"read something")
        terminal.stdin.write(b"\x03")
        said += until(terminal.stdout, b"interrupted")
        assert terminal.wait(30) == 5, said


def until(shown: IO[bytes], words: bytes) -> bytes:
    """What is shown up to certain words."""
    said = b""
    while words not in said:
        piece = shown.read(65536)
        assert piece, said
        said += piece
    return said


def test_gemini_is_told_a_model_where_nobody_can_choose_one(machine: Machine) -> None:
    """With --demo Gemini CLI does not ask a model which model to take: the demo provider has no opinion."""
    machine.install("gemini", REPORT)
    assert machine.run("run", "--demo", "--listen", "127.0.0.1:0", "gemini").returncode == 0
    environment = json.loads((machine.folder / "report.json").read_text())["environment"]
    assert environment["GEMINI_MODEL"] == "gemini-3-pro-preview"
