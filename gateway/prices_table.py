"""The table of prices that penstock brings along: how it is spelled, and how it is asked.

`prices_table.json` is made of a data set that others keep (`docs/prices.py`, the recipe `prices`); nothing of
that is needed where penstock runs. It is read when a price is asked for the first time, and of it only what
is about the provider that is asked about: 0.6 ms and 0.1 MB for most (November 2026).

A model is told by clauses on its name in small letters, the first that fits: `=name`, `^beginning`, `$end`,
`~inside` and `/regular expression`, or several of them in a list, all of which must fit. It has one price or
several, of which the last counts whose condition holds: from a day on, or at a time of day, in UTC.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from gateway.settings import Price

FILE: Final = Path(__file__).with_suffix(".json")

Clause = str | list[str]
Told = Callable[[str], bool]


class Rates(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices in micro-dollars for a million tokens; see `Price`."""

    input: int
    output: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None
    reasoning: int | None = None
    request: int = 0
    over: int = 0
    longer: "Rates | None" = None


class Term(msgspec.Struct, frozen=True, omit_defaults=True):
    """Prices that count from a day on (`2026-03-13`), or between two times of day (`["01:00", "04:00"]`)."""

    rates: Rates
    since: str = ""
    between: tuple[str, str] | None = None

    def holds(self, day: str, minute: str) -> bool:
        """Whether it counts on this day, at this minute."""
        if self.between is None:
            return day >= self.since
        begin, end = self.between
        return begin <= minute < end if begin < end else minute >= begin or minute < end


class Model(msgspec.Struct, frozen=True):
    """How a model is told, by any of these clauses, and what it costs."""

    match: tuple[Clause, ...]
    terms: tuple[Term, ...]


class Section(msgspec.Struct, frozen=True, omit_defaults=True):
    """The models of one provider. `address`: a regular expression that fits its URLs."""

    address: str
    models: tuple[Model, ...]
    fallback: tuple[str, ...] = ()


class Table(msgspec.Struct, frozen=True):
    """The whole table; sections stay as they are written until they are asked for."""

    source: str
    sections: dict[str, msgspec.Raw]
    addresses: dict[str, str]


class Shelf:
    """The models of one provider, ready to be asked."""

    __slots__ = ("_exact", "_models", "_others", "fallback")

    def __init__(self, section: Section) -> None:
        self.fallback = section.fallback
        self._models = section.models
        self._exact: dict[str, int] = {}
        self._others: list[tuple[int, Told]] = []
        for place, model in enumerate(section.models):
            for clause in model.match:
                if isinstance(clause, str) and clause.startswith("="):
                    self._exact.setdefault(clause[1:], place)
                else:
                    self._others.append((place, _told(clause)))

    def terms(self, name: str) -> tuple[Term, ...] | None:
        """What the first model costs that a name, in small letters, fits."""
        found = self._exact.get(name)
        for place, told in self._others:
            if found is not None and place > found:
                break
            if told(name):
                found = place
                break
        return None if found is None else self._models[found].terms

    def all(self) -> Iterator[tuple[Term, ...]]:
        """What each of its models costs."""
        return (model.terms for model in self._models)


@cache
def table() -> Table:
    """The table that penstock brings along."""
    return msgspec.json.decode(FILE.read_bytes(), type=Table)


@cache
def shelf(name: str) -> Shelf | None:
    """The models of one provider, by its name there."""
    raw = table().sections.get(name)
    return None if raw is None else Shelf(msgspec.json.decode(raw, type=Section))


def section_at(address: str) -> str:
    """The name of the provider whose address this is, "" where none is known by it."""
    return next((name for name, known in table().addresses.items() if re.match(known, address)), "")


def current(terms: tuple[Term, ...], now: float) -> Price:
    """The price that counts at a moment, in seconds since the epoch."""
    moment = datetime.fromtimestamp(now, UTC)
    day, minute = f"{moment:%Y-%m-%d}", f"{moment:%H:%M}"
    # The last one that holds; the first one where none does.
    term = next((term for term in reversed(terms) if term.holds(day, minute)), terms[0])
    return _price(term.rates, table().source)


def _price(rates: Rates, source: str) -> Price:
    written = rates.input if rates.cache_write is None else rates.cache_write
    return Price(
        input=rates.input,
        output=rates.output,
        cache_read=rates.input if rates.cache_read is None else rates.cache_read,
        cache_write=written,
        cache_write_1h=rates.cache_write_1h,
        reasoning=rates.reasoning,
        request=rates.request,
        over=rates.over,
        longer=None if rates.longer is None else _price(rates.longer, source),
        source=source,
    )


def _told(clause: Clause) -> Told:
    if isinstance(clause, list):
        parts = [_told(one) for one in clause]
        return lambda name: all(part(name) for part in parts)
    how, word = clause[:1], clause[1:]
    if how == "/":
        pattern = re.compile(word)
        return lambda name: pattern.search(name) is not None
    if how == "~":
        return lambda name: word in name
    if how == "=":
        return lambda name: name == word
    return (lambda name: name.startswith(word)) if how == "^" else (lambda name: name.endswith(word))
