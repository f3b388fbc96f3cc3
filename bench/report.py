"""`python -m bench report`: what the kept runs say, one section a layer, and the tables of the pages.

Of each layer the newest run in `bench/results` is taken, or the files that are named. With `--write` each
section is put between its own marks on its page, with its heading and its picture; a layer that has no
run has nothing there, and nothing else on a page changes.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from bench import pictures, published, samples, settings
from bench.peers import report as peers
from bench.samples import RESULTS, ROOT, Results
from bench.scale import report as scale
from bench.scale import soak_report
from bench.wire import report as wire

BEGIN = "<!-- bench:{layer} -->"
END = "<!-- /bench:{layer} -->"


class Section(msgspec.Struct, frozen=True):
    """What a run of a layer says, under which heading, and on which page."""

    title: str
    markdown: Callable[[Results], str]
    page: str = "README.md"


SECTIONS = {
    "peers": Section("Beside other gateways", peers.markdown),
    "wire": Section("Beside nginx, by size and by connections", wire.markdown),
    "scale": Section("Many streams at once", scale.markdown),
    "soak": Section("A soak", soak_report.markdown),
    "settings": Section("How the server is set", settings.markdown, "docs/production.md"),
    "published": Section("What others published", published.markdown),
}


def main(arguments: Sequence[str]) -> int:
    """Print or write the report; the exit status."""
    options = _arguments(arguments)
    runs = newest(options.files or sorted(RESULTS.glob("*.jsonl")))
    if not runs:
        sys.exit(f"no run is kept in {RESULTS}: make one, such as `python -m bench wire --quick`")
    if options.write:
        for run in runs:
            pictures.write(run, RESULTS)
        write(runs)
    else:
        print("\n\n".join(section(run) for run in runs))
    return 0


def newest(files: Iterable[Path]) -> list[Results]:
    """The last run of each layer that has a section, in their order."""
    found = sorted((samples.read(path) for path in files), key=lambda run: run.machine.time)
    last = {run.machine.layer: run for run in found}
    return [last[layer] for layer in SECTIONS if layer in last]


def section(run: Results, page: Path | None = None) -> str:
    """What one run says under its heading; on a page beside its picture, where it has one."""
    known = SECTIONS[run.machine.layer]
    picture = RESULTS / pictures.name_of(run)
    parts = [f"### {known.title}", known.markdown(run)]
    if page is not None and picture.is_file():
        place = os.path.relpath(picture, page.parent)
        parts.insert(1, f"![{known.title}: {pictures.title_of(run)}]({place})")
    return "\n\n".join(parts)


def write(runs: Iterable[Results], folder: Path = ROOT) -> None:
    """Put each run's section between its marks on its page, and nothing where there is no run."""
    found = {run.machine.layer: run for run in runs}
    for layer, known in SECTIONS.items():
        page = folder / known.page
        text = page.read_text()
        begin, end = (mark.format(layer=layer) for mark in (BEGIN, END))
        before, there, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not there or not ended:
            raise SystemExit(f"{known.page} has no {begin} … {end}")
        said = f"{section(found[layer], page)}\n" if layer in found else ""
        page.write_text(f"{before}{begin}\n{said}{end}{after}")


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench report", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="runs to report, instead of the newest")
    parser.add_argument("--write", action="store_true", help="draw the pictures, and fill README and docs/")
    return parser.parse_args(arguments)
