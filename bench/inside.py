"""What an operation costs in this process, without a socket: `python -m bench.inside` prints the figures.

A process of its own with a fixed hash seed: the layout of dictionaries is part of what is counted.
"""

import os
import subprocess
import sys
from functools import partial

import msgspec
import uvloop

from bench import allocations, timing
from bench.inprocess import Bench, penstock
from bench.samples import ROOT, Figure
from bench.tables import Target
from bench.workloads import WORKLOADS

CHAT, TEAM = "chat", "messages_team"
PASSED, CROSSED = "messages_delta", "crossed_delta"
COUNTED = (CHAT, TEAM, "messages_stream", PASSED, "crossed_stream", CROSSED)
TIMED = (CHAT, TEAM)
OPERATIONS = 200
ROUNDS = 25
MICRO = 1e6


def targets(found: list[Figure]) -> list[Target]:
    """What an operation may cost, with what it was found to."""
    known = {(figure.case, figure.what): figure.value for figure in found if figure.peer == "in process"}
    return [
        Target("in process, chat, passthrough: time", known.get((CHAT, "time")), 40, "µs"),
        Target("in process, chat, passthrough", known.get((CHAT, "allocations")), 53, "allocations"),
        Target("one text delta, passthrough", known.get((PASSED, "allocations")), 10, "allocations"),
        Target("one text delta, translated", known.get((CROSSED, "allocations")), 30, "allocations"),
    ]


def figures(core: int) -> list[Figure]:
    """The figures, measured by a process of its own on a core."""
    command = ["taskset", "--cpu-list", str(core), sys.executable, "-m", "bench.inside"]
    given = {**os.environ, "PYTHONHASHSEED": "0"}
    printed = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=given).stdout
    return msgspec.json.decode(printed, type=list[Figure])


def measure() -> list[Figure]:
    """Count and time; the harness's own allocations are taken off, its time is not."""
    counts = allocations.measure(penstock, COUNTED)
    found = [
        Figure(name, "in process", "allocations", count.net, "allocations") for name, count in counts.items()
    ]
    for name in TIMED:
        workload = WORKLOADS[name]
        with Bench(penstock, uvloop.new_event_loop, workload.house) as bench:
            run = partial(bench.run, workload, OPERATIONS)
            took = min(timing.seconds(run) for _ in range(ROUNDS))
        found.append(Figure(name, "in process", "time", took / OPERATIONS * MICRO, "µs"))
    return found


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(measure()).decode())
