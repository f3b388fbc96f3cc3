"""The gate: fails when an operation allocates more than the baseline says, or takes far longer.

Allocations are exact, so any growth fails. They belong to one Python version: another one is
compared with a margin, and says so. Time is compared as a ratio within the run, with a margin that
a noisy machine does not trip. What closes the gate is measured again, and has to be large or slow every
time: neighbours only add. Of the start, the packages it loads are compared by name, its memory and time
with margins.
"""

import platform
import sys
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec

from bench import allocations, start, timing
from bench.allocations import Count
from bench.inprocess import Build

BASELINE = Path(__file__).with_name("baseline.json")
PACKAGES = ("aiohttp", "memray", "msgspec", "prometheus-client", "uvloop")
NOISE = 0.9  # a thing made once in ten operations more or less; whole ones show
# The house ticks by the clock while it works: a slow machine ticks more often in a long operation.
NOISE_SHARE = 0.006
OTHER_PYTHON_SHARE = 0.15
OTHER_PYTHON_MARGIN = 3.0
TIME_MARGIN = 1.6
TRIES = 4  # how often what is too large or too slow is measured again: a neighbour goes, a change stays
# A start is one run of some hundred milliseconds, and half of it is files: it gets more room.
START_MARGIN = 2.5
MEMORY_MARGIN = 3.0  # megabytes
MEMORY_SHARE = 0.1


class Operation(msgspec.Struct, frozen=True):
    """What one operation costs. Allocations: all, the harness's own, and the rest; time in thousandths."""

    gross: float
    harness: float
    net: float
    time: float | None = None


class Start(msgspec.Struct, frozen=True):
    """What a start loads and takes: packages that are not ours, megabytes, time in thousandths."""

    packages: list[str]
    megabytes: float
    time: float


class Baseline(msgspec.Struct, frozen=True):
    """What was measured, and with what. Without `start` it was not measured."""

    python: str
    packages: dict[str, str]
    operations: dict[str, Operation]
    start: Start | None = None


class Verdict(msgspec.Struct, frozen=True):
    """What the comparison found, line by line; `failed` closes the gate."""

    lines: tuple[str, ...]
    failed: bool


def measure(build: Build, only: Collection[str] = ()) -> Baseline:
    """Measure everything the gate compares, or only some operations."""
    counts = allocations.measure(build, only)
    times = timing.measure(build, counts)
    return Baseline(
        python=_python(),
        packages={package: version(package) for package in PACKAGES},
        operations={
            name: Operation(count.gross, count.harness, count.net, times.get(name))
            for name, count in counts.items()
        },
        start=_started(build),
    )


def compare(now: Baseline, before: Baseline, only: Collection[str] = ()) -> Verdict:
    """Compare a measurement with the baseline, operation by operation; of some, when only those are named."""
    notes = _notes(now, before)
    exact = now.python == before.python
    more, shrunk = [], []
    for name, operation in now.operations.items():
        known = before.operations.get(name)
        if known is None:
            more.append(f"{name}: not in the baseline; write it with `python -m bench baseline`")
            continue
        change = f"{name}: {known.net:g} -> {operation.net:g} allocations ({operation.net - known.net:+.1f})"
        if _grown(operation, known, exact=exact):
            more.append(f"{change} GROWN")
        elif exact and operation.net < known.net - NOISE:
            shrunk.append(f"{change} shrunk: write the new baseline with `python -m bench baseline`")
    slower = [
        f"{name}: {before.operations[name].time} -> {now.operations[name].time} "
        "thousandths of the calibration loop SLOWER"
        for name in slow(now, before)
    ]
    gone = [
        f"{name}: in the baseline, not measured any more"
        for name in before.operations.keys() - now.operations
        if not only or name in only
    ]
    bad = [*more, *slower, *gone, *heavier(now, before)]
    return Verdict((*notes, *bad, *shrunk), failed=bool(bad))


def grown(now: Baseline, before: Baseline) -> list[str]:
    """The operations that allocate more than the margin allows."""
    exact = now.python == before.python
    return [
        name
        for name, operation in now.operations.items()
        if name in before.operations and _grown(operation, before.operations[name], exact=exact)
    ]


def fewest(measured: Baseline, again: Mapping[str, Count]) -> Baseline:
    """The measurement with the allocations of another where those are fewer."""
    operations = dict(measured.operations)
    for name, count in again.items():
        if name in operations and count.net < operations[name].net:
            operations[name] = Operation(count.gross, count.harness, count.net, operations[name].time)
    return msgspec.structs.replace(measured, operations=operations)


def slow(now: Baseline, before: Baseline) -> list[str]:
    """The operations that took longer than the margin allows."""
    return [
        name
        for name, operation in now.operations.items()
        if name in before.operations and _slower(operation, before.operations[name])
    ]


def quickest(measured: Baseline, again: Mapping[str, float]) -> Baseline:
    """The measurement with the times of another where those are shorter."""
    operations = {
        name: msgspec.structs.replace(operation, time=min(operation.time, again.get(name, operation.time)))
        if operation.time is not None
        else operation
        for name, operation in measured.operations.items()
    }
    return msgspec.structs.replace(measured, operations=operations)


def lightest(measured: Baseline, again: Start) -> Baseline:
    """The measurement with a start that takes the less of two."""
    one = measured.start or again
    least = Start(again.packages, min(one.megabytes, again.megabytes), min(one.time, again.time))
    return msgspec.structs.replace(measured, start=least)


def table(measured: Baseline) -> list[str]:
    """The measurement as lines to read."""
    head = f"{'operation':<16} {'gross':>7} {'harness':>8} {'net':>7} {'time':>7}"
    return [
        head,
        *(
            f"{name:<16} {operation.gross:>7g} {operation.harness:>8g} {operation.net:>7g} "
            f"{'' if operation.time is None else operation.time:>7}"
            for name, operation in measured.operations.items()
        ),
        "allocations per operation; time in thousandths of the calibration loop",
        *(_start_line(measured.start) if measured.start else ()),
    ]


def check(build: Build, baseline: Path = BASELINE, only: Collection[str] = ()) -> int:
    """Measure, compare, print; the exit status."""
    before = msgspec.json.decode(baseline.read_bytes(), type=Baseline)
    measured = measure(build, only)
    for _ in range(TRIES):
        larger, longer = grown(measured, before), slow(measured, before)
        if larger:
            measured = fewest(measured, allocations.measure(build, allocations.behind(larger)))
        if longer:
            measured = quickest(measured, timing.measure(build, longer))
        if heavier(measured, before):
            measured = lightest(measured, _started(build))
    verdict = compare(measured, before, only)
    for line in (*table(measured), *verdict.lines):
        print(line)
    print("gate: FAILED" if verdict.failed else "gate: passed")
    return int(verdict.failed)


def write(build: Build, baseline: Path = BASELINE, only: Collection[str] = ()) -> int:
    """Measure and write the baseline anew; the exit status."""
    measured = measure(build, only)
    baseline.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")
    for line in table(measured):
        print(line)
    return 0


def _python() -> str:
    return f"{platform.python_implementation()} {sys.version_info.major}.{sys.version_info.minor}"


def _notes(now: Baseline, before: Baseline) -> list[str]:
    notes = []
    if now.python != before.python:
        notes.append(f"baseline is of {before.python}, this is {now.python}: compared with a margin")
    changed = [f"{name} {before.packages.get(name)} -> {now.packages[name]}" for name in now.packages]
    notes.extend(
        line
        for line, name in zip(changed, now.packages, strict=True)
        if before.packages.get(name) != now.packages[name]
    )
    return notes


def _margin(allocated: float, *, exact: bool) -> float:
    return (
        max(NOISE, NOISE_SHARE * allocated) if exact else OTHER_PYTHON_MARGIN + OTHER_PYTHON_SHARE * allocated
    )


def heavier(now: Baseline, before: Baseline) -> list[str]:
    """What the start loads that it did not load before, and whether it takes far more memory or time."""
    if now.start is None or before.start is None:
        return []
    found = []
    more = [name for name in now.start.packages if name not in before.start.packages]
    if more and now.python == before.python:
        found.append(f"start: loads {', '.join(more)} HEAVIER: import it where it is used")
    memory, known = now.start.megabytes, before.start.megabytes
    if memory > known + max(MEMORY_MARGIN, MEMORY_SHARE * known):
        found.append(f"start: {known:g} -> {memory:g} MB HEAVIER")
    if now.start.time > START_MARGIN * before.start.time:
        found.append(f"start: {before.start.time:g} -> {now.start.time:g} thousandths of the loop SLOWER")
    return found


def _started(build: Build) -> Start:
    return msgspec.convert(start.measure(f"{build.__module__}:{build.__qualname__}"), Start)


def _start_line(started: Start) -> tuple[str]:
    what = f"{len(started.packages)} packages beside ours, {started.megabytes:g} MB"
    return (f"start: {what}, time {started.time:g} thousandths",)


def _grown(now: Operation, before: Operation, *, exact: bool) -> bool:
    return now.net > before.net + _margin(before.net, exact=exact)


def _slower(now: Operation, before: Operation) -> bool:
    return now.time is not None and before.time is not None and now.time > TIME_MARGIN * before.time
