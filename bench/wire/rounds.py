"""Rounds of load: every case against every peer in turn, so that what else happens meets all alike.

Only one peer is under load at a time; rounds go A B A B, and whoever reads the samples compares
medians. This file knows how a load is shot and what is read from the system around it, and nothing
of which peers there are.
"""

import http.client
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bench.samples import Found, Memory, Sample
from bench.wire.cases import Case
from bench.wire.paced import Call, Pace, Paced
from bench.wire.peers import EVENTS, LOAD_CORE, Peer
from bench.wire.streams import MODEL, Order, Streamed
from bench.wire.wrk import Shot, shoot, write_script
from bench.workloads import CHAT_BODY, CHAT_PATH, KEY

HEADERS = {
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
}
TOOLS = {"nginx": "nginx-light", "wrk": "wrk", "taskset": "util-linux"}
STREAMED = ("events", "crossed_events")
PACED = "paced"
SETTLE = 0.1
SETTLE_MOST = 50
AT_REST = 0.2
MEGA = 1_000_000
MICRO = 1_000_000


class Size(msgspec.Struct, frozen=True):
    """How much is measured: rounds, seconds of each load, streams at once and one after the other.

    `pace` is the requests a second of the paced case; none of them, no such case.
    """

    rounds: int
    seconds: int
    streams: int
    repeats: int
    cases: tuple[Case, ...]
    streamed: tuple[str, ...] = STREAMED
    pace: int = 0


class Round(msgspec.Struct, frozen=True):
    """One round: which peers, how much, where files go."""

    number: int
    size: Size
    folder: Path
    opened: tuple[Peer, ...]


def run_round(now: Round, entries: list[Found]) -> None:
    """Load every peer with every case it carries, one after the other."""
    for case in now.size.cases:
        _keep([load(now, case, peer) for peer in now.opened if peer.does(case.name)], entries)
    for name in now.size.streamed:
        _keep([stream(now, peer, name) for peer in now.opened if peer.does(name)], entries)
    if now.size.pace:
        _keep([pace(now, peer) for peer in now.opened if peer.does(PACED)], entries)
    entries.extend(Memory(peer.name, "load", peer.program.memory() / MEGA) for peer in now.opened)


def load(now: Round, case: Case, peer: Peer) -> Sample:
    """One case against one peer, by wrk."""
    headers = HEADERS | peer.headers
    settle(peer)
    script = write_script(now.folder, f"{case.name}-{peer.name}", peer.named(case.body), headers)
    connections = min(case.connections, peer.connections)
    shot = Shot(f"http://127.0.0.1:{peer.whole}{case.path}", connections, now.size.seconds, LOAD_CORE)
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


def stream(now: Round, peer: Peer, case: str) -> Sample:
    """Streams through one peer; `each` is per event, the latencies are of the first one."""
    order = Order(
        port=peer.stream,
        streams=now.size.streams,
        repeats=now.size.repeats,
        events=EVENTS,
        case=case,
        headers=peer.headers | peer.stream_headers,
        model=peer.models.get(MODEL, MODEL),
        exact=peer.exact,
    )
    settle(peer)
    before = peer.program.processor_time()
    streamed = msgspec.json.decode(client("bench.wire.streams", order), type=Streamed)
    spent = peer.program.processor_time() - before
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


def pace(now: Round, peer: Peer) -> Sample:
    """Small chats at an even pace, far below what the peer could do: what it adds to each."""
    wanted = Pace(
        port=peer.whole,
        calls=[Call(CHAT_PATH, CHAT_BODY.decode())],
        headers=HEADERS | peer.headers,
        per_second=now.size.pace,
        seconds=now.size.seconds,
    )
    settle(peer)
    before = peer.program.processor_time()
    paced = msgspec.json.decode(client("bench.wire.paced", wanted), type=Paced)
    spent = peer.program.processor_time() - before
    return Sample(
        case=PACED,
        peer=peer.name,
        round=now.number,
        each=spent / max(paced.requests, 1) * MICRO,
        per_second=paced.requests / paced.seconds,
        p50=paced.p50 * MICRO,
        p99=paced.p99 * MICRO,
        failed=paced.failed + paced.skipped,
    )


def settle(peer: Peer) -> None:
    """Wait until a peer rests from the load before: who is slow goes on when nobody waits any more."""
    for _ in range(SETTLE_MOST):
        before = peer.program.processor_time()
        time.sleep(SETTLE)
        if peer.program.processor_time() - before < SETTLE * AT_REST:
            return


def client(module: str, order: msgspec.Struct, patience: float = 180) -> bytes:
    """Run one of the bench's own clients on the core of the load; what it prints."""
    with start_client(module, order) as process:
        printed, _ = process.communicate(timeout=patience)
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return printed


def start_client(module: str, order: msgspec.Struct) -> "subprocess.Popen[bytes]":
    """Start one of the bench's own clients, its order on its standard input."""
    command = ["taskset", "--cpu-list", str(LOAD_CORE), sys.executable, "-m", module]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if process.stdin is not None:
        process.stdin.write(msgspec.json.encode(order))
        process.stdin.close()
        process.stdin = None
    return process


def ask(peer: Peer, path: str, body: bytes) -> tuple[int, bytes]:
    """One request by itself: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.whole, timeout=30)
    try:
        connection.request("POST", path, peer.named(body), HEADERS | peer.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def need_tools(tools: Mapping[str, str] = TOOLS) -> None:
    """Install what is missing from Debian, or say how."""
    missing = sorted(package for tool, package in tools.items() if shutil.which(tool) is None)
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if os.geteuid() or shutil.which("apt-get") is None:
        sys.exit(f"this bench needs {', '.join(missing)}: as root, {' '.join(install)}")
    subprocess.run(["apt-get", "update"], check=True, stdout=subprocess.DEVNULL)  # noqa: S607  # Debian's own
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL)


def _keep(samples: list[Sample], entries: list[Found]) -> None:
    for sample in samples:
        print(
            f"{sample.round} {sample.case:<14} {sample.peer:<18} {sample.each:9.1f} us "
            f"{sample.per_second:9.0f}/s p50 {sample.p50:.0f} p99 {sample.p99:.0f} failed {sample.failed}",
            file=sys.stderr,
            flush=True,
        )
    entries.extend(samples)
