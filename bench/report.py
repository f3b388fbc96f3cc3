"""`python -m bench report`: what the kept runs say, one section a layer, and the README's tables.

Of each layer the newest run in `bench/results` is taken, or the files that are named. With
`--write-readme` each section is put between its own marks in the README, and nothing else changes.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench import pictures, published, samples
from bench.peers import report as peers
from bench.samples import RESULTS, ROOT, Results
from bench.scale import report as scale
from bench.wire import report as wire

README = ROOT / "README.md"
BEGIN = "<!-- bench:{layer} -->"
END = "<!-- /bench:{layer} -->"
SECTIONS: dict[str, Callable[[Results], str]] = {
    "wire": wire.markdown,
    "peers": peers.markdown,
    "scale": scale.markdown,
    "published": published.markdown,
}


def main(arguments: Sequence[str]) -> int:
    """Print or write the report; the exit status."""
    options = _arguments(arguments)
    runs = newest(options.files or sorted(RESULTS.glob("*.jsonl")))
    if not runs:
        sys.exit(f"no run is kept in {RESULTS}: make one, such as `python -m bench wire --quick`")
    for run in runs if options.pictures else ():
        print(f"drawn: {pictures.write(run, RESULTS)}", file=sys.stderr)
    if options.write_readme:
        write_readme(runs)
    else:
        print("\n\n".join(f"## {run.machine.layer}\n\n{section(run)}" for run in runs))
    return 0


def newest(files: Iterable[Path]) -> list[Results]:
    """The last run of each layer that has a section, in their order."""
    found = sorted((samples.read(path) for path in files), key=lambda run: run.machine.time)
    last = {run.machine.layer: run for run in found}
    return [last[layer] for layer in SECTIONS if layer in last]


def section(run: Results) -> str:
    """What one run says."""
    return SECTIONS[run.machine.layer](run)


def write_readme(runs: Iterable[Results], readme: Path = README) -> None:
    """Put each run's section between its marks."""
    text = readme.read_text()
    for run in runs:
        begin, end = (mark.format(layer=run.machine.layer) for mark in (BEGIN, END))
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        if not found or not ended:
            raise SystemExit(f"{readme.name} has no {begin} … {end}")
        text = f"{before}{begin}\n{section(run)}\n{end}{after}"
    readme.write_text(text)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench report", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="runs to report, instead of the newest")
    parser.add_argument("--pictures", action="store_true", help="draw each run as an SVG in bench/results")
    parser.add_argument("--write-readme", action="store_true", help="put the sections into README.md")
    return parser.parse_args(arguments)
