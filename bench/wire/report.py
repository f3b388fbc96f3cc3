"""The table of a wire run in Markdown: penstock beside nginx, ratios, and the targets met or missed."""

from bench.samples import Results
from bench.tables import MILLI, Target, count, heading, latency, megabytes, micro, ratio, table, verdicts
from bench.wire.cases import CASES

HOW = (
    "one worker on one core, load and upstream on the other, everything on (keys, limits, a budget, a rule, "
    "ledger, JSON log, metrics). Processor time is user and system of the whole process tree; medians of "
    "interleaved rounds."
)
COLUMNS = (
    "what",
    "processor time, penstock",
    "nginx `proxy_pass`",
    "ratio",
    "per second, penstock",
    "nginx",
    "p50 / p99, penstock",
    "nginx",
)
OTHER_TITLES = {
    "events": "streamed event, 32 streams, 2 ms apart",
    "crossed_events": "the same, translated from chat to messages",
    "paced": "chat, small body, 200 a second evenly",
}
# nginx translates nothing: what it takes to copy the same stream stands beside.
BESIDE = {"crossed_events": "events"}


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [heading(results, HOW), _table(results), _floors(results), _memory(results)]
    return "\n\n".join(part for part in (*parts, verdicts(targets(results))) if part)


def _table(results: Results) -> str:
    titles = {case.name: case.title for case in CASES} | OTHER_TITLES
    rows = [_row(results, name, title) for name, title in titles.items() if results.spread(name, "penstock")]
    return table(COLUMNS, rows)


def _row(results: Results, case: str, title: str) -> tuple[str, ...]:
    beside = BESIDE.get(case, case)
    found = against_nginx(results, case)
    return (
        title,
        micro(results.middle(case, "penstock", "each")),
        micro(results.middle(beside, "nginx", "each")),
        "" if found is None else f"**{found:.1f} x**",
        count(results.middle(case, "penstock", "per_second")),
        count(results.middle(beside, "nginx", "per_second")),
        latency(results, case, "penstock"),
        latency(results, beside, "nginx"),
    )


def _floors(results: Results) -> str:
    floors = {
        "penstock-keys": "penstock without limits, budget, rule and ledger",
        "penstock-plain": "penstock without keys and log",
        "granian": "granian with an application that answers by itself",
    }
    found = [
        f"{title}: {micro(spent)}{_against(results, case, spent)}{what}"
        for peer, title in floors.items()
        for case, what in (("chat", ""), ("crossed", ", messages to chat"))
        if results.spread(case, peer) and (spent := results.middle(case, peer, "each"))
    ]
    return f"In the same run, chat with a small body: {'; '.join(found)}." if found else ""


def _against(results: Results, case: str, spent: float) -> str:
    nginx = results.middle(case, "nginx", "each") if results.spread(case, "nginx") else 0.0
    return f" ({spent / nginx:.1f} x nginx)" if nginx else ""


def _memory(results: Results) -> str:
    rows = [
        (peer, megabytes(results.memory(peer, "idle")), megabytes(results.memory(peer, "load")))
        for peer in ("penstock", "nginx")
        if peer in results.peers()
    ]
    return table(("memory of the whole tree, libraries counted in full", "idle", "after load"), rows)


def targets(results: Results) -> tuple[Target, ...]:
    """What issue and specification ask for, with what this run found."""
    chat, crossed = against_nginx(results, "chat"), against_nginx(results, "crossed")
    return (
        Target("chat, small body: processor time against nginx", chat, 6, "x"),
        Target("the same, the goal", chat, 5, "x"),
        Target("messages, small body", against_nginx(results, "messages"), 6, "x"),
        Target("messages to chat, translated, small body", crossed, 8, "x"),
        Target("the same, the goal", crossed, 7, "x"),
        Target("streamed event", against_nginx(results, "events"), 2, "x"),
        Target("streamed event, translated", against_nginx(results, "crossed_events"), 3, "x"),
        Target("350 KB body: time added over nginx, p50", added(results, "body_350k", "p50"), 1.5, "ms"),
        Target("200 a second: time added over nginx, p50", added(results, "paced", "p50"), 0.5, "ms"),
        Target("200 a second: time added over nginx, p99", added(results, "paced", "p99"), 2, "ms"),
        Target("memory, idle", results.memory("penstock", "idle"), 60, "MB"),
        Target("first request after start", results.start("penstock"), 1, "s"),
    )


def against_nginx(results: Results, case: str) -> float | None:
    """How many times nginx's processor time a case takes."""
    theirs = results.middle(BESIDE.get(case, case), "nginx", "each")
    return ratio(results.middle(case, "penstock", "each"), theirs)


def added(results: Results, case: str, field: str) -> float | None:
    """Milliseconds a case takes longer than through nginx."""
    ours, theirs = (results.middle(case, peer, field) for peer in ("penstock", "nginx"))
    return None if ours is None or theirs is None else (ours - theirs) / MILLI
