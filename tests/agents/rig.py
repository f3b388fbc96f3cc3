"""What stands around a real agent while it runs: a tee before the gateway, and an upstream that leads it."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from tests.agents.installed import agent
from tests.path.conftest import Start
from tests.path.house import House, configuration
from tests.path.process import clean_environment
from tests.upstream.server import Upstream
from tests.upstream.steps import Script
from tests.upstream.tee import Tee
from tests.upstream.wire import Request

PATIENCE = 100.0
# An address nobody listens on, for whatever the agent might want of the world outside.
NOWHERE = "http://127.0.0.1:9"
AWAY = {"HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1"}
# How an agent that ran out of patience ended, as a shell says it.
TOO_LONG = 124


class Finished(msgspec.Struct, frozen=True):
    """How an agent ended: its exit code and what it wrote."""

    code: int
    output: str
    errors: str


class Rig:
    """One run of an agent in a folder and with a home of its own; `configured` writes the gateway's file."""

    def __init__(
        self,
        folder: Path,
        start: Start,
        leads: Callable[[Request], Script],
        configured: Callable[[Upstream], str] = configuration,
    ) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.upstream = Upstream(leads)
        self.upstream.start()
        self.house = House(start(configured(self.upstream)), self.upstream)
        self.tee = Tee(self.house.address)
        self.tee.start()

    def run(self, name: str, arguments: list[str], environment: Mapping[str, str]) -> Finished:
        """Run an agent headless, kept away from the world; what it started ends with it."""
        command = agent(name)
        variables = clean_environment(self.home, {**AWAY, **environment})
        variables["PATH"] = f"{command.parent}:{variables['PATH']}"
        with subprocess.Popen(
            [str(command), *arguments],
            cwd=self.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, errors = process.communicate(timeout=PATIENCE)
                return Finished(process.returncode, output, errors)
            except subprocess.TimeoutExpired:
                _end(process)
                output, errors = process.communicate()
                return Finished(TOO_LONG, output, errors)
            finally:
                _end(process)

    def stop(self) -> None:
        """End what was started here."""
        self.tee.stop()
        self.house.gateway.stop()
        self.upstream.stop()

    def sent(self, path: str) -> list[bytes]:
        """The bodies the agent sent to a path, in order."""
        return _bodies(self.tee.requests, path)

    def received(self, path: str) -> list[bytes]:
        """The bodies that reached the upstream there, in order."""
        return _bodies(self.upstream.requests, path)


def _bodies(requests: list[Request], path: str) -> list[bytes]:
    return [request.body for request in requests if request.path.endswith(path)]


def _end(process: "subprocess.Popen[str]") -> None:
    """End an agent and what it left running: the group is its own session, with nothing else in it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
