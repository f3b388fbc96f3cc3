"""`python -m bench soak`: half of what one core can do, for twenty minutes, and what is left of it.

Small bodies, bodies of 100 and 350 KB and streams are mixed, some of the streams read by nobody for a
while. The most that one core can do is found first, by asking as fast as it answers. Memory at the end is
held against memory after the first minute (the first fifth, when all is shorter). What `/metrics` counts
as going on, and the files the processes hold open, are read before the load and when it has gone.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from bench import samples
from bench.samples import Figure, Found, Moment, Results
from bench.scale import soak_report
from bench.scale.holders import Order
from bench.scale.holding import gauges, metrics, upstreams
from bench.wire import peers
from bench.wire.cases import KILO, padded
from bench.wire.paced import Call, Pace, Paced
from bench.wire.peers import LOAD_CORE, Peer
from bench.wire.rounds import HEADERS, MEGA, need_tools, settle, start_client
from bench.wire.wrk import Shot, shoot, write_mixed
from bench.workloads import CHAT_BODY, CHAT_PATH

NAME = "soak"
SHARE = 0.5
CALIBRATION = 6  # seconds; the first of two such times warms
CONNECTIONS = 200  # as many as may be under way later: what they keep is kept from the start
STREAMS = 40
SLOW = 2
BODIES = [CHAT_BODY] * 16 + [padded(100 * KILO)] * 3 + [padded(350 * KILO)]
SETTLE = 3.0
LOOKS = 5
CLOSING = 0.1
BETWEEN = 1.5  # seconds between two looks
INSIDE, TASKS, CONNECTED = GAUGES = (
    "penstock_requests_inside",
    "penstock_tasks",
    "penstock_upstream_connections",
)
OPEN = "files open"
STORE = (".db", ".db-wal", ".db-shm")


def main(arguments: Sequence[str]) -> int:
    """Soak, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    with tempfile.TemporaryDirectory(prefix="penstock-soak-") as name:
        folder = Path(name)
        with upstreams(folder) as behind, peers.penstock(folder, behind) as peer:
            found = through(peer, folder, options.minutes * 60)
    results = Results(samples.machine(NAME), found)
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(soak_report.markdown(results))
    return int(any(not target.met for target in soak_report.targets(results)))


def through(peer: Peer, folder: Path, seconds: float) -> list[Found]:
    """Soak a running penstock for so many seconds."""
    most = calibrate(peer, folder)
    settle(peer)
    time.sleep(SETTLE)
    before = standing(peer)
    found: list[Found] = [Figure(NAME, peer.name, "most", most, "requests a second")]
    found.extend(_load(peer, most * SHARE, seconds))
    settle(peer)
    found.extend(_left(before, _at_rest(peer, before)))
    return found


def calibrate(peer: Peer, folder: Path) -> float:
    """How many of the mixed requests a second it answers when asked as fast as it answers."""
    shuffled = BODIES[:]
    random.Random(7).shuffle(shuffled)  # noqa: S311  # the same order in every run
    script = write_mixed(folder, NAME, shuffled, HEADERS)
    shot = Shot(f"http://127.0.0.1:{peer.whole}{CHAT_PATH}", CONNECTIONS, CALIBRATION, LOAD_CORE)
    shoot(shot, script)
    figures = shoot(shot, script)
    return figures.requests / figures.microseconds * MEGA


def standing(peer: Peer) -> dict[str, float]:
    """What is going on in a gateway now: its gauges, and the files its processes hold open."""
    found = gauges(metrics(peer), GAUGES)
    time.sleep(CLOSING)  # the connection that was asked through is none of what is counted
    found[OPEN] = sum(map(files_open, peer.program.tree()))
    return found


def files_open(pid: int) -> int:
    """How many files a process holds open, those of the store left out.

    The store keeps up to four connections that read, two files each, as many as were wanted at once so far:
    a second one was opened in the twentieth minute of a soak.
    """
    count = 0
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            count += not link.readlink().name.endswith(STORE)
    return count


def _load(peer: Peer, rate: float, seconds: float) -> Iterator[Found]:
    broken = 0
    begun = time.monotonic()
    with ExitStack() as stack:
        asking = stack.enter_context(start_client("bench.wire.paced", _pace(peer, rate, seconds)))
        while (since := time.monotonic() - begun) < seconds:
            held = start_client("bench.scale.holders", Order(peer.stream, STREAMS, SLOW))
            moments = list(_watch(peer, begun, held))
            yield from moments
            broken += msgspec.json.decode(held.communicate()[0].partition(b"\n")[2])["broken"]
            print(f"{since:6.0f} s {moments[-1].values}", file=sys.stderr, flush=True)
        last = asking.communicate()[0]
    paced = msgspec.json.decode(last, type=Paced)
    yield Figure(NAME, peer.name, "seconds", time.monotonic() - begun, "s")
    yield Figure(NAME, peer.name, "per second", paced.requests / paced.seconds, "requests")
    yield Figure(NAME, peer.name, "wanted", rate, "requests a second")
    yield Figure(NAME, peer.name, "failed", paced.failed, "requests")
    yield Figure(NAME, peer.name, "skipped", paced.skipped, "requests")
    yield Figure(NAME, peer.name, "broken", broken, "streams")
    for what in ("p50", "p99"):
        yield Figure(NAME, peer.name, what, getattr(paced, what) * 1000, "ms")


def _watch(peer: Peer, begun: float, held: "subprocess.Popen[bytes]") -> Iterator[Moment]:
    """What there is now and then, while streams are held."""
    while held.poll() is None:
        time.sleep(BETWEEN)
        now = standing(peer)
        values = {
            "memory": peer.program.memory() / MEGA,
            "resident": peer.program.resident() / MEGA,
            "inside": now[INSIDE],
            "tasks": now[TASKS],
            "connections": now[CONNECTED],
            "files": now[OPEN],
        }
        yield Moment(peer.name, round(time.monotonic() - begun, 1), values)


def _at_rest(peer: Peer, before: dict[str, float]) -> dict[str, float]:
    """What there is when the load has gone: sockets take a moment to close, and are given it."""
    for _ in range(LOOKS):
        time.sleep(SETTLE)
        now = standing(peer)
        if all(entry.value <= 0 for entry in _left(before, now)):
            break
    return now


def _left(before: dict[str, float], after: dict[str, float]) -> Iterator[Figure]:
    """What there is more than before; a kept connection to an upstream is a file too, and no leak."""
    for name, value in after.items():
        more = value - before.get(name, 0.0)
        if name == OPEN:
            more -= after[CONNECTED] - before[CONNECTED]
        if name != CONNECTED:
            yield Figure(NAME, "penstock", f"left: {name}", more, "more than before")


def _pace(peer: Peer, rate: float, seconds: float) -> Pace:
    calls = [Call(CHAT_PATH, body.decode()) for body in BODIES]
    return Pace(peer.whole, calls, HEADERS, rate, seconds, opened=CONNECTIONS)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2, help="how long; 20 for figures worth keeping")
    return parser.parse_args(arguments)
