"""TOML as people keep it in files, changed in place: tomlkit keeps comments, order and spaces.

It offers what `jsonc.py` offers for JSON, and refuses likewise: after each change the text is read again,
and what it says must be what was meant.
"""

import tomllib
from typing import Any, cast

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError

from gateway.cli.jsonc import Broken, Path, changed_value, value_in


def decoded(text: str) -> Any:
    """What the text says. Raises Broken."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as failure:
        raise Broken(f"it is no TOML: {failure}") from None


def value_at(text: str, path: Path) -> tuple[bool, Any]:
    """Whether there is a value, and which. Raises Broken."""
    return value_in(decoded(text), path)


def placed(text: str, path: Path, value: Any) -> str:
    """The text with a value at a path, and with the tables on the way there. Raises Broken."""
    whole = decoded(text)
    document = _document(text)
    table = document
    for depth, name in enumerate(path[:-1], 1):
        if name not in table:
            # No heading of its own: only what it holds has one.
            table[name] = tomlkit.table(is_super_table=True)
        table = cast("Container", table[name])
        if not hasattr(table, "items"):
            raise Broken(f"{'.'.join(path[:depth])} is no table")
    table[path[-1]] = value
    return _checked(_written(document, text), changed_value(whole, path, value))


def removed(text: str, path: Path) -> str:
    """The text without the value at a path; the same text where there is none. Raises Broken."""
    there, _ = value_at(text, path)
    if not there:
        return text
    document = _document(text)
    table = document
    for name in path[:-1]:
        table = cast("Container", table[name])
    del table[path[-1]]
    return _checked(_written(document, text), changed_value(decoded(text), path))


def _document(text: str) -> Container:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as failure:
        raise Broken(f"it is no TOML: {failure}") from None


def _written(document: Container, before: str) -> str:
    """The text, its new lines ended as the others are."""
    text = tomlkit.dumps(document)
    if "\r\n" in before and before.count("\r\n") == before.count("\n"):
        return text.replace("\r\n", "\n").replace("\n", "\r\n")
    return text


def _checked(text: str, meant: Any) -> str:
    if decoded(text) != meant:
        raise Broken("it is written in a way that cannot be changed without losing something")
    return text
