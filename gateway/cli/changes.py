"""Values set in a text of some notation, and taken out again: what each replaced is noted with it.

It knows texts only: files, their copies and records are `installed.py`'s, the folder of a run is
`overlay.py`'s.
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final, Literal

import msgspec

from gateway.cli import env_text, jsonc, toml_text, yaml_text

Notation = Literal["json", "toml", "env", "yaml"]
NOTATIONS: Final[dict[str, ModuleType]] = {
    "json": jsonc,
    "toml": toml_text,
    "env": env_text,
    "yaml": yaml_text,
}
Values = Mapping[tuple[str, ...], Any]


class Change(msgspec.Struct, frozen=True):
    """A value that was set; what stood there before, if anything; and the tables that were made for it."""

    path: tuple[str, ...]
    value: Any
    had: bool
    previous: Any
    made: tuple[tuple[str, ...], ...]


def applied(name: Notation, text: str, values: Values) -> tuple[str, tuple[Change, ...]]:
    """The text with the values set, and what it takes to undo that. Raises Broken."""
    notation = NOTATIONS[name]
    changes = []
    for path, value in values.items():
        had, previous = notation.value_at(text, path)
        made = tuple(
            path[:size] for size in range(1, len(path)) if not notation.value_at(text, path[:size])[0]
        )
        if (had, previous) != (True, value):
            text = notation.placed(text, path, value)
        changes.append(Change(path, value, had, previous, made))
    return text, tuple(changes)


def undone(name: Notation, text: str, changes: tuple[Change, ...]) -> str:
    """The text without what is still ours in it; other changes stay. Raises Broken."""
    notation = NOTATIONS[name]
    for change in reversed(changes):
        if notation.value_at(text, change.path) != (True, change.value):
            continue  # somebody has changed it since: it is theirs
        text = (
            notation.placed(text, change.path, change.previous)
            if change.had
            else _removed(notation, text, change)
        )
    return text


def _removed(notation: ModuleType, text: str, change: Change) -> str:
    text = notation.removed(text, change.path)
    for table in reversed(change.made):
        if notation.value_at(text, table) == (True, {}):
            text = notation.removed(text, table)
    return text
