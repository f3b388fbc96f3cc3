"""`python -m bench wire`: the same requests through penstock and through nginx, in turns, in one run.

Peers share core 0, the load and the upstreams core 1. Only one peer is under load at a time; rounds
go A B A B, and medians are compared, so that what else happens on the machine meets all alike.
"""

import argparse
import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec

from bench.wire import peers, report, samples
from bench.wire.cases import CASES, STREAMS, Case
from bench.wire.peers import EVENTS, LOAD_CORE, PEER_CORE, Peer, Upstreams
from bench.wire.processes import free_ports, running
from bench.wire.samples import Memory, Results, Sample, Start
from bench.wire.streams import Streamed
from bench.wire.wrk import Shot, shoot, write_script
from bench.workloads import CHAT_BODY, CHAT_PATH, CHAT_REPLY, KEY

RESULTS = Path(__file__).parent.parent / "results"
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
}
TOOLS = {"nginx": "nginx-light", "wrk": "wrk", "taskset": "util-linux"}
MEGA = 1_000_000
MICRO = 1_000_000
Opened = Callable[[Path, Upstreams], AbstractContextManager[Peer]]
PEERS: dict[str, Opened] = {
    "nginx": peers.nginx,
    "penstock": peers.penstock,
    "penstock-plain": peers.penstock_plain,
    "granian": peers.granian,
}
STARTS = 3
PATIENCE = 20.0


class Size(msgspec.Struct, frozen=True):
    """How much is measured: rounds, seconds of each load, streams one after the other."""

    rounds: int
    seconds: int
    repeats: int
    cases: tuple[Case, ...]


FULL = Size(rounds=3, seconds=2, repeats=4, cases=CASES)
QUICK = Size(rounds=3, seconds=1, repeats=2, cases=tuple(case for case in CASES if case.quick))


class Round(msgspec.Struct, frozen=True):
    """One round: which peers, how much, where files go."""

    number: int
    size: Size
    folder: Path
    opened: tuple[Peer, ...]


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    if options.render:
        results = samples.read(options.render)
    else:
        _need_tools()
        results = measure(QUICK if options.quick else FULL, options.peers.split(","))
        print(f"written to {samples.write(results, RESULTS)}", file=sys.stderr)
    print(report.markdown(results))
    if options.write_readme:
        report.write_readme(results)
    return int(any(isinstance(entry, Sample) and entry.failed for entry in results.entries))


def measure(size: Size, names: Sequence[str]) -> Results:
    """Run everything against every peer named."""
    results = Results(samples.machine(), [])
    with tempfile.TemporaryDirectory(prefix="penstock-wire-") as name, ExitStack() as stack:
        folder = Path(name)
        behind = stack.enter_context(peers.upstreams(folder))
        if "penstock" in names:
            results.entries.extend(_starts(folder, behind))
        opened = tuple(stack.enter_context(PEERS[each](folder, behind)) for each in names)
        results.entries.extend(Memory(peer.name, "idle", peer.program.memory() / MEGA) for peer in opened)
        for peer in opened:
            _check(peer)
        for number in range(size.rounds):
            _run_round(Round(number, size, folder, opened), results.entries)
    return results


def _run_round(now: Round, entries: list[Sample | Memory | Start]) -> None:
    for case in now.size.cases:
        for peer in now.opened:
            if not _measures(peer, case.name):
                continue
            entries.append(_shoot(now, case, peer))
            _say(entries[-1])
    for peer in now.opened:
        for name in _streams(peer):
            entries.append(_stream(now, peer, name))
            _say(entries[-1])
        entries.append(Memory(peer.name, "load", peer.program.memory() / MEGA))


def _measures(peer: Peer, case: str) -> bool:
    """The floors under penstock are measured with the small body only."""
    return peer.name in {"nginx", "penstock"} or case == "chat"


def _shoot(now: Round, case: Case, peer: Peer) -> Sample:
    script = write_script(now.folder, case.name, case.body, HEADERS)
    shot = Shot(f"http://127.0.0.1:{peer.whole}{case.path}", case.connections, now.size.seconds, LOAD_CORE)
    before = peer.program.processor_time()
    figures = shoot(shot, script)
    spent = peer.program.processor_time() - before
    return Sample(
        case=case.name,
        peer=peer.name,
        round=now.number,
        each=spent / max(figures.requests, 1) * MICRO,
        per_second=figures.requests / figures.microseconds * MICRO,
        p50=figures.p50,
        p99=figures.p99,
        failed=figures.failed + figures.timeouts,
    )


def _streams(peer: Peer) -> tuple[str, ...]:
    """The streams a peer can carry: only penstock translates."""
    carried = {"granian": (), "penstock": ("events", "crossed_events")}
    return carried.get(peer.name, ("events",))


def _stream(now: Round, peer: Peer, case: str) -> Sample:
    numbers = (peer.stream, STREAMS, now.size.repeats, EVENTS, case)
    command = ["taskset", "--cpu-list", str(LOAD_CORE), sys.executable, "-m", "bench.wire.streams"]
    before = peer.program.processor_time()
    ended = subprocess.run([*command, *map(str, numbers)], check=True, capture_output=True, timeout=120)
    spent = peer.program.processor_time() - before
    streamed = msgspec.json.decode(ended.stdout, type=Streamed)
    first = streamed.first_event or [0.0]
    return Sample(
        case=case,
        peer=peer.name,
        round=now.number,
        each=spent / max(streamed.events, 1) * MICRO,
        per_second=streamed.events / streamed.seconds,
        p50=first[len(first) // 2] * MICRO,
        p99=first[int(len(first) * 0.99)] * MICRO,
        failed=streamed.broken,
        reads=streamed.reads / max(streamed.events, 1),
    )


def _starts(folder: Path, behind: Upstreams) -> list[Start]:
    return [Start("penstock", _first_request(folder, behind)) for _ in range(STARTS)]


def _first_request(folder: Path, behind: Upstreams) -> float:
    """Seconds from the start of the program to the end of the first request it served."""
    (port,) = free_ports(1)
    command = peers.penstock_command(folder, "start", peers.penstock_configuration(behind), port)
    begun = time.monotonic()
    log = folder / "start.log"
    with running("start", command, core=PEER_CORE, log=log, environment=peers.environment()):
        while time.monotonic() - begun < PATIENCE:
            if _answer(port) is not None:
                return time.monotonic() - begun
            time.sleep(0.002)
    raise RuntimeError(f"penstock served nothing in {PATIENCE} s: {log.read_text()[-2000:]}")


def _check(peer: Peer) -> None:
    """Before anything is measured: the peer passes the reply on, whole and unchanged."""
    answer = _answer(peer.whole)
    if answer != (http.client.OK, CHAT_REPLY):
        raise RuntimeError(f"{peer.name} answers {answer}, not the upstream's reply")


def _answer(port: int) -> tuple[int, bytes] | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", CHAT_PATH, CHAT_BODY, HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return None
    finally:
        connection.close()


def _say(entry: Sample | Memory | Start) -> None:
    if isinstance(entry, Sample):
        print(
            f"{entry.round} {entry.case:<10} {entry.peer:<15} {entry.each:8.1f} us {entry.per_second:9.0f}/s "
            f"p50 {entry.p50:.0f} p99 {entry.p99:.0f} failed {entry.failed}",
            file=sys.stderr,
            flush=True,
        )


def _need_tools() -> None:
    """Install what is missing from Debian, or say how."""
    missing = sorted(package for tool, package in TOOLS.items() if shutil.which(tool) is None)
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() or shutil.which("apt-get") is None:
        sys.exit(f"the wire bench needs {', '.join(missing)}: as root, {' '.join(install)}")
    subprocess.run(["apt-get", "update"], check=True, stdout=subprocess.DEVNULL)  # noqa: S607  # Debian's own
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench wire", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute, fewer cases")
    parser.add_argument("--peers", default=",".join(PEERS), help="which of them, in this order")
    parser.add_argument("--write-readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--render", type=Path, metavar="FILE", help="print the table of a run kept in FILE")
    return parser.parse_args(arguments)
