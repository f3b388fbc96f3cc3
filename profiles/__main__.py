"""`python -m profiles` runs the recipes whose evidence is kept, one after the other, each by its own command.

About five minutes, with a soak of two. What is older stays: delete what a newer one says better.
"""

import subprocess
import sys
from datetime import UTC, datetime

from profiles.evidence import HERE

KEPT = (
    ("cpu", "chat", "--top", "25", "--flamegraph", "{day}-chat.svg"),
    ("cpu", "crossed", "--top", "25"),
    ("cpu", "body_350k", "--top", "25"),
    ("cpu", "events", "--top", "25"),
    ("allocations", "chat", "--top", "40"),
    ("allocations", "messages_team", "--top", "40"),
    ("stalls", "body_350k"),
    ("stalls", "body_2m", "--count", "100"),
    ("imports",),
    ("memory",),
    ("soak", "--minutes", "2"),
)


def main() -> int:
    """Run all of them; how many failed."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    failed = 0
    for recipe, *arguments in KEPT:
        given = [str(HERE / each.format(day=day)) if "{day}" in each else each for each in arguments]
        command = [sys.executable, "-m", f"profiles.{recipe}", *given, "--keep"]
        sys.stderr.write(" ".join(command[1:]) + "\n")
        failed += subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode != 0  # noqa: S603  # ours
    return failed


if __name__ == "__main__":
    sys.exit(main())
