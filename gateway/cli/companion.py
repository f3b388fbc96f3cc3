"""The gateway beside an agent: one that answers already, or one of our own for as long as the agent runs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

import gateway
from gateway.cli import Failure
from gateway.configuration.addresses import is_loopback, spell
from gateway.listening import AddressInUse, answers_as_penstock, settle_port
from gateway.settings import ServerSettings

_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_PROBE_SECONDS = 0.05
_LOOPBACK = "127.0.0.1"
# The folder of this package goes last, and -P keeps the working folder out: an agent is often started
# in a project that has a folder called gateway itself.
_PROGRAM = (
    "import sys; sys.path.append(sys.argv.pop(1)); from gateway.cli.companion import follow; follow();"
    " from gateway.cli import main; main(prog_name='penstock')"
)
_PARENT_DEATH = 1


class Companion(msgspec.Struct, frozen=True):
    """How to start a gateway of our own: its environment, its configuration file, where its output goes."""

    environment: Mapping[str, str]
    config: str | None
    log: str | None

    def __repr__(self) -> str:
        return "Companion(…)"


@contextmanager
def beside(companion: Companion, server: ServerSettings) -> Iterator[ServerSettings]:
    """Run a gateway until the block ends; yields where it listens. It never listens beyond this machine."""
    settled = _settle(server)
    with _sink(companion.log) as sink:
        process = subprocess.Popen(  # noqa: S603 - our own program
            _arguments(companion, settled),
            env=dict(companion.environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            # A group of its own: Ctrl-C in the terminal belongs to the agent.
            start_new_session=True,
        )
    try:
        _await_start(process, settled)
        yield settled
    finally:
        _stop(process)


def follow() -> None:
    """Have the system end this process with the one that started it, even where that is killed (Linux)."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only a gateway that stands beside an agent needs it

        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGTERM)


def _sink(log: str | None) -> BinaryIO:
    try:
        return Path(log or os.devnull).open("ab")
    except OSError as failure:
        raise Failure(f"--log {log}: cannot be written: {failure.strerror}") from None


def _settle(server: ServerSettings) -> ServerSettings:
    host = server.host if is_loopback(server.host) else _LOOPBACK
    wanted = msgspec.structs.replace(server, host=host)
    try:
        return settle_port(wanted)
    except AddressInUse:
        return settle_port(msgspec.structs.replace(wanted, port=0))


def _arguments(companion: Companion, server: ServerSettings) -> list[str]:
    home = str(Path(gateway.__file__).parents[1])
    config = ["--config", companion.config] if companion.config else []
    listen = ["--listen", spell(server.host, server.port)]
    return [sys.executable, "-P", "-c", _PROGRAM, home, "serve", *config, *listen]


def _await_start(process: subprocess.Popen[bytes], server: ServerSettings) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers_as_penstock(server.host, server.port):
            return
        time.sleep(_PROBE_SECONDS)
    raise Failure("the gateway did not start\n    `penstock serve` says why")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
