"""What the gateway's memory is: `python -m profiles.memory` starts it idle and adds up its maps.

PSS of each process of the tree, by what is mapped: heap and anonymous pages, then each file. The
share of a library's code is small; what its modules cost is in the anonymous pages, and
`python -X importtime` or a run without the import tells those apart.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.wire import peers
from profiles.evidence import add_keep, tell

TOP = 15
KILO = 1024


def main() -> int:
    """Print the table; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m profiles.memory", description=__doc__)
    add_keep(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="penstock-profile-") as name:
        folder = Path(name)
        with peers.upstreams(folder) as behind, peers.penstock(folder, behind) as peer:
            tree = peer.program.tree()
            tables = [_table(pid, maps(Path(f"/proc/{pid}/smaps").read_text())) for pid in tree]
            whole = peer.program.memory() / 1e6
    tell("memory", "".join(tables) + f"{whole:.1f} MB, the whole tree\n", keep=arguments.keep)
    return 0


def maps(text: str) -> Counter[str]:
    """Bytes of PSS by what is mapped, read from the text of a `smaps`."""
    found: Counter[str] = Counter()
    current = ""
    for line in text.splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            current = words[5] if len(words) > 5 else "[anonymous]"  # noqa: PLR2004  # the sixth word is the path
        elif words[0] == "Pss:":
            found[current] += int(words[1]) * KILO
    return found


def _table(pid: int, found: Counter[str]) -> str:
    # Of every word the last step: where a program stands is this machine's business.
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    lines = [" ".join(Path(word).name for word in words), f"{found.total() / 1e6:7.1f} MB"]
    lines += [f"{size / 1e6:7.2f} MB  {Path(what).name}" for what, size in found.most_common(TOP)]
    return "\n".join(lines) + "\n\n"


if __name__ == "__main__":
    sys.exit(main())
