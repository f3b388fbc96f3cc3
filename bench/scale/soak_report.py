"""What a soak says in Markdown: the load, memory from the first minute to the last, and what was left."""

from statistics import median

from bench.samples import Figure, Results
from bench.tables import Target, count, heading, table, verdicts

HOW = (
    "one worker on one core, clients and upstream on the other, everything on. Half of what it answered when "
    "asked as fast as it could: 16 small chats to 3 of 100 KB and 1 of 350 KB, through 200 connections in "
    "turn, and 40 streams at a time, two of them read by nobody for a while."
)
GROWTH = 5  # per cent that memory may be more at the end
FIRST = 60.0  # seconds after which memory is held against; a fifth of all, when that is shorter
LEFT = "left: "


def markdown(results: Results) -> str:
    """The whole report."""
    course = _course(results)
    return "\n\n".join((heading(results, HOW), course, verdicts(targets(results)))) if course else ""


def targets(results: Results) -> list[Target]:
    """What a soak must keep."""
    left = [
        entry.value
        for entry in results.entries
        if isinstance(entry, Figure) and entry.case == "soak" and entry.what.startswith(LEFT)
    ]
    lost = [results.figure("soak", "penstock", what) for what in ("failed", "broken")]
    return [
        Target("soak: failed", sum(value or 0.0 for value in lost), 0, "requests and streams"),
        Target("soak: memory at the end, more than after the first minute", growth(results), GROWTH, "%"),
        Target(
            "soak: tasks, requests inside and files left over",
            max(left, default=None),
            0,
            "more than before",
        ),
    ]


def growth(results: Results) -> float | None:
    """Per cent of memory that was more at the end than after the beginning; less is none."""
    first, last = memory(results)
    return None if first is None or last is None else max((last / first - 1) * 100, 0.0)


def memory(results: Results) -> tuple[float | None, float | None]:
    """Megabytes after the first minute and at the end, each the median over a stretch of time."""
    course = results.course("penstock", "memory")
    if not course:
        return None, None
    end = course[-1][0]
    after = min(FIRST, end / 5)
    first = [size for when, size in course if after <= when <= 2 * after]
    last = [size for when, size in course if when >= end - after]
    return median(first or [course[0][1]]), median(last)


def _course(results: Results) -> str:
    course = results.course("penstock", "memory")
    if not course:
        return ""
    first, last = memory(results)
    found = {
        what: results.figure("soak", "penstock", what)
        for what in ("seconds", "most", "per second", "p50", "p99", "skipped")
    }
    named = {what: value or 0.0 for what, value in found.items()}
    most = max(size for _, size in course)
    tasks = [value for _, value in results.course("penstock", "tasks")]
    rows = [
        ("how long", f"{named['seconds'] / 60:.1f} minutes"),
        ("asked as fast as it answers", f"{count(named['most'])} requests a second"),
        ("the load", f"{count(named['per second'])} requests a second, 40 streams"),
        ("not asked, for 200 were under way", count(named["skipped"])),
        ("p50 / p99 of the requests", f"{named['p50']:.1f} / {named['p99']:.1f} ms"),
        ("memory after the first minute, at the end, at most", f"{first:.1f}, {last:.1f}, {most:.1f} MB"),
        ("tasks while loaded", f"{min(tasks):.0f} to {max(tasks):.0f}"),
    ]
    return table(("soak", "found"), rows)
