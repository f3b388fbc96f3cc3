"""How a recipe tells what it found: on the terminal, and with `--keep` in a dated file beside this one.

The first line of a kept file is the command that makes it again, the second says on what it was made.
"""

import argparse
import sys
from pathlib import Path

from bench import samples

HERE = Path(__file__).resolve().parent


def add_keep(parser: argparse.ArgumentParser) -> None:
    """Give a recipe its option `--keep`."""
    parser.add_argument("--keep", action="store_true", help="keep what is found in profiles/, dated")


def tell(what: str, text: str, *, keep: bool) -> None:
    """Print what was found; keep it as `<date>-<what>.txt` when asked to."""
    sys.stdout.write(text)
    if not keep:
        return
    machine = samples.machine("profile")
    # No path of this machine: evidence is made again from the top of the checkout.
    given = (argument.replace(f"{HERE.parent}/", "") for argument in sys.argv[1:])
    command = " ".join(argument for argument in given if argument != "--keep")
    recipe = Path(sys.argv[0]).stem
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    path = HERE / f"{machine.time[:10]}-{what}.txt"
    path.write_text(
        f"python -m profiles.{recipe} {command}".rstrip()
        + f"\n{machine.time} at {machine.commit}, {machine.cores} cores of {machine.processor}; {versions}"
        + f"\n\n{text}"
    )
    sys.stderr.write(f"kept in {path}\n")
