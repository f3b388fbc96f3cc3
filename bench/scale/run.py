"""`python -m bench scale`: many streams at once, more workers, and a soak; what each stream keeps in memory.

Streams are held open through penstock, through nginx and at the upstream itself: what the last says of
lateness is the harness's own. A part of them is read by nobody for a while. The soak runs by itself
with `--minutes`, and with `--only`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench import samples
from bench.samples import Figure, Found, Results
from bench.scale import report, soak
from bench.scale.holders import HELD, Held, Order
from bench.wire import peers
from bench.wire.cases import CASES
from bench.wire.peers import LOAD_CORE, Peer, Upstreams
from bench.wire.processes import Program, free_ports, running, wait_until_open
from bench.wire.rounds import Round, Size, load, need_tools, start_client
from bench.workloads import CHAT_REPLY

COUNTS = (1, 100, 1_000, 2_000)
FEW = (1, 100, 500)
SLOW_SHARE = 0.05
MOMENTS = 5
KILO = 1_000
WORKERS = (1, 2)
ALL_CORES = "0,1"
WORKED = Size(rounds=1, seconds=2, streams=1, repeats=1, cases=CASES[:1])


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    parts: dict[str, Callable[[Path, Upstreams], list[Found]]] = {
        "streams": lambda folder, behind: held(folder, behind, COUNTS if options.whole else FEW),
        "workers": worked,
        "soak": lambda folder, behind: soak.run(folder, behind, options.minutes * 60),
    }
    results = Results(samples.machine("scale"), [])
    for name in options.only.split(","):
        with tempfile.TemporaryDirectory(prefix="penstock-scale-") as home, upstreams(Path(home)) as behind:
            results.entries.extend(parts[name](Path(home), behind))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(report.markdown(results))
    return int(any(not target.met for target in report.musts(results)))


def held(folder: Path, behind: Upstreams, counts: Sequence[int]) -> list[Found]:
    """Hold so many streams at once through each, one after the other."""
    found: list[Found] = []
    with peers.penstock(folder, behind) as ours, peers.nginx(folder, behind) as nginx:
        for count in counts:
            slow = int(count * SLOW_SHARE)
            for peer in (ours, nginx):
                found.extend(_hold(peer.name, Order(peer.stream, count, slow), peer.program))
            found.extend(_hold("upstream", Order(behind.events, count, slow), None))
    return found


def worked(folder: Path, behind: Upstreams) -> list[Found]:
    """The small chat with one worker and with two, each on every core there is."""
    found: list[Found] = []
    for workers in WORKERS:
        with _workers(folder, behind, workers) as peer:
            case = msgspec.structs.replace(CASES[0], connections=64)
            now = Round(0, WORKED, folder, (peer,))
            load(now, case, peer)
            found.append(load(now, case, peer))
    return found


def _hold(name: str, order: Order, program: Program | None) -> Iterator[Found]:
    before = program.memory() if program else 0
    most = 0
    with start_client("bench.scale.holders", order) as client:
        assert client.stdout is not None  # noqa: S101  # asked for a line above
        if client.stdout.readline() != HELD:
            raise RuntimeError(f"{name}: the client of {order.streams} streams held none")
        for _ in range(MOMENTS):
            most = max(most, program.memory() if program else 0)
            time.sleep(0.2)
        last = client.stdout.read()
    came = msgspec.json.decode(last, type=Held)
    case = f"held_{order.streams}"
    print(f"{case:<10} {name:<9} {came} {(most - before) / KILO:.0f} KB more", file=sys.stderr, flush=True)
    yield Figure(case, name, "broken", came.broken, "streams")
    for what in ("p50", "p99", "worst"):
        yield Figure(case, name, what, getattr(came, what), "ms")
    if program:
        yield Figure(case, name, "memory", (most - before) / KILO / order.streams, "KB")


@contextmanager
def _workers(folder: Path, behind: Upstreams, workers: int) -> Iterator[Peer]:
    (port,) = free_ports(1)
    name = f"workers-{workers}"
    text = peers.penstock_configuration(behind).replace("[server]\n", f"[server]\nworkers = {workers}\n", 1)
    command = peers.penstock_command(folder, name, text, port)
    log = folder / f"{name}.log"
    with running(name, command, core=ALL_CORES, log=log, environment=peers.environment()) as program:
        wait_until_open(port, program, log)
        yield Peer(name, program, port, port)


@contextmanager
def upstreams(folder: Path) -> Iterator[Upstreams]:
    """The usual upstream of whole replies, and one of slow streams."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.scale.ticking", str(port)]
    log = folder / "ticking.log"
    with (
        peers.upstreams(folder, CHAT_REPLY) as usual,
        running("ticking", command, core=LOAD_CORE, log=log) as program,
    ):
        wait_until_open(port, program, log)
        yield Upstreams(usual.whole, port)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench scale", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="up to 2 000 streams, instead of 500")
    parser.add_argument("--minutes", type=float, default=2, help="how long the soak lasts")
    parser.add_argument("--only", default="streams,workers,soak", help="which parts")
    return parser.parse_args(arguments)
