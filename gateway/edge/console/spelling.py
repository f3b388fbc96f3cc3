"""How numbers, times and money are spelled on pages."""

from datetime import UTC, datetime
from typing import Any, Final

from gateway.configuration.quantities import dollars

THOUSAND: Final = 1000
UNITS: Final = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
MINUTE: Final = 60
LONGEST: Final = 18
NOTHING: Final = "\u2013"


def count(number: float) -> str:
    """A number with its thousands told apart."""
    return f"{int(number):,}"


def short(number: float) -> str:
    """A number in three digits or so: 1.2M."""
    for size, unit in UNITS:
        if number >= size:
            scaled = number / size
            return f"{scaled:.0f}{unit}" if scaled >= 100 else f"{scaled:.1f}{unit}"
    return f"{number:.0f}"


def money(millionths: int) -> str:
    """Dollars: two digits where that says enough, else as many as it takes to see something."""
    whole = millionths / 1_000_000
    if millionths == 0 or whole >= 0.1:
        return f"${whole:,.2f}"
    return f"${whole:.4f}" if whole >= 0.0001 else f"${dollars(millionths)}"


def cut(text: str) -> str:
    """The beginning of a long name, which is enough to tell it apart."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def moment(milliseconds: int) -> str:
    """A time in UTC, to the minute; a dash for never."""
    if not milliseconds:
        return NOTHING
    return f"{datetime.fromtimestamp(milliseconds / THOUSAND, UTC):%Y-%m-%d %H:%M}"


def lately(milliseconds: int) -> str:
    """A time in UTC of the last weeks, to the minute."""
    return f"{datetime.fromtimestamp(milliseconds / THOUSAND, UTC):%d %b %H:%M}"


def clock(milliseconds: int) -> str:
    """A time of day in UTC, to the second."""
    return f"{datetime.fromtimestamp(milliseconds / THOUSAND, UTC):%H:%M:%S}" if milliseconds else NOTHING


def span(milliseconds: float) -> str:
    """How long: 240 ms, 3.2 s, 4 min."""
    seconds = milliseconds / THOUSAND
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 2 * MINUTE else f"{seconds / MINUTE:.0f} min"


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; what there is of it is never told as nothing."""
    if 0 < part < whole / 200:
        return "<1 %"
    return f"{100 * part / whole:.0f} %" if whole else NOTHING


FILTERS: Final[dict[str, Any]] = {
    "count": count,
    "cut": cut,
    "short": short,
    "lately": lately,
    "money": money,
    "moment": moment,
    "clock": clock,
    "span": span,
    "share": share,
}
