"""The tables of doctor's checks, for its page: what is looked at, who breaks without it, what mends it."""

from collections.abc import Iterable

from gateway.cli.doctor.course import CHECKS

COLUMNS = ("check", "what is looked at", "why", "what mends it")


def groups() -> Iterable[tuple[str, list[tuple[str, ...]]]]:
    """Where checks are made, and a row for each."""
    for place, checks in CHECKS.items():
        yield place, [(f"`{check.name}`", check.asks, check.why, check.mend) for check in checks]
