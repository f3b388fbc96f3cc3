"""The tables of a scale run in Markdown: streams held at once, workers, and the targets."""

import re

from bench.samples import Figure, Results
from bench.scale.workers import WORKERS, name_of
from bench.tables import LEAST, Target, count, heading, megabytes, micro, ratio, table, verdicts

HOW = (
    "streams that say something every half a second; of those with slow readers one in twenty says 800 KB a "
    "second and is read by nobody for seconds, then to its end. One worker on one core, clients and upstream "
    "on the other, everything on. How late an event comes is counted from its sending by the upstream to its "
    "reading by the client, both in one Python each; held up is what penstock's own event loop was late at "
    "most, by its metrics."
)
PLACES = ("penstock", "nginx", "upstream")
LATE = 100  # ms, of our own
FROM = 100  # streams, below which nothing is asked
MANY = 500  # streams, below which memory of each is mostly what the first one loads


def markdown(results: Results) -> str:
    """The whole report."""
    parts = (_streams(results), _workers(results), verdicts((*musts(results), *targets(results))))
    said = "\n\n".join(part for part in parts if part)
    return f"{heading(results, HOW)}\n\n{said}" if said else ""


def musts(results: Results) -> list[Target]:
    """What no machine is too busy for: no stream is broken."""
    broken = [results.figure(case, "penstock", "broken") for case, _ in cases(results)]
    lost = [value for value in broken if value is not None]
    return [Target("streams held: broken", sum(lost), 0, "streams")] if lost else []


def targets(results: Results) -> list[Target]:
    """What the specification asks for, with what this run found."""
    found = []
    for case, size in cases(results):
        if size < FROM:
            continue
        memory, stood = (results.figure(case, "penstock", what) for what in ("memory", "held up"))
        title = title_of(case, size)
        if case.startswith("held") and size >= MANY:
            found.append(Target(f"{title}: memory of each", memory, 40, "KB"))
        found.append(Target(f"{title}: event loop held up at most", stood, LATE, "ms"))
        late = own(results, case)
        found.append(Target(f"{title}: latest event, later than without us", late, LATE, "ms"))
    return [*found, *workers(results)]


def workers(results: Results) -> list[Target]:
    """Two workers against one: on cores of their own by processor time, and as seen beside the load."""
    one, two = (results.middle("chat", name_of(number), "each") for number in WORKERS)
    alone = ratio(one, two)
    return [
        Target(
            "two workers against one, by processor time",
            None if alone is None else 2 * alone,
            1.8,
            "x",
            LEAST,
        ),
        Target(
            "two workers against one, per second, the load on the same cores",
            ratio(_pace(results, 2), _pace(results, 1)),
            1.8,
            "x",
            LEAST,
        ),
    ]


def cases(results: Results) -> list[tuple[str, int]]:
    """What was held and how many streams that were: those read as they come first, each in order."""
    names = {entry.case for entry in results.entries if isinstance(entry, Figure)}
    found = [(name, int(match[2])) for name in names if (match := re.fullmatch(r"(held|slow)_(\d+)", name))]
    return sorted(found, key=lambda each: (each[0].partition("_")[0], each[1]))


def title_of(case: str, size: int) -> str:
    """What was held, in words."""
    return (
        f"{count(size)} streams, with slow readers" if case.startswith("slow") else f"{count(size)} streams"
    )


def own(results: Results, case: str) -> float | None:
    """How much later the latest event was through penstock than from the upstream itself."""
    ours, bare = (results.figure(case, place, "worst") for place in ("penstock", "upstream"))
    return None if ours is None or bare is None else max(ours - bare, 0.0)


def lateness(results: Results) -> list[tuple[str, list[tuple[str, float]]]]:
    """For a picture: how late 99 of 100 events came at most, by streams and by what they came through."""
    return [
        (
            title_of(case, size),
            [(place, late) for place in PLACES if (late := results.figure(case, place, "p99")) is not None],
        )
        for case, size in cases(results)
    ]


def _streams(results: Results) -> str:
    rows = []
    for case, size in cases(results):
        late = (_late(results, case, place) for place in PLACES)
        stood = results.figure(case, "penstock", "held up")
        memory = (results.figure(case, place, "memory") for place in PLACES[:2])
        rows.append(
            (
                title_of(case, size),
                *late,
                "" if stood is None else f"{stood:.1f} ms",
                *("" if each is None else f"{each:.1f} KB" for each in memory),
                megabytes(results.figure(case, "penstock", "most")),
            )
        )
    head = ("held at once", *(f"p50 / p99 / latest, {place}" for place in PLACES), "held up, penstock")
    return table((*head, *(f"memory of each, {place}" for place in PLACES[:2]), "in all, penstock"), rows)


def _late(results: Results, case: str, place: str) -> str:
    found = [results.figure(case, place, what) for what in ("p50", "p99", "worst")]
    return " / ".join(f"{value:.1f}" for value in found if value is not None) + " ms" if any(found) else ""


def _workers(results: Results) -> str:
    rows = [
        (
            str(number),
            micro(results.middle("chat", name, "each")),
            count(_pace(results, number)),
            megabytes(results.memory(name, "idle")),
        )
        for number in WORKERS
        if results.spread("chat", name := name_of(number))
    ]
    head = (
        "workers, sharing every core with the load",
        "processor time a chat",
        "per second",
        "memory, idle",
    )
    return table(head, rows)


def _pace(results: Results, number: int) -> float | None:
    return results.middle("chat", name_of(number), "per_second")
