"""How a provider refuses a request: in its own words, at the place they name."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

import msgspec

Json = dict[str, Any]
IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")


class Refused(Exception):
    """A request the real API would refuse; `param` and `code` are OpenAI's."""

    def __init__(
        self, words: str, *, status: int = 400, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(words)
        self.words = words
        self.status = status
        self.details = {"param": param, "code": code}


class Asked(msgspec.Struct, frozen=True):
    """One request as a check sees it: its body, its path, and the betas it is to be read with."""

    body: Json
    path: str = ""
    betas: str = ""


def is_base64(data: object) -> TypeGuard[str]:
    """Whether this is base64 and not nothing."""
    return isinstance(data, str) and data != "" and len(data) % 4 == 0 and bool(BASE64.fullmatch(data))


def places(items: object, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object of a list with its path, `path` having a `{}` for the number."""
    for number, item in enumerate(items if isinstance(items, list) else []):
        yield path.format(number), item
