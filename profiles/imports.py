"""What the start of a worker imports and how long each takes: `python -m profiles.imports`.

Of a few runs the quickest of each module counts. `own` is the module alone, `with` what it imports
first as well.
"""

import argparse
import subprocess
import sys

from profiles.evidence import add_keep, tell

RUNS = 5
LINE = "import time:"
MILLI = 1_000


def main() -> int:
    """Print the modules, the dearest first; the exit status."""
    arguments = _arguments()
    best: dict[str, tuple[int, int]] = {}
    for _ in range(RUNS):
        for name, (own, through) in times(arguments.module).items():
            known = best.get(name, (own, through))
            best[name] = (min(own, known[0]), min(through, known[1]))
    tell("imports", table(best, arguments.top), keep=arguments.keep)
    return 0


def times(module: str) -> dict[str, tuple[int, int]]:
    """Microseconds of each module that an import of `module` loads, alone and with what it imports."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # ourselves
    return parsed(ended.stderr)


def parsed(text: str) -> dict[str, tuple[int, int]]:
    """What `-X importtime` wrote, by module."""
    found = {}
    for line in text.splitlines():
        own, _, rest = line.removeprefix(LINE).partition("|")
        through, _, name = rest.partition("|")
        if line.startswith(LINE) and own.strip().isdigit():
            found[name.strip()] = (int(own), int(through))
    return found


def table(found: dict[str, tuple[int, int]], top: int) -> str:
    """The dearest modules, alone, and what each package of the outside takes in all."""
    whole = sum(own for own, _ in found.values())
    packages: dict[str, int] = {}
    for name, (own, _) in found.items():
        package = name.partition(".")[0]
        packages[package] = packages.get(package, 0) + own
    lines = [f"{len(found)} modules, {whole / MILLI:.1f} ms", "", "    own     with  module"]
    lines += [
        f"{own / MILLI:7.2f}  {through / MILLI:7.2f}  {name}"
        for name, (own, through) in sorted(found.items(), key=lambda item: -item[1][0])[:top]
    ]
    dearest = sorted(packages.items(), key=lambda item: -item[1])
    lines += ["", "  whole  package"]
    lines += [f"{own / MILLI:7.2f}  {name}" for name, own in dearest[:top]]
    return "\n".join(lines) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m profiles.imports", description=__doc__)
    parser.add_argument("module", nargs="?", default="gateway.app")
    parser.add_argument("--top", type=int, default=20, help="modules to show")
    add_keep(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
