"""penstock.toml as text: tables with a line for each value, and comments where there is something to say."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.cli.importing.draft import Draft, Note

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
# Tables whose entries are tables of their own.
_NESTED: Final = ("providers", "keys", "prices", "capabilities")
_WIDTH: Final = 100


def spelled(draft: Draft, source: str) -> str:
    """The whole file."""
    parts = [_head(draft, source)]
    document = draft.document
    for name, value in document.items():
        if not isinstance(value, dict):
            parts.append(f"{_key(name)} = {_list_of_lines(value)}\n")
    for name, table in document.items():
        if name in _NESTED:
            parts += [_table(f"{name}.{_key(inner)}", entry) for inner, entry in table.items()]
        elif isinstance(table, dict):
            parts.append(_table(name, table))
    return "\n".join(parts)


def _head(draft: Draft, source: str) -> str:
    lines = [f"Made by `penstock import` from {source}."]
    if draft.variables:
        lines += ["", "Set these before you start:"]
        lines += [f"  {name}  {what_for}" for name, what_for in draft.variables.items()]
    left = [note for note in draft.notes if note.what != "carried"]
    if left:
        lines += ["", "Not as it was:", *(f"  {told(note)}" for note in left)]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def told(note: Note) -> str:
    """A note on one line."""
    line = f"{note.what}: {note.place}: {note.words}"
    return "".join(mark if mark.isprintable() else " " for mark in line)


def _table(name: str, table: Mapping[str, Any]) -> str:
    return "".join([f"[{name}]\n", *(f"{_key(key)} = {_value(value)}\n" for key, value in table.items())])


def _list_of_lines(values: Iterable[Any]) -> str:
    return "[\n" + "".join(f"  {_value(value)},\n" for value in values) + "]"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        line = f"[{', '.join(map(_value, value))}]"
        return line if len(line) <= _WIDTH else _list_of_lines(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
