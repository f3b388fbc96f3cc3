"""A configuration under construction: the tables of penstock.toml, and what is told beside them."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from adapters.table import PROVIDERS
from gateway.cli.importing.reading import Section

What = Literal["carried", "changed", "left out", "wrong"]
Table = dict[str, Any]

# Words that people write where a key is asked for and none is needed.
_NO_KEY: Final = re.compile(
    r"(?i)|none|null|empty|dummy|fake|fake-key|anything|any|not-needed|no-key|no-api-key|ollama|lm-studio|x+"
)
_ILLEGAL: Final = re.compile(r"[^a-z0-9._-]+")


class Note(msgspec.Struct, frozen=True):
    """What became of one place of the original."""

    place: str
    what: What
    words: str


class Draft:
    """See the head of this file. `taken`: names that no provider may have, since models have them.

    `reserved`: variables that the original names, so that no secret of it may go there.
    """

    def __init__(self, *, keep_secrets: bool) -> None:
        self.document: Table = {}
        self.notes: list[Note] = []
        self.variables: dict[str, str] = {}
        self.taken: set[str] = set()
        self.reserved: set[str] = set()
        self._keep_secrets = keep_secrets
        # Secrets that stood in clear, and the variables they are found in from now on.
        self._variables_of: dict[str, str] = {}

    def table(self, name: str) -> Table:
        """A table of the file, made when it is first asked for."""
        found: Table = self.document.setdefault(name, {})
        return found

    def note(self, place: str, what: What, words: str) -> None:
        """Tell what became of a place, once."""
        note = Note(place, what, words)
        if note not in self.notes:
            self.notes.append(note)

    def rest(self, section: Section, words: str = "has no counterpart here") -> None:
        """Tell what nobody asked a section for."""
        for name in section.rest():
            self.note(section.at(name), "left out", words)

    def reference(self, variable: str, what_for: str) -> str:
        """A reference to a variable, which has to be set."""
        self.variables.setdefault(variable, what_for)
        return f"${{{variable}}}"

    def secret(self, place: str, value: str, variable: str) -> str:
        """A secret that stood in clear: a reference in its place, unless it is to be kept."""
        if self._keep_secrets:
            return plain(value)
        name = self._variables_of.get(value, variable)
        number = 1
        while value not in self._variables_of and name in self.variables.keys() | self.reserved:
            number += 1
            name = f"{variable}_{number}"
        self._variables_of[value] = name
        self.note(place, "changed", f"stood there in clear: set {name} to it")
        return self.reference(name, f"the value of {place}")

    def provider(self, wanted: str, table: Table) -> str:
        """The name of a provider like this one, which is made where there is none yet."""
        providers = self.table("providers")
        name = legal_name(wanted)
        row = PROVIDERS.get(name)
        known = row is not None and table.get("dialect", "") in row.base_urls and not row.key_variable
        # A name of the table that is at another place than the table says would be taken for that one.
        if name in self.taken or (row is not None and "like" not in table and not known):
            name += "-api"
        first, number = name, 1
        while name in providers and providers[name] != table:
            number += 1
            name = f"{first}-{number}"
        providers[name] = table
        return name

    def finish(self) -> None:
        """Leave out what says nothing."""
        self.document = {name: value for name, value in self.document.items() if value not in ({}, [])}
        for name, table in self.table("providers").items():
            if table.get("like") == name:
                del table["like"]


def plain(text: str) -> str:
    """A text in which nothing is a reference."""
    return text.replace("${", "$${")


def legal_name(text: str) -> str:
    """A name that a provider may have."""
    return _ILLEGAL.sub("-", text.lower()).strip("-._") or "provider"


def variable_of(name: str) -> str:
    """The variable for the key of a provider of this name."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_") + "_API_KEY"


def needs_no_key(value: str) -> bool:
    """Whether this is a word that stands for no key."""
    return _NO_KEY.fullmatch(value) is not None


def host_of(url: str) -> str:
    """The host in a URL; empty where it is none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def seconds(value: float) -> str:
    """A time as penstock.toml spells it."""
    return f"{value:g}s" if value >= 1 else f"{value * 1000:g}ms"


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> Table:
    """Both, without what is empty."""
    return {name: value for name, value in {**first, **second}.items() if value not in (None, "", {}, ())}
