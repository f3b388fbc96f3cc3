"""What an agent is given for one run beside variables: flags of its own, or a file that lasts as long as it.

Nothing of the user's is written: where an agent can only be told by a file, that file lies in a folder of
the run, laid over the user's. How each agent finds its files is in its own documentation, and was tried.
"""

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec

from gateway.cli import Failure
from gateway.cli.gemini_home import overlaid
from gateway.cli.jsonc import Broken, decoded, placed

_CLAUDE_FILES: Final = (".claude/settings.json", ".claude/settings.local.json")
_PRIVATE: Final = 0o600


class Place(msgspec.Struct, frozen=True):
    """Where penstock is, what is said to it ("": the agent's own login), and what may be asked for there."""

    url: str
    token: str
    model: str = ""
    models: tuple[str, ...] = ()

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
    return Pointed({**variables, **stack.enter_context(overlaid())})


# --- opencode: a configuration in a variable


def opencode_provider(place: Place) -> dict[str, Any]:
    """The provider penstock is in its configuration: Claude in Anthropic's API, others in OpenAI's."""
    return {
        "npm": "@ai-sdk/openai-compatible",
        "name": "penstock",
        "options": {"baseURL": f"{place.url}/v1", "apiKey": place.token},
        "models": {name: _opencode_model(name) for name in (place.model, *place.models) if name},
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


_SPECIAL: Final[dict[str, Callable[[Place, Mapping[str, str], ExitStack], Pointed]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
}


def _written(file: Path, text: str) -> Path:
    """A file that only this user may read: it may hold a key."""
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE), "w", encoding="utf-8"
    ) as out:
        out.write(text)
    return file
