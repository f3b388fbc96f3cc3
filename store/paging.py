"""Pages of a list that changes while it is read: a cursor says behind which row the next page begins.

A cursor is opaque to those who carry it. It holds the values the list is ordered by, so nothing is skipped or
told twice when rows come and go between two pages.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final, Generic, TypeVar, cast

import msgspec

from store.errors import Unfit

# Behind every row, for lists that begin with the latest: the largest number SQLite has.
LAST: Final = 2**63 - 1
FOREIGN: Final = "this cursor was not given out by us"

Row = TypeVar("Row")
Values = TypeVar("Values", bound=tuple[int | str, ...])


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows, and the cursor for those behind them; "" when these were the last."""

    rows: list[Row]
    cursor: str


def page_of(found: list[Row], limit: int, order: Callable[[Row], tuple[int | str, ...]]) -> Page[Row]:
    """A page of what was found when one row more than the limit was asked for."""
    if len(found) <= limit:
        return Page(found, "")
    rows = found[:limit]
    return Page(rows, urlsafe_b64encode(msgspec.json.encode(order(rows[-1]))).decode().rstrip("="))


def after(cursor: str, start: Values) -> Values:
    """The values behind which a page begins: the cursor's, or `start`. Raises Unfit for any other text."""
    if not cursor:
        return start
    try:
        held = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.json.decode(held)
    except ValueError as error:
        raise Unfit(FOREIGN) from error
    if not isinstance(found, list) or [type(value) for value in found] != [type(value) for value in start]:
        raise Unfit(FOREIGN)
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in found):
        raise Unfit(FOREIGN)
    return cast("Values", tuple(found))
