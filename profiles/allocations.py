"""Lists where one operation allocates: `python -m profiles.allocations chat`, in the micro bench's terms.

Grouped by the line that allocates; for lines outside penstock, with the line of ours that led
there. The harness's own lines are left out unless asked for.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import memray
import msgspec

from bench import allocations
from bench.allocations import Site, Stack
from bench.inprocess import Bench
from bench.loop import CountingLoop
from bench.workloads import WORKLOADS, Workload
from profiles.evidence import add_keep, tell

ROOT = Path(__file__).resolve().parent.parent
OURS = tuple(str(ROOT / package) + "/" for package in ("gateway", "adapters", "store"))
HARNESS = str(ROOT / "bench") + "/"
SMALLEST = 0.05  # allocations per operation worth a line


class Line(msgspec.Struct):
    """Allocations per operation at one site, and the line of ours above it that they came through most."""

    site: Site
    count: float = 0.0
    through: Site | None = None


def main() -> int:
    """Print the table; the exit status."""
    arguments = _arguments()
    module, _, function = arguments.build.partition(":")
    build = getattr(import_module(module), function)
    workload = _workload(arguments.workload)
    with allocations.quiet(), Bench(build, CountingLoop, workload.house) as bench:
        exact = allocations.per_operation(bench, workload)
        found = allocations.sites(bench, workload)
        calls = allocations.calls(bench, workload)
        if arguments.flamegraph:
            draw(bench, workload, arguments.flamegraph)
    lines = sorted(_lines(found, calls), key=lambda line: -line.count)
    shown = [line for line in lines if line.count > SMALLEST and (arguments.harness or not _of_harness(line))]
    text = "".join(_written(line) + "\n" for line in shown[: arguments.top])
    harness = sum(line.count for line in lines if _of_harness(line))
    rest = exact - sum(line.count for line in lines)
    text += (
        f"{workload.name}: {exact:g} allocations an operation, {exact - harness - rest:.1f} listed above, "
        f"{harness:.1f} in lines of the harness, {rest:+.1f} not explained\n"
    )
    tell(f"{workload.name}-allocations", text, keep=arguments.keep)
    return 0


def draw(bench: Bench, workload: Workload, page: Path) -> None:
    """Draw the allocations of some operations as memray's flame graph, a page for a browser."""
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as folder:
        recording = Path(folder) / "recording"
        with memray.Tracker(recording, trace_python_allocators=True):
            bench.run(workload, allocations.OPERATIONS)
        command = [sys.executable, "-m", "memray", "flamegraph", "--temporary-allocations", "--force"]
        command += ["--output", str(page), str(recording)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # ours


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m profiles.allocations", description=__doc__)
    parser.add_argument(
        "workload", nargs="?", default="chat", choices=[work.name for work in allocations.measured()]
    )
    parser.add_argument("--top", type=int, default=60, help="lines to show")
    parser.add_argument("--harness", action="store_true", help="show the harness's own lines too")
    parser.add_argument("--flamegraph", type=Path, metavar="HTML", help="draw them here, by memray")
    add_keep(parser)
    parser.add_argument("--build", default="bench.inprocess:penstock", help="MODULE:FUNCTION")
    return parser.parse_args()


def _workload(name: str) -> Workload:
    return WORKLOADS.get(name) or next(work for work in allocations.measured() if work.name == name)


def _lines(found: dict[Stack, float], calls: dict[Site, float]) -> list[Line]:
    ways: defaultdict[Site, defaultdict[Site | None, float]] = defaultdict(lambda: defaultdict(float))
    for stack, count in found.items():
        site = stack[0] if stack else ("?", "?", 0)
        ways[site][next((frame for frame in stack if frame[1].startswith(OURS)), None)] += count
    return [
        Line(site, sum(through.values()) - calls.get(site, 0.0), max(through, key=lambda way: through[way]))
        for site, through in ways.items()
    ]


def _of_harness(line: Line) -> bool:
    return line.site[1].startswith(HARNESS) and line.through is None


def _written(line: Line) -> str:
    text = f"{line.count:6.2f}  {_place(line.site)}"
    return text if line.through is None or line.through == line.site else f"{text}  <- {_place(line.through)}"


def _place(site: Site) -> str:
    function, file, number = site
    path = Path(file)
    short = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(*path.parts[-2:])
    return f"{short}:{number} {function}"


if __name__ == "__main__":
    sys.exit(main())
