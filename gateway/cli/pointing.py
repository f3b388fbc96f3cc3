"""What an agent is given for one run beside variables: flags of its own, or a file that lasts as long as it.

Nothing of the user's is written: where an agent can only be told by a file, that file lies in a folder of
the run, laid over the user's. How each agent finds its files is in its own documentation, and was tried.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.cli import Failure
from gateway.cli.changes import Values, applied
from gateway.cli.gemini_home import FOLDER, LOGIN, SETTINGS, WITH_A_KEY, own_folder
from gateway.cli.jsonc import Broken, decoded, placed, value_at
from gateway.cli.overlay import overlaid

_CLAUDE_FILES: Final = (".claude/settings.json", ".claude/settings.local.json")
_PRIVATE: Final = 0o600
# What agents that are told nothing better reckon with; a model that takes less says so itself.
CONTEXT: Final = 200_000
_ANSWER: Final = 32_000


class Place(msgspec.Struct, frozen=True):
    """Where penstock is, what is said to it ("": the agent's own login), and what may be asked for there."""

    url: str
    token: str
    model: str = ""
    models: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that may be asked for, what was chosen first; none twice."""
        return tuple(dict.fromkeys(name for name in (self.model, *self.models) if name))

    @property
    def chosen(self) -> str:
        """What is asked for where the agent does not say."""
        return next(iter(self.names), "")

    def __repr__(self) -> str:
        return f"Place({self.url!r}, model={self.model!r})"


class Pointed(msgspec.Struct, frozen=True):
    """Variables and arguments that go before the user's."""

    variables: Mapping[str, str] = {}
    arguments: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Pointed({sorted(self.variables)}, {self.arguments})"


def pointed(agent: str, place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    """What the agent is given on top of its variables. Raises Failure where a file of its own is broken."""
    special = _SPECIAL.get(agent)
    return Pointed(variables) if special is None else special(place, variables, stack)


# --- Claude Code: variables, unless a file of settings says otherwise


def _claude(place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    """Claude Code lets the `env` of its settings win over the environment, and --settings over both."""
    del place
    if not any(set(_named_in(file)) & _CLAUDE_TOLD for file in _claude_files()):
        return Pointed(variables)
    emptied = dict.fromkeys(_CLAUDE_TOLD, "") if "ANTHROPIC_AUTH_TOKEN" in variables else {}
    told = {"env": {**emptied, **variables}}
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-run-"))
    file = _written(Path(folder) / "settings.json", msgspec.json.format(msgspec.json.encode(told)).decode())
    return Pointed(variables, ("--settings", str(file)))


_CLAUDE_TOLD: Final = frozenset(
    (
        "ANTHROPIC_BASE_URL",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_API_KEY",
        "CLAUDE_CODE_USE_BEDROCK",
        "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
    )
)


def _claude_files() -> Iterable[Path]:
    own = os.environ.get("CLAUDE_CONFIG_DIR")
    yield Path(own).expanduser() / "settings.json" if own else Path.home() / _CLAUDE_FILES[0]
    yield from (Path.cwd() / file for file in _CLAUDE_FILES)


def _named_in(file: Path) -> Iterable[str]:
    """The variables a file of settings sets; a file that is broken is the agent's to complain of."""
    try:
        found = decoded(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, Broken):
        return ()
    told = found.get("env") if isinstance(found, dict) else None
    return told if isinstance(told, dict) else ()


# --- Codex: flags


def codex_provider(url: str, *, keyed: bool) -> dict[str, Any]:
    """The table of its configuration that says what penstock is; a key is taken from the environment."""
    key = {"env_key": "PENSTOCK_KEY"} if keyed else {}
    return {"name": "penstock", "base_url": f"{url}/v1", "wire_api": "responses", **key}


def _codex(place: Place, variables: Mapping[str, str], _stack: ExitStack) -> Pointed:
    table = codex_provider(place.url, keyed=True)
    inline = ", ".join(f"{name} = {_toml(value)}" for name, value in table.items())
    told = {"model_provider": '"penstock"', "model_providers.penstock": f"{{ {inline} }}"}
    if place.model:
        told["model"] = _toml(place.model)
    arguments = (argument for name, value in told.items() for argument in ("-c", f"{name}={value}"))
    return Pointed(variables, tuple(arguments))


def _toml(text: str) -> str:
    """A string as TOML spells it: JSON's escapes are a part of its own."""
    return msgspec.json.encode(text).decode()


# --- Gemini CLI: variables, and a home whose settings name the login


def _gemini(_place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    own = own_folder()
    file = own / SETTINGS
    try:
        keyed = file.exists() and value_at(file.read_text(encoding="utf-8-sig"), LOGIN)[1] == WITH_A_KEY
    except (OSError, UnicodeDecodeError, Broken) as failure:
        raise Failure(f"{file}: {failure}") from None
    if keyed:
        return Pointed(variables)
    home = stack.enter_context(overlaid(own, SETTINGS, {LOGIN: WITH_A_KEY}, FOLDER))
    return Pointed({**variables, "GEMINI_CLI_HOME": str(home)})


# --- opencode: a configuration in a variable


def opencode_provider(place: Place) -> dict[str, Any]:
    """The provider penstock is in its configuration: Claude in Anthropic's API, others in OpenAI's."""
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "penstock",
        "options": {"baseURL": f"{place.url}/v1", "apiKey": place.token},
        "models": {name: _opencode_model(name) for name in place.names},
    }


def _opencode_model(name: str) -> dict[str, Any]:
    sees = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
    model = {"name": name, "tool_call": True, "reasoning": True, **sees}
    return {**model, "provider": {"npm": "@ai-sdk/anthropic"}} if "claude" in name.lower() else model


def opencode_told(place: Place) -> dict[tuple[str, ...], Any]:
    """What its configuration is to say, by where it stands there."""
    model = f"penstock/{place.model}"
    return {("provider", "penstock"): opencode_provider(place), ("model",): model, ("small_model",): model}


def opencode_variables(place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    """The variable that is laid over its files, with what the user has in it already."""
    text = environment.get("OPENCODE_CONFIG_CONTENT") or "{}"
    try:
        for path, value in {**opencode_told(place), ("enabled_providers",): ["penstock"]}.items():
            text = placed(text, path, value)
    except Broken as failure:
        raise Failure(f"OPENCODE_CONFIG_CONTENT: {failure}") from None
    return {"OPENCODE_CONFIG_CONTENT": text}


def _opencode(place: Place, variables: Mapping[str, str], _stack: ExitStack) -> Pointed:
    return Pointed({**variables, **opencode_variables(place, os.environ)})


# --- Qwen Code: variables, and settings of the system, which win over the user's and a project's

_QWEN_SYSTEM: Final = {
    "darwin": "/Library/Application Support/QwenCode/settings.json",
    "win32": "C:\\ProgramData\\qwen-code\\settings.json",
}


def qwen_told(model: str) -> dict[tuple[str, ...], Any]:
    """How it logs in and what it asks for; the providers of its settings would lead names past us."""
    told: dict[tuple[str, ...], Any] = {("security", "auth", "selectedType"): "openai"}
    return {**told, ("model", "name"): model} if model else told


def _qwen(place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    named = os.environ.get("QWEN_CODE_SYSTEM_SETTINGS_PATH")
    file = Path(named or _QWEN_SYSTEM.get(sys.platform, "/etc/qwen-code/settings.json"))
    try:
        before = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        text, _ = applied("json", before, {**qwen_told(place.model), ("modelProviders", "openai"): []})
    except (OSError, UnicodeDecodeError, Broken) as failure:
        raise Failure(f"{file}: {failure}") from None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-run-")))
    laid = _written(folder / "settings.json", text)
    # It looks for them beside the other.
    defaults = os.environ.get("QWEN_CODE_SYSTEM_DEFAULTS_PATH") or str(file.with_name("system-defaults.json"))
    paths = {"QWEN_CODE_SYSTEM_SETTINGS_PATH": str(laid), "QWEN_CODE_SYSTEM_DEFAULTS_PATH": defaults}
    return Pointed({**variables, **paths})


# --- aider: variables of its own, and a flag for what the library under it heeds before those


def _aider(place: Place, variables: Mapping[str, str], _stack: ExitStack) -> Pointed:
    return Pointed(variables, ("--set-env", f"OPENAI_BASE_URL={place.url}/v1"))


# --- Crush: its state, which wins over its configuration


def crush_told(place: Place, key: str) -> Values:
    """What its configuration is to say, by where it stands there; `key` may be the name of a variable."""
    models = [_crush_model(name) for name in place.names]
    provider = {
        "name": "penstock",
        "type": "openai-compat",
        "base_url": f"{place.url}/v1",
        "api_key": key,
        "discover_models": False,
        "models": models,
    }
    chosen = {"provider": "penstock", "model": place.chosen}
    return {
        ("providers", "penstock"): provider,
        ("models", "large"): chosen,
        ("models", "small"): chosen,
    }


def _crush_model(name: str) -> dict[str, Any]:
    size = {"context_window": CONTEXT, "default_max_tokens": _ANSWER}
    return {"id": name, "name": name, **size, "can_reason": True, "supports_attachments": True}


def _crush(place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    named, home = os.environ.get("CRUSH_GLOBAL_DATA"), os.environ.get("XDG_DATA_HOME")
    own = Path(named) if named else Path(home or Path.home() / ".local" / "share") / "crush"
    laid = stack.enter_context(overlaid(own, "crush.json", crush_told(place, "$PENSTOCK_KEY"), "crush"))
    return Pointed({**variables, "PENSTOCK_KEY": place.token, "CRUSH_GLOBAL_DATA": str(laid / "crush")})


# --- Zed: settings in a folder of data of its own


def zed_folder() -> Path:
    """Where the user's settings are."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "zed"


def zed_told(place: Place) -> Values:
    """What its settings are to say, by where it stands there; the key has to be in the environment."""
    able = {"tools": True, "images": True, "parallel_tool_calls": True, "prompt_cache_key": False}
    models = [
        {"name": name, "display_name": name, "max_tokens": CONTEXT, "capabilities": able}
        for name in place.names
    ]
    provider = {"api_url": f"{place.url}/v1", "available_models": models}
    chosen = {"provider": "penstock", "model": place.chosen}
    return {
        ("language_models", "openai_compatible", "penstock"): provider,
        ("agent", "default_model"): chosen,
    }


def _zed(place: Place, variables: Mapping[str, str], stack: ExitStack) -> Pointed:
    laid = stack.enter_context(overlaid(zed_folder(), "settings.json", zed_told(place), "config"))
    key = {"PENSTOCK_API_KEY": place.token}
    return Pointed({**variables, **key}, ("--foreground", "--user-data-dir", str(laid)))


_SPECIAL: Final[dict[str, Callable[[Place, Mapping[str, str], ExitStack], Pointed]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
    "qwen": _qwen,
    "aider": _aider,
    "crush": _crush,
    "zed": _zed,
}


def _written(file: Path, text: str) -> Path:
    """A file that only this user may read: it may hold a key."""
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="utf-8"
    ) as out:
        out.write(text)
    return file
