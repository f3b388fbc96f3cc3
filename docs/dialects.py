"""The parts of `dialects.md` that the code knows better: where dialects disagree, and providers with them."""

from collections.abc import Callable, Iterable
from typing import get_args

import msgspec

from adapters import disagreements
from adapters.conversation import PLAIN, Quirks
from adapters.events import StopReason
from adapters.fault import FaultKind
from adapters.provider import Family
from adapters.table import DIALECTS, PROVIDERS

Row = tuple[str, ...]
Table = tuple[Row, list[Row]]

# What a provider of another dialect may say that its clients do not know.
_ERRORS: tuple[tuple[str, FaultKind, int], ...] = (
    ("full", "overloaded", 529),
    ("no money left", "billing", 402),
    ("asked too often", "rate_limited", 429),
    ("no such model", "not_found", 404),
    ("a request that is too large", "too_large", 413),
    ("a wrong request", "invalid_request", 400),
    ("it failed", "internal", 500),
)


def speaking() -> Table:
    """How each dialect is spoken: where, with which key, and how a silent stream shows life."""
    rows: list[Row] = [
        (
            name,
            ", ".join(f"`{endpoint.path}`" for endpoint in dialect.endpoints),
            f"`{dialect.credential('KEY')[0].decode()}`",
            f"`{dialect.stream_media.decode().partition(';')[0]}`",
            _code(dialect.sign_of_life.decode().strip()),
            str(disagreements.longest_name(dialect)),
        )
        for name, dialect in DIALECTS.items()
    ]
    heads = ("dialect", "paths", "key in", "streams are", "a sign of life", "the longest name of a tool")
    return heads, rows


def settings() -> Table:
    """What becomes of each setting in each dialect, for a client of another one."""
    rows = [
        (setting.name, *cells)
        for setting in disagreements.SETTINGS
        for cells in _merged(disagreements.setting(dialect, setting) for dialect in DIALECTS.values())
    ]
    return ("asked", "in", "becomes"), _once(rows)


def parts() -> Table:
    """Which parts of a conversation each dialect carries, for a client of another one."""
    rows = [
        (name, *(disagreements.part(dialect, turns) for dialect in DIALECTS.values()))
        for name, turns in disagreements.PARTS.items()
    ]
    return ("part", *DIALECTS), rows


def stops() -> Table:
    """How each dialect says why a reply ended."""
    reasons: tuple[StopReason, ...] = get_args(StopReason)
    rows = [
        (reason, *(_code(disagreements.stop(dialect, reason)) for dialect in DIALECTS.values()))
        for reason in reasons
    ]
    return ("why", *DIALECTS), rows


def errors() -> Table:
    """What clients of each dialect are told of an error in another."""
    told = [
        (name, [disagreements.error(dialect, kind, status) for dialect in DIALECTS.values()])
        for name, kind, status in _ERRORS
    ]
    told.append(("a conversation that is too long", [*map(disagreements.overflow, DIALECTS.values())]))
    rows = [(name, *cells) for name, texts in told for cells in _merged(texts)]
    return ("error", "in", "status and words"), _once(rows)


def quirks() -> Table:
    """How providers stray from their dialect, by families of models."""
    rows: list[Row] = [
        (_code(row.name), ", ".join(spoken), _code(glob), _strays(how))
        for row in PROVIDERS.values()
        for spoken, families in _alike(row.quirks)
        for glob, how in families
    ]
    return ("provider", "spoken to in", "models", "strays in"), _once(rows)


def _alike(quirks: dict[str, tuple[Family, ...]]) -> Iterable[tuple[list[str], tuple[Family, ...]]]:
    """The families of a provider, with all dialects they are the same in."""
    dialects: dict[tuple[Family, ...], list[str]] = {}
    for dialect, families in quirks.items():
        dialects.setdefault(families, []).append(dialect)
    return ((spoken, families) for families, spoken in dialects.items())


def _strays(how: Quirks) -> str:
    plain = msgspec.structs.asdict(PLAIN)
    said = msgspec.structs.asdict(how).items()
    return "; ".join(f"{name}: {_words(value)}" for name, value in said if value != plain[name]) or "nothing"


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset | tuple):
        return " ".join(sorted(value) if isinstance(value, frozenset) else value) or "(nothing)"
    return str(value)


def _merged(texts: Iterable[str]) -> Iterable[Row]:
    """The cells of all dialects in their order, those that are alike in one row."""
    names: dict[str, list[str]] = {}
    for dialect, text in zip(DIALECTS, texts, strict=True):
        names.setdefault(text, []).append(dialect)
    return [(", ".join(spoken), _code(text)) for text, spoken in names.items()]


def _once(rows: list[Row]) -> list[Row]:
    """Say what rows have in common in the first of them only."""
    before = ("", *(row[0] for row in rows))
    return [("" if row[0] == last else row[0], *row[1:]) for row, last in zip(rows, before, strict=False)]


def _code(text: str) -> str:
    mark = "``" if "`" in text else "`"
    return text if text == disagreements.NOTHING else f"{mark}{text}{mark}".replace("\n", " ")


TABLES: dict[str, Callable[[], Table]] = {
    "speaking": speaking,
    "settings": settings,
    "parts": parts,
    "stops": stops,
    "dialect-errors": errors,
    "quirks": quirks,
}
