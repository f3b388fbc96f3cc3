"""What models cost where that is set by hand, over what the data set of prices says (feature G9)."""

from typing import Final

import apsw
import msgspec

from store.audit import Change
from store.errors import Unknown
from store.paging import Page, after, page_of
from store.rows import Price, inserting, read, selected

_SELECT: Final = f"SELECT {selected(Price)} FROM prices"
_UPSERT: Final = (
    f"{inserting('prices', Price)} "
    "ON CONFLICT (provider, model) DO UPDATE SET body = excluded.body, updated = excluded.updated"
)


def put(change: Change, price: Price) -> None:
    """Set the price of a model at a provider."""
    before = _of(change.connection, price.provider, price.model)
    change.connection.execute(_UPSERT, msgspec.structs.astuple(price))
    change.record("price.put", f"{price.provider}/{price.model}", before, price)


def delete(change: Change, provider: str, model: str) -> None:
    """Leave a model to the data set again. Raises Unknown."""
    before = _of(change.connection, provider, model)
    if before is None:
        raise Unknown("there is no price set for this model")
    change.connection.execute("DELETE FROM prices WHERE provider = ? AND model = ?", (provider, model))
    change.record("price.delete", f"{provider}/{model}", before, None)


def every(connection: apsw.Connection) -> list[Price]:
    """All prices that are set, by provider and model."""
    return list(read(Price, connection.execute(f"{_SELECT} ORDER BY provider, model")))


def page(connection: apsw.Connection, cursor: str = "", limit: int = 100) -> Page[Price]:
    """The prices that are set, by provider and model."""
    provider, model = after(cursor, ("", ""))
    found = connection.execute(
        f"{_SELECT} WHERE (provider, model) > (?, ?) ORDER BY provider, model LIMIT ?",
        (provider, model, limit + 1),
    )
    return page_of(list(read(Price, found)), limit, lambda row: (row.provider, row.model))


def _of(connection: apsw.Connection, provider: str, model: str) -> Price | None:
    found = connection.execute(f"{_SELECT} WHERE provider = ? AND model = ?", (provider, model))
    return next(iter(list(read(Price, found))), None)
