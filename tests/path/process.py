"""A gateway as users start it: `python -m gateway serve` in a process of its own, its output kept."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LISTENS = re.compile(r"http://127\.0\.0\.1:\d+")
PATIENCE = 30.0
# Well below the 30 s a gateway may take for its streams: without any it has to end at once.
END = 10.0


class Gateway:
    """A running gateway. `address` is where it listens, `output` what it wrote to stdout and stderr."""

    def __init__(self, folder: Path, configuration: str, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._lines: list[str] = []
        self._grew = threading.Condition()
        file = folder / "penstock.toml"
        file.write_text(configuration, encoding="utf-8")
        arguments = ["serve", "--config", str(file), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=ROOT,
            env=clean_environment(folder, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._keep_output, daemon=True)
        self._reader.start()
        self.address = self._wait_for_address()

    @property
    def output(self) -> str:
        """All that it wrote so far."""
        with self._grew:
            return "".join(self._lines)

    def wait_for_output(self, text: str) -> str:
        """Wait until a text was written; all output so far."""
        with self._grew:
            came = self._grew.wait_for(lambda: text in "".join(self._lines), PATIENCE)
        assert came, f"the gateway never wrote {text!r}: {self.output}"
        return self.output

    def terminate(self) -> None:
        """Send SIGTERM, as an operator does."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it ended; the exit code."""
        code = self.process.wait(END)
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            self.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        # The group is the process's own session, so only what it started itself can be in it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _keep_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._grew:
                self._lines.append(line)
                self._grew.notify_all()
        with self._grew:
            self._grew.notify_all()

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := LISTENS.search(self.output):
                return found[0]
            if self.process.poll() is not None:
                break
            with self._grew:
                self._grew.wait(0.2)
        output = self.output
        self.stop()
        raise AssertionError(f"the gateway does not listen: {output}")


def clean_environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """An environment with an empty home, no key of anybody's and no proxy."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **extra}
