"""Freeform tools where there are only functions: the text a model wrote into the one string `input`.

A client that offers `apply_patch` as free text gets free text back, piece by piece as it comes. Arguments
that are something else than `{"input": "…"}` are passed as they are: the client's tool says what is wrong.
"""

import json
import re
from typing import Final

_OPENING: Final = re.compile(r'\s*\{\s*"input"\s*:\s*"')
# The longest start of a string that ends in no half of an escape or of a surrogate pair. No quantifier is
# possessive: Python up to 3.11.4 matches such ones wrong round alternatives.
_WHOLE: Final = re.compile(
    r'(?:[^"\\]+|\\["\\/bfnrt]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4})*'
)
# Longer than this an opening is none.
_LONGEST_OPENING: Final = 64
# Not strict: models write line ends into strings as they are.
_DECODE = json.JSONDecoder(strict=False).decode


class FreeformInput:
    """Arguments in, cut anywhere, the text in them out."""

    __slots__ = ("_inside", "_over", "_pending", "_plain")

    def __init__(self) -> None:
        self._pending = ""
        self._inside = False
        self._over = False
        self._plain = False  # not wrapped at all

    def feed(self, piece: str) -> str:
        """Take the next piece; give what can be read by now."""
        if self._over:
            return ""
        if self._plain:
            return piece
        self._pending += piece
        return self._read() if self._inside or self._enter() else self._unwrapped()

    def finish(self) -> str:
        """The call is complete: give what is left of arguments that are not what they should be."""
        rest = "" if self._over else self._pending
        self._over, self._pending = True, ""
        return rest

    def _enter(self) -> bool:
        opening = _OPENING.match(self._pending)
        if opening:
            self._pending = self._pending[opening.end() :]
            self._inside = True
        return self._inside

    def _unwrapped(self) -> str:
        if len(self._pending) <= _LONGEST_OPENING:
            return ""
        self._plain = True
        text, self._pending = self._pending, ""
        return text

    def _read(self) -> str:
        match = _WHOLE.match(self._pending)
        end = match.end() if match else 0
        text, self._pending = self._pending[:end], self._pending[end:]
        self._over = self._pending.startswith('"')
        decoded: str = _DECODE(f'"{text}"')
        # Half a surrogate pair is no text, and nothing that leaves here could hold it.
        return (
            decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if "\\u" in text
            else decoded
        )


def unwrapped(arguments: str) -> str:
    """Return the text in whole arguments."""
    reading = FreeformInput()
    return reading.feed(arguments) + reading.finish()
