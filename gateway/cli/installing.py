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
from gateway.cli.pointing import (
    CONTEXT,
    Place,
    codex_provider,
    crush_told,
    opencode_provider,
    qwen_told,
    zed_folder,
    zed_told,
)


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
    home = _configuration() / "opencode"
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


def _qwen(asked: Installing) -> tuple[Wanted, ...]:
    values = qwen_told(asked.place.model)
    values |= {("env", name): value for name, value in asked.variables.items()}
    file = Path(os.environ.get("QWEN_HOME") or Path.home() / ".qwen") / "settings.json"
    providers, place = ("modelProviders", "openai"), asked.place
    listed = value_in(file, "json", providers)
    if isinstance(listed, list) and place.model:
        # The first of a name counts, and would lead elsewhere.
        ours = {"id": place.model, "envKey": "OPENAI_API_KEY", "baseUrl": f"{place.url}/v1"}
        values[providers] = [ours, *(one for one in listed if one != ours)]
    return (Wanted(file, "json", values),)


def _crush(asked: Installing) -> tuple[Wanted, ...]:
    """A key is read from PENSTOCK_KEY and not written."""
    own = os.environ.get("CRUSH_GLOBAL_CONFIG")
    home = Path(own) if own else _configuration() / "crush"
    key = "$PENSTOCK_KEY" if asked.keyed else asked.place.token
    return (Wanted(home / "crush.json", "json", crush_told(asked.place, key)),)


def _zed(asked: Installing) -> tuple[Wanted, ...]:
    return (Wanted(zed_folder() / "settings.json", "json", zed_told(asked.place)),)


def _aider(asked: Installing) -> tuple[Wanted, ...]:
    place = asked.place
    values: dict[tuple[str, ...], Any] = {
        ("openai-api-base",): f"{place.url}/v1",
        ("openai-api-key",): place.token,
        ("model",): f"openai/{place.chosen}",
    }
    return (Wanted(Path.home() / ".aider.conf.yml", "yaml", values),)


def _goose(asked: Installing) -> tuple[Wanted, ...]:
    """A provider of its own: goose takes no key from its configuration, and one of OpenAI's needs a key."""
    root = os.environ.get("GOOSE_PATH_ROOT")
    home = Path(root) / "config" if root else _configuration() / "goose"
    place, file = asked.place, home / "config.yaml"
    provider = {
        "name": "penstock",
        "engine": "openai",
        "display_name": "penstock",
        "description": "penstock, the gateway of this machine",
        "api_key_env": "PENSTOCK_KEY" if asked.keyed else "",
        "base_url": f"{place.url}/v1/chat/completions",
        "models": [{"name": name, "context_limit": CONTEXT} for name in place.names],
        "requires_auth": asked.keyed,
        "supports_streaming": True,
    }
    values: dict[tuple[str, ...], Any] = {
        ("GOOSE_PROVIDER",): "penstock",
        ("GOOSE_MODEL",): place.chosen,
    }
    if value_in(file, "yaml", ("active_provider",)) is not None:
        chosen = {"enabled": True, "model": place.chosen, "configured": True}
        values = {("active_provider",): "penstock", ("providers", "penstock"): chosen}
    told: dict[tuple[str, ...], Any] = {(name,): value for name, value in provider.items()}
    return (
        Wanted(file, "yaml", values),
        Wanted(home / "custom_providers" / "penstock.json", "json", told),
    )


def _configuration() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


_FILES: Final[dict[str, Callable[[Installing], tuple[Wanted, ...]]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
    "qwen": _qwen,
    "aider": _aider,
    "goose": _goose,
    "crush": _crush,
    "zed": _zed,
}
INSTALLABLE: Final = tuple(_FILES)


def _program() -> str:
    """What starts this program from any folder."""
    found = shutil.which("penstock")
    return shlex.quote(found) if found else f"{shlex.quote(sys.executable)} -m gateway"
