"""What the start of an application takes: the packages it loads, its memory and its processor time.

`python -m bench.start MODULE:FUNCTION` prints one JSON object (`Start`). It loads nothing itself that
an application may be blamed for, so the struct is read elsewhere and this is a program of few imports.
Time is a multiple of a fixed piece of pure Python, in thousandths, as everywhere in the gate.
"""

import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

RUNS = 3
LOOP_ITEMS = 20_000
OURS = frozenset({"adapters", "bench", "gateway", "store"})
KILO = 1024
MEGA = 1_000_000
STATUS = Path("/proc/self/status")


def measure(build: str) -> dict[str, Any]:
    """The least of a few starts, each in a Python of its own; empty where one does not start."""
    found = [_once(build) for _ in range(RUNS)]
    return {
        "packages": found[0]["packages"],
        "megabytes": min(each["megabytes"] for each in found),
        "time": min(each["time"] for each in found),
    }


def main(build: str) -> int:
    """Load and build the application, and say what that took; the exit status."""
    known = set(sys.modules)
    memory = _memory()
    begun = time.process_time_ns()
    module, _, function = build.partition(":")
    made = getattr(import_module(module), function)
    settings = import_module("bench.inprocess").settings()
    application = made(settings, None)
    spent = time.process_time_ns() - begun
    more = _memory() - memory
    loaded = {name.partition(".")[0] for name in set(sys.modules) - known}
    # What the standard library keeps for itself changes with how a thing is imported, and means nothing.
    packages = sorted(name for name in loaded - OURS if not name.startswith("_"))
    found = {"packages": packages, "megabytes": round(more / MEGA, 2), "time": round(1000 * spent / _loop())}
    sys.stdout.write(json.dumps(found))
    return int(application is None)


def _once(build: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.start", build]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def _memory() -> int:
    """Bytes of memory of this process that no file is behind; 0 where the system does not say."""
    lines = STATUS.read_text().splitlines() if STATUS.is_file() else []
    return next((int(line.split()[1]) * KILO for line in lines if line.startswith("RssAnon:")), 0)


def _loop() -> int:
    """Nanoseconds of the fixed piece, the quickest of a few."""
    took = []
    for _ in range(RUNS):
        begun = time.process_time_ns()
        for number in range(LOOP_ITEMS):
            entry = {"number": number, "name": str(number)}
            len(entry["name"])  # type: ignore[arg-type]
        took.append(time.process_time_ns() - begun)
    return min(took)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
