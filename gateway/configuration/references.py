"""References inside strings of the configuration: `${VAR}`, `${VAR:-default}` and `${file:path}`.

`$${` stands for a plain `${`. A reference that cannot be followed becomes a problem that names the
key that wanted it, and the value is left out, so that the rest can still be checked.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.configuration.problems import Problem, dotted

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:-)(.*))?", re.DOTALL)
_FILE = "file:"
_LARGEST_FILE = 64 * 1024


class _Unresolved(Exception):
    """A reference that leads nowhere: what is wrong, and what mends it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


class Expander:
    """Follows the references of one document; relative files are looked for beside the configuration file."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.problems: list[Problem] = []
        self._environment = environment
        self._folder = folder

    def table(self, table: Mapping[str, object], path: tuple[str, ...] = ()) -> dict[str, object]:
        """The same table with every string expanded, without the values that could not be."""
        expanded = {name: self._value(value, (*path, name)) for name, value in table.items()}
        return {name: value for name, value in expanded.items() if value is not None}

    def _value(self, value: object, path: tuple[str, ...]) -> object:
        if isinstance(value, dict):
            return self.table(value, path)
        if isinstance(value, list):
            items = [self._value(item, (*path, str(index))) for index, item in enumerate(value)]
            return [item for item in items if item is not None]
        return self._text(value, path) if isinstance(value, str) else value

    def _text(self, text: str, path: tuple[str, ...]) -> str | None:
        try:
            return _REFERENCE.sub(self._follow, text)
        except _Unresolved as failure:
            self.problems.append(Problem(dotted(*path), failure.problem, failure.remedy))
            return None

    def _follow(self, match: re.Match[str]) -> str:
        if match.group() == "$${":
            return "${"
        body = match.group(1)
        if body is None:
            problem, remedy = (
                "a reference is opened with ${ and never closed",
                "close it with }; a plain ${ is $${",
            )
            raise _Unresolved(problem, remedy)
        if body.startswith(_FILE):
            return self._file(body.removeprefix(_FILE))
        return self._variable(body)

    def _variable(self, body: str) -> str:
        match = _VARIABLE.fullmatch(body)
        if match is None or "${" in body:
            problem = "a reference must be ${VAR}, ${VAR:-default} or ${file:path}"
            raise _Unresolved(problem, "references cannot stand inside references")
        name, has_default, default = match.groups()
        value = self._environment.get(name)
        if has_default and not value:
            return str(default)
        if value is None:
            problem = f"wants ${{{name}}}, which is not set in the environment"
            raise _Unresolved(problem, f"set {name}, or give a default: ${{{name}:-…}}")
        return value

    def _file(self, name: str) -> str:
        path = self._folder / Path(name).expanduser()
        try:
            with path.open(encoding="utf-8") as file:
                content = file.read(_LARGEST_FILE + 1)
        except (OSError, ValueError, RuntimeError) as failure:
            reason = failure.strerror if isinstance(failure, OSError) else "it is not text"
            problem = f"wants the file {name}, which cannot be read: {reason}"
            raise _Unresolved(problem, "a relative path starts at the configuration file's folder") from None
        if len(content) > _LARGEST_FILE:
            problem, remedy = (
                f"wants the file {name}, which is too large",
                "a secret's file is a few bytes long",
            )
            raise _Unresolved(problem, remedy)
        return content.removesuffix("\n").removesuffix("\r")


def sources(text: str) -> str:
    """Where a string takes its value from, fit to be shown: the variables and files it refers to."""
    bodies = [match.group(1) for match in _REFERENCE.finditer(text) if match.group(1)]
    return ", ".join(_source(body) for body in bodies)


def _source(body: str) -> str:
    if body.startswith(_FILE):
        return body.removeprefix(_FILE)
    return "$" + body.partition(":-")[0]
