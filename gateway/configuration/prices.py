"""`[prices]`, checked and resolved: dollars as people write them become whole millionths.

A price that is set by hand while running is spelled the same way, as JSON, and read here too.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec

from gateway.configuration.document import LongPrice
from gateway.configuration.document import Price as RawPrice
from gateway.configuration.problems import ConfigurationError, Problem, dotted, nearest
from gateway.configuration.quantities import micro_dollars
from gateway.settings import Price

# The entry that is no model's: what is taken where no price is known.
UNKNOWN: Final = "unknown"
KINDS: Final = ("input", "output", "cache_read", "cache_write", "cache_write_1h", "reasoning")

Rates = dict[str, int]


def resolve_prices(
    raw: Mapping[str, RawPrice], names: AbstractSet[str], problems: list[Problem]
) -> dict[str, Price]:
    """Prices by `provider/model`, either of which may be a glob. `names` are the providers there are."""
    for name in raw:
        _check_name(name, names, problems)
    return {
        name: _Reader(dotted("prices", name), problems).price(price, "configuration")
        for name, price in raw.items()
    }


def price_by_hand(body: str | bytes, source: str) -> Price:
    """A price as it is set while running: the entry of `[prices]` as JSON. Raises ConfigurationError."""
    problems: list[Problem] = []
    try:
        price = _Reader("price", problems).price(msgspec.json.decode(body, type=RawPrice), source)
    except msgspec.MsgspecError as failure:
        raise ConfigurationError([Problem("price", str(failure))]) from failure
    if problems:
        raise ConfigurationError(problems)
    return price


def _check_name(name: str, names: AbstractSet[str], problems: list[Problem]) -> None:
    provider, slash, model = name.partition("/")
    if name == UNKNOWN:
        return
    if not slash or not model:
        remedy = f'say "provider/model", either may be a glob; or {UNKNOWN}, for what has no price'
        problems.append(Problem(dotted("prices", name), "names no model", remedy))
    elif provider not in names and not any(mark in provider for mark in "*?["):
        remedy = nearest(provider, names)
        problems.append(Problem(dotted("prices", name), "no such provider is configured", remedy))


class _Reader:
    """Reads one entry of `[prices]`; what is wrong goes to the list of problems."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems

    def price(self, raw: RawPrice, source: str) -> Price:
        said = self._said("", raw)
        steps = sorted(enumerate(raw.longer or ()), key=lambda step: step[1].over)
        prices: list[dict[str, Any]] = [{**_filled(said), "source": source}]
        prices[0]["request"] = self._money("request", raw.request)
        for place, step in steps:
            where = f"longer[{place}]."
            if step.over < 1 or step.over == prices[-1].get("over"):
                self._report(f"{where}over", "expected 1 or more, and another number in each entry")
            said |= self._said(where, step)
            prices.append({**prices[0], **_filled(said), "over": step.over})
        return _chained(prices)

    def _said(self, where: str, raw: RawPrice | LongPrice) -> Rates:
        said = {kind: getattr(raw, kind) for kind in KINDS}
        return {kind: self._money(where + kind, value) for kind, value in said.items() if value is not None}

    def _money(self, key: str, value: float | str) -> int:
        try:
            return micro_dollars(value)
        except ValueError as failure:
            self._report(key, str(failure))
            return 0

    def _report(self, key: str, problem: str) -> None:
        self._problems.append(Problem(f"{self._path}.{key}", problem))


def _filled(said: Rates) -> Rates:
    """What the prompt cache costs where nothing is said of it: no discount is made up."""
    entry = said.get("input", 0)
    return {"cache_read": entry, "cache_write": entry, **said}


def _chained(prices: list[dict[str, Any]]) -> Price:
    """One price, the further ones behind it: where each begins is said by the one before."""
    found: Price | None = None
    begins = 0
    for price in reversed(prices):
        found, begins = Price(**{**price, "over": begins, "longer": found}), price.get("over", 0)
    assert found is not None
    return found
