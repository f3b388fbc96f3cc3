"""Draws what a run found as an SVG that needs no library: bars by who was measured, or the course of a soak.

The scale of bars is logarithmic, for the dearest takes a thousand times the cheapest; each bar says its
figure. A course has its own scale for each line, from nothing to its most, which stands beside it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from pathlib import Path

from bench.samples import Results, Sample
from bench.scale.report import lateness
from bench.tables import micro

WIDTH, LABEL, FIGURE = 860, 170, 100
BAR, GAP, GROUP, TOP = 14, 4, 34, 44
HEIGHT, MARGIN = 70, 26
COLOURS = {"penstock": "#0b6e4f", "nginx": "#8a8f98"}
OTHERS = "#c46210"
LEAST = 1.0
COURSE = {
    "memory": "MB, the whole tree",
    "inside": "requests inside",
    "tasks": "tasks",
    "connections": "connections to upstreams",
    "files": "files and sockets open",
}
Groups = Sequence[tuple[str, Sequence[tuple[str, float]]]]


def name_of(run: Results) -> str:
    """The name of a run's picture, beside its results."""
    return f"{run.machine.time[:10]}-{run.machine.layer}.svg"


def title_of(run: Results) -> str:
    """What its picture shows."""
    what = {"scale": "Milliseconds that 99 of 100 events came late at most", "soak": "A soak, by minute"}
    return f"{what.get(run.machine.layer, 'Processor time')}, {run.machine.layer}, {run.machine.time[:10]}"


def write(run: Results, folder: Path) -> Path | None:
    """Draw a run beside its results; nothing when it has nothing to draw."""
    picture = draw(run)
    if not picture:
        return None
    path = folder / name_of(run)
    path.write_text(picture)
    return path


def draw(run: Results) -> str:
    """The picture of a run."""
    if run.machine.layer == "soak":
        return _course(run)
    if run.machine.layer == "scale":
        return _bars(title_of(run), lateness(run), lambda late: f"{late:.1f} ms")
    return _bars(title_of(run), list(_times(run)), micro)


def _times(run: Results) -> Iterable[tuple[str, list[tuple[str, float]]]]:
    """Processor time by case and peer; workers share their cores with the load and stand elsewhere."""
    taken = [entry for entry in run.entries if isinstance(entry, Sample)]
    samples = [entry for entry in taken if not entry.peer.startswith("workers-")]
    peers = dict.fromkeys(entry.peer for entry in samples)
    for case in dict.fromkeys(entry.case for entry in samples):
        found = ((peer, run.middle(case, peer, "each")) for peer in peers)
        yield case, [(peer, value) for peer, value in found if value is not None]


def _bars(title: str, groups: Groups, spell: Callable[[float], str]) -> str:
    values = [value for _, bars in groups for _, value in bars]
    if not values:
        return ""
    lines, top = [_text(0, 18, title, bold=True)], TOP
    for case, bars in groups:
        lines.append(_text(0, top, case, bold=True))
        for peer, value in bars:
            top += BAR + GAP
            lines.extend((_text(12, top, peer), *_bar(peer, value, max(values), top)))
            lines.append(_text(LABEL + int(_length(value, max(values))) + 6, top, spell(value)))
        top += GROUP
    return _picture(lines, top)


def _bar(peer: str, value: float, most: float, top: int) -> tuple[str]:
    colour = COLOURS.get(peer, OTHERS)
    place = f'x="{LABEL}" y="{top - BAR + 2}" width="{_length(value, most):.1f}" height="{BAR}"'
    return (f'<rect {place} fill="{colour}"/>',)


def _length(value: float, most: float) -> float:
    return (WIDTH - LABEL - FIGURE) * math.log(1 + max(value, LEAST)) / math.log(1 + max(most, LEAST))


def _course(run: Results) -> str:
    """A line for each value, one below the other, all over the same minutes."""
    lines, top = [_text(0, 18, title_of(run), bold=True)], TOP
    for what, unit in COURSE.items():
        course = run.course("penstock", what)
        if not course:
            continue
        end, most = course[-1][0] or 1.0, max(value for _, value in course) or 1.0
        points = " ".join(
            f"{LABEL + (WIDTH - LABEL - FIGURE) * when / end:.1f},{top + HEIGHT * (1 - value / most):.1f}"
            for when, value in course
        )
        lines.append(_text(0, top + 12, what, bold=True))
        lines.append(_text(0, top + 28, unit))
        lines.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS["penstock"]}"/>')
        lines.append(_text(WIDTH - FIGURE + 6, top + 12, f"at most {most:.0f}"))
        lines.append(_text(WIDTH - FIGURE + 6, top + HEIGHT, f"{end / 60:.1f} minutes"))
        top += HEIGHT + MARGIN
    return _picture(lines, top) if len(lines) > 1 else ""


def _picture(lines: list[str], height: int) -> str:
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    style = 'font-family="sans-serif" font-size="12" style="background:white"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(lines) + "\n</svg>\n"


def _text(left: int, top: int, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left}" y="{top}"{weight}>{escape(words)}</text>'
