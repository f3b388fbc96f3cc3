"""`python -m bench scale`: many streams at once, some read by nobody for a while, and more workers.

Streams are held open through penstock, through nginx and at the upstream itself: what the last says of
lateness is the harness's own. Twenty minutes of load are `python -m bench soak`.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import samples
from bench.samples import Found, Results
from bench.scale import report
from bench.scale.holding import held, held_slowly, upstreams
from bench.scale.workers import worked
from bench.wire.rounds import need_tools

COUNTS = (1, 100, 1_000, 2_000)
FEW = (1, 100, 500)
PARTS = ("streams", "slow", "workers")


def main(arguments: Sequence[str]) -> int:
    """Measure, write down, print the table; the exit status."""
    options = _arguments(arguments)
    need_tools()
    counts = options.streams or (COUNTS if options.whole else FEW)
    results = Results(samples.machine("scale"), measure(counts, options.only.split(",")))
    print(f"written to {samples.write(results)}", file=sys.stderr)
    print(report.markdown(results))
    return int(any(not target.met for target in report.musts(results)))


def measure(counts: Sequence[int], parts: Sequence[str]) -> list[Found]:
    """The parts wanted, each stream count by itself."""
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="penstock-scale-") as name, upstreams(Path(name)) as behind:
        for count in counts if "streams" in parts else ():
            found.extend(held(Path(name), behind, count))
        if "slow" in parts:
            found.extend(held_slowly(Path(name), behind, max(counts)))
        if "workers" in parts:
            found.extend(worked(Path(name), behind))
    return found


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench scale", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="up to 2 000 streams, instead of 500")
    parser.add_argument("--streams", type=int, nargs="*", help="so many at once, instead")
    parser.add_argument("--only", default=",".join(PARTS), help="which parts")
    return parser.parse_args(arguments)
