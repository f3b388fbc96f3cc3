"""The table of a peers run in Markdown: who takes how much for the same requests, and the targets."""

from bench import inside
from bench.samples import Figure, Results
from bench.scale import report as scale
from bench.tables import (
    LEAST,
    Target,
    count,
    heading,
    latency,
    megabytes,
    micro,
    ratio,
    table,
    times,
    verdicts,
)
from bench.wire import report as wire

HOW = (
    "each gateway as one process on one core, load and upstream on the other, every one before the same "
    "upstreams, asked through 32 connections, the slow ones through 8; penstock with everything on (keys, "
    "limits, a budget, a rule, ledger, JSON log, metrics). Processor time is user and system of the whole "
    "process tree; medians of interleaved rounds."
)
PEERS = ("penstock", "nginx", "litellm", "portkey", "claude-code-router")
TITLES = {
    "chat": "chat, small body",
    "messages": "messages, small body",
    "crossed": "messages to chat, translated, small body",
    "body_350k": "chat, 350 KB, 1 connection",
    "crossed_350k": "messages to chat, translated, 350 KB, 1 connection",
    "events": "streamed event",
    "crossed_events": "streamed event, translated from chat to messages",
    "paced": "chat, small body, 200 a second evenly",
}
LEAST_RATIOS = (
    ("chat, small body: LiteLLM's processor time against ours", "chat", "litellm", 100),
    ("chat, small body: Portkey's against ours", "chat", "portkey", 12),
    ("messages to chat: claude-code-router's against ours", "crossed", "claude-code-router", 10),
    ("streamed event: LiteLLM's against ours", "events", "litellm", 50),
    ("streamed event, translated: claude-code-router's", "crossed_events", "claude-code-router", 2.5),
)


def markdown(results: Results) -> str:
    """The whole report."""
    measured = [peer for peer in PEERS if peer in results.peers()]
    left = [peer for peer in PEERS if peer not in measured]
    parts = [
        heading(results, HOW),
        f"Not measured, for they could not be had: {', '.join(left)}." if left else "",
        _table(results, measured),
        _speed(results, measured),
        _memory(results, measured),
        verdicts(targets(results)),
    ]
    return "\n\n".join(part for part in parts if part)


def targets(results: Results) -> tuple[Target, ...]:
    """Every target there is: beside nginx and the others, of streams and workers, and in process."""
    beside = (
        Target(what, against_ours(results, case, peer), wanted, "x", LEAST)
        for what, case, peer, wanted in LEAST_RATIOS
    )
    figures = [entry for entry in results.entries if isinstance(entry, Figure)]
    return (
        *wire.targets(results),
        *beside,
        *inside.targets(figures),
        *scale.musts(results),
        *scale.targets(results),
    )


def against_ours(results: Results, case: str, peer: str) -> float | None:
    """How many times our processor time a case takes with a peer."""
    return ratio(results.middle(case, peer, "each"), results.middle(case, "penstock", "each"))


def _cases(results: Results) -> list[tuple[str, str]]:
    return [(case, title) for case, title in TITLES.items() if results.spread(case, "penstock")]


def _table(results: Results, measured: list[str]) -> str:
    rows = [
        (title, *(_processor(results, case, peer) for peer in measured)) for case, title in _cases(results)
    ]
    return table(("processor time, and how many times ours", *measured), rows)


def _processor(results: Results, case: str, peer: str) -> str:
    spent = results.middle(case, peer, "each")
    if spent is None or peer == "penstock":
        return micro(spent)
    return f"{micro(spent)}, {times(against_ours(results, case, peer))}"


def _speed(results: Results, measured: list[str]) -> str:
    rows = [(title, *(_pace(results, case, peer) for peer in measured)) for case, title in _cases(results)]
    return table(("per second; p50 / p99", *measured), rows)


def _pace(results: Results, case: str, peer: str) -> str:
    number = results.middle(case, peer, "per_second")
    return "" if number is None else f"{count(number)}; {latency(results, case, peer)}"


def _memory(results: Results, measured: list[str]) -> str:
    rows = [
        (when, *(megabytes(results.memory(peer, name)) for peer in measured))
        for when, name in (("idle", "idle"), ("after load", "load"))
    ]
    return table(("memory of the whole tree", *measured), rows) if measured else ""
