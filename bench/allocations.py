"""Counts allocations: every malloc, calloc and realloc, Python's own allocators included.

memray writes down each one. Two runs of different length are compared, so that what a run costs
once falls out and what is left is the price of one operation, the same from run to run. Freed
memory and the maps that the allocators themselves take from the system are not counted.
"""

import gc
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType

import memray
import msgspec

from bench.inprocess import Bench, Build, Null
from bench.loop import CountingLoop
from bench.workloads import DELTAS, LONG_STREAMS, WORKLOADS, Workload

WARM_UP = 300
OPERATIONS = 200
REPEATS = 3
DECIMALS = 1  # a recording starts and ends an allocation or two away from the operations
COUNTED = frozenset(
    kind.value
    for kind in memray.AllocatorType
    if "FREE" not in kind.name and "MAP" not in kind.name and "DESTROYED" not in kind.name
)

Site = tuple[str, str, int]  # function, file, line
Stack = tuple[Site, ...]


class Count(msgspec.Struct, frozen=True):
    """Allocations of one operation: with the harness's own, the harness's alone, and the rest."""

    gross: float
    harness: float

    @property
    def net(self) -> float:
        """What the application itself allocates."""
        return round(self.gross - self.harness, DECIMALS)


def measure(build: Build, only: Collection[str] = ()) -> dict[str, Count]:
    """Count every workload once, and a single text delta as the difference of two streams.

    Of some, when only those are named.
    """
    wanted = [workload for workload in measured() if not only or workload.name in only]
    gross: dict[str, float] = {}
    for house in sorted({workload.house for workload in wanted}):
        with quiet(), Bench(build, CountingLoop, house) as bench:
            gross |= {one.name: per_operation(bench, one) for one in wanted if one.house == house}
    harness = {workload.name: _of_harness(workload) for workload in wanted}
    counts = {name: Count(gross[name], harness[name]) for name in WORKLOADS if name in gross}
    for name, long in LONG_STREAMS.items():
        if not gross.keys() >= {name, long.name}:
            continue
        counts[long.name] = Count(
            round((gross[long.name] - gross[name]) / DELTAS, DECIMALS),
            round((harness[long.name] - harness[name]) / DELTAS, DECIMALS),
        )
    return counts


def behind(names: Collection[str]) -> set[str]:
    """What is to be run for these: for a text delta the two streams that it is the difference of."""
    streams = {long.name: name for name, long in LONG_STREAMS.items()}
    return set(names) | {streams[name] for name in names if name in streams}


def measured() -> tuple[Workload, ...]:
    """Every workload that is run, the long streams included."""
    return (*WORKLOADS.values(), *LONG_STREAMS.values())


def per_operation(bench: Bench, workload: Workload) -> float:
    """Allocations of one operation once everything is warm.

    What comes by the clock (housekeeping, the ledger's thread) only adds: the least of some runs is nearest.
    """
    bench.run(workload, WARM_UP)
    _total(bench, workload, OPERATIONS)
    short = min(_total(bench, workload, OPERATIONS) for _ in range(REPEATS))
    long = min(_total(bench, workload, 2 * OPERATIONS) for _ in range(REPEATS))
    return round((long - short) / OPERATIONS, DECIMALS)


def allocated(run: Callable[[], None]) -> int:
    """Allocations of one run, those it has once included."""
    return sum(1 for _ in _records(run, followed=False))


def sites(bench: Bench, workload: Workload) -> dict[Stack, float]:
    """Allocations of one operation by the stack that made them, innermost frame first.

    To know the stack memray must follow every call, and then the interpreter makes an object a
    call that would not be there otherwise, charged to the line that calls. `calls` counts them.
    """
    bench.run(workload, WARM_UP)
    counter = Counter(
        tuple(entry.stack_trace())
        for entry in _records(lambda: bench.run(workload, OPERATIONS), followed=True)
    )
    return {stack: count / OPERATIONS for stack, count in counter.items()}


def calls(bench: Bench, workload: Workload) -> dict[Site, float]:
    """Calls of Python functions and of C methods in one operation, by the line that makes them."""
    counter: Counter[Site] = Counter()
    known: set[FrameType] = set()  # held, so that no address is used twice; a resumed coroutine is no call

    def follow(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame not in known:
            known.add(frame)
            _charge(counter, frame.f_back)
        elif event == "c_call" and not isinstance(getattr(argument, "__self__", sys), ModuleType):
            _charge(counter, frame)

    bench.run(workload, WARM_UP)
    sys.setprofile(follow)
    bench.run(workload, OPERATIONS)
    sys.setprofile(None)
    return {site: count / OPERATIONS for site, count in counter.items()}


def _charge(counter: Counter[Site], frame: FrameType | None) -> None:
    if frame is not None:
        counter[frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno] += 1


def _records(run: Callable[[], None], *, followed: bool) -> Iterator[memray.AllocationRecord]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        with memray.Tracker(path, trace_python_allocators=True):
            if not followed:
                sys.setprofile(None)  # memray's own hook: see `sites`
            run()
        with memray.FileReader(path) as reader:
            yield from (entry for entry in reader.get_allocation_records() if entry.allocator in COUNTED)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the garbage collector from running at a moment of its own choosing."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _of_harness(workload: Workload) -> float:
    with quiet(), Bench(Null, CountingLoop) as bench:
        return per_operation(bench, workload)


def _total(bench: Bench, workload: Workload, count: int) -> int:
    return allocated(lambda: bench.run(workload, count))
