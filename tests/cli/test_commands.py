"""The commands that print and end: help, version, check, env, key, schema."""

import hashlib
import json
import re
import signal
import subprocess
import sys

import msgspec
import pytest
from click.testing import CliRunner

from gateway.cli import COMMANDS, main
from tests.cli.machine import ROOT, Machine

PLANTED = "sk-planted-0123456789abcdef"
KEYS = '[keys.me]\nsecret = "0123456789abcdef"\n'


def test_help_loads_no_server() -> None:
    """`penstock --help` imports neither granian nor aiohttp, and names every command."""
    program = (
        "import sys; from click.testing import CliRunner; from gateway.cli import main\n"
        "print(CliRunner().invoke(main, ['--help']).output)\n"
        "assert not {'granian', 'aiohttp', 'starlette'} & set(sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert all(f"  {name} " in ended.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """Each command of the table exists and explains itself."""
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_version_names_the_program(machine: Machine) -> None:
    """`penstock --version` is one line."""
    assert re.fullmatch(r"penstock \S+\n", machine.run("--version").stdout)


def test_ctrl_c_at_the_very_start_is_no_traceback(machine: Machine) -> None:
    """Also while the command line itself is still being read."""
    (machine.folder / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"],
        env={**machine.environment, "PYTHONPATH": f"{machine.folder}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout + ended.stderr) == (-signal.SIGINT, "")


@pytest.mark.parametrize("command", ["schema", "check"])
def test_output_that_nobody_can_take_is_one_clear_message(machine: Machine, command: str) -> None:
    """A full disk is told as one, not as a traceback."""
    with open("/dev/full", "w") as full:  # noqa: PTH123  # it is no file
        ended = subprocess.run(
            [sys.executable, "-m", "gateway", command],
            cwd=machine.folder,
            env={**machine.environment, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "penstock: [Errno 28] No space left on device\n"


def test_an_unknown_command_is_wrong_usage(machine: Machine) -> None:
    """A command that does not exist ends with 2, as wrong usage does."""
    assert machine.run("sevre").returncode == 2
    assert machine.run("check", "--colour").returncode == 2


def test_check_shows_providers_and_where_models_lead(machine: Machine) -> None:
    """`penstock check` prints what `serve` would serve, without any key."""
    machine.configure('[models]\nfast = "openai/gpt-5"')
    machine.environment["OPENAI_API_KEY"] = PLANTED
    ended = machine.run("check")
    assert ended.returncode == 0
    assert re.search(r"openai +openai-chat, openai-responses +key from \$OPENAI_API_KEY", ended.stdout)
    assert re.search(r"fast +-> openai/gpt-5", ended.stdout)
    assert re.search(r"gpt-\* +-> openai", ended.stdout)
    assert PLANTED not in ended.stdout + ended.stderr


SEVERAL = """
[models]
smart = ["openai/gpt-5", "demo/demo-1"]
even = { strategy = "round_robin", targets = ["openai/a", "demo/b"] }
cheap = { targets = [{ to = "openai/a", weight = 3 }, "demo/b"] }
"""


def test_check_shows_all_targets_in_order(machine: Machine) -> None:
    """Tiers stand below each other, the targets of a group beside each other with their shares."""
    machine.configure(SEVERAL)
    machine.environment["OPENAI_API_KEY"] = PLANTED
    shown = machine.run("check").stdout
    assert re.search(r"smart +-> openai/gpt-5\n +or demo/demo-1\n", shown)
    assert re.search(r"even +-> in turn openai/a, demo/b\n", shown)
    assert re.search(r"cheap +-> openai/a \(3 of 4\), demo/b \(1 of 4\)\n", shown)
    report = json.loads(machine.run("check", "--json").stdout)["models"]
    assert [tier["shares"][0]["to"] for tier in report["smart"]] == ["openai/gpt-5", "demo/demo-1"]
    assert [share["weight"] for share in report["cheap"][0]["shares"]] == [3, 1]
    assert report["gpt-*"] == "openai"


@pytest.mark.parametrize("strategy", ["least_busy", "fastest", "cheapest"])
def test_check_says_which_of_a_group_is_first(machine: Machine, strategy: str) -> None:
    """Each strategy in words; and how many keys a provider has, by where they come from."""
    machine.configure(
        '[providers.box]\nlike = "openai"\napi_keys = ["${A}", "${B}"]\n'
        f'[models.m]\nstrategy = "{strategy}"\ntargets = ["box/a", "demo/b"]\n'
    )
    machine.environment |= {"A": "sk-one-1111", "B": "sk-two-2222"}
    ended = machine.run("check")
    assert f"-> the {strategy.replace('_', ' ')} of box/a, demo/b\n" in ended.stdout
    assert "2 keys from $A, $B" in ended.stdout
    assert "sk-one" not in ended.stdout


def test_check_reads_the_file_it_is_given(machine: Machine) -> None:
    """--config names another file, for people and for programs."""
    other = machine.folder / "other.toml"
    other.write_text('[models]\nother = "demo"')
    assert re.search(r"other +-> demo", machine.run("check", "--config", str(other)).stdout)
    report = json.loads(machine.run("check", "--json", "--config", str(other)).stdout)
    assert (report["ok"], report["configuration"], report["models"]["other"]) == (True, str(other), "demo")


def test_check_says_everything_that_is_wrong(machine: Machine) -> None:
    """Problems come with path and remedy, on stderr, and the exit code is 1."""
    machine.configure(f'[servr]\n[providers.openai]\napi_key = "{PLANTED} "')
    ended = machine.run("check")
    assert ended.returncode == 1
    assert "servr: unknown key\n    did you mean server?" in ended.stderr
    assert PLANTED not in ended.stderr


def test_check_reports_problems_to_programs(machine: Machine) -> None:
    """With --json the problems are data, and the exit code is 1 as well."""
    machine.configure("[server]\nlistn = 1")
    ended = machine.run("check", "--json")
    assert ended.returncode == 1
    assert json.loads(ended.stdout) == {
        "ok": False,
        "problems": [
            {"path": "server.listn", "problem": "unknown key", "remedy": "did you mean listen?"},
        ],
    }


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "export ANTHROPIC_BASE_URL='http://127.0.0.1:4747'"),
        ("zsh", "export ANTHROPIC_BASE_URL='http://127.0.0.1:4747'"),
        ("sh", "export ANTHROPIC_BASE_URL='http://127.0.0.1:4747'"),
        ("fish", "set -gx ANTHROPIC_BASE_URL 'http://127.0.0.1:4747';"),
        ("powershell", "$env:ANTHROPIC_BASE_URL = 'http://127.0.0.1:4747'"),
    ],
)
def test_env_writes_for_every_shell(machine: Machine, shell: str, line: str) -> None:
    """--shell and $SHELL choose how the exports are written."""
    assert line in machine.run("env", "claude", "--shell", shell).stdout.splitlines()
    machine.environment["SHELL"] = f"/usr/bin/{shell}"
    assert line in machine.run("env", "claude").stdout.splitlines()


def test_env_points_each_client_at_us(machine: Machine) -> None:
    """An address and a word for a token, each by the variables it knows; OpenAI's address ends in /v1."""
    lines = machine.run("env", "--listen", "[::1]:5000").stdout.splitlines()
    assert lines == [
        "export ANTHROPIC_BASE_URL='http://[::1]:5000'",
        "export ANTHROPIC_AUTH_TOKEN='penstock'",
        "export GOOGLE_GEMINI_BASE_URL='http://[::1]:5000'",
        "export GEMINI_API_KEY='penstock'",
        "export OPENAI_BASE_URL='http://[::1]:5000/v1'",
        "export OPENAI_API_KEY='penstock'",
    ]
    assert machine.run("env", "openai", "--listen", "[::1]:5000").stdout.splitlines() == lines[4:]


def test_env_works_in_a_real_shell(machine: Machine) -> None:
    """What is printed can be evaluated."""
    exports = machine.run("env", "openai").stdout
    ended = subprocess.run(
        ["/bin/sh", "-c", f'{exports}\nprintf %s "$OPENAI_BASE_URL"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "http://127.0.0.1:4747/v1"


@pytest.mark.parametrize(
    ("shell", "written"),
    [("sh", "'it'\\''s\\'"), ("fish", "'it\\'s\\\\';"), ("powershell", "'it''s\\'")],
)
def test_env_quotes_what_a_shell_would_take_for_its_own(machine: Machine, shell: str, written: str) -> None:
    """A quote or a backslash in a key stays a part of the key."""
    machine.configure(KEYS)
    machine.environment["PENSTOCK_KEY"] = "it's\\"
    lines = machine.run("env", "claude", "--shell", shell).stdout.splitlines()
    assert lines[1].endswith(written)


def test_env_hides_no_key_that_serve_needs(machine: Machine) -> None:
    """A real key in the shell is left as it is, so that `penstock serve` still finds it there."""
    machine.environment["OPENAI_API_KEY"] = PLANTED
    assert machine.run("env", "openai").stdout == "export OPENAI_BASE_URL='http://127.0.0.1:4747/v1'\n"


def test_env_leaves_a_login_that_passes_through(machine: Machine) -> None:
    """With passthrough the client keeps its own login: it gets the address and no token."""
    machine.configure('[providers.anthropic]\nauth = "passthrough"')
    assert machine.run("env", "claude").stdout == "export ANTHROPIC_BASE_URL='http://127.0.0.1:4747'\n"


def test_env_gives_the_callers_key_when_one_is_asked_for(machine: Machine) -> None:
    """With keys required the exports carry $PENSTOCK_KEY, and without it there are none."""
    machine.configure(KEYS)
    missing = machine.run("env", "claude")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "PENSTOCK_KEY" in missing.stderr
    machine.environment["PENSTOCK_KEY"] = "pst_mine"
    assert "export ANTHROPIC_AUTH_TOKEN='pst_mine'" in machine.run("env", "claude").stdout


def test_env_reads_the_file_it_is_given(machine: Machine) -> None:
    """--config says where the penstock listens that clients are pointed at."""
    other = machine.folder / "other.toml"
    other.write_text('[server]\nlisten = "0.0.0.0:6000"\n' + KEYS)
    machine.environment["PENSTOCK_KEY"] = "pst_mine"
    assert "http://127.0.0.1:6000'" in machine.run("env", "claude", "--config", str(other)).stdout


def test_a_new_key_opens_the_door_it_is_pasted_to(machine: Machine) -> None:
    """The printed lines are configuration, and their digest is that of the printed key."""
    ended = machine.run("key", "new", "laptop")
    key, _, *lines = ended.stdout.splitlines()
    assert re.fullmatch(r"pst_[0-9a-z]{12}_[0-9A-Za-z_-]{43}", key)
    assert lines == ["[keys.laptop]", f'sha256 = "{hashlib.sha256(key.encode()).hexdigest()}"']
    machine.configure("\n".join(lines))
    assert machine.run("check").returncode == 0
    assert machine.run("key", "new").stdout.splitlines()[0] != key
    assert machine.run("key", "new", "a b").returncode == 2


def test_the_schema_is_that_of_the_file(machine: Machine) -> None:
    """`penstock schema` is a JSON schema that knows the tables and refuses other keys."""
    schema = json.loads(machine.run("schema").stdout)
    document = schema["$defs"]["Document"]
    assert {"server", "providers", "models", "failure", "keys", "log"} < set(document["properties"])
    assert document["additionalProperties"] is False
    assert (
        msgspec.json.encode(schema["$defs"]["Server"]["properties"]["listen"]["default"])
        == b'"127.0.0.1:4747"'
    )
