"""`python -m bench peers`: the same requests through penstock, nginx and the gateways others wrote.

All stand before the same upstreams and are measured in turn, in one run. A peer that cannot be
installed, does not start or does not answer is named and left out. Whatever else there is a target for
(streams held, workers, what an operation costs in process) is measured first, so that one run says of
every target whether it is met. No round begins that would not be over in `--minutes`. The table of a run
is `python -m bench report`.
"""

import argparse
import http.client
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench import inside, samples
from bench.peers import foreign, installs, report
from bench.samples import Found, Memory, Results
from bench.scale.holding import held, ticking
from bench.scale.workers import SIZE as WORKED
from bench.scale.workers import worked
from bench.wire import peers
from bench.wire.cases import CASES, CROSSED_350K, STREAMS
from bench.wire.peers import PEER_CORE, Peer, Upstreams
from bench.wire.rounds import MEGA, Round, Size, ask, need_tools, run_round
from bench.wire.run import PACE, Opened, starts

PEERS: dict[str, Opened] = {
    "nginx": peers.nginx,
    "penstock": peers.penstock,
    "litellm": foreign.litellm,
    "portkey": foreign.portkey,
    "claude-code-router": foreign.router,
}
NAMES = ("chat", "messages", "crossed", "body_350k")
PICKED = (*(case for case in CASES if case.name in NAMES), CROSSED_350K)
# The texts of both replies of the upstream.
PASSED = (b"Hello!", b"Benchmark response")
HELD = 1_000
SHORT = Size(rounds=1, seconds=2, streams=4, repeats=1, cases=PICKED, pace=PACE)
WHOLE = Size(rounds=5, seconds=5, streams=STREAMS, repeats=1, cases=PICKED, pace=PACE)
WARM_UP = Size(rounds=1, seconds=1, streams=4, repeats=1, cases=PICKED)
MINUTES = 18.0


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    names = options.peers.split(",")
    results = Results(samples.machine("peers", installs.versions()), [])
    deadline = time.monotonic() + options.minutes * 60
    if "penstock" in names:
        results.entries.extend(alone(HELD if options.whole else HELD // 10, 3 if options.whole else 1))
    results.entries.extend(measure(WHOLE if options.whole else SHORT, names, deadline))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(report.markdown(results))
    return int(any(sample.failed for sample in ours(results)))


def alone(streams: int, rounds: int) -> list[Found]:
    """What nobody else is measured beside: first requests, streams held, two workers, and in process."""
    found: list[Found] = [*inside.figures(PEER_CORE)]
    with tempfile.TemporaryDirectory(prefix="penstock-peers-") as name, peers.upstreams(Path(name)) as behind:
        folder = Path(name)
        found.extend(starts(folder, behind))
        found.extend(worked(folder, behind, msgspec.structs.replace(WORKED, rounds=rounds)))
        with ticking(folder) as port:
            found.extend(held(folder, Upstreams(behind.whole, port), streams))
    return found


def measure(size: Size, names: Sequence[str], deadline: float) -> list[Found]:
    """Run everything against every peer named that can be had, as many rounds as there is time for."""
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="penstock-peers-") as name, ExitStack() as stack:
        folder = Path(name)
        behind = stack.enter_context(peers.upstreams(folder))
        opened = open_peers(names, folder, behind, stack, found)
        # What compiles as it runs is not measured cold.
        run_round(Round(-1, WARM_UP, folder, opened), [])
        longest = 0.0
        for number in range(size.rounds):
            begun = time.monotonic()
            if number and begun + longest > deadline:
                print(f"{number} rounds, for another would not be over in time", file=sys.stderr, flush=True)
                break
            run_round(Round(number, size, folder, opened), found)
            longest = max(longest, time.monotonic() - begun)
    return found


def ours(results: Results) -> list[samples.Sample]:
    """The samples of penstock."""
    return [
        entry for entry in results.entries if isinstance(entry, samples.Sample) and entry.peer == "penstock"
    ]


def open_peers(
    names: Sequence[str], folder: Path, behind: Upstreams, stack: ExitStack, found: list[Found]
) -> tuple[Peer, ...]:
    """Start every peer that can be had, its idle memory into what is found; name the others."""
    opened = []
    for name in names:
        with ExitStack() as trial:
            try:
                peer = trial.enter_context(PEERS[name](folder, behind))
                idle = Memory(name, "idle", peer.program.memory() / MEGA)
                _check(peer, folder)
            except (installs.Missing, RuntimeError, OSError) as error:
                print(f"left out: {name}: {error}", file=sys.stderr, flush=True)
                continue
            stack.enter_context(trial.pop_all())
            opened.append(_able(peer))
            found.append(idle)
    return tuple(opened)


def _able(peer: Peer) -> Peer:
    """nginx copies what others translate: beside a translation stands what a copy takes."""
    copies = ("chat", "messages", "crossed", "body_350k", "crossed_350k", "events", "paced")
    return msgspec.structs.replace(peer, carries=copies) if peer.name == "nginx" else peer


def _check(peer: Peer, folder: Path) -> None:
    """Before anything is measured: the peer answers every whole request it is asked for with the reply."""
    for case in PICKED:
        if not peer.does(case.name):
            continue
        status, reply = ask(peer, case.path, case.body)
        if status != http.client.OK or not any(text in reply for text in PASSED):
            log = (folder / f"{peer.name}.log").read_text(errors="replace")[-500:]
            raise RuntimeError(f"answers {case.name} with {status} {reply[:200]!r}; its log ends: {log}")


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench peers", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="five rounds of every load, within --minutes")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="after these no round begins any more")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them, in this order")
    return parser.parse_args(arguments)
