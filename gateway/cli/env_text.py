"""Files of variables (`.env`), changed in place, line by line.

It offers what `jsonc.py` offers for JSON; a path is the name of a variable.
"""

import re
from typing import Any, Final

from gateway.cli.jsonc import Broken, Path

_PLAIN: Final = re.compile(r"[\w./:@%+,=-]+")
_LINE: Final = r"^[ \t]*(?:export[ \t]+)?{}[ \t]*=[ \t]*(.*?)[ \t]*$"


def decoded(text: str) -> Any:
    """The variables and what they are set to."""
    return {
        name: _unquoted(value)
        for name, value in re.findall(_LINE.format(r"([A-Za-z_]\w*)"), _even(text), re.MULTILINE)
    }


def value_at(text: str, path: Path) -> tuple[bool, Any]:
    """Whether the variable is set, and to what; the last line counts."""
    found = decoded(text)
    return path[0] in found, found.get(path[0])


def placed(text: str, path: Path, value: Any) -> str:
    """The text with the variable set: in its last line, or in a new one at the end."""
    if not isinstance(value, str) or re.search(r"['\r\n]", value):
        raise Broken(f"{path[0]} cannot be written into a file of variables")
    line = f"{path[0]}={value if _PLAIN.fullmatch(value) else _quoted(value)}"
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    for place in reversed(range(len(lines))):
        if _names(lines[place], path[0]):
            ending = lines[place][len(lines[place].rstrip("\r\n")) :]
            return "".join([*lines[:place], line, ending, *lines[place + 1 :]])
    gap = newline if text and not text.endswith("\n") else ""
    return f"{text}{gap}{line}{newline}"


def removed(text: str, path: Path) -> str:
    """The text without the lines that set the variable."""
    return "".join(line for line in text.splitlines(keepends=True) if not _names(line, path[0]))


def _quoted(value: str) -> str:
    # In these, nothing means anything else.
    return f"'{value}'"


def _names(line: str, name: str) -> bool:
    return re.match(_LINE.format(re.escape(name)), line.rstrip("\r\n")) is not None


def _unquoted(value: str) -> str:
    if value[:1] in ("'", '"', "`") and value[1:].find(value[0]) >= 0:
        return value[1 : value.index(value[0], 1)]
    return re.sub(r"\s+#.*$", "", value)


def _even(text: str) -> str:
    return text.replace("\r\n", "\n")
