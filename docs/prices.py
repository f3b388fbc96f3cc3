"""Writes the table of prices anew from the data set genai-prices: `python -m docs.prices` (`just prices`).

That package is a tool for whoever works on penstock. Who installs penstock gets the table, beside it the
licence of the data, and neither the package nor what that needs. The day in the table is the one on which it
was written.
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib.metadata import version
from typing import Final

import msgspec
from genai_prices import types
from genai_prices.data import providers

from gateway.prices_table import FILE, Clause, Model, Rates, Section, Term

PACKAGE: Final = "genai-prices"
MILLION: Final = 1_000_000
# What we count, by the name of its price there.
KINDS: Final = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "reasoning": "output_reasoning_mtok",
}
PER_REQUEST: Final = "requests_kcount"
MARKS: Final[Mapping[type, tuple[str, str]]] = {
    types.ClauseEquals: ("=", "equals"),
    types.ClauseStartsWith: ("^", "starts_with"),
    types.ClauseEndsWith: ("$", "ends_with"),
    types.ClauseContains: ("~", "contains"),
}


def main() -> None:
    """Write the table."""
    FILE.write_bytes(written(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"))


def written(day: str) -> bytes:
    """The table as it is written on a day, one section a line."""
    sections = {one.id: section(one) for one in providers}
    lines = [f"{_json(name)}:{_json(one)}" for name, one in sections.items() if one.models]
    addresses = {name: one.address for name, one in sections.items() if one.models}
    source = f"{PACKAGE} {version(PACKAGE)}, {day}"
    body = ",\n".join(lines)
    return (
        f'{{"source":{_json(source)},\n"addresses":{_json(addresses)},\n"sections":{{\n{body}}}}}\n'.encode()
    )


def section(provider: types.Provider) -> Section:
    """One provider with all models of it whose tokens have a price."""
    models = [Model(clauses(one.match), terms(one)) for one in provider.models]
    return Section(
        address=provider.api_pattern,
        models=tuple(one for one in models if one.terms),
        fallback=tuple(provider.fallback_model_providers or ()),
    )


def clauses(match: object) -> tuple[Clause, ...]:
    """How a model is told, as the table spells it: what any of is enough."""
    if isinstance(match, types.ClauseOr):
        return tuple(one for part in match.or_ for one in clauses(part))
    if isinstance(match, types.ClauseAnd):
        return tuple(_joined(parts) for parts in itertools.product(*map(clauses, match.and_)))
    if isinstance(match, types.ClauseRegex):
        return (f"/{match.regex}",)
    mark, attribute = MARKS[type(match)]
    return (mark + str(getattr(match, attribute)).lower(),)


def _joined(parts: Iterable[Clause]) -> list[str]:
    return [word for part in parts for word in ([part] if isinstance(part, str) else part)]


def terms(model: types.ModelInfo) -> tuple[Term, ...]:
    """What a model costs, and when; nothing where not all of it is by tokens we count."""
    prices = model.prices if isinstance(model.prices, list) else [types.ConditionalPrice(prices=model.prices)]
    found = tuple(_term(one) for one in prices if "input_mtok" in _given(one.prices))
    return found if len(found) == len(prices) else ()


def _term(price: types.ConditionalPrice) -> Term:
    rate, when = rates(_given(price.prices)), price.constraint
    if isinstance(when, types.StartDateConstraint):
        return Term(rate, since=when.start_date.isoformat())
    if isinstance(when, types.TimeOfDateConstraint):
        return Term(rate, between=(f"{when.start_time:%H:%M}", f"{when.end_time:%H:%M}"))
    return Term(rate)


def _given(prices: types.ModelPrice) -> dict[str, Decimal | types.TieredPrices]:
    return {name: value for name, value in vars(prices).items() if value is not None}


def rates(given: Mapping[str, Decimal | types.TieredPrices], beyond: int = -1) -> Rates:
    """The prices of a request whose input has more tokens than this, and those of longer ones."""
    starts = sorted({start for value in given.values() for start in _starts(value) if start > beyond})
    said = {name: _micro(_at(given[key], beyond)) for name, key in KINDS.items() if key in given}
    request = given.get(PER_REQUEST)
    return Rates(
        **said,
        request=_micro(_at(request, beyond)) // 1000 if request is not None else 0,
        over=starts[0] if starts else 0,
        longer=rates(given, starts[0]) if starts else None,
    )


def _starts(value: Decimal | types.TieredPrices) -> Iterable[int]:
    return (tier.start for tier in value.tiers) if isinstance(value, types.TieredPrices) else ()


def _at(value: Decimal | types.TieredPrices, beyond: int) -> Decimal:
    if isinstance(value, Decimal):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= beyond]
    return reached[-1] if reached else value.base


def _micro(dollars: Decimal) -> int:
    return int((dollars * MILLION).to_integral_value())


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


if __name__ == "__main__":
    main()
