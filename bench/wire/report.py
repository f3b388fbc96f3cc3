"""The table of a wire run in Markdown: penstock beside nginx, ratios, and the targets met or missed."""

from pathlib import Path
from typing import NamedTuple

from bench.wire.cases import CASES
from bench.wire.samples import Results

README = Path(__file__).resolve().parent.parent.parent / "README.md"
BEGIN = "<!-- bench:wire -->"
END = "<!-- /bench:wire -->"
MILLI = 1_000
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


STREAM_TITLES = {
    "events": "streamed event, 32 streams, 2 ms apart",
    "crossed_events": "the same, translated from chat to messages",
}
# nginx translates nothing: what it takes to copy the same stream stands beside.
BESIDE = {"crossed_events": "events"}


class Target(NamedTuple):
    """One line of the targets: what was found (None: not measured), the most it may be, in which unit."""

    what: str
    found: float | None
    most: float
    unit: str


def markdown(results: Results) -> str:
    """The whole report."""
    parts = [_heading(results), _table(results), _floors(results), _memory(results), _targets(results)]
    return "\n\n".join(part for part in parts if part)


def write_readme(results: Results, readme: Path = README) -> None:
    """Put the report between its markers in the README."""
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{readme.name} has no {BEGIN} … {END}")
    readme.write_text(f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}")


def _heading(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"Measured {machine.time[:10]} at {machine.commit}, {machine.cores} cores of {machine.processor}: "
        "one worker on one core, load and upstream on the other, everything on (keys, JSON log, metrics). "
        "Processor time is user and system of the whole process tree; medians of interleaved rounds. "
        f"{versions}."
    )


def _table(results: Results) -> str:
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    titles = {case.name: case.title for case in CASES} | STREAM_TITLES
    lines += [
        _row(results, name, title) for name, title in titles.items() if results.spread(name, "penstock")
    ]
    return "\n".join(lines)


def _row(results: Results, case: str, title: str) -> str:
    beside = BESIDE.get(case, case)
    ours, theirs = results.middle(case, "penstock", "each"), results.middle(beside, "nginx", "each")
    ratio = _ratio(results, case)
    cells = [
        title,
        _micro(ours),
        _micro(theirs),
        "" if ratio is None else f"**{ratio:.1f} x**",
        _count(results.middle(case, "penstock", "per_second")),
        _count(results.middle(beside, "nginx", "per_second")),
        _latency(results, case, "penstock"),
        _latency(results, beside, "nginx"),
    ]
    return f"| {' | '.join(cells)} |"


def _floors(results: Results) -> str:
    floors = {
        "penstock-plain": "penstock without keys and log",
        "granian": "granian with an application that answers by itself",
    }
    found = [
        f"{title}: {_micro(results.middle('chat', peer, 'each'))}"
        for peer, title in floors.items()
        if results.spread("chat", peer)
    ]
    return f"In the same run, chat with a small body: {'; '.join(found)}." if found else ""


def _memory(results: Results) -> str:
    cells = [
        f"| {peer} | {_megabytes(results, peer, 'idle')} | {_megabytes(results, peer, 'load')} |"
        for peer in ("penstock", "nginx")
        if peer in results.peers()
    ]
    lines = [
        "| memory of the whole tree, libraries counted in full | idle | after load |",
        "|---|---|---|",
        *cells,
    ]
    return "\n".join(lines) if cells else ""


def _targets(results: Results) -> str:
    lines = ["| target | wanted | found | |", "|---|---|---|---|"]
    for target in targets(results):
        if target.found is not None:
            verdict = "met" if target.found <= target.most else "**missed**"
            wanted, found = f"{target.most:g} {target.unit} or less", f"{target.found:.2f} {target.unit}"
            lines.append(f"| {target.what} | {wanted} | {found} | {verdict} |")
    return "\n".join(lines)


def targets(results: Results) -> tuple[Target, ...]:
    """What issue and specification ask for, with what this run found."""
    return (
        Target("chat, small body: processor time against nginx", _ratio(results, "chat"), 6, "x"),
        Target("the same, the goal", _ratio(results, "chat"), 5, "x"),
        Target("messages, small body", _ratio(results, "messages"), 6, "x"),
        Target("messages to chat, translated, small body", _ratio(results, "crossed"), 8, "x"),
        Target("the same, the goal", _ratio(results, "crossed"), 7, "x"),
        Target("streamed event", _ratio(results, "events"), 2, "x"),
        Target("streamed event, translated", _ratio(results, "crossed_events"), 3, "x"),
        Target("350 KB body: time added over nginx, p50", _added(results, "body_350k"), 1.5, "ms"),
        Target("memory, idle", results.memory("penstock", "idle"), 60, "MB"),
        Target("first request after start", results.start("penstock"), 1, "s"),
    )


def _ratio(results: Results, case: str) -> float | None:
    ours = results.middle(case, "penstock", "each")
    theirs = results.middle(BESIDE.get(case, case), "nginx", "each")
    return ours / theirs if ours and theirs else None


def _added(results: Results, case: str) -> float | None:
    ours, theirs = (results.middle(case, peer, "p50") for peer in ("penstock", "nginx"))
    return None if ours is None or theirs is None else (ours - theirs) / MILLI


def _latency(results: Results, case: str, peer: str) -> str:
    middle, high = (results.middle(case, peer, field) for field in ("p50", "p99"))
    return "" if middle is None or high is None else f"{middle / MILLI:.2f} / {high / MILLI:.2f} ms"


def _micro(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} µs"


def _count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}".replace(",", " ")


def _megabytes(results: Results, peer: str, when: str) -> str:
    value = results.memory(peer, when)
    return "" if value is None else f"{value:.1f} MB"
