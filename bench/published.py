"""`python -m bench published`: the workloads others published figures for, through penstock.

In process: what the Go gateways benchmark without a socket. Over sockets: what others ran against a
server, on loopback and before a fake upstream, so that it measures the gateway and no model. Their
figures stand beside, as they published them on machines of their own: they say what to expect, no more.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from bench import open_loop, published_beside, samples, timing
from bench.allocations import per_operation, quiet
from bench.inprocess import Bench, penstock
from bench.loop import CountingLoop
from bench.samples import Figure, Found, Memory, Results
from bench.tables import count, heading, latency, megabytes, table
from bench.wire import peers
from bench.wire.cases import Case
from bench.wire.rounds import MEGA, MICRO, Round, Size, need_tools, run_round
from bench.workloads import (
    CHAT_REPLY,
    CROSSED_MODEL,
    MESSAGES_MODEL,
    MESSAGES_PATH,
    MESSAGES_REPLY,
    WORKLOADS,
    Workload,
    whole,
)

HOW = (
    "penstock with keys in process, with everything on over sockets, as one worker on one core. What "
    "others published was measured on machines of their own."
)
IN_PROCESS = "in process"
OVER_SOCKETS = "over sockets"
ROUNDS = 7
OPERATIONS = 200
WARM_UP = 200
LARGE = "This is a test message. " * 1000
CONVERTED = "This is a test message with some content. " * 250
TOOL = {
    "name": "get_weather",
    "description": "Get the weather for a location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}


class Published(msgspec.Struct, frozen=True):
    """One workload: whose it is, what it does, and what they said of theirs."""

    work: Workload
    whose: str
    title: str
    theirs: str = ""


def turns(*texts: str) -> list[dict[str, str]]:
    """A conversation: user and assistant in turn."""
    return [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(texts)]


def messages(
    name: str, said: Sequence[str], most: int, model: str = MESSAGES_MODEL, **more: object
) -> Workload:
    """A request of the Anthropic API; to the crossed model it is translated to chat."""
    body = msgspec.json.encode({"model": model, "messages": turns(*said), "max_tokens": most, **more})
    reply = MESSAGES_REPLY if model == MESSAGES_MODEL else CHAT_REPLY
    return Workload(name, "POST", MESSAGES_PATH, body, reply, whole(reply))


def converted(name: str, said: Sequence[str], **more: object) -> Workload:
    """The same, to a provider that speaks chat."""
    return messages(name, said, 100, CROSSED_MODEL, **more)


TEN = [f"{('User message', 'Assistant response')[number % 2]} {number}" for number in range(10)]
PUBLISHED = (
    Published(WORKLOADS["chat"], "gandalf", "chat, two messages", "53 allocations, 4.9 µs, in Go"),
    Published(
        WORKLOADS["chat_stream"], "gandalf", "chat streamed, two chunks", "52 allocations, 4.7 µs, in Go"
    ),
    Published(WORKLOADS["healthz"], "gandalf", "healthz", "25 allocations, 2.2 µs, in Go"),
    Published(messages("simple", ["Hello!"], 100), "ccproxy", "simple", "42 allocations, 23.5 µs, in Go"),
    Published(messages("large", [LARGE], 1000), "ccproxy", "large, 24 000 bytes"),
    Published(messages("turns", TEN, 500), "ccproxy", "ten turns"),
    Published(
        converted("convert_simple", ["Hello, how are you?"]),
        "ccproxy",
        "converted, simple",
        "18 allocations, 8.9 µs: the conversion alone",
    ),
    Published(converted("convert_turns", TEN[:5]), "ccproxy", "converted, five turns"),
    Published(
        converted("convert_system", ["Hello!"], system="You are helpful."),
        "ccproxy",
        "converted, system and user",
    ),
    Published(converted("convert_large", [CONVERTED]), "ccproxy", "converted, 10.5 KB"),
    Published(
        converted("convert_tool", ["What is the weather?"], tools=[TOOL]), "ccproxy", "converted, one tool"
    ),
)


def asked(text: str, most: int) -> bytes:
    """The body universal-claude-router's load test sends, for our model."""
    return messages("", [text], most).body


HEALTH = "5 000 a second and more, under 2 ms"
CASES = {
    Case("health_100", "health, 100 connections", "/healthz", b"", 100): ("universal-claude-router", HEALTH),
    Case("messages_50", "messages, 50 connections", MESSAGES_PATH, asked("Hello", 10), 50): (
        "universal-claude-router",
        "500 to 1 000 a second",
    ),
    Case("messages_100", "messages, 100 connections", MESSAGES_PATH, asked("What is 2+2?", 50), 100): (
        "universal-claude-router",
        "400 to 800 a second",
    ),
    Case("messages_200", "messages, 200 connections", MESSAGES_PATH, asked("Test message", 10), 200): (
        "universal-claude-router",
        "300 to 600 a second",
    ),
    Case("at_once_100", "100 at once", MESSAGES_PATH, asked("Hello!", 50), 100): (
        "ccproxy",
        "goal: 10 000 a second and more",
    ),
}


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    seconds, minutes = (30, 10.0) if options.whole else (1, 0.1)
    found = [*in_process(), *over_sockets(seconds)]
    with tempfile.TemporaryDirectory(prefix="penstock-published-") as name:
        found.extend(published_beside.measure(Path(name), seconds))
        found.extend(open_loop.measure(Path(name), (options.minutes or minutes) * 60))
    results = Results(samples.machine("published"), found)
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(markdown(results))
    return int(results.failed > 0)


def in_process() -> list[Found]:
    """Allocations and processor time of each workload, without a socket."""
    found: list[Found] = []
    with quiet(), Bench(penstock, CountingLoop) as bench:
        for each in PUBLISHED:
            made = per_operation(bench, each.work)
            found.append(Figure(each.work.name, "penstock", "allocations", made, "allocations"))
    with Bench(penstock, uvloop.new_event_loop) as bench:
        for each in PUBLISHED:
            bench.run(each.work, WARM_UP)
            run = partial(bench.run, each.work, OPERATIONS)
            took = min(timing.seconds(run) for _ in range(ROUNDS))
            found.append(Figure(each.work.name, "penstock", "time", took / OPERATIONS * MICRO, "µs"))
    return found


def over_sockets(seconds: int) -> list[Found]:
    """Each load against a running penstock, so many seconds."""
    found: list[Found] = []
    size = Size(rounds=1, seconds=seconds, streams=1, repeats=1, cases=tuple(CASES), streamed=())
    with tempfile.TemporaryDirectory(prefix="penstock-published-") as name:
        folder = Path(name)
        with peers.upstreams(folder) as behind, peers.penstock(folder, behind) as peer:
            found.append(Memory(peer.name, "idle", peer.program.memory() / MEGA))
            run_round(Round(0, size, folder, (peer,)), found)
    return found


def markdown(results: Results) -> str:
    """The whole report."""
    inside = [
        (each.whose, each.title, *_cost(results, each.work.name), each.theirs)
        for each in PUBLISHED
        if results.figure(each.work.name, "penstock", "time") is not None
    ]
    outside = [
        (
            whose,
            case.title,
            count(results.middle(case.name, "penstock", "per_second")),
            latency(results, case.name, "penstock"),
            theirs,
        )
        for case, (whose, theirs) in CASES.items()
        if results.spread(case.name, "penstock")
    ]
    memory = " and ".join(megabytes(results.memory("penstock", when)) for when in ("idle", "load"))
    parts = (
        heading(results, HOW),
        table(("published by", IN_PROCESS, "allocations", "time", "theirs"), inside),
        table(("published by", OVER_SOCKETS, "per second", "p50 / p99", "theirs"), outside),
        f"Memory of the whole tree, idle and after these loads: {memory}.",
        published_beside.markdown(results),
        open_loop.markdown(results),
    )
    return "\n\n".join(part for part in parts if part)


def _cost(results: Results, name: str) -> tuple[str, str]:
    made, took = (results.figure(name, "penstock", what) for what in ("allocations", "time"))
    return f"{made or 0:g}", f"{took or 0:.1f} µs"


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench published", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="as long as they did: 30 s a load, 10 minutes")
    parser.add_argument("--minutes", type=float, default=0, help="of the open loop, instead")
    return parser.parse_args(arguments)
