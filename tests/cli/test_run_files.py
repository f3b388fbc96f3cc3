"""`penstock run` for agents that can only be told by a file: what it says, and that the user's stays."""

import json
import sys
from pathlib import Path
from typing import Any

from tests.cli.machine import Machine
from tests.cli.test_run_agents import CONFIGURATION

# What the agent was given, the file it reads first, and what it leaves behind beside that.
REPORT = """
exec {python} - "$@" > report.json <<'END'
import json, os, pathlib, sys
file = pathlib.Path({file})
text = file.read_text()
{then}
report = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "text": text, "file": str(file)}}
print(json.dumps(report))
END
"""
CRUSH = 'os.environ["CRUSH_GLOBAL_DATA"], "crush.json"'
ZED = 'sys.argv[3], "config", "settings.json"'
QWEN = 'os.environ["QWEN_CODE_SYSTEM_SETTINGS_PATH"]'


def told(machine: Machine, agent: str, file: str, *options: str, then: str = "") -> dict[str, Any]:
    """What an agent was given by a run, and what stood in its file."""
    machine.install(agent, REPORT.format(python=sys.executable, file=file, then=then))
    machine.configure(CONFIGURATION)
    ended = machine.run("run", "--listen", "127.0.0.1:0", *options, agent, "-x")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    report: dict[str, Any] = json.loads((machine.folder / "report.json").read_text())
    assert report["arguments"][-1] == "-x"
    assert not Path(report["file"]).exists()
    return report


def test_crush_has_a_state_over_the_users(machine: Machine) -> None:
    """Its state names penstock's models, with the key in a variable; the user's own is not changed."""
    own = machine.home / ".local/share/crush"
    own.mkdir(parents=True)
    state = '{"models": {"large": {"provider": "away", "model": "x"}}, "recent": [1]}'
    (own / "crush.json").write_text(state)
    (own / "projects.json").write_text("{}")
    given = told(machine, "crush", CRUSH)
    said = json.loads(given["text"])
    assert said["recent"] == [1]
    chosen = {"provider": "penstock", "model": "mine"}
    assert said["models"] == {"large": chosen, "small": chosen}
    provider = said["providers"]["penstock"]
    assert (provider["api_key"], provider["type"]) == ("$PENSTOCK_KEY", "openai-compat")
    assert provider["base_url"].startswith("http://127.0.0.1:")
    assert "mine" in [model["id"] for model in provider["models"]]
    assert given["environment"]["PENSTOCK_KEY"] == "penstock"
    assert (own / "crush.json").read_text() == state
    assert sorted(one.name for one in own.iterdir()) == ["crush.json", "projects.json"]


def test_what_crush_keeps_itself_comes_home(machine: Machine) -> None:
    """What it changes in its state, and what it makes, is the user's afterwards; what leads here is not."""
    changes = 'file.write_text(text.replace("[1]", "[2]")); (file.parent / "made").write_text("by it")'
    own = machine.home / ".local/share/crush"
    own.mkdir(parents=True)
    (own / "crush.json").write_text('{"recent": [1]}')
    told(machine, "crush", CRUSH, then=changes)
    assert (own / "crush.json").read_text() == '{"recent": [2]}'
    assert (own / "made").read_text() == "by it"


def test_crush_leaves_no_folder_behind(machine: Machine) -> None:
    """Who never ran it has no folder of its afterwards, where it made nothing."""
    told(machine, "crush", CRUSH)
    assert not (machine.home / ".local/share/crush").exists()


def test_zed_has_a_folder_of_data_of_its_own(machine: Machine) -> None:
    """Its settings are the user's with our provider in them; the key is in the variable Zed makes of it."""
    own = machine.home / ".config/zed"
    own.mkdir(parents=True)
    settings = '{\n  // mine\n  "theme": "One Dark",\n}\n'
    (own / "settings.json").write_text(settings)
    (own / "keymap.json").write_text("[]")
    given = told(machine, "zed", ZED, "--model", "mine", then='(file.parent / "keymap.json").read_text()')
    assert given["arguments"][:2] == ["--foreground", "--user-data-dir"]
    assert given["environment"]["PENSTOCK_API_KEY"] == "penstock"
    assert '// mine\n  "theme": "One Dark",' in given["text"]
    assert '"default_model": {' in given["text"]
    assert '"model": "mine"' in given["text"]
    assert '"api_url": "http://127.0.0.1:' in given["text"]
    assert (own / "settings.json").read_text() == settings


def test_qwen_is_told_by_settings_of_the_system(machine: Machine) -> None:
    """They win over the user's, and what an administrator wrote into them holds; no proxy is in the way."""
    system = machine.home / "system.json"
    system.write_text('{"telemetry": {"enabled": false}, "modelProviders": {"openai": [{"id": "mine"}]}}')
    machine.environment |= {
        "QWEN_CODE_SYSTEM_SETTINGS_PATH": str(system),
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    given = told(machine, "qwen", QWEN, "--model", "mine")
    said = json.loads(given["text"])
    assert said["telemetry"] == {"enabled": False}
    assert (said["security"]["auth"]["selectedType"], said["model"]["name"]) == ("openai", "mine")
    assert said["modelProviders"]["openai"] == []
    assert "HTTPS_PROXY" not in given["environment"]
    assert given["environment"]["QWEN_CODE_SYSTEM_DEFAULTS_PATH"] == str(
        system.with_name("system-defaults.json")
    )


def test_aider_is_told_past_its_files(machine: Machine) -> None:
    """A flag sets what the library under it would take from a file of variables."""
    machine.install("aider", 'echo "$@" > report')
    machine.configure(CONFIGURATION)
    assert machine.run("run", "--listen", "127.0.0.1:0", "aider").returncode == 0
    said = (machine.folder / "report").read_text()
    assert said.startswith("--set-env OPENAI_BASE_URL=http://127.0.0.1:")


def test_an_agent_that_needs_a_model_is_told_so(machine: Machine) -> None:
    """Where no model is known by name, and none is given, there is no run."""
    machine.install("crush", "exit 0")
    machine.configure(CONFIGURATION.partition("[models]")[0])
    ended = machine.run("run", "--listen", "127.0.0.1:0", "crush")
    assert ended.returncode == 1
    assert "no model is known by name" in ended.stderr
    assert "penstock run --model NAME crush" in ended.stderr
