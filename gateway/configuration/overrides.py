"""Values laid over the file: `PENSTOCK_SERVER__LISTEN` and its like, then flags of the command line.

Names are matched without regard to case, and `-`, `_` and `.` are the same in the names of providers,
keys and models. A value is read as TOML where the field takes more than a string.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from msgspec import inspect

from gateway.configuration.problems import dotted
from gateway.configuration.strictness import plain, shape

_PREFIX = "PENSTOCK_"
_STEP = "__"
_SEPARATORS = re.compile(r"[-_.]")
_PLAIN_TEXT = (inspect.StrType, inspect.LiteralType)


class Overlay:
    """A document under construction, and for every value laid over it the name it came from."""

    def __init__(self, document: dict[str, object]) -> None:
        self.document = document
        self.origins: dict[str, str] = {}

    def lay_environment(self, environment: Mapping[str, str]) -> None:
        """Lay every variable of ours that is set and not empty over the document."""
        for variable, text in sorted(environment.items()):
            if variable.startswith(_PREFIX) and _STEP in variable and text:
                steps = variable.removeprefix(_PREFIX).split(_STEP)
                path, kind = self._locate(steps)
                self._lay(path, _read(text, kind), variable)

    def lay_flags(self, flags: Mapping[str, object]) -> None:
        """Lay the command line over the document: `server.listen` -> value; None is no value."""
        for path, value in flags.items():
            if value is not None:
                self._lay(path.split("."), value, "--" + path.removeprefix("server.").replace(".", "-"))

    def _locate(self, steps: list[str]) -> tuple[list[str], inspect.Type]:
        path: list[str] = []
        kind: inspect.Type = shape()
        table: object = self.document
        for step in steps:
            name, kind = _descend(step, plain(kind), table)
            table = table.get(name) if isinstance(table, dict) else None
            path.append(name)
        return path, plain(kind)

    def _lay(self, path: list[str], value: object, origin: str) -> None:
        table: object = self.document
        for name in path[:-1]:
            table = table.setdefault(name, {}) if isinstance(table, dict) else None
        if isinstance(table, dict):
            table[path[-1]] = value
            self.origins[dotted(*path)] = origin


def _descend(step: str, kind: inspect.Type, table: object) -> tuple[str, inspect.Type]:
    if isinstance(kind, inspect.StructType):
        kinds = {field.encode_name: field.type for field in kind.fields}
        return step.lower(), kinds.get(step.lower(), inspect.AnyType())
    inner = kind.value_type if isinstance(kind, inspect.DictType) else inspect.AnyType()
    return _known_name(step, table), inner


def _known_name(step: str, table: object) -> str:
    wanted = normal(step)
    names: Iterator[str] = iter(table if isinstance(table, dict) else ())
    return next((name for name in names if normal(name) == wanted), wanted)


def normal(name: str) -> str:
    """A name as it is compared: lower case, with `-` for every separator."""
    return _SEPARATORS.sub("-", name.lower())


def _read(text: str, kind: inspect.Type) -> object:
    if isinstance(kind, _PLAIN_TEXT):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
