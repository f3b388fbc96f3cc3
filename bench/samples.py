"""The figures of a run: single samples, and what a run writes down about itself."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

import msgspec

PACKAGES = ("granian", "aiohttp", "msgspec", "uvloop")
ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    """One round of one case against one peer. Times in microseconds.

    `each` is processor time per request or event. `reads` is how many reads the client needed for
    an event: below one, events came together.
    """

    case: str
    peer: str
    round: int
    each: float
    per_second: float
    p50: float
    p99: float
    failed: int
    reads: float | None = None


class Memory(msgspec.Struct, frozen=True, tag="memory"):
    """Megabytes of a peer's whole tree: `when` is "idle" or "load"."""

    peer: str
    when: str
    megabytes: float


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Seconds from starting a peer to the end of the first request it served."""

    peer: str
    seconds: float


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """One value that is neither of the above: what it is of, and its unit."""

    case: str
    peer: str
    what: str
    value: float
    unit: str


class Moment(msgspec.Struct, frozen=True, tag="moment"):
    """What there was so many seconds after a load had begun, each value by its name and unit."""

    peer: str
    seconds: float
    values: dict[str, float]


class Machine(msgspec.Struct, frozen=True, tag="machine"):
    """Where, when and with what a run of which layer was made."""

    time: str
    commit: str
    processor: str
    cores: int
    system: str
    versions: dict[str, str]
    layer: str = "wire"


Found = Sample | Memory | Start | Figure | Moment
Entry = Found | Machine


class Results(msgspec.Struct):
    """Everything one run found."""

    machine: Machine
    entries: list[Found]

    def middle(self, case: str, peer: str, field: str) -> float | None:
        """The median over the rounds."""
        values = [
            getattr(entry, field)
            for entry in self.entries
            if isinstance(entry, Sample) and entry.case == case and entry.peer == peer
        ]
        known = [value for value in values if value is not None]
        return median(known) if known else None

    def spread(self, case: str, peer: str) -> list[float]:
        """The processor times of all rounds, in order of size."""
        samples = (entry for entry in self.entries if isinstance(entry, Sample))
        return sorted(entry.each for entry in samples if entry.case == case and entry.peer == peer)

    def memory(self, peer: str, when: str) -> float | None:
        """Megabytes, the most that were seen."""
        samples = (entry for entry in self.entries if isinstance(entry, Memory))
        return max(
            (entry.megabytes for entry in samples if entry.peer == peer and entry.when == when), default=None
        )

    def start(self, peer: str) -> float | None:
        """Seconds to the first served request, median."""
        samples = (entry for entry in self.entries if isinstance(entry, Start))
        values = [entry.seconds for entry in samples if entry.peer == peer]
        return median(values) if values else None

    def figure(self, case: str, peer: str, what: str) -> float | None:
        """A single value, the median when it was found more than once."""
        figures = (entry for entry in self.entries if isinstance(entry, Figure))
        wanted = (case, peer, what)
        values = [entry.value for entry in figures if (entry.case, entry.peer, entry.what) == wanted]
        return median(values) if values else None

    def course(self, peer: str, what: str) -> list[tuple[float, float]]:
        """How a value went on: seconds and value, in order."""
        moments = (entry for entry in self.entries if isinstance(entry, Moment) and entry.peer == peer)
        return sorted((moment.seconds, moment.values[what]) for moment in moments if what in moment.values)

    def peers(self) -> set[str]:
        """Who was measured."""
        return {entry.peer for entry in self.entries}

    @property
    def failed(self) -> int:
        """Requests that failed, and streams that broke."""
        return sum(entry.failed for entry in self.entries if isinstance(entry, Sample))


def machine(layer: str, versions: Mapping[str, str] | None = None) -> Machine:
    """Describe this machine and what runs on it; `versions` are of what only this layer has."""
    return Machine(
        time=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commit=_output("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        processor=_processor(),
        cores=os.cpu_count() or 0,
        system=f"{platform.system()} {platform.release()}",
        versions={
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
            "nginx": _output("nginx", "-v").rpartition("/")[2],
            "wrk": _output("wrk", "-v").partition(" [")[0].removeprefix("wrk "),
            **(versions or {}),
        },
        layer=layer,
    )


def write(results: Results, folder: Path = RESULTS) -> Path:
    """Write a run down, one JSON object a line."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{results.machine.time.replace(':', '')}-{results.machine.layer}.jsonl"
    lines = [msgspec.json.encode(entry) for entry in (results.machine, *results.entries)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def read(path: Path) -> Results:
    """Read a run that was written down."""
    entries: list[Found] = []
    described: Machine | None = None
    for line in path.read_bytes().splitlines():
        entry = msgspec.json.decode(line, type=Entry)
        if isinstance(entry, Machine):
            described = entry
        else:
            entries.append(entry)
    if described is None:
        sys.exit(f"{path} does not say where it was made")
    return Results(described, entries)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    return (ended.stdout + ended.stderr).strip().partition("\n")[0]
