"""Reads plain data into the file's Structs and finds everything that does not fit, not just the first thing.

msgspec stops at the first error, so the tree is walked beside its types: what does not fit becomes a
problem and is left out, and what is left is certain to convert.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from gateway.configuration.document import Document
from gateway.configuration.problems import Problem, dotted, nearest

Path = tuple[str, ...]

_ARRIVED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
}
_EXPECTED: dict[type, str] = {
    inspect.StrType: "a string",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.ListType: "an array",
    inspect.DictType: "a table",
    inspect.StructType: "a table",
}
_MISFIT = object()


def shape() -> inspect.Type:
    """The types of the whole file, as msgspec describes them."""
    return inspect.type_info(Document)


def plain(kind: inspect.Type) -> inspect.Type:
    """A type without its description, and without the None that only says that it may be left out."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if not isinstance(kind, inspect.UnionType):
        return kind
    members = [member for member in kind.types if not isinstance(member, inspect.NoneType)]
    return plain(members[0]) if len(members) == 1 else inspect.UnionType(tuple(members))


def read(data: dict[str, object]) -> tuple[Document, list[Problem]]:
    """The document without what does not fit, and a problem for each thing that does not."""
    problems: list[Problem] = []
    fitting = _fit(data, shape(), (), problems)
    return msgspec.convert(fitting, Document), problems


def _fit(value: object, kind: inspect.Type, path: Path, problems: list[Problem]) -> Any:
    kind = _member(plain(kind), value)
    container = _CONTAINERS.get(type(kind))
    if container is None:
        return _leaf(value, kind, path, problems)
    wanted, walk = container
    if not isinstance(value, wanted):
        return _misfit(value, kind, path, problems)
    return walk(value, kind, path, problems)


def _member(kind: inspect.Type, value: object) -> inspect.Type:
    """Of several types that may stand here the one that has arrived, where it holds others."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    members = (plain(member) for member in kind.types)
    return next((each for each in members if isinstance(value, _wanted(each))), kind)


def _wanted(kind: inspect.Type) -> type | tuple[()]:
    container = _CONTAINERS.get(type(kind))
    return container[0] if container else ()


def _struct(
    table: dict[str, object], kind: inspect.StructType, path: Path, problems: list[Problem]
) -> object:
    kinds = {field.encode_name: field.type for field in kind.fields}
    fitting = {}
    for name, value in table.items():
        if name not in kinds:
            problems.append(Problem(dotted(*path, name), "unknown key", nearest(name, kinds)))
            continue
        fitting[name] = _fit(value, kinds[name], (*path, name), problems)
    fitting = {name: value for name, value in fitting.items() if value is not _MISFIT}
    wanted = [field.encode_name for field in kind.fields if field.required]
    problems += [Problem(dotted(*path, name), "must be said") for name in wanted if name not in table]
    return fitting if fitting.keys() >= set(wanted) else _MISFIT


def _table(table: dict[str, object], kind: inspect.DictType, path: Path, problems: list[Problem]) -> object:
    fitting = {name: _fit(value, kind.value_type, (*path, name), problems) for name, value in table.items()}
    return {name: value for name, value in fitting.items() if value is not _MISFIT}


def _array(items: list[object], kind: inspect.ListType, path: Path, problems: list[Problem]) -> object:
    fitting = [_fit(item, kind.item_type, (*path, str(index)), problems) for index, item in enumerate(items)]
    return [item for item in fitting if item is not _MISFIT]


def _leaf(value: object, kind: inspect.Type, path: Path, problems: list[Problem]) -> object:
    if isinstance(kind, inspect.LiteralType):
        return value if value in kind.values else _misfit(value, kind, path, problems)
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    arrived = _ARRIVED.get(type(value))
    if arrived in {_EXPECTED.get(type(member)) for member in kinds}:
        return value
    return _misfit(value, kind, path, problems)


def _misfit(value: object, kind: inspect.Type, path: Path, problems: list[Problem]) -> object:
    arrived = _ARRIVED.get(type(value), "a date or a time")
    expected = _describe(kind)
    if isinstance(kind, inspect.LiteralType) and isinstance(value, str):
        arrived = "another word"
    problems.append(Problem(dotted(*path), f"expected {expected}, got {arrived}", _remedy(value, kind)))
    return _MISFIT


def _describe(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f'"{value}"' for value in kind.values)
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_describe(member) for member in kind.types)
    return _EXPECTED[type(kind)]


def _remedy(value: object, kind: inspect.Type) -> str:
    if not isinstance(kind, inspect.LiteralType) or not isinstance(value, str):
        return ""
    remedy = nearest(value, [str(known) for known in kind.values])
    return remedy if remedy.startswith("did you mean") else ""


_CONTAINERS: dict[type, tuple[type, Callable[..., object]]] = {
    inspect.StructType: (dict, _struct),
    inspect.DictType: (dict, _table),
    inspect.ListType: (list, _array),
}
