"""What `penstock install` writes: which values, into which file of which agent."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.cli.gemini_home import LOGIN, WITH_A_KEY, own_folder
from gateway.cli.installed import Wanted, value_in
from gateway.cli.pointing import Place, codex_provider, opencode_provider


class Installing(msgspec.Struct, frozen=True, kw_only=True):
    """What an installation is to say: where penstock is, and what of it was asked for beside that.

    `variables` are those that would point the agent (`agents.exports`); `keyed`: a key is asked for.
    """

    place: Place
    variables: Mapping[str, str]
    keyed: bool
    statusline: bool = False

    def __repr__(self) -> str:
        return f"Installing({self.place!r}, {sorted(self.variables)})"


def wanted(agent: str, asked: Installing) -> tuple[Wanted, ...]:
    """The files and the values in them."""
    return _FILES[agent](asked)


def _claude(asked: Installing) -> tuple[Wanted, ...]:
    values: dict[tuple[str, ...], Any] = {("env", name): value for name, value in asked.variables.items()}
    if asked.place.model:
        values["model",] = asked.place.model
    if asked.statusline:
        command = f"{_program()} statusline --url {asked.place.url}"
        values["statusLine",] = {"type": "command", "command": command}
    folder = os.environ.get("CLAUDE_CONFIG_DIR")
    home = Path(folder).expanduser() if folder else Path.home() / ".claude"
    return (Wanted(home / "settings.json", "json", values),)


def _codex(asked: Installing) -> tuple[Wanted, ...]:
    provider = codex_provider(asked.place.url, keyed=asked.keyed)
    values: dict[tuple[str, ...], Any] = {
        ("model_provider",): "penstock",
        ("model_providers", "penstock"): provider,
    }
    if asked.place.model:
        values["model",] = asked.place.model
    home = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    return (Wanted(home / "config.toml", "toml", values),)


def _gemini(asked: Installing) -> tuple[Wanted, ...]:
    settings: dict[tuple[str, ...], Any] = {LOGIN: WITH_A_KEY}
    if asked.place.model:
        settings["model", "name"] = asked.place.model
    variables: dict[tuple[str, ...], Any] = {(name,): value for name, value in asked.variables.items()}
    home = own_folder()
    return Wanted(home / "settings.json", "json", settings), Wanted(home / ".env", "env", variables)


def _opencode(asked: Installing) -> tuple[Wanted, ...]:
    """Which model it asks for is left as it is where the user has chosen one and says no other."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "opencode"
    # The later wins where there are several.
    file = next((home / name for name in ("opencode.jsonc", "opencode.json") if (home / name).exists()), None)
    file = file or home / "opencode.json"
    place = asked.place
    values: dict[tuple[str, ...], Any] = {("provider", "penstock"): opencode_provider(place)}
    chosen = place.model or next(iter(place.models), "")
    theirs = value_in(file, "json", ("model",))
    if chosen and (place.model or theirs is None or str(theirs).startswith("penstock/")):
        values |= {("model",): f"penstock/{chosen}", ("small_model",): f"penstock/{chosen}"}
    enabled = value_in(file, "json", ("enabled_providers",))
    if isinstance(enabled, list):
        values["enabled_providers",] = [*(one for one in enabled if one != "penstock"), "penstock"]
    return (Wanted(file, "json", values),)


_FILES: Final[dict[str, Callable[[Installing], tuple[Wanted, ...]]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
}
INSTALLABLE: Final = tuple(_FILES)


def _program() -> str:
    """What starts this program from any folder."""
    found = shutil.which("penstock")
    return shlex.quote(found) if found else f"{shlex.quote(sys.executable)} -m gateway"
