"""What `penstock env` prints, evaluated by the shells themselves: every value arrives as it was."""

import shutil
import subprocess

import pytest

from tests.cli.machine import Machine

HOSTILE = "a'b\"c $(echo gone) `echo gone` \\ \\' ! # ; & | * ~ é %s"
KEYS = '[keys.me]\nsecret = "0123456789abcdef"\n'


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
def test_a_value_arrives_as_it_was(machine: Machine, shell: str) -> None:
    """Quotes, backslashes, dollars and whatever else a shell heeds mean nothing in what is printed."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: it cannot evaluate what is printed for it")
    machine.configure(KEYS)
    machine.environment["PENSTOCK_KEY"] = HOSTILE
    # As people type it: fish has it from a pipe, the others from `eval`.
    exports = machine.run("env", "claude", "--shell", shell).stdout
    evaluate = "source" if shell == "fish" else 'eval "$(cat)"'
    script = f"{evaluate}; printf %s $ANTHROPIC_AUTH_TOKEN" if shell in ("fish", "zsh") else None
    script = script or f'{evaluate}; printf %s "$ANTHROPIC_AUTH_TOKEN"'
    ended = subprocess.run(
        [program, "-c", script], input=exports, capture_output=True, text=True, check=True, timeout=20
    )
    assert (ended.stdout, ended.stderr) == (HOSTILE, "")


def test_opencode_gets_its_configuration(machine: Machine) -> None:
    """A whole configuration in JSON passes a shell, and says where penstock is."""
    machine.configure('[models]\n"it\'s" = "demo"\n')
    exports = machine.run("env", "opencode", "--shell", "sh").stdout
    script = f'{exports}\nprintf %s "$OPENCODE_CONFIG_CONTENT"'
    ended = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    assert '"penstock/it\'s"' in ended.stdout
    assert "http://127.0.0.1:4747/v1" in ended.stdout


def test_opencode_without_a_name_is_told_so(machine: Machine, free_port: int) -> None:
    """With no model known by name there is nothing to print."""
    machine.configure('[server]\ndiscover = false\n[providers.box]\nlike = "ollama"\n')
    ended = machine.run("env", "opencode", "--listen", f"127.0.0.1:{free_port}")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "no model is known by name" in ended.stderr
