"""What holds up the event loop longest: `python -m profiles.stalls body_350k`, by the name of the callback.

The gateway runs in this process on asyncio's own loop, whose every callback is timed; the upstream is
faked at the transport. While one callback runs nobody else is served, so the longest is the stall that
every stream of a worker feels.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import CORO_CREATED, getcoroutinestate
from types import CoroutineType

import msgspec

from bench.allocations import measured
from bench.inprocess import Bench, penstock
from bench.wire.cases import KILO, padded
from bench.workloads import CHAT_PATH, CHAT_REPLY, Workload, whole
from profiles.evidence import add_keep, tell

BODIES = {"body_100k": 100, "body_350k": 350, "body_2m": 2_000}
WARM_UP = 20
MILLI = 1_000


class Callback(msgspec.Struct):
    """How often a callback ran, and how long: its longest and in all, in milliseconds."""

    runs: int = 0
    longest: float = 0.0
    whole: float = 0.0


def main() -> int:
    """Print the callbacks, the one that took longest first; the exit status."""
    arguments = _arguments()
    workload = workloads()[arguments.workload]
    with Bench(penstock, asyncio.SelectorEventLoop, workload.house) as bench:
        bench.run(workload, WARM_UP)
        gc.collect()
        with timed() as callbacks:
            for _ in range(arguments.count):
                bench.run(workload, 1)  # each a task of its own, so that its beginning has a name
    tell(f"{workload.name}-stalls", table(callbacks, arguments.top), keep=arguments.keep)
    return 0


def workloads() -> dict[str, Workload]:
    """The workloads of the bench, and chats with the bodies agents send."""
    large = {
        name: Workload(name, "POST", CHAT_PATH, padded(kilo * KILO), CHAT_REPLY, whole(CHAT_REPLY))
        for name, kilo in BODIES.items()
    }
    return {workload.name: workload for workload in measured()} | large


@contextmanager
def timed() -> Iterator[dict[str, Callback]]:
    """Time every callback of every asyncio loop, by name."""
    found: defaultdict[str, Callback] = defaultdict(Callback)
    plain = asyncio.Handle._run  # noqa: SLF001  # the one place every callback passes

    def run(handle: asyncio.Handle) -> None:
        begun = time.perf_counter()
        name = name_of(handle)
        plain(handle)
        took = (time.perf_counter() - begun) * MILLI
        callback = found[name]
        callback.runs += 1
        callback.whole += took
        callback.longest = max(callback.longest, took)

    asyncio.Handle._run = run  # type: ignore[method-assign,assignment]  # noqa: SLF001  # put back below
    try:
        yield found
    finally:
        asyncio.Handle._run = plain  # type: ignore[method-assign]  # noqa: SLF001  # as it was


def name_of(handle: asyncio.Handle) -> str:
    """What a callback is: a function, or where in a task it goes on, by the innermost coroutine."""
    callback = getattr(handle, "_callback", None)
    owner = getattr(callback, "__self__", None)
    if not isinstance(owner, asyncio.Task):
        return str(getattr(callback, "__qualname__", callback))
    coroutine = owner.get_coro()
    if not isinstance(coroutine, CoroutineType) or getcoroutinestate(coroutine) == CORO_CREATED:
        return f"{getattr(coroutine, '__qualname__', owner)}, from its beginning"
    while isinstance(inner := getattr(coroutine, "cr_await", None), CoroutineType):
        coroutine = inner
    return f"{getattr(coroutine, '__qualname__', owner)}, going on"


def table(callbacks: dict[str, Callback], top: int) -> str:
    """The callbacks as lines to read."""
    ordered = sorted(callbacks.items(), key=lambda item: -item[1].longest)[:top]
    lines = ["longest ms  mean ms     runs  callback"]
    lines += [
        f"{found.longest:10.3f} {found.whole / found.runs:8.3f} {found.runs:8d}  {name}"
        for name, found in ordered
    ]
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m profiles.stalls", description=__doc__)
    parser.add_argument("workload", nargs="?", default="body_350k", choices=workloads())
    parser.add_argument("--count", type=int, default=300, help="requests")
    parser.add_argument("--top", type=int, default=12, help="callbacks to show")
    add_keep(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
