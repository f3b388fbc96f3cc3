"""The cells of a chaos run, and the configuration of the gateway that has a plan for each.

A cell is a kind of fault, a client's dialect, a reply whole or streamed, and an arrangement of targets. The
dialects of the targets go round, so that failing over leads from passthrough to translation and back.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import msgspec

from tests.chaos.books import WELL
from tests.chaos.kinds import KINDS, Kind
from tests.chaos.ports import authority_file

DIALECTS = ("anthropic-messages", "openai-chat", "openai-responses", "gemini")
SUFFIXES = {"anthropic-messages": "", "openai-chat": "/v1", "openai-responses": "/v1", "gemini": "/v1beta"}
Form = Literal["whole", "stream", "array"]
# Gemini streams a JSON array to who does not ask for events.
FORMS: Mapping[str, tuple[Form, ...]] = {
    **dict.fromkeys(DIALECTS, ("whole", "stream")),
    "gemini": ("whole", "stream", "array"),
}
BUSY = "529"
FAULTY = "*"
# For each target what it is, and its dialect: so many places on from the client's own.
ARRANGEMENTS: dict[str, tuple[tuple[str, int], ...]] = {
    "two": ((FAULTY, 0), (WELL, 1)),
    "three": ((FAULTY, 1), (FAULTY, 2), (WELL, 0)),
    "second": ((BUSY, 3), (FAULTY, 0), (WELL, 2)),
    "all-bad": ((FAULTY, 0), (FAULTY, 1)),
}
# Both at once: the next target is asked as well when the first shows nothing for a moment.
HEDGED: dict[str, tuple[tuple[str, int], ...]] = {
    "hedged": ((FAULTY, 0), (WELL, 1)),
    "hedged-well": ((WELL, 2), (FAULTY, 0), (WELL, 3)),
}
HEDGE = "200ms"
# Scaled down from 5 s, 60 s, 120 s and 600 s. Those that are well have time enough on any machine.
LIMITS = (
    'connect = "600ms", first_byte = "900ms", first_byte_thinking = "900ms", idle = "900ms", whole = "1500ms"'
)
PATIENT = 'connect = "10s", first_byte = "20s", idle = "20s", whole = "20s"'
# Few enough that twenty clients wait for their turn now and then.
AT_ONCE = "concurrency = 3"
HEAD = """
[server]
discover = false
sign_of_life = "300ms"
[log]
format = "json"
[store]
path = "chaos.db"
"""


class Cell(msgspec.Struct, frozen=True):
    """One cell."""

    kind: Kind
    dialect: str
    arrangement: str
    form: Form

    @property
    def streamed(self) -> bool:
        """Whether the reply comes piece by piece."""
        return self.form != "whole"

    @property
    def model(self) -> str:
        """What the client asks for."""
        return f"{self.kind.name}.{self.arrangement}.{self.dialect}"

    @property
    def targets(self) -> tuple[str, ...]:
        """The providers to be tried, in order."""
        place = DIALECTS.index(self.dialect)
        return tuple(
            f"{self.kind.name if what == FAULTY else what}-{DIALECTS[(place + on) % len(DIALECTS)]}"
            for what, on in (ARRANGEMENTS | HEDGED)[self.arrangement]
        )


def kind_of(provider: str) -> str:
    """What a provider is: a kind of fault, or well."""
    return next(provider.removesuffix(f"-{name}") for name in DIALECTS if provider.endswith(f"-{name}"))


def cells(kinds: Sequence[str] = (), arrangements: Sequence[str] = ()) -> Iterator[Cell]:
    """The cells of these kinds and arrangements; without any, of all where one is asked after the other."""
    for name, dialect, arrangement in product(kinds or KINDS, DIALECTS, arrangements or ARRANGEMENTS):
        for form in FORMS[dialect]:
            yield Cell(KINDS[name], dialect, arrangement, form)


def slice_of(every: int = 4, arrangements: Sequence[str] = ()) -> list[Cell]:
    """One cell of so many, each kind in each dialect, form and arrangement at least once."""
    return [cell for cell in cells(arrangements=arrangements) if _turn(cell) % every == 0]


def _turn(cell: Cell) -> int:
    """Goes round by a step of its own in each direction, so that no two of them go round together."""
    places = (
        2 * FORMS[cell.dialect].index(cell.form),
        list(ARRANGEMENTS | HEDGED).index(cell.arrangement),
        DIALECTS.index(cell.dialect),
        list(KINDS).index(cell.kind.name),
    )
    return sum(places)


def configuration(upstream: str, addresses: Mapping[str, str], folder: Path) -> str:
    """A provider for each kind and dialect, and a plan for each cell."""
    providers = [_provider(WELL, dialect, f"{upstream}/{WELL}/{dialect}", folder) for dialect in DIALECTS]
    for kind, dialect in product(KINDS, DIALECTS):
        address = addresses.get(kind, upstream)
        providers.append(_provider(kind, dialect, f"{address}/{kind}/{dialect}", folder))
    planned = cells(arrangements=(*ARRANGEMENTS, *HEDGED))
    plans = [_plan(cell) for cell in planned if cell.form == "whole"]
    return "".join((HEAD, *providers, "[models]\n", *plans))


def _provider(kind: str, dialect: str, address: str, folder: Path) -> str:
    file = authority_file(folder, kind)
    lines = [
        f'[providers."{kind}-{dialect}"]',
        f'dialect = "{dialect}"',
        f'base_url = "{address}{SUFFIXES[dialect]}"',
        f"timeouts = {{ {PATIENT if kind == WELL else LIMITS} }}",
        *([AT_ONCE] if kind == WELL else []),
        *([f'ca_file = "{file}"'] if file is not None else []),
        _keys(1 if kind == WELL else KINDS[kind].keys),
    ]
    return "\n".join(lines) + "\n"


def _keys(count: int) -> str:
    keys = ", ".join(f'"sk-chaos-{number}"' for number in range(count))
    return f"api_keys = [{keys}]" if count > 1 else f"api_key = {keys}"


def _plan(cell: Cell) -> str:
    # Each plan has models of its own, and so breakers of its own: what one breaks is no other's concern.
    model = f"of-{cell.arrangement}-{cell.dialect}"
    targets = ", ".join(f'"{target}/{model}"' for target in cell.targets)
    if cell.arrangement in HEDGED:
        return f'"{cell.model}" = {{ strategy = "in_order", targets = [{targets}], hedge = "{HEDGE}" }}\n'
    return f'"{cell.model}" = [{targets}]\n'
