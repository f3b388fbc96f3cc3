"""Many globs, and the longest that a name matches, without trying each of them.

A glob begins and ends with words of its own (`gpt-*-mini`), often none. Those two are looked up in tables, a
table for each pair of lengths there is; what is found is then matched for good. So thousands of globs cost a
handful of look-ups.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

MARKS: Final = re.compile(r"[*?\[]")


def is_glob(name: str) -> bool:
    """Whether a name stands for several."""
    return MARKS.search(name) is not None


def ends_of(glob: str) -> tuple[str, str]:
    """What a name must begin with, and end with, to match a glob."""
    marks = [match.start() for match in MARKS.finditer(glob)]
    # In brackets anything may stand: only what follows a `*` or `?` behind the last of them is surely an end.
    end = "" if "[" in glob else glob[marks[-1] + 1 :]
    return glob[: marks[0]], end


class Globs:
    """Globs in the order they were written."""

    __slots__ = ("_shapes", "globs")

    def __init__(self, globs: Iterable[str]) -> None:
        self.globs = tuple(globs)
        self._shapes: dict[tuple[int, int], dict[tuple[str, str], list[int]]] = {}
        for place, glob in enumerate(self.globs):
            before, after = ends_of(glob)
            shape = self._shapes.setdefault((len(before), len(after)), {})
            shape.setdefault((before, after), []).append(place)

    def candidates(self, name: str) -> list[str]:
        """Globs that may match: the longest first, for it is the most particular; then as written."""
        places: list[int] = []
        for (before, after), shape in self._shapes.items():
            places += shape.get((name[:before], name[len(name) - after :] if after else ""), ())
        places.sort(key=lambda place: (-len(self.globs[place]), place))
        return [self.globs[place] for place in places]

    def longest(self, name: str) -> str | None:
        """The longest glob that a name matches."""
        return next((glob for glob in self.candidates(name) if fnmatchcase(name, glob)), None)
