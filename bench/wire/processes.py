"""Programs under measurement: started on one core, their processor time and memory read from the system.

Processor time is that of the whole tree, user and system, to the nanosecond (the process clocks of
POSIX), so that time slices of other programs on the same core do not count.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

CPUCLOCK_SCHED = 2  # linux/posix-timers.h: user and system time, precise
POLL = 0.005
PATIENCE = 20.0


class Program:
    """A running program with its children, in a process group of its own."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.process = process

    def tree(self) -> list[int]:
        """The process and everything below it."""
        found = [self.process.pid]
        for pid in found:
            found.extend(_children(pid))
        return found

    def processor_time(self) -> float:
        """Seconds of processor time so far, of the whole tree."""
        return sum(_clock(pid) for pid in self.tree())

    def memory(self) -> int:
        """Bytes of memory of the whole tree: its PSS, as if no stranger shared a library with it.

        Plain PSS would fall with every other Python on the machine. Pages of one's own are shared
        within the tree only; of the pages of files, which a forked worker maps as its parent does,
        the process with the most counts.
        """
        rollups = [_rollup(pid) for pid in self.tree()]
        own = sum(rollup.get("Pss_Anon", 0) + rollup.get("Pss_Shmem", 0) for rollup in rollups)
        return own + max(rollup.get("Rss", 0) - rollup.get("Anonymous", 0) for rollup in rollups)

    def resident(self) -> int:
        """Bytes of memory of the whole tree as most tools count them: what is shared counts every time."""
        return sum(_rollup(pid).get("Rss", 0) for pid in self.tree())

    def stop(self) -> None:
        """End it and wait for the end."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    core: int | str,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    """Start `command` on `core` (or on a list of them), its output in `log`; end it on the way out."""
    with log.open("ab") as output:
        program = Program(name, _start(command, core, output, environment))
        try:
            yield program
        finally:
            program.stop()


def wait_until_open(port: int, program: Program, log: Path, patience: float = PATIENCE) -> None:
    """Wait until something listens at `port`; say why when the program ended instead."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if program.process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(POLL)
    raise RuntimeError(f"{program.name} does not listen at {port}: {log.read_text(errors='replace')[-2000:]}")


def free_ports(count: int) -> list[int]:
    """Ports nobody listens at, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _start(
    command: Sequence[str], core: int | str, output: IO[bytes], environment: Mapping[str, str] | None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command],  # noqa: S607  # part of every Linux
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=dict(environment) if environment is not None else None,
        start_new_session=True,
    )


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found.extend(int(child) for child in path.read_text().split())
    return found


def _clock(pid: int) -> float:
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | CPUCLOCK_SCHED)
    return 0.0


def _rollup(pid: int) -> dict[str, int]:
    """The sums of /proc/PID/smaps_rollup, in bytes."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        return {
            name: int(size.split()[0]) * 1024 for name, _, size in (line.partition(":") for line in lines)
        }
    return {}
