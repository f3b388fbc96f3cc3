"""Adaptive's load test, like for like: ten requests at the top of each second, whatever became of others.

At most 200 are under way, and two endpoints are drawn by weight. Theirs went over the internet to a real
model; ours goes to an upstream that thinks for a fixed time, so that what penstock takes itself can be
read beside the whole. `/v1/explain` stands for their `select-model`: a decision, and nothing is sent on.
"""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.samples import Figure, Found, Results
from bench.tables import count, table
from bench.wire import peers
from bench.wire.paced import Call, Pace, Paced
from bench.wire.peers import LOAD_CORE, Peer, Served, Upstreams
from bench.wire.processes import free_ports, running, wait_until_open
from bench.wire.rounds import HEADERS, start_client
from bench.workloads import CHAT_PATH

SELECT, CHAT = 70, 20
EXPLAIN_PATH = f"/v1/explain?path={CHAT_PATH}"
AT_ONCE = 10
MOST = 200
THINKING = (0, 300)  # milliseconds
WHAT = ("p50", "p95", "p99")
PUBLISHED = "99.93 %; 4 507 / 10 975 / 12 302 ms, over the internet to a real model"
SYSTEM = {"role": "system", "content": "You are a helpful assistant."}


def _asked(path: str, weight: int, *said: tuple[str, dict[str, object]]) -> list[Call]:
    """Calls of the same endpoint, one for each question; together they have the weight."""
    calls = []
    for text, more in said:
        turns = [SYSTEM] if more.pop("system", False) else []
        body = {"model": "adaptive", "messages": [*turns, {"role": "user", "content": text}], **more}
        calls.append(Call(path, msgspec.json.encode(body).decode(), weight / len(said)))
    return calls


CALLS = [
    *_asked(
        EXPLAIN_PATH,
        SELECT,
        ("What is the capital of France?", {"max_tokens": 100, "temperature": 0.7}),
        ("Explain quantum computing in simple terms", {"max_tokens": 200, "temperature": 0.5}),
        (
            "Write a Python function to calculate fibonacci numbers",
            {"max_tokens": 300, "temperature": 0.3},
        ),
    ),
    *_asked(
        CHAT_PATH,
        CHAT,
        ("Hello, how are you?", {"max_tokens": 150, "temperature": 0.7}),
        ("What's the weather like today?", {"max_tokens": 100, "temperature": 0.5, "system": True}),
        (
            "Can you help me write a short poem about coding?",
            {"max_tokens": 200, "temperature": 0.8, "top_p": 0.9},
        ),
    ),
]


def measure(folder: Path, seconds: float) -> list[Found]:
    """Both upstreams at once, each behind a penstock of its own: ten requests a second are little."""
    found: list[Found] = []
    with ExitStack() as stack:
        asking = []
        for thinking in THINKING:
            peer = stack.enter_context(_penstock(folder, thinking))
            pace = Pace(peer.whole, CALLS, HEADERS, AT_ONCE, seconds, burst=AT_ONCE, most=MOST)
            asking.append((case_of(thinking), stack.enter_context(start_client("bench.wire.paced", pace))))
        for case, client in asking:
            came = msgspec.json.decode(client.communicate()[0], type=Paced)
            print(f"{case:<14} {came}", file=sys.stderr, flush=True)
            found.extend(_figures(case, came))
    return found


def case_of(thinking: int) -> str:
    """What the run before an upstream that thinks so many milliseconds is called."""
    return f"open_loop_{thinking}"


def markdown(results: Results) -> str:
    """The table, or nothing when it was not run."""
    rows = []
    for thinking in THINKING:
        case = case_of(thinking)
        made, good = (results.figure(case, "penstock", what) for what in ("requests", "good"))
        if made and good is not None:
            whole, own = (_percentiles(results, case, before) for before in ("", "own "))
            rows.append((f"{thinking} ms", count(made), f"{100 * good / made:.2f} %", whole, own, PUBLISHED))
    head = (
        "Adaptive: the upstream thinks for",
        "requests",
        "good",
        "p50 / p95 / p99",
        "of it our own",
        "theirs",
    )
    return table(head, rows)


def _percentiles(results: Results, case: str, before: str) -> str:
    found = [results.figure(case, "penstock", before + what) for what in WHAT]
    return " / ".join(f"{value or 0:.2f}" for value in found) + " ms"


def _figures(case: str, came: Paced) -> Iterator[Figure]:
    yield Figure(case, "penstock", "requests", came.requests + came.skipped, "requests")
    yield Figure(case, "penstock", "good", came.requests - came.failed, "requests")
    for what, whole, own in zip(WHAT, (came.p50, came.p95, came.p99), came.own, strict=True):
        yield Figure(case, "penstock", what, whole * 1000, "ms")
        yield Figure(case, "penstock", f"own {what}", own * 1000, "ms")


@contextmanager
def _penstock(folder: Path, thinking: int) -> Iterator[Peer]:
    """A penstock with everything on, before an upstream that thinks."""
    name = case_of(thinking)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.wire.slow", str(port), str(thinking / 1000)]
    log = folder / f"{name}-upstream.log"
    with running("slow", command, core=LOAD_CORE, log=log) as program:
        wait_until_open(port, program, log)
        text = peers.everything(folder, Upstreams(port, port), name)
        text = text.replace("[models]\n", '[models]\n"adaptive" = "whole/gpt-4o"\n', 1)
        with peers.penstock_serving(Served(name), folder, text) as peer:
            yield peer
