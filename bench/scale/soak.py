"""The soak: half of what one core can do, streams and large bodies mixed, and what is left of it.

Memory at the end is held against memory after the first minute (the first fifth, when all is
shorter). What `/metrics` counts as going on, and the files the processes hold open, are read before
the load and when it has gone.
"""

import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bench.samples import Figure, Found
from bench.scale.holders import Order
from bench.scale.ticking import EVENTS, INTERVAL
from bench.wire import peers
from bench.wire.cases import KILO, padded
from bench.wire.paced import Pace, Paced
from bench.wire.peers import Peer, Upstreams
from bench.wire.processes import Program
from bench.wire.rounds import HEADERS, MEGA, client, start_client
from bench.workloads import CHAT_BODY, CHAT_PATH, KEY

NAME = "soak"
SHARE = 0.5
TRIAL = 2.0
TRIAL_RATE = 50.0
MOST_A_SECOND = 1_500.0  # what the client can ask in Python beside the upstream
STREAMS = 40
SLOW = 2
SMALL, MIDDLE, LARGE = 16, 3, 1
SETTLE = 3.0
GAUGES = ("penstock_requests_inside", "penstock_tasks", "penstock_upstream_connections")
OPEN = "files open"


def run(folder: Path, behind: Upstreams, seconds: float) -> list[Found]:
    """Start penstock and soak it for so many seconds."""
    with peers.penstock(folder, behind) as peer:
        return through(peer, seconds)


def through(peer: Peer, seconds: float) -> list[Found]:
    """Soak a running penstock for so many seconds."""
    _ask(peer, TRIAL_RATE, TRIAL)  # warm, and every connection it keeps is there
    spent = peer.program.processor_time()
    trial = _ask(peer, TRIAL_RATE, TRIAL)
    each = (peer.program.processor_time() - spent) / max(trial.requests, 1)
    rate = min(SHARE / each, MOST_A_SECOND)
    time.sleep(SETTLE)
    before = standing(peer)
    found: list[Found] = list(_load(peer, rate, seconds))
    time.sleep(SETTLE)
    found.extend(_left(before, standing(peer)))
    return found


def standing(peer: Peer) -> dict[str, float]:
    """What is going on in a gateway now: its gauges, and the files its processes hold open."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{peer.whole}/metrics", headers={"authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # our own
        found = gauges(answer.read().decode())
    found[OPEN] = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in peer.program.tree())
    return found


def gauges(text: str) -> dict[str, float]:
    """The sums of the gauges that must fall back, read from the text of `/metrics`."""
    return {
        name: sum(map(float, re.findall(rf"^{name}(?:\{{.*?\}})? ([\d.e+-]+)$", text, re.MULTILINE)))
        for name in GAUGES
    }


def _load(peer: Peer, rate: float, seconds: float) -> Iterator[Found]:
    memory: list[tuple[float, float]] = []
    broken = 0
    begun = time.monotonic()
    with ExitStack() as stack:
        asking = stack.enter_context(start_client("bench.wire.paced", _pace(peer, rate, seconds)))
        while (since := time.monotonic() - begun) < seconds:
            held = start_client("bench.scale.holders", Order(peer.stream, STREAMS, SLOW))
            memory.extend(_watch(peer.program, begun, held))
            broken += msgspec.json.decode(held.communicate()[0].partition(b"\n")[2])["broken"]
            print(f"{since:6.0f} s {memory[-1][1]:.1f} MB", file=sys.stderr, flush=True)
        last = asking.communicate()[0]
    paced = msgspec.json.decode(last, type=Paced)
    first = [size for when, size in memory if when <= min(60, seconds / 5)] or [memory[0][1]]
    end = [size for when, size in memory if when >= memory[-1][0] - min(60, seconds / 5)]
    yield Figure(NAME, "penstock", "seconds", time.monotonic() - begun, "s")
    yield Figure(NAME, "penstock", "per second", paced.requests / paced.seconds, "requests")
    yield Figure(NAME, "penstock", "failed", paced.failed + broken, "requests and streams")
    yield Figure(NAME, "penstock", "memory first", max(first), "MB")
    yield Figure(NAME, "penstock", "memory last", max(end), "MB")
    yield from (Figure(NAME, "penstock", f"memory at {when:.0f} s", size, "MB") for when, size in memory)


def _watch(program: Program, begun: float, held: "subprocess.Popen[bytes]") -> Iterator[tuple[float, float]]:
    """Memory now and then while streams are held; each sample is taken at the same point of them."""
    while held.poll() is None:
        time.sleep(min(1.0, EVENTS * INTERVAL / 4))
        yield time.monotonic() - begun, program.memory() / MEGA


def _left(before: dict[str, float], after: dict[str, float]) -> Iterator[Found]:
    """What there is more than before; a kept connection to an upstream is a file too, and no leak."""
    kept = "penstock_upstream_connections"
    for name, value in after.items():
        more = value - before.get(name, 0.0)
        if name == OPEN:
            more -= after[kept] - before[kept]
        if name != kept:
            yield Figure(NAME, "penstock", f"left: {name}", more, "more than before")


def _ask(peer: Peer, rate: float, seconds: float) -> Paced:
    return msgspec.json.decode(client("bench.wire.paced", _pace(peer, rate, seconds)), type=Paced)


def _pace(peer: Peer, rate: float, seconds: float) -> Pace:
    small, middle, large = CHAT_BODY, padded(100 * KILO), padded(350 * KILO)
    bodies = [small.decode()] * SMALL + [middle.decode()] * MIDDLE + [large.decode()] * LARGE
    return Pace(peer.whole, CHAT_PATH, bodies, HEADERS, per_second=rate, seconds=seconds)
