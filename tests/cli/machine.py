"""A clean machine to type commands on: an empty home, an empty folder, and no variables but these."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from gateway.cli import main; main()"
_LISTENS = re.compile(r"listens at http://(\S+):(\d+)")


class Server:
    """A `penstock serve` under way, with what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self._output = process.stdout
        self.first_line = self._output.readline()
        match = _LISTENS.search(self.first_line)
        assert match, self.first_line
        self.address = (match[1], int(match[2]))

    def stop(self, number: int = signal.SIGTERM) -> tuple[str, str]:
        """End it with a signal; all it wrote to stdout and to stderr."""
        self.process.send_signal(number)
        # Not communicate(): it would not see what the first line's read took along.
        rest = self._output.read()
        assert self.process.stderr is not None
        errors = self.process.stderr.read()
        self.process.wait(20)
        return self.first_line + rest, errors


class Machine:
    """Runs commands in an empty folder with an empty home. `environment` may be added to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.programs = folder / "programs"
        self.home.mkdir()
        self.programs.mkdir()
        self.environment = {"HOME": str(self.home), "PATH": f"{self.programs}:/usr/bin:/bin"}
        if "PYTHONPATH" in os.environ:
            self.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command under way."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START, str(ROOT), *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that ended, with what it wrote."""
        process = self.start(*arguments)
        output, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors, errors
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def serve(self, *arguments: str) -> Server:
        """A server that says that it listens, on a free port unless told otherwise."""
        listen = () if "--listen" in arguments else ("--listen", "127.0.0.1:0")
        return Server(self.start("serve", *listen, *arguments))

    def configure(self, text: str) -> None:
        """Write ./penstock.toml."""
        (self.folder / "penstock.toml").write_text(text)

    def install(self, name: str, script: str) -> None:
        """Put a shell script where programs are found."""
        program = self.programs / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def wait_for(self, name: str) -> str:
        """The content of a file that a program of the test is about to write."""
        path, deadline = self.folder / name, time.monotonic() + 30
        while not path.exists():
            assert time.monotonic() < deadline, f"nobody wrote {name}"
            time.sleep(0.01)
        return path.read_text()

    def close(self) -> None:
        """End whatever a test left running."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                # The group is the session of the command, so only what it started can be in it.
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
