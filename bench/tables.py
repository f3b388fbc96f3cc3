"""Tables in Markdown, and how figures are spelled in them; what every layer's report shares."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bench.samples import Results

MILLI = 1_000
LEAST = "or more"
MOST = "or less"


class Target(NamedTuple):
    """One line of the targets: what was found (None: not measured), its bound, in which unit.

    `bound` says whether the figure wanted is the most or the least it may be.
    """

    what: str
    found: float | None
    wanted: float
    unit: str
    bound: str = MOST

    @property
    def met(self) -> bool:
        """Whether what was found keeps the bound."""
        if self.found is None:
            return False
        return self.found <= self.wanted if self.bound == MOST else self.found >= self.wanted


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """One table, or nothing when it has no rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines]) if lines else ""


def verdicts(targets: Iterable[Target]) -> str:
    """Each target that was measured: wanted, found, met or missed."""
    rows = [
        (
            target.what,
            f"{target.wanted:g} {target.unit} {target.bound}",
            f"{target.found:.2f} {target.unit}",
            "met" if target.met else "**missed**",
        )
        for target in targets
        if target.found is not None
    ]
    return table(("target", "wanted", "found", ""), rows)


def heading(results: Results, how: str) -> str:
    """When, at what commit, on what and how a run was made, and with which versions."""
    machine = results.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    return (
        f"Measured {machine.time[:10]} at {machine.commit}, {machine.cores} cores of {machine.processor}: "
        f"{how} {versions}."
    )


def micro(value: float | None) -> str:
    """Microseconds."""
    return "" if value is None else f"{value:.1f} µs"


def count(value: float | None) -> str:
    """A number of things, its thousands apart."""
    return "" if value is None else f"{value:,.0f}".replace(",", " ")


def times(value: float | None) -> str:
    """How many times one thing is another."""
    if value is None:
        return ""
    return f"{value:.0f} x" if value >= 100 else f"{value:.1f} x"  # noqa: PLR2004  # three digits are enough


def latency(results: Results, case: str, peer: str) -> str:
    """The median and the 99th percentile, in milliseconds."""
    middle, high = (results.middle(case, peer, field) for field in ("p50", "p99"))
    return "" if middle is None or high is None else f"{middle / MILLI:.2f} / {high / MILLI:.2f} ms"


def megabytes(value: float | None) -> str:
    """Megabytes."""
    return "" if value is None else f"{value:.1f} MB"


def ratio(over: float | None, under: float | None) -> float | None:
    """One by the other, when both are known."""
    return over / under if over and under else None
