"""The cells of a chaos run, and the configuration of the gateway that has a plan for each.

A cell is a kind of fault, a client's dialect, a reply whole or streamed, and an arrangement of targets. The
dialects of the targets go round, so that failing over leads from passthrough to translation and back.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path

import msgspec

from tests.chaos.books import WELL
from tests.chaos.kinds import KINDS, Kind
from tests.chaos.ports import authority_file

DIALECTS = ("anthropic-messages", "openai-chat", "openai-responses", "gemini")
SUFFIXES = {"anthropic-messages": "", "openai-chat": "/v1", "openai-responses": "/v1", "gemini": "/v1beta"}
BUSY = "529"
FAULTY = "*"
# For each target what it is, and its dialect: so many places on from the client's own.
ARRANGEMENTS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "two": ((FAULTY, 0), (WELL, 1)),
    "three": ((FAULTY, 1), (FAULTY, 2), (WELL, 0)),
    "second": ((BUSY, 3), (FAULTY, 0), (WELL, 2)),
    "all-bad": ((FAULTY, 0), (FAULTY, 1)),
}
# Scaled down from 5 s, 60 s, 120 s and 600 s. Those that are well have time enough on any machine.
LIMITS = (
    'connect = "600ms", first_byte = "900ms", first_byte_thinking = "900ms", idle = "900ms", whole = "1500ms"'
)
PATIENT = 'connect = "10s", first_byte = "20s", idle = "20s", whole = "20s"'
HEAD = """
[server]
discover = false
sign_of_life = "300ms"
[log]
format = "json"
"""


class Cell(msgspec.Struct, frozen=True):
    """One cell."""

    kind: Kind
    dialect: str
    arrangement: str
    streamed: bool

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
            for what, on in ARRANGEMENTS[self.arrangement]
        )


def kind_of(provider: str) -> str:
    """What a provider is: a kind of fault, or well."""
    return next(provider.removesuffix(f"-{name}") for name in DIALECTS if provider.endswith(f"-{name}"))


def cells(kinds: Iterable[str] = (), arrangements: Iterable[str] = ()) -> Iterator[Cell]:
    """The cells of these kinds and arrangements; of all without any."""
    chosen = [KINDS[name] for name in kinds] or KINDS.values()
    forms = product(chosen, DIALECTS, tuple(arrangements) or ARRANGEMENTS, (False, True))
    return (Cell(*form) for form in forms)


def slice_of(every: int = 4) -> list[Cell]:
    """One cell of so many, each kind in each dialect, form and arrangement at least once."""
    return [cell for place, cell in enumerate(cells()) if _turn(place) % every == 0]


def _turn(place: int) -> int:
    """Goes round by a step of its own in each direction, so that no two of them go round together."""
    form, arrangement, dialect, kind = place % 2, place // 2 % 4, place // 8 % 4, place // 32
    return 2 * form + arrangement + dialect + kind


def configuration(upstream: str, addresses: Mapping[str, str], folder: Path) -> str:
    """A provider for each kind and dialect, and a plan for each cell."""
    providers = [_provider(WELL, dialect, f"{upstream}/{WELL}/{dialect}", folder) for dialect in DIALECTS]
    for kind, dialect in product(KINDS, DIALECTS):
        address = addresses.get(kind, upstream)
        providers.append(_provider(kind, dialect, f"{address}/{kind}/{dialect}", folder))
    return (
        HEAD + "".join(providers) + "[models]\n" + "".join(_plan(cell) for cell in cells() if cell.streamed)
    )


def _provider(kind: str, dialect: str, address: str, folder: Path) -> str:
    file = authority_file(folder, kind)
    return (
        f'[providers."{kind}-{dialect}"]\n'
        f'dialect = "{dialect}"\nbase_url = "{address}{SUFFIXES[dialect]}"\napi_key = "sk-chaos"\n'
        f"timeouts = {{ {PATIENT if kind == WELL else LIMITS} }}\n"
        + (f'ca_file = "{file}"\n' if file is not None else "")
    )


def _plan(cell: Cell) -> str:
    # Each plan has models of its own, and so breakers of its own: what one breaks is no other's concern.
    model = f"of-{cell.arrangement}-{cell.dialect}"
    targets = ", ".join(f'"{target}/{model}"' for target in cell.targets)
    return f'"{cell.model}" = [{targets}]\n'
