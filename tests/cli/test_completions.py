"""`penstock completions`: what shells offer for what was typed."""

import shutil
import subprocess
import sys

import pytest

from tests.cli.machine import ROOT, Machine

START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main;"
    " main(prog_name='penstock')"
)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes(machine: Machine, shell: str) -> None:
    """Commands, agents and options are offered by the script that is printed for a shell."""
    offered = []
    for words in (["ru"], ["run", "cl"], ["providers", "te"], ["top", "--on"]):
        asked = {
            "_PENSTOCK_COMPLETE": f"{shell}_complete",
            "COMP_WORDS": " ".join(["penstock", *words]),
            "COMP_CWORD": str(len(words)) if shell != "fish" else words[-1],
        }
        ended = subprocess.run(
            [sys.executable, "-P", "-c", START, str(ROOT)],
            env={**machine.environment, **asked},
            capture_output=True,
            text=True,
            check=True,
        )
        offered.append(ended.stdout)
    assert ["run" in offered[0], "claude" in offered[1], "test" in offered[2], "--once" in offered[3]] == [
        True
    ] * 4
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed: it cannot read what is printed for it")
    script = machine.run("completions", shell).stdout
    subprocess.run([program, "-n"], input=script, text=True, check=True, capture_output=True, timeout=20)


def test_fish_and_bash_offer_it_themselves(machine: Machine) -> None:
    """The script, read by a shell, leads from what was typed to what is offered."""
    machine.install("penstock", f'exec {sys.executable} -P -c "{START}" {ROOT} "$@"')
    bash = machine.run("completions", "bash").stdout
    typed = "COMP_WORDS=(penstock instal); COMP_CWORD=1; _penstock_completion penstock; echo ${COMPREPLY[@]}"
    ended = subprocess.run(
        ["/bin/bash", "-c", f"{bash}\n{typed}"],
        env=machine.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.split() == ["install"]
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("fish is not installed: it cannot be asked what it offers")
    (machine.folder / "penstock.fish").write_text(machine.run("completions", "fish").stdout)
    asked = 'source penstock.fish; complete -C "penstock run cla"'
    shown = subprocess.run(
        [fish, "-N", "-c", asked],
        env=machine.environment,
        cwd=machine.folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert shown.stdout.split()[0] == "claude"
