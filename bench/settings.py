"""`python -m bench settings`: how granian is set, each setting beside what `penstock serve` uses, in one run.

All are started at once, on one core, and loaded in turn, so that what else happens on the machine meets
all alike; a figure is the median over the rounds of what it is of penstock's own in the same round. What
was chosen stands in `gateway/serve.py`; the table and why is docs/production.md.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import msgspec

from bench import samples
from bench.samples import Found, Memory, Results, Sample
from bench.tables import count, heading, megabytes, micro, table
from bench.wire import peers
from bench.wire.cases import CASES, STREAMS
from bench.wire.peers import Peer, Served
from bench.wire.rounds import MEGA, Round, Size, need_tools, run_round

SHIPPED = "as penstock serve sets it"
HOW = (
    "penstock with everything on, all variants on one core, load and upstream on the other, each loaded in "
    "turn. Processor time is user and system of the whole process tree; in brackets, how many times that of "
    "penstock serve in the same round, the median."
)
VARIANTS = {
    SHIPPED: Served("shipped"),
    "runtime mode `st`": Served("st", {"runtime_mode": "st"}),
    "2 runtime threads": Served("threads", {"runtime_threads": 2}),
    "backpressure 64": Served("pressure", {"backpressure": 64}),
    "backlog 128": Served("backlog", {"backlog": 128}),
    "buffer of 16 KB": Served("narrow", {"buffer": 16_384}),
    "buffer of 4 MB": Served("wide", {"buffer": 4 * 2**20}),
    "no batches": Served("pushing", {"batches": False}),
    "2 workers, on the same core": Served("two", {}, 2),
}
PICKED = {case.name: case for case in CASES}
CROWD = msgspec.structs.replace(
    PICKED["chat"], name="crowd", title="chat, 1 000 connections at once", connections=1_000
)
LARGE = msgspec.structs.replace(
    PICKED["body_350k"], name="large", title="chat, 350 KB, 32 connections", connections=32
)
TITLES = {
    "chat": "chat, small body",
    "body_350k": "350 KB, 1 connection",
    "large": "350 KB, 32 connections",
    "events": "streamed event",
}
LOADS = (PICKED["chat"], PICKED["body_350k"], LARGE, CROWD)
WARM_UP = Size(rounds=1, seconds=1, streams=4, repeats=1, cases=LOADS[:3], streamed=("events",))
SIZE = Size(rounds=5, seconds=2, streams=STREAMS, repeats=1, cases=LOADS, streamed=("events",))


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    size = msgspec.structs.replace(SIZE, rounds=options.rounds, seconds=options.seconds)
    results = Results(samples.machine("settings"), measure(size, options.only.split(",")))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(markdown(results))
    return 0


def measure(size: Size, names: Sequence[str]) -> list[Found]:
    """Load every variant with everything, round by round."""
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="penstock-settings-") as name, ExitStack() as stack:
        folder = Path(name)
        behind = stack.enter_context(peers.upstreams(folder))
        opened: list[Peer] = []
        for served in VARIANTS.values():
            if served.name not in names:
                continue
            peer = stack.enter_context(peers.penstock_tuned(folder, behind, served))
            peer = msgspec.structs.replace(peer, connections=CROWD.connections)
            found.append(Memory(peer.name, "idle", peer.program.memory() / MEGA))
            opened.append(peer)
        run_round(Round(-1, WARM_UP, folder, tuple(opened)), [])
        for number in range(size.rounds):
            run_round(Round(number, size, folder, tuple(opened)), found)
    return found


def markdown(results: Results) -> str:
    """The whole report."""
    rows = [
        (
            title,
            *(_cost(results, case, served.name) for case in TITLES),
            _crowd(results, served.name),
            " / ".join(megabytes(results.memory(served.name, when)) for when in ("idle", "load")),
        )
        for title, served in VARIANTS.items()
        if served.name in results.peers()
    ]
    head = (
        "set to",
        *TITLES.values(),
        "1 000 connections at once, per second; failed",
        "memory, idle / after",
    )
    return f"{heading(results, HOW)}\n\n{table(head, rows)}"


def times_shipped(results: Results, case: str, name: str) -> float | None:
    """The median over the rounds of how many times the shipped one's processor time it takes."""
    taken = {
        (entry.peer, entry.round): entry.each
        for entry in results.entries
        if isinstance(entry, Sample) and entry.case == case and entry.each
    }
    ratios = [
        each / taken["shipped", number]
        for (peer, number), each in taken.items()
        if peer == name and ("shipped", number) in taken
    ]
    return median(ratios) if ratios else None


def _cost(results: Results, case: str, name: str) -> str:
    times = times_shipped(results, case, name)
    spent = micro(results.middle(case, name, "each"))
    return spent if name == "shipped" or times is None else f"{spent} ({times:.2f})"


def _crowd(results: Results, name: str) -> str:
    failed = results.middle(CROWD.name, name, "failed")
    pace = count(results.middle(CROWD.name, name, "per_second"))
    return f"{pace}; {failed or 0:.0f}" if pace else ""


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench settings", description=__doc__)
    parser.add_argument("--rounds", type=int, default=SIZE.rounds, help="how often each is loaded")
    parser.add_argument("--seconds", type=int, default=SIZE.seconds, help="of each load")
    parser.add_argument("--only", default=",".join(served.name for served in VARIANTS.values()), help="which")
    return parser.parse_args(arguments)
