"""`python -m bench wire`: the same requests through penstock and through nginx, in turns, in one run.

Peers share core 0, the load and the upstreams core 1. The table of a run is `python -m bench report`.
"""

import argparse
import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path

from bench import samples
from bench.samples import Memory, Results, Start
from bench.wire import peers, report
from bench.wire.cases import CASES, STREAMS
from bench.wire.peers import PEER_CORE, Peer, Upstreams
from bench.wire.processes import free_ports, running
from bench.wire.rounds import HEADERS, MEGA, Round, Size, ask, need_tools, run_round
from bench.workloads import CHAT_BODY, CHAT_PATH, COUNTED_REPLY

Opened = Callable[[Path, Upstreams], AbstractContextManager[Peer]]
PEERS: dict[str, Opened] = {
    "nginx": peers.nginx,
    "penstock": peers.penstock,
    "penstock-keys": peers.penstock_keys,
    "penstock-plain": peers.penstock_plain,
    "granian": peers.granian,
}
STARTS = 3
PATIENCE = 20.0
PACE = 200
FULL = Size(rounds=3, seconds=2, streams=STREAMS, repeats=4, cases=CASES, pace=PACE)
QUICK = Size(
    rounds=3,
    seconds=1,
    streams=STREAMS,
    repeats=2,
    cases=tuple(case for case in CASES if case.quick),
    pace=PACE,
)


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    results = measure(QUICK if options.quick else FULL, options.peers.split(","))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(report.markdown(results))
    return int(results.failed > 0)


def measure(size: Size, names: Sequence[str]) -> Results:
    """Run everything against every peer named."""
    results = Results(samples.machine("wire"), [])
    with tempfile.TemporaryDirectory(prefix="penstock-wire-") as name, ExitStack() as stack:
        folder = Path(name)
        behind = stack.enter_context(peers.upstreams(folder))
        if "penstock" in names:
            results.entries.extend(starts(folder, behind))
        opened = tuple(stack.enter_context(PEERS[each](folder, behind)) for each in names)
        results.entries.extend(Memory(peer.name, "idle", peer.program.memory() / MEGA) for peer in opened)
        for peer in opened:
            _check(peer)
        for number in range(size.rounds):
            run_round(Round(number, size, folder, opened), results.entries)
    return results


def starts(folder: Path, behind: Upstreams) -> list[Start]:
    """How long penstock takes to its first reply, a few times."""
    return [Start("penstock", _first_request(folder, behind)) for _ in range(STARTS)]


def _first_request(folder: Path, behind: Upstreams) -> float:
    """Seconds from the start of the program to the end of the first request it served."""
    (port,) = free_ports(1)
    command = peers.penstock_command(folder, "start", peers.penstock_configuration(behind), port)
    begun = time.monotonic()
    log = folder / "start.log"
    with running("start", command, core=PEER_CORE, log=log, environment=peers.environment()):
        while time.monotonic() - begun < PATIENCE:
            if _served(port):
                return time.monotonic() - begun
            time.sleep(0.002)
    raise RuntimeError(f"penstock served nothing in {PATIENCE} s: {log.read_text()[-2000:]}")


def _served(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError):
        connection.request("POST", CHAT_PATH, CHAT_BODY, HEADERS)
        return connection.getresponse().status == http.client.OK
    return False


def _check(peer: Peer) -> None:
    """Before anything is measured: the peer passes the reply on, whole and unchanged."""
    answer = ask(peer, CHAT_PATH, CHAT_BODY)
    if answer != (http.client.OK, COUNTED_REPLY):
        raise RuntimeError(f"{peer.name} answers {answer}, not the upstream's reply")


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench wire", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute, fewer cases")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them, in this order")
    return parser.parse_args(arguments)
