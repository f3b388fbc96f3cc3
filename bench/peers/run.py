"""`python -m bench peers`: the same requests through penstock, nginx and the gateways others wrote.

All stand before the same upstreams and are measured in turn, in one run. A peer that cannot be
installed, does not start or does not answer is named and left out. The table of a run is
`python -m bench report`.
"""

import argparse
import http.client
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench import samples
from bench.peers import foreign, installs, report
from bench.samples import Found, Memory, Results
from bench.wire import peers
from bench.wire.cases import CASES, CROSSED_350K, STREAMS
from bench.wire.peers import Peer, Upstreams
from bench.wire.rounds import MEGA, Round, Size, ask, need_tools, run_round
from bench.wire.run import PACE, Opened, starts
from bench.workloads import CHAT_REPLY

PEERS: dict[str, Opened] = {
    "nginx": peers.nginx,
    "penstock": peers.penstock,
    "litellm": foreign.litellm,
    "portkey": foreign.portkey,
    "claude-code-router": foreign.router,
}
NAMES = ("chat", "crossed", "body_350k")
# Few connections: what a slow peer has begun and not ended when a load is over counts for nothing.
CONNECTIONS = 8
PICKED = tuple(
    msgspec.structs.replace(case, connections=min(case.connections, CONNECTIONS))
    for case in (*(case for case in CASES if case.name in NAMES), CROSSED_350K)
)
# With tokens, for who finds none in a reply counts them itself.
COUNTED_REPLY = CHAT_REPLY[:-1] + b',"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}'
# The texts of both replies of the upstream.
PASSED = (b"Hello!", b"Benchmark response")
SHORT = Size(rounds=1, seconds=2, streams=4, repeats=1, cases=PICKED, pace=PACE)
WHOLE = Size(rounds=5, seconds=6, streams=STREAMS, repeats=1, cases=PICKED, pace=PACE)
WARM_UP = Size(rounds=1, seconds=1, streams=4, repeats=1, cases=PICKED)


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    results = measure(WHOLE if options.whole else SHORT, options.peers.split(","))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(report.markdown(results))
    return int(any(sample.failed for sample in ours(results)))


def measure(size: Size, names: Sequence[str]) -> Results:
    """Run everything against every peer named that can be had."""
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="penstock-peers-") as name, ExitStack() as stack:
        folder = Path(name)
        behind = stack.enter_context(peers.upstreams(folder, COUNTED_REPLY))
        if "penstock" in names:
            found.extend(starts(folder, behind))
        opened = open_peers(names, folder, behind, stack)
        found.extend(Memory(peer.name, "idle", peer.program.memory() / MEGA) for peer in opened)
        # What compiles as it runs is not measured cold.
        run_round(Round(-1, WARM_UP, folder, opened), [])
        for number in range(size.rounds):
            run_round(Round(number, size, folder, opened), found)
    return Results(samples.machine("peers", installs.versions()), found)


def ours(results: Results) -> list[samples.Sample]:
    """The samples of penstock."""
    return [
        entry for entry in results.entries if isinstance(entry, samples.Sample) and entry.peer == "penstock"
    ]


def open_peers(names: Sequence[str], folder: Path, behind: Upstreams, stack: ExitStack) -> tuple[Peer, ...]:
    """Start every peer that can be had; name the others."""
    opened = []
    for name in names:
        with ExitStack() as trial:
            try:
                peer = trial.enter_context(PEERS[name](folder, behind))
                _check(peer, folder)
            except (installs.Missing, RuntimeError, OSError) as error:
                print(f"left out: {name}: {error}", file=sys.stderr, flush=True)
                continue
            stack.enter_context(trial.pop_all())
            opened.append(_able(peer))
    return tuple(opened)


def _able(peer: Peer) -> Peer:
    """nginx copies what others translate: beside a translation stands what a copy takes."""
    copies = ("chat", "crossed", "body_350k", "crossed_350k", "events", "paced")
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
    parser.add_argument("--whole", action="store_true", help="five rounds of every load; about 15 minutes")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them, in this order")
    return parser.parse_args(arguments)
