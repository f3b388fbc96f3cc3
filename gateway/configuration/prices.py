"""`[prices]`, checked and resolved: dollars as people write them become whole millionths."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from gateway.configuration.document import Price as RawPrice
from gateway.configuration.problems import Problem, dotted, nearest
from gateway.configuration.quantities import micro_dollars
from gateway.settings import Price


def resolve_prices(
    raw: Mapping[str, RawPrice], names: AbstractSet[str], problems: list[Problem]
) -> dict[str, Price]:
    """Prices by `provider/model`, either of which may be a glob. `names` are the providers there are."""
    reader = _Reader(names, problems)
    return {name: reader.price(name, price) for name, price in raw.items()}


class _Reader:
    """Reads entries of `[prices]`; what is wrong goes to the list of problems."""

    def __init__(self, names: AbstractSet[str], problems: list[Problem]) -> None:
        self._names = names
        self._problems = problems

    def price(self, name: str, raw: RawPrice) -> Price:
        provider, slash, model = name.partition("/")
        if not slash or not model:
            self._report((name,), "names no model", 'say "provider/model"; either may be a glob')
        elif provider not in self._names and not any(mark in provider for mark in "*?["):
            self._report((name,), "no such provider is configured", nearest(provider, self._names))
        entry = self._money(name, "input", raw.input)
        return Price(
            input=entry,
            output=self._money(name, "output", raw.output),
            cache_read=entry if raw.cache_read is None else self._money(name, "cache_read", raw.cache_read),
            cache_write=entry
            if raw.cache_write is None
            else self._money(name, "cache_write", raw.cache_write),
        )

    def _money(self, name: str, key: str, value: float | str) -> int:
        try:
            return micro_dollars(value)
        except ValueError as failure:
            self._report((name, key), str(failure), "")
            return 0

    def _report(self, path: tuple[str, ...], problem: str, remedy: str) -> None:
        self._problems.append(Problem(dotted("prices", *path), problem, remedy))
