"""Others' configuration files, read: YAML, and JSON as people write it, with comments and bare names.

What is wrong with a file is said with its line. What a file says beyond what is understood is not lost: a
`Section` knows what was asked of it and tells the rest.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

# One token of relaxed JSON at a time: what stands in quotes is never looked into.
_TOKENS: Final = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<single>'(?:[^'\\\n]|\\.)*')
    |(?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<comma>,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]]))
    |(?P<bare>[A-Za-z_$][\w$]*(?=\s*:))""",
    re.VERBOSE | re.DOTALL,
)


class Misread(Exception):
    """A file that cannot be taken for what it should be, in words with the place."""


class Section:
    """A table of the file and its place there. Whoever takes a value names what it must be."""

    def __init__(self, table: Mapping[str, Any], place: str) -> None:
        self.table = table
        self.place = place
        self._asked: set[str] = set()

    def at(self, name: str) -> str:
        """The place of a value, for people."""
        return f"{self.place}.{name}" if self.place else name

    def take(self, name: str, *kinds: type) -> Any:
        """A value of one of some kinds; None where it is not there. Raises Misread."""
        self._asked.add(name)
        value = self.table.get(name)
        # A yes or no is a number to Python, and to nobody else.
        wrong = isinstance(value, bool) and bool not in kinds
        if value is None or (isinstance(value, kinds) and not wrong):
            return value
        wanted = " or ".join(_CALLED[kind] for kind in kinds)
        raise Misread(f"{self.at(name)}{line_of(self.table, name)}: expected {wanted}")

    def text(self, name: str) -> str:
        """A string, or a number spelled as one; empty where there is none."""
        value = self.take(name, str, int, float)
        return "" if value is None else str(value)

    def number(self, name: str) -> float | None:
        """A number, which may be spelled as a string."""
        value = self.take(name, int, float, str)
        try:
            return None if value is None or value == "" else float(value)
        except ValueError:
            raise Misread(f"{self.at(name)}{line_of(self.table, name)}: expected a number") from None

    def section(self, name: str) -> "Section":
        """A table in it; an empty one where there is none."""
        return Section(self.take(name, dict) or {}, self.at(name))

    def sections(self, name: str) -> Iterator["Section"]:
        """The tables of a list in it."""
        for number, value in enumerate(self.take(name, list) or ()):
            place = f"{self.at(name)}[{number}]"
            if not isinstance(value, dict):
                raise Misread(f"{place}{line_of(self.table, name)}: expected a table of names and values")
            yield Section(value, place)

    def texts(self, name: str) -> list[str]:
        """The strings of a list in it, or the one string that stands for a list."""
        value = self.take(name, list, str)
        return [value] if isinstance(value, str) else [each for each in value or () if isinstance(each, str)]

    def skip(self, *names: str) -> None:
        """What needs no word: it means nothing here."""
        self._asked.update(names)

    def rest(self) -> Iterable[str]:
        """What nobody asked for."""
        return [str(name) for name in self.table if name not in self._asked]


_CALLED: Final = {
    dict: "a table of names and values",
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
}


def line_of(table: object, name: str) -> str:
    """Where a name stands, where the reader has kept that."""
    places = getattr(table, "lc", None)
    try:
        return f" (line {places.key(name)[0] + 1})" if places is not None else ""
    except KeyError:
        return ""


def read_yaml(text: str) -> Section:
    """A YAML file, which must be a table. Raises Misread."""
    # Read by this command alone, and slow to load.
    from ruamel.yaml import YAML  # noqa: PLC0415
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        document = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as failure:
        mark = failure.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark is not None else ""
        raise Misread(f"{where}{failure.problem or failure.context}") from None
    except YAMLError as failure:
        raise Misread(str(failure).partition("\n")[0]) from None
    return _whole(document)


def read_relaxed(text: str) -> Section:
    """A file of JSON with comments, single quotes, bare names and commas at ends. Raises Misread."""
    try:
        document = json.loads(_TOKENS.sub(_strictly, text))
    except json.JSONDecodeError as failure:
        raise Misread(f"line {failure.lineno}, column {failure.colno}: {failure.msg}") from None
    except RecursionError:
        raise Misread("it is nested too deeply") from None
    return _whole(document)


def _strictly(match: re.Match[str]) -> str:
    """A token as strict JSON spells it, on as many lines."""
    if match["string"]:
        return match["string"]
    if match["single"]:
        inner = match["single"][1:-1].replace("\\'", "'")
        return '"' + re.sub(r'(?<!\\)"', r"\"", inner) + '"'
    if match["bare"]:
        return f'"{match["bare"]}"'
    return re.sub(r"[^\n]", " ", match[0])


def _whole(document: object) -> Section:
    if not isinstance(document, dict):
        raise Misread("line 1: expected a table of names and values")
    return Section(document, "")
