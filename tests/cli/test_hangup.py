"""SIGHUP, which says two things: read the configuration again, or the terminal has been closed."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.cli.machine import ROOT, Machine

LISTENS = b"listens at http://"
PATIENCE = 30.0


class Terminal:
    """A `penstock serve` on a terminal of its own."""

    def __init__(self, machine: Machine) -> None:
        self.master, slave = pty.openpty()
        command = [sys.executable, "-m", "gateway", "serve", "--listen", "127.0.0.1:0"]
        machine.environment["PYTHONPATH"] = str(ROOT)
        self.process = subprocess.Popen(
            command,
            cwd=machine.folder,
            env=machine.environment,
            preexec_fn=lambda: os.login_tty(slave),  # noqa: PLW1509  # nothing else makes a terminal its own
        )
        os.close(slave)
        self.output = b""

    def wait_for(self, words: bytes) -> None:
        """Read until these words were said."""
        while words not in self.output:
            self.output += os.read(self.master, 4096)


@pytest.fixture
def terminal(machine: Machine) -> Iterator[Terminal]:
    """A gateway on a terminal, which has said that it listens."""
    started = Terminal(machine)
    started.wait_for(LISTENS)
    yield started
    if started.process.poll() is None:
        os.killpg(started.process.pid, signal.SIGKILL)
    started.process.wait(PATIENCE)


def test_a_closed_terminal_ends_it_well(terminal: Terminal) -> None:
    """It ends with 0, and so do its workers."""
    os.close(terminal.master)
    assert terminal.process.wait(PATIENCE) == 0
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            os.killpg(terminal.process.pid, 0)
        except ProcessLookupError:
            return
        assert time.monotonic() < deadline, "a worker is left"
        time.sleep(0.01)


def test_a_signal_on_a_terminal_that_is_there_reads_the_configuration_again(
    machine: Machine, terminal: Terminal
) -> None:
    """Whoever sends SIGHUP by hand means the configuration; the server and its workers stay."""
    machine.configure('[providers.box]\ndialect = "openai-chat"\nbase_url = "http://127.0.0.1:9"\n')
    os.killpg(terminal.process.pid, signal.SIGHUP)
    terminal.wait_for(b"configuration read again; changed: providers")
    assert terminal.process.poll() is None
    os.close(terminal.master)
