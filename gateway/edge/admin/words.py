"""The types of values that the admin API takes and shows, and how they are had from what is kept.

Times are RFC 3339 in UTC, money is dollars as a decimal string. Names hold no control characters.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

MILLION: Final = 1_000_000
# The most that a limit may be.
MOST: Final = 1_000_000_000
# The most that is taken as a budget or a price: a thousand million dollars are a mistake.
_DOLLARS: Final = r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?$(?!\n)"
# Behind the end there is nothing, not even the line feed that `$` lets pass in Python.
_VISIBLE: Final = r"^[^\x00-\x1f\x7f]*$(?!\n)"

Row = TypeVar("Row")

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=_VISIBLE, description="Without control characters.")
]
Word = Annotated[str, Meta(max_length=512, pattern=_VISIBLE)]
Glob = Annotated[
    str, Meta(min_length=1, max_length=256, pattern=_VISIBLE, description="A name; `*` stands for anything.")
]
Identity = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._-]+$(?!\n)", description="An id.")
]
Dollars = Annotated[
    str, Meta(pattern=_DOLLARS, description="Dollars, as a decimal number.", examples=["12.50"])
]
When = Annotated[datetime, Meta(tz=True, description="A time with its zone; replies are in UTC.")]
Amount = Annotated[int, Meta(ge=0, le=MOST, description="0 is any number.")]


class Taken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be sent: nothing beside what is named."""


class Listed(msgspec.Struct, Generic[Row], frozen=True):
    """A page of a list. `cursor` is sent for the next one; "" when this was the last."""

    rows: list[Row]
    cursor: str = ""


class Paging(Taken, frozen=True, kw_only=True):
    """Which page of a list."""

    cursor: Annotated[Word, Meta(description="What the page before ended with.")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="Rows of a page.")] = 100


def time_of(milliseconds: int) -> datetime:
    """A time as it is told."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def maybe_time_of(milliseconds: int) -> datetime | None:
    """A time as it is told, where 0 is never."""
    return time_of(milliseconds) if milliseconds else None


def dollars_of(micro: int) -> str:
    """Micro-dollars as they are told: at least two decimals, exact."""
    whole, rest = divmod(abs(micro), MILLION)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{whole}.{decimals}"


def micro_of(dollars: str) -> int:
    """Dollars as they were sent, in micro-dollars; the pattern has made sure that they are a number."""
    whole, _, rest = dollars.partition(".")
    return int(whole) * MILLION + int(rest.ljust(6, "0"))
