"""`just chaos`: every kind of fault, in every dialect, form and arrangement; a table, and what is wrong.

Arguments name kinds; `--repeats N` asks for each cell so often [3], `--seed N` draws another order [0].
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.kinds import KINDS
from tests.chaos.ledger import summary
from tests.chaos.plans import ARRANGEMENTS, HEDGED, cells
from tests.chaos.run import Result, ground
from tests.chaos.verdict import problems

MOST_SHOWN = 40
RUNS = (("one after the other", tuple(ARRANGEMENTS)), ("two at once", tuple(HEDGED)))


def main(arguments: Sequence[str]) -> int:
    """Run it; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(
        prog="just chaos", description="Break upstreams, and see what comes of it."
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"one of {', '.join(KINDS)}")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    if unknown := set(given.kinds) - KINDS.keys():
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder, ground(Path(folder)) as stage:
        found = [
            shown(f"\n{words}", stage.run(list(cells(given.kinds, arrangements)), given.repeats, given.seed))
            for words, arrangements in RUNS
        ]
    return 1 if any(found) else 0


def shown(title: str, result: Result) -> int:
    """Print one run; how much is wrong with it."""
    wrong = problems(result)
    sys.stdout.write(f"{title}\n{table(result)}\n{len(result.asked)} exchanges, {len(wrong)} problems\n")
    sys.stdout.write(f"{summary(result.books, result.entries)}\n")
    sys.stdout.writelines(f"{words}\n" for words in wrong[:MOST_SHOWN])
    sys.stdout.flush()
    return len(wrong)


def table(result: Result) -> str:
    """One line a kind: how its exchanges ended, how many tries they took, and how long the longest."""
    attempts = {row.id: row.attempts for row in result.rows}
    lines = [
        f"{'kind':20} {'asked':>6} {'served':>7} {'in band':>8} {'refused':>8} {'tries':>6} {'longest':>8}"
    ]
    for kind in KINDS:
        ours = [one for one in result.asked if one.cell.kind.name == kind]
        if not ours:
            continue
        served = sum(one.heard.ending == "complete" for one in ours)
        left = sum(one.heard.left for one in ours)
        refused = sum(one.heard.status not in (0, 200) for one in ours)
        tries = sum(attempts.get(one.mark, 0) for one in ours) / len(ours)
        longest = max(one.seconds for one in ours)
        in_band = len(ours) - served - refused - left
        numbers = "".join(f" {number:8}" for number in (len(ours), served, in_band, refused, left))
        lines.append(f"{kind:20}{numbers} {tries:8.2f} {longest:7.2f}s")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
