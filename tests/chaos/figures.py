"""What the gateway itself says of a run: /metrics, the lines of its log, and what its workers hold open."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from tests.path.house import House

Labels = frozenset[tuple[str, str]]
REQUESTS = "penstock_requests_total"
STREAMS = "penstock_stream_outcomes_total"
TOKENS = "penstock_tokens_total"
FAILOVERS = "penstock_failovers_total"
WAITING = "penstock_ledger_rows_waiting"
COUNTED = (REQUESTS, STREAMS, TOKENS, FAILOVERS)
KINDS_OF_TOKENS = ("input", "cache_read", "cache_write", "output", "reasoning")


class Row(msgspec.Struct):
    """What was written down of one request."""

    id: str
    dialect: str = ""
    operation: str = ""
    provider: str = ""
    target: str = ""
    relay: str = ""
    status: int = 0
    outcome: str = ""
    error: str = ""
    attempts: int = 0
    failed: str = ""
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def failures(self) -> list[tuple[str, str]]:
        """The provider and the cause of each try that was left, in order."""
        tries = self.failed.split(", ") if self.failed else []
        return [(one.partition("/")[0], one.partition(" ")[2]) for one in tries]


def rows(house: House, prefix: str) -> list[Row]:
    """The rows of the requests whose id begins so."""
    lines = house.gateway.output.splitlines()
    found = [line for line in lines if line.startswith("{") and f'"id":"{prefix}' in line]
    return [msgspec.json.decode(line, type=Row) for line in found]


class Counts(msgspec.Struct, frozen=True):
    """What /metrics says at one moment, by name and labels."""

    samples: dict[str, Counter[Labels]]

    def since(self, before: "Counts", name: str) -> Counter[Labels]:
        """What was added to a counter since then."""
        added = Counter(self.samples.get(name, Counter()))
        added.subtract(before.samples.get(name, Counter()))
        return Counter({labels: count for labels, count in added.items() if count})

    def gauge(self, name: str, **labels: str) -> float:
        """The sum of a gauge over all that carries these labels."""
        wanted = set(labels.items())
        return sum(value for found, value in self.samples[name].items() if wanted <= found)


def counts(house: House) -> Counts:
    """Ask /metrics."""
    text = house.call("GET", "/metrics").body.decode()
    samples: dict[str, Counter[Labels]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            # Where a stream was when it ended is not in the log.
            told = frozenset(label for label in sample.labels.items() if label[0] != "phase")
            samples.setdefault(sample.name, Counter())[told] += int(sample.value)
    return Counts(samples)


class Held(msgspec.Struct, frozen=True):
    """What the gateway holds when nobody is inside; connections kept for later are not counted."""

    inside: float
    busy: float
    tasks: float
    files: float


def held(house: House) -> Held:
    """Look at it. Kept connections are closed in their own time: it is looked at between two of those."""
    while True:
        now, files = counts(house), _files(house.gateway.process.pid)
        idle = _idle(now)
        if idle == _idle(counts(house)):
            break
    return Held(
        inside=now.gauge("penstock_requests_inside"),
        busy=now.gauge("penstock_upstream_connections", state="busy"),
        tasks=now.gauge("penstock_tasks"),
        files=files - idle,
    )


def _idle(now: Counts) -> float:
    return now.gauge("penstock_upstream_connections", state="idle")


def _files(process: int) -> int:
    """How many files the workers of a gateway have open."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()
    return sum(len(list(Path(f"/proc/{child}/fd").iterdir())) for child in children)


def labels(**named: Any) -> Labels:
    """Labels as they are counted by."""
    return frozenset((name, str(value)) for name, value in named.items())
