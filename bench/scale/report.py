"""The tables of a scale run in Markdown: streams held at once, workers, and the targets."""

import re

from bench.samples import Figure, Results
from bench.scale.workers import WORKERS, name_of
from bench.tables import LEAST, Target, count, heading, megabytes, micro, ratio, table, verdicts

HOW = (
    "streams that say something every half a second, one in twenty read by nobody for a while, then to its "
    "end; one worker on one core, clients and upstream on the other, everything on. How late an event comes "
    "is counted from its sending by the upstream to its reading by the client, both in one Python each; held "
    "up is what penstock's own event loop was late at most, by its metrics."
)
PLACES = ("penstock", "nginx", "upstream")
LATE = 100  # ms, of our own
FROM = 100  # streams, below which memory per stream is mostly something else


def markdown(results: Results) -> str:
    """The whole report."""
    parts = (_streams(results), _workers(results), verdicts((*musts(results), *targets(results))))
    said = "\n\n".join(part for part in parts if part)
    return f"{heading(results, HOW)}\n\n{said}" if said else ""


def musts(results: Results) -> list[Target]:
    """What no machine is too busy for: no stream is broken."""
    broken = [results.figure(f"held_{size}", "penstock", "broken") for size in sizes(results)]
    lost = [value for value in broken if value is not None]
    return [Target("streams held: broken", sum(lost), 0, "streams")] if lost else []


def targets(results: Results) -> list[Target]:
    """What the specification asks for, with what this run found."""
    found = []
    for size in sizes(results):
        if size >= FROM:
            memory, stood = (
                results.figure(f"held_{size}", "penstock", what) for what in ("memory", "held up")
            )
            late = own(results, size)
            found.append(Target(f"{size} streams: memory of each", memory, 40, "KB"))
            found.append(Target(f"{size} streams: event loop held up at most", stood, LATE, "ms"))
            found.append(Target(f"{size} streams: latest event, later than without us", late, LATE, "ms"))
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


def sizes(results: Results) -> list[int]:
    """How many streams were held at once, in order."""
    cases = {entry.case for entry in results.entries if isinstance(entry, Figure)}
    return sorted(int(found[1]) for case in cases if (found := re.fullmatch(r"held_(\d+)", case)))


def own(results: Results, size: int) -> float | None:
    """How much later the latest event was through penstock than from the upstream itself."""
    ours, bare = (results.figure(f"held_{size}", place, "worst") for place in ("penstock", "upstream"))
    return None if ours is None or bare is None else max(ours - bare, 0.0)


def lateness(results: Results) -> list[tuple[str, list[tuple[str, float]]]]:
    """For a picture: how late 99 of 100 events came at most, by streams and by what they came through."""
    return [
        (
            f"{count(size)} streams",
            [
                (place, late)
                for place in PLACES
                if (late := results.figure(f"held_{size}", place, "p99")) is not None
            ],
        )
        for size in sizes(results)
    ]


def _streams(results: Results) -> str:
    rows = []
    for size in sizes(results):
        case = f"held_{size}"
        late = (_late(results, case, place) for place in PLACES)
        stood = results.figure(case, "penstock", "held up")
        memory = (results.figure(case, place, "memory") for place in PLACES[:2])
        rows.append(
            (
                count(size),
                *late,
                "" if stood is None else f"{stood:.1f} ms",
                *("" if each is None else f"{each:.1f} KB" for each in memory),
                megabytes(results.figure(case, "penstock", "most")),
            )
        )
    head = ("streams", *(f"p50 / p99 / latest, {place}" for place in PLACES), "held up, penstock")
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
