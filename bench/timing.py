"""Processor time of one operation, and the same as a multiple of a fixed piece of pure Python.

The multiple is what can be compared between runs on machines that others use too: both sides are
measured in turn, in one run, and the quickest round of each counts. A round lasts about as long for every
operation, so that what a round itself costs, and a moment that somebody else took, weigh as little on the
shortest as on the longest.
"""

import time
from collections.abc import Callable, Collection
from functools import partial

import uvloop

from bench.inprocess import Bench, Build
from bench.workloads import WORKLOADS, Workload

WARM_UP = 200
OPERATIONS = 200
LOOPS = 20  # calibrations that an operation's round lasts at least
MOST_OPERATIONS = 20_000
ROUNDS = 15
LOOP_ITEMS = 2_000


def calibration() -> int:
    """Do a fixed amount of what Python programs do: calls, attributes, small objects, dictionaries."""
    total = 0
    for number in range(LOOP_ITEMS):
        entry = {"number": number, "name": str(number)}
        total += len(entry["name"]) + entry["number"] % 7  # type: ignore[arg-type,operator]
    return total


def seconds(run: Callable[[], object]) -> float:
    """Processor seconds of one run."""
    start = time.process_time_ns()
    run()
    return (time.process_time_ns() - start) / 1e9


def measure(build: Build, names: Collection[str] = WORKLOADS.keys()) -> dict[str, float]:
    """The price of each operation named in thousandths of the calibration."""
    wanted = [workload for name, workload in WORKLOADS.items() if name in names]
    found: dict[str, float] = {}
    for house in sorted({workload.house for workload in wanted}):
        with Bench(build, uvloop.new_event_loop, house) as bench:
            found |= {one.name: _ratio(bench, one) for one in wanted if one.house == house}
    return found


def _ratio(bench: Bench, workload: Workload) -> float:
    bench.run(workload, WARM_UP)
    count = _operations(bench, workload)
    operations, loops = [], []
    for _ in range(ROUNDS):
        operations.append(seconds(partial(bench.run, workload, count)))
        loops.append(seconds(calibration))
    return round(1000 * min(operations) / count / min(loops), 1)


def _operations(bench: Bench, workload: Workload) -> int:
    """How many make a round that is long enough."""
    least = LOOPS * min(seconds(calibration) for _ in range(ROUNDS))
    count = OPERATIONS
    while count < MOST_OPERATIONS and seconds(partial(bench.run, workload, count)) < least:
        count *= 2
    return count
