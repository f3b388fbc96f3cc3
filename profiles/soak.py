"""Memory over a soak: `python -m profiles.soak --minutes 2`, half of a core's load, streams among it.

Prints memory as it goes, what is left over when the load has gone, and what the processes have mapped
more than before.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.samples import Figure, Moment
from bench.scale import soak
from bench.scale.holding import upstreams
from bench.wire import peers
from bench.wire.peers import Peer
from profiles.evidence import add_keep, tell
from profiles.memory import maps

TOP = 12


def main() -> int:
    """Print the course; the exit status."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as name:
        folder = Path(name)
        with upstreams(folder) as behind, peers.penstock(folder, behind) as peer:
            before = mapped(peer)
            found = soak.through(peer, folder, arguments.minutes * 60)
            after = mapped(peer)
    lines = [
        f"{entry.value:10.1f} {entry.unit:<22} {entry.what}" for entry in found if isinstance(entry, Figure)
    ]
    lines += [""]
    lines += [
        f"{entry.seconds:6.0f} s  " + ", ".join(f"{what} {value:.1f}" for what, value in entry.values.items())
        for entry in found
        if isinstance(entry, Moment)
    ][:: arguments.every]
    lines += ["", "mapped more than before the load:"]
    lines += [f"{size / 1e6:+10.2f} MB  {Path(what).name}" for what, size in grown(before, after)]
    tell("soak", "\n".join(lines) + "\n", keep=arguments.keep)
    return 0


def mapped(peer: Peer) -> Counter[str]:
    """Bytes by what is mapped, over the whole tree."""
    found: Counter[str] = Counter()
    for pid in peer.program.tree():
        found.update(maps(Path(f"/proc/{pid}/smaps").read_text()))
    return found


def grown(before: Counter[str], after: Counter[str]) -> list[tuple[str, int]]:
    """What changed most, first."""
    more = {what: size - before[what] for what, size in after.items()}
    return sorted(more.items(), key=lambda item: -abs(item[1]))[:TOP]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m profiles.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--every", type=int, default=4, help="of how many looks one is told")
    add_keep(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
