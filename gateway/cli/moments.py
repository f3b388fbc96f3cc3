"""Times as people type them: "7d", "today", "2026-11-01", "2026-11-01T08:00Z". UTC, in milliseconds."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import click

from gateway.cli.storing import now

SECOND: Final = 1000
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d{1,9})\s*([smhdw])")
_WORDS: Final = 'a time such as "7d", "12h", "today", "2026-11-01" or "2026-11-01T08:00Z"'


class Past(click.ParamType[int]):
    """A moment, or how long it is ago."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds since 1970."""
        return value if isinstance(value, int) else self._read(value, param, ctx)

    def _read(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        span = span_of(value)
        if span is not None:
            return max(0, now() + self.sign * span)
        found = moment_of(value)
        if found is None:
            self.fail(f"{value!r} is not {_WORDS}", param, ctx)
        return found

    sign = -1


class Future(Past):
    """A moment, or how long it is until then; "never" is 0."""

    sign = 1

    def _read(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "never":
            return 0
        found = super()._read(value, param, ctx)
        if found <= now():
            self.fail(f"{value!r} has passed", param, ctx)
        return found


class Span(click.ParamType[int]):
    """How long: "24h", "7d"."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds."""
        if isinstance(value, int):
            return value
        found = 0 if value == "0" else span_of(value)
        if found is None:
            self.fail(f'{value!r} is not a time such as "24h" or "7d"', param, ctx)
        return found


def span_of(text: str) -> int | None:
    """A number and a unit in milliseconds."""
    found = _SPAN.fullmatch(text.strip())
    return None if found is None else int(found[1]) * _UNITS[found[2]] * SECOND


def moment_of(text: str) -> int | None:
    """A day or a moment in milliseconds; without a zone it is UTC."""
    if text == "today":
        return now() // (_UNITS["d"] * SECOND) * _UNITS["d"] * SECOND
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    milliseconds = int(found.timestamp() * SECOND)
    return milliseconds if milliseconds >= 0 else None


def spelled(milliseconds: int) -> str:
    """A moment in RFC 3339; "" for never."""
    if not milliseconds:
        return ""
    return f"{datetime.fromtimestamp(milliseconds / SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
