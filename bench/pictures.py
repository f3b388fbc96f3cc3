"""Draws the bars of a run as an SVG that needs no library: processor time of each case, by who was measured.

The scale is logarithmic, for the dearest takes a thousand times the cheapest; each bar says its figure.
"""

import math
from collections.abc import Iterable
from html import escape
from pathlib import Path

from bench.samples import Results, Sample
from bench.tables import micro

WIDTH, LABEL, FIGURE = 860, 170, 100
BAR, GAP, GROUP, TOP = 14, 4, 34, 44
COLOURS = {"penstock": "#0b6e4f", "nginx": "#8a8f98"}
OTHERS = "#c46210"
LEAST = 1.0


def write(run: Results, folder: Path) -> Path | None:
    """Draw a run beside its results; nothing when it has no samples."""
    picture = draw(run)
    if not picture:
        return None
    path = folder / f"{run.machine.time[:10]}-{run.machine.layer}.svg"
    path.write_text(picture)
    return path


def draw(run: Results) -> str:
    """The picture of a run."""
    groups = list(_groups(run))
    if not groups:
        return ""
    most = max(value for _, bars in groups for _, value in bars)
    lines, top = (
        [_text(0, 18, f"Processor time, {run.machine.layer}, {run.machine.time[:10]}", bold=True)],
        TOP,
    )
    for case, bars in groups:
        lines.append(_text(0, top, case, bold=True))
        for peer, value in bars:
            top += BAR + GAP
            lines.extend(_bar(peer, value, most, top))
        top += GROUP
    size = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    style = 'font-family="sans-serif" font-size="12"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n' + "\n".join(lines) + "\n</svg>\n"


def _groups(run: Results) -> Iterable[tuple[str, list[tuple[str, float]]]]:
    samples = [entry for entry in run.entries if isinstance(entry, Sample)]
    peers = dict.fromkeys(entry.peer for entry in samples)
    for case in dict.fromkeys(entry.case for entry in samples):
        found = ((peer, run.middle(case, peer, "each")) for peer in peers)
        yield case, [(peer, value) for peer, value in found if value is not None]


def _bar(peer: str, value: float, most: float, top: int) -> tuple[str, str, str]:
    room = WIDTH - LABEL - FIGURE
    length = room * math.log(1 + max(value, LEAST)) / math.log(1 + max(most, LEAST))
    colour = COLOURS.get(peer, OTHERS)
    place = f'x="{LABEL}" y="{top - BAR + 2}" width="{length:.1f}" height="{BAR}" fill="{colour}"'
    return (
        _text(12, top, peer),
        f"<rect {place}/>",
        _text(LABEL + int(length) + 6, top, micro(value)),
    )


def _text(left: int, top: int, words: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left}" y="{top}"{weight}>{escape(words)}</text>'
