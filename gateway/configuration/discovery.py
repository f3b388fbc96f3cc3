"""Providers found in the environment (feature P12), with nothing configured.

A known provider is found by its key variable (`OPENAI_API_KEY`). A word in the middle makes another
instance of it (`OPENAI_EAST_API_KEY`: `openai-east`). `OPENAI_BASE_URL` moves its address, unless it
points at ourselves: that is what `penstock env` exports for clients.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from adapters.provider import ProviderRow
from gateway.configuration.addresses import leads_to
from gateway.settings import ServerSettings

PLACEHOLDER = "penstock"
OUR_KEYS = "pst_"
DEMO = "demo"
# Whose models demo answers for as long as there is no other provider.
DEMO_STANDS_IN_FOR = ("anthropic", "openai")

_KEY_SUFFIX = "_API_KEY"
_OTHER_SUFFIXES = ("_TOKEN", "_KEY")


class Found(msgspec.Struct, frozen=True):
    """A key in the environment: the instance's name, the row it is like, and the variable it stands in."""

    name: str
    row: str
    variable: str
    api_key: str

    def __repr__(self) -> str:
        return f"Found({self.name!r}, row={self.row!r}, variable={self.variable!r})"


def find(environment: Mapping[str, str], rows: Iterable[ProviderRow]) -> dict[str, Found]:
    """Every provider that the environment holds a key for, known names before instances."""
    by_variable = {row.key_variable: row for row in rows if row.key_variable}
    keys = {name: value for name, value in environment.items() if value.strip() and not _is_ours(value)}
    found = [
        Found(row.name, row.name, variable, keys[variable])
        for variable, row in by_variable.items()
        if variable in keys
    ]
    for variable in sorted(keys.keys() - by_variable.keys()):
        row = _family(variable, by_variable)
        if row is not None:
            found.append(Found(_instance(variable, row), row.name, variable, keys[variable]))
    return {each.name: each for each in found}


def moved_address(
    name: str, row: ProviderRow | None, environment: Mapping[str, str], server: ServerSettings
) -> tuple[str, str] | None:
    """The variable that moves a provider's address and the address, or None when it leads back to us."""
    own_name = row is not None and row.name == name and row.key_variable
    prefix = _prefix(own_name) if own_name else re.sub(r"[-.]", "_", name).upper()
    variable = f"{prefix}_BASE_URL"
    address = environment.get(variable, "").strip()
    if not address or leads_to(address, server.host, server.port):
        return None
    return variable, address


def _is_ours(value: str) -> bool:
    return value == PLACEHOLDER or value.startswith(OUR_KEYS)


def _prefix(variable: str) -> str:
    for suffix in (_KEY_SUFFIX, *_OTHER_SUFFIXES):
        if variable.endswith(suffix):
            return variable.removesuffix(suffix)
    return variable


def _family(variable: str, by_variable: Mapping[str, ProviderRow]) -> ProviderRow | None:
    """The provider a variable names an instance of: the one with the longest matching prefix."""
    if not variable.endswith(_KEY_SUFFIX):
        return None
    matches = [
        known
        for known in by_variable
        if known.endswith(_KEY_SUFFIX) and variable.startswith(known.removesuffix(_KEY_SUFFIX) + "_")
    ]
    return by_variable[max(matches, key=len)] if matches else None


def _instance(variable: str, row: ProviderRow) -> str:
    middle = variable.removeprefix(_prefix(row.key_variable or "")).removesuffix(_KEY_SUFFIX)
    return row.name + middle.lower().replace("_", "-")
