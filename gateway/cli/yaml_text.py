"""YAML as people keep it in files, changed in place: lines that hold nothing of ours stay as they are.

It offers what `jsonc.py` offers for JSON, and refuses likewise: after each change the text is read again, and
what it says must be what was meant. A value is written as JSON, which YAML reads, too.
"""

import json
import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gateway.cli.jsonc import Broken, Path, changed_value, value_in

if TYPE_CHECKING:
    from ruamel.yaml import YAML

# What needs no quotes, unless it says something else without them: yes, null, a number.
_PLAIN: Final = re.compile(r"\w(?:[\w./:@-]*[\w/])?")


class _Table(msgspec.Struct, frozen=True):
    """A table as it stands in the text; `flow`: in braces, else its names begin at `margin`."""

    start: int
    flow: bool
    margin: int
    entries: "list[_Entry]"


class _Entry(msgspec.Struct, frozen=True):
    """A name and its value: where the name begins and ends, where the value begins and ends.

    `table` is the value where it is one; `empty`: there is none behind the colon.
    """

    name: str
    name_start: int
    name_end: int
    start: int
    end: int
    empty: bool
    table: _Table | None


def decoded(text: str) -> Any:
    """What the text says; nothing but comments says an empty table. Raises Broken."""
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    try:
        found = _yaml().load(text)
    except (YAMLError, ValueError, TypeError) as failure:
        raise Broken(f"it is no YAML: {' '.join(str(failure).split())}") from None
    return {} if found is None else found


def value_at(text: str, path: Path) -> tuple[bool, Any]:
    """Whether there is a value, and which. Raises Broken."""
    return value_in(decoded(text), path)


def placed(text: str, path: Path, value: Any) -> str:
    """The text with a value at a path, and with the tables on the way there. Raises Broken."""
    whole = decoded(text)
    if not isinstance(whole, dict):
        raise Broken("expected a table at the top")
    table = _composed(text)
    for depth, name in enumerate(path, 1):
        entry = _entry(table, name)
        if entry is None:
            changed = _inserted(text, table, f"{name}: {_spelled(path[depth:], value)}")
            break
        if entry.empty or depth == len(path):
            changed = _replaced(text, entry, _spelled(path[depth:], value))
            whole = changed_value(whole, path[:depth], {})
            break
        if entry.table is None:
            raise Broken(f"{'.'.join(path[:depth])} is no table")
        table = entry.table
    return _checked(changed, changed_value(whole, path, value))


def removed(text: str, path: Path) -> str:
    """The text without the value at a path; the same text where there is none. Raises Broken."""
    there, _ = value_at(text, path)
    if not there:
        return text
    table, above, entry = _composed(text), None, None
    for name in path:
        above, table = entry or above, table if entry is None else entry.table
        entry = _entry(table, name)
    if table is None or entry is None:
        raise Broken(f"{'.'.join(path)} is not written where it is set")
    return _checked(_cut(text, table, entry, above), changed_value(decoded(text), path))


def _yaml() -> "YAML":
    from ruamel.yaml import YAML  # noqa: PLC0415 - only who has such a file waits for it

    return YAML(typ="safe", pure=True)


def _composed(text: str) -> _Table | None:
    node = _yaml().compose(text)
    return None if node is None else _table(text, node)


def _table(text: str, node: Any) -> _Table | None:
    if node.id != "mapping":
        return None
    entries = [_made(text, key, value) for key, value in node.value]
    margin = node.value[0][0].start_mark.column if node.value else 0
    return _Table(node.start_mark.index, bool(node.flow_style), margin, entries)


def _made(text: str, key: Any, value: Any) -> _Entry:
    start, end = value.start_mark.index, _end(text, value)
    empty = value.id == "scalar" and value.start_mark.index == value.end_mark.index
    table = _table(text, value)
    name_start, name_end = key.start_mark.index, key.end_mark.index
    return _Entry(str(key.value), name_start, name_end, start, end, empty, table)


def _end(text: str, node: Any) -> int:
    """Behind the last character of a value: a block ends with the last thing in it."""
    if node.id == "scalar" or node.flow_style or not node.value:
        return len(text[: node.end_mark.index].rstrip())
    last = node.value[-1]
    return _end(text, last[1] if node.id == "mapping" else last)


def _entry(table: _Table | None, name: str) -> _Entry | None:
    return next((one for one in table.entries if one.name == name), None) if table else None


def _spelled(path: Path, value: Any) -> str:
    for name in reversed(path):
        value = {name: value}
    if isinstance(value, str) and _PLAIN.fullmatch(value) and decoded(f"a: {value}") == {"a": value}:
        return value
    return json.dumps(value, ensure_ascii=False)


def _replaced(text: str, entry: _Entry, value: str) -> str:
    if entry.empty:
        colon = text.index(":", entry.name_end) + 1
        return f"{text[:colon]} {value}{text[colon:]}"
    return text[: entry.start] + value + text[entry.end :]


def _inserted(text: str, table: _Table | None, entry: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    if table is None:
        gap = newline if text and not text.endswith("\n") else ""
        return f"{text}{gap}{entry}{newline}"
    if table.flow:
        name, _, value = entry.partition(": ")
        rest = ", " if table.entries else ""
        return f'{text[: table.start + 1]}"{name}": {value}{rest}{text[table.start + 1 :]}'
    line = _line_end(text, table.entries[-1].end)
    return f"{text[:line]}{newline}{' ' * table.margin}{entry}{text[line:]}"


def _cut(text: str, table: _Table, entry: _Entry, above: _Entry | None) -> str:
    place = table.entries.index(entry)
    others = len(table.entries) > 1
    if not others and above is not None:
        return f"{text[: above.start]}{{}}{text[above.end :]}"
    if table.flow:
        if place + 1 < len(table.entries):
            return text[: entry.name_start] + text[table.entries[place + 1].name_start :]
        return text[: table.entries[place - 1].end if others else entry.name_start] + text[entry.end :]
    end = _line_end(text, entry.end)
    end = text.find("\n", end) + 1 or len(text)
    return text[: text.rfind("\n", 0, entry.name_start) + 1] + text[end:]


def _line_end(text: str, position: int) -> int:
    """The end of the line a position is on, before what ends it."""
    found = text.find("\n", position)
    end = len(text) if found < 0 else found
    return end - 1 if text[end - 1 : end] == "\r" else end


def _checked(text: str, meant: Any) -> str:
    if decoded(text) != meant:
        raise Broken("it is written in a way that cannot be changed without losing something")
    return text
