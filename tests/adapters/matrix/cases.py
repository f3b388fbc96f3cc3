"""The cases of the golden matrix: what goes in, what it shows, and where the goldens of each crossing stand.

A case is a folder of `tests/fixtures/matrix`: `case.json` says what it is about, in which dialect it goes in,
and which rows of part A of the features it shows. Goldens are written by `python -m tests.adapters.matrix`
and read by people before they are kept.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from adapters.conversation import Quirks
from adapters.quirks import quirks_for
from adapters.table import DIALECTS
from tests.adapters.cuts import FIXTURES

MATRIX = FIXTURES / "matrix"
# Who is asked in each dialect, and for which model: the makers of the dialects, and models that think.
ASKED = {
    "anthropic-messages": ("anthropic", "claude-opus-5-5"),
    "openai-chat": ("openai", "gpt-5.1"),
    "openai-responses": ("openai", "gpt-5.1"),
    "gemini": ("gemini", "gemini-3-pro-preview"),
    "ollama": ("ollama", "gpt-oss:20b"),
}
# The rows of part A that a crossing can show; A1 is what happens without one.
ROWS = tuple(f"A{number}" for number in range(2, 21))


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case, as its file tells it."""

    about: str
    dialect: str
    shows: tuple[str, ...]
    path: str = ""
    model: str = ""
    recorded: str = ""
    tools: dict[str, Any] = {}
    include_usage: bool = True
    clients: tuple[str, ...] = tuple(DIALECTS)
    folder: str = ""

    @property
    def place(self) -> Path:
        """The folder of the case."""
        return MATRIX / self.folder

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.place.name

    @property
    def others(self) -> tuple[str, ...]:
        """The dialects it may cross to."""
        return tuple(name for name in DIALECTS if name != self.dialect)


def cases(kind: str) -> dict[str, Case]:
    """All cases of a kind, `requests` or `replies`, by name."""
    found = {}
    for path in sorted((MATRIX / kind).glob("*/case.json")):
        case = msgspec.json.decode(path.read_bytes(), type=Case)
        folder = f"{kind}/{path.parent.name}"
        found[path.parent.name] = msgspec.structs.replace(case, folder=folder)
    return found


def quirks_of(dialect: str) -> Quirks:
    """How the model asked for in a dialect strays from it."""
    provider, model = ASKED[dialect]
    return quirks_for(provider, dialect, model)


def pretty(value: object) -> str:
    """JSON as it is kept: its order untouched, a line for each thing said."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
