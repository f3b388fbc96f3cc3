"""Holds many streams at once through a peer: how late each event comes, and what each keeps in memory.

How long penstock itself stood still is asked of its own metrics: by so much was a tick of its event loop
late. What a client sees has the harness's own lateness in it, which is why the upstream is held alone, too.
"""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bench.samples import Figure, Found
from bench.scale.holders import HELD, Held, Order
from bench.wire import peers
from bench.wire.peers import LOAD_CORE, Peer, Upstreams
from bench.wire.processes import Program, free_ports, running, wait_until_open
from bench.wire.rounds import MEGA, start_client
from bench.workloads import KEY

SLOW_SHARE = 0.05
PAUSE = 0.2
KILO = 1_000
HELD_UP = "penstock_loop_held_up_seconds"


def held(folder: Path, behind: Upstreams, count: int) -> list[Found]:
    """Hold so many streams, each read as it comes."""
    return _everywhere(folder, behind, f"held_{count}", Order(0, count))


def held_slowly(folder: Path, behind: Upstreams, count: int) -> list[Found]:
    """Hold so many streams, some of them fast and read by nobody for a while."""
    return _everywhere(folder, behind, f"slow_{count}", Order(0, count, int(count * SLOW_SHARE)))


def _everywhere(folder: Path, behind: Upstreams, case: str, order: Order) -> list[Found]:
    """Hold them through penstock, through nginx and at the upstream itself, one after the other.

    penstock is started for it, so that neither its memory nor its metrics know of streams before.
    """
    found: list[Found] = []
    with peers.penstock(folder, behind) as peer:
        found.extend(_hold(case, peer.name, replace(order, port=peer.stream), peer.program))
        stood = gauges(metrics(peer), (HELD_UP,))[HELD_UP] * 1000
        found.append(Figure(case, peer.name, "held up", stood, "ms"))
    with peers.nginx(folder, behind) as peer:
        found.extend(_hold(case, peer.name, replace(order, port=peer.stream), peer.program))
    found.extend(_hold(case, "upstream", replace(order, port=behind.events), None))
    return found


def metrics(peer: Peer) -> str:
    """What a gateway counts, as text."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{peer.whole}/metrics", headers={"authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # our own
        text: bytes = answer.read()
    return text.decode()


def gauges(text: str, names: tuple[str, ...]) -> dict[str, float]:
    """Of each name the sum over all labels, read from the text of `/metrics`."""
    return {
        name: sum(map(float, re.findall(rf"^{name}(?:\{{.*?\}})? ([\d.e+-]+)$", text, re.MULTILINE)))
        for name in names
    }


@contextmanager
def upstreams(folder: Path) -> Iterator[Upstreams]:
    """The usual upstream of whole replies, and one of slow streams."""
    with peers.upstreams(folder) as usual, ticking(folder) as port:
        yield Upstreams(usual.whole, port)


@contextmanager
def ticking(folder: Path) -> Iterator[int]:
    """The upstream of slow streams alone: its port."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.scale.ticking", str(port)]
    log = folder / "ticking.log"
    with running("ticking", command, core=LOAD_CORE, log=log) as program:
        wait_until_open(port, program, log)
        yield port


def _hold(case: str, name: str, order: Order, program: Program | None) -> Iterator[Found]:
    before = program.memory() if program else 0
    with start_client("bench.scale.holders", order) as client:
        assert client.stdout is not None  # noqa: S101  # asked for where it is started
        if client.stdout.readline() != HELD:
            raise RuntimeError(f"{name}: the client of {order.streams} streams held none")
        most = _most(client, program)
        last = client.stdout.read()
    came = msgspec.json.decode(last, type=Held)
    print(f"{case:<10} {name:<9} {came} {(most - before) / KILO:.0f} KB more", file=sys.stderr, flush=True)
    yield Figure(case, name, "broken", came.broken, "streams")
    for what in ("p50", "p99", "worst"):
        yield Figure(case, name, what, getattr(came, what), "ms")
    if program:
        yield Figure(case, name, "memory", (most - before) / KILO / order.streams, "KB")
        yield Figure(case, name, "most", most / MEGA, "MB")


def _most(client: "subprocess.Popen[bytes]", program: Program | None) -> int:
    """The most memory while the streams last, when nobody reads some of them too."""
    most = 0
    while client.poll() is None:
        most = max(most, program.memory() if program else 0)
        time.sleep(PAUSE)
    return most
