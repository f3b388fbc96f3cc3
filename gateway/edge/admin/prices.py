"""Prices that are set by hand: over those that penstock brings along, under those of the configuration."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.configuration.quantities import micro_dollars
from gateway.edge.admin.contract import Operation
from gateway.edge.admin.desk import Desk
from gateway.edge.admin.refusal import Refusal
from gateway.edge.admin.words import Dollars, Glob, Listed, Paging, Taken, dollars_of, time_of
from gateway.roles import Permission
from store import prices
from store.rows import Price

_MARKS: Final = frozenset("*?[")
Maybe = Dollars | None


class LongPriceSaid(Taken, frozen=True, kw_only=True):
    """What a request costs whose input is longer than so many tokens; what is null is as for others."""

    over: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    input: Maybe = None
    output: Maybe = None
    cache_read: Maybe = None
    cache_write: Maybe = None
    cache_write_1h: Maybe = None
    reasoning: Maybe = None


class PriceSaid(Taken, frozen=True, kw_only=True):
    """Dollars for a million tokens; `request` for each request. What is null is as in `[prices]`."""

    input: Dollars
    output: Dollars
    cache_read: Maybe = None
    cache_write: Maybe = None
    cache_write_1h: Maybe = None
    reasoning: Maybe = None
    request: Dollars = "0"
    longer: Annotated[tuple[LongPriceSaid, ...], Meta(max_length=8)] = ()


class NewPrice(Taken, frozen=True, kw_only=True):
    """The price of a model at a provider; either may be a glob."""

    provider: Glob
    model: Glob
    price: PriceSaid


class PriceNamed(Taken, frozen=True, kw_only=True):
    """Which price."""

    provider: Glob
    model: Glob


class PriceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A price that was set."""

    provider: str
    model: str
    updated: datetime
    price: PriceSaid


async def list_prices(desk: Desk, query: Paging) -> Listed[PriceShown]:
    """List the prices that are set by hand, by provider and model."""
    found = await desk.read(prices.page, query.cursor, query.limit)
    return Listed([_shown(row) for row in found.rows], found.cursor)


async def set_price(desk: Desk, body: NewPrice) -> PriceShown:
    """Set what a model costs at a provider, from the next request on."""
    _check(desk, body)
    price = Price(body.provider, body.model, _spelled(body.price), desk.now)
    await desk.change(prices.put, price)
    return _shown(price)


async def delete_price(desk: Desk, query: PriceNamed) -> None:
    """Leave the price of a model to what penstock brings along."""
    await desk.change(prices.delete, query.provider, query.model)


OPERATIONS: Final = (
    Operation("GET", "/prices", list_prices, Permission.READ),
    Operation("PUT", "/prices", set_price, Permission.PRICES),
    Operation("DELETE", "/prices", delete_price, Permission.PRICES, status=204, refusals=(404,)),
)


def _check(desk: Desk, body: NewPrice) -> None:
    """What strict types cannot say. Raises Refusal (400)."""
    known = desk.house.providers
    if "/" in body.provider or (body.provider not in known and not _MARKS.intersection(body.provider)):
        raise Refusal(400, f"provider: none is called that; there are {', '.join(known)}", "provider")
    steps = [step.over for step in body.price.longer]
    if len(set(steps)) < len(steps):
        raise Refusal(400, "price.longer: each begins at another number of tokens", "price.longer")


def _spelled(said: PriceSaid) -> str:
    """As an entry of `[prices]` is spelled, without what is not said."""
    fields = {name: value for name, value in msgspec.to_builtins(said).items() if value not in (None, [], ())}
    for step in fields.get("longer", ()):
        for name in [name for name, value in step.items() if value is None]:
            del step[name]
    return msgspec.json.encode(fields).decode()


def _shown(row: Price) -> PriceShown:
    return PriceShown(
        provider=row.provider,
        model=row.model,
        updated=time_of(row.updated),
        price=msgspec.convert(_in_dollars(msgspec.json.decode(row.body)), PriceSaid),
    )


def _in_dollars(body: dict[str, Any]) -> dict[str, Any]:
    """Every amount as a decimal string: who else writes prices may have written numbers."""
    told: dict[str, Any] = {
        name: value if name in ("over", "longer") or value is None else dollars_of(micro_dollars(value))
        for name, value in body.items()
    }
    if told.get("longer"):
        told["longer"] = [_in_dollars(step) for step in told["longer"]]
    return told
