"""The tables of a scale run in Markdown: streams held at once, workers, the soak, and the targets."""

import re

from bench.samples import Figure, Results
from bench.tables import LEAST, Target, count, heading, micro, ratio, table, verdicts

HOW = (
    "streams that say something every half a second, one in twenty read by nobody for a while, then to its "
    "end; one worker on one core, clients and upstream on the other, everything on. How late an event comes "
    "is counted from its sending by the upstream to its reading by the client, both in one Python each."
)
PLACES = ("penstock", "nginx", "upstream")
GROWTH = 5  # per cent that memory may be more at the end of a soak
LATE = 100  # ms, of our own
FROM = 100  # streams, below which memory per stream is mostly something else


def markdown(results: Results) -> str:
    """The whole report."""
    parts = (_streams(results), _workers(results), _soak(results))
    if not any(parts):
        return ""
    tables = "\n\n".join(part for part in parts if part)
    return f"{heading(results, HOW)}\n\n{tables}\n\n{verdicts((*musts(results), *targets(results)))}"


def musts(results: Results) -> list[Target]:
    """What no machine is too busy for: nothing fails, and nothing is left over."""
    broken = [results.figure(f"held_{size}", "penstock", "broken") for size in sizes(results)]
    lost = [value for value in broken if value is not None]
    found = [Target("streams held: broken", sum(lost), 0, "streams")] if lost else []
    failed = results.figure("soak", "penstock", "failed")
    if failed is not None:
        left = max((entry.value for entry in _figures(results, "left: ")), default=0.0)
        found.append(Target("soak: failed", failed, 0, "requests and streams"))
        found.append(Target("soak: tasks, requests inside and files left over", left, 0, "more than before"))
    return found


def targets(results: Results) -> list[Target]:
    """What the specification asks for, with what this run found."""
    found = []
    for size in sizes(results):
        if size >= FROM:
            memory = results.figure(f"held_{size}", "penstock", "memory")
            found.append(Target(f"{size} streams: memory of each", memory, 40, "KB"))
            found.append(Target(f"{size} streams: latest event, of our own", own(results, size), LATE, "ms"))
    found.append(Target("soak: memory at the end, more than at first", growth(results), GROWTH, "%"))
    found.append(Target("two workers against one, per second", _two(results), 1.8, "x", LEAST))
    return found


def sizes(results: Results) -> list[int]:
    """How many streams were held at once, in order."""
    cases = {entry.case for entry in results.entries if isinstance(entry, Figure)}
    return sorted(int(found[1]) for case in cases if (found := re.fullmatch(r"held_(\d+)", case)))


def own(results: Results, size: int) -> float | None:
    """How much later the latest event was through penstock than from the upstream itself."""
    ours, bare = (results.figure(f"held_{size}", place, "worst") for place in ("penstock", "upstream"))
    return None if ours is None or bare is None else max(ours - bare, 0.0)


def growth(results: Results) -> float | None:
    """Per cent of memory that a soak added after its beginning."""
    first, last = (results.figure("soak", "penstock", f"memory {when}") for when in ("first", "last"))
    return None if first is None or last is None else max((last / first - 1) * 100, 0.0)


def _streams(results: Results) -> str:
    rows = []
    for size in sizes(results):
        case = f"held_{size}"
        late = (_late(results, case, place) for place in PLACES)
        memory = (results.figure(case, place, "memory") for place in PLACES[:2])
        rows.append((count(size), *late, *("" if each is None else f"{each:.1f} KB" for each in memory)))
    head = ("streams", *(f"p50 / p99 / latest, {place}" for place in PLACES))
    return table((*head, *(f"memory of each, {place}" for place in PLACES[:2])), rows)


def _late(results: Results, case: str, place: str) -> str:
    found = [results.figure(case, place, what) for what in ("p50", "p99", "worst")]
    return " / ".join(f"{value:.1f}" for value in found if value is not None) + " ms" if any(found) else ""


def _workers(results: Results) -> str:
    rows = [
        (str(workers), micro(results.middle("chat", name, "each")), count(_pace(results, workers)))
        for workers in (1, 2)
        if results.spread("chat", name := f"workers-{workers}")
    ]
    return table(("workers, sharing every core with the load", "processor time a chat", "per second"), rows)


def _soak(results: Results) -> str:
    rows = [
        (entry.what, f"{entry.value:.1f} {entry.unit}")
        for entry in _figures(results, "")
        if not entry.what.startswith("memory at")
    ]
    return table(("soak", "found"), rows)


def _figures(results: Results, start: str) -> list[Figure]:
    return [
        entry
        for entry in results.entries
        if isinstance(entry, Figure) and entry.case == "soak" and entry.what.startswith(start)
    ]


def _two(results: Results) -> float | None:
    return ratio(_pace(results, 2), _pace(results, 1))


def _pace(results: Results, workers: int) -> float | None:
    return results.middle("chat", f"workers-{workers}", "per_second")
