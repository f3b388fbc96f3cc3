"""The agents that call tools: how each is run headless, and the plan that leads it through its own tools.

Every plan is the same story: a shell command, then a file and another command side by side, then a look at a
picture or at a file; a thought and words before each.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.upstream.plan import Call, Turn

ASKED = "Please make three files, then look."
FIRST, SECOND, THIRD = "made-by-shell\n", "written by the agent: é日本🙂\n", "made-beside\n"
SHELL = "echo made-by-shell | tee one.txt"
BESIDE = "echo made-beside | tee three.txt"
# 8 x 8 points, from black to grey: small enough that no client makes it smaller.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAFElEQVR42mNgUHBIaFhw4AEDZQwAxnUcAYqwUcEAAAAASUVORK5CYII="
)


class Run(msgspec.Struct, frozen=True):
    """One run of an agent: where it works, its home, and the address it is to call."""

    folder: Path
    home: Path
    address: str
    model: str

    def write(self, name: str, text: str) -> None:
        """Put a file into the home."""
        file = self.home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """An agent. `prepare` writes what it reads at home.

    `signs` says that it hands signatures back, `sees` that it sends pictures.
    """

    name: str
    dialect: str
    model: str
    arguments: Callable[[Run], list[str]]
    environment: Callable[[Run], dict[str, str]]
    plan: Callable[[Path], tuple[Turn, ...]]
    prepare: Callable[[Run], None] = lambda _run: None
    signs: bool = True
    sees: bool = True


def _turns(first: Call, beside: tuple[Call, Call], last: Call) -> tuple[Turn, ...]:
    return (
        Turn((first,), "First a command: é日本🙂.", "One file is easily made by a command."),
        Turn(beside, "Now two at once.", "The other two do not depend on each other."),
        Turn((last,), "Now a look.", "It is time to look at what there is."),
    )


# --- Claude Code


def _claude_plan(folder: Path) -> tuple[Turn, ...]:
    file = str(folder / "two.txt")
    return _turns(
        Call("Bash", {"command": SHELL, "description": "Makes a file"}),
        (
            Call("Write", {"file_path": file, "content": SECOND}),
            Call("Bash", {"command": BESIDE, "description": "Makes another"}),
        ),
        Call("Read", {"file_path": str(folder / "picture.png")}),
    )


CLAUDE = Client(
    name="claude",
    dialect="anthropic-messages",
    model="claude-opus-5-5",
    arguments=lambda run: ["-p", ASKED, "--allowedTools", "Bash Write Read", "--model", run.model],
    environment=lambda run: {
        "ANTHROPIC_BASE_URL": run.address,
        "ANTHROPIC_AUTH_TOKEN": "dummy",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
    },
    plan=_claude_plan,
)

# --- Codex

# What docs/agents.md says to write, with a key of its own.
CODEX_SETTINGS = """
model = "{model}"
model_provider = "penstock"

[model_providers.penstock]
name = "penstock"
base_url = "{address}/v1"
env_key = "PENSTOCK_KEY"
wire_api = "responses"
"""
PATCH = f"*** Begin Patch\n*** Add File: two.txt\n+{SECOND}*** End Patch\n"


def _codex_plan(folder: Path) -> tuple[Turn, ...]:
    return _turns(
        Call("exec_command", {"cmd": SHELL}),
        (Call("apply_patch", text=PATCH), Call("exec_command", {"cmd": BESIDE})),
        Call("view_image", {"path": str(folder / "picture.png")}),
    )


CODEX = Client(
    name="codex",
    dialect="openai-responses",
    model="gpt-5.5",
    arguments=lambda _run: [
        "exec",
        "--skip-git-repo-check",
        "--dangerously-bypass-approvals-and-sandbox",
        ASKED,
    ],
    environment=lambda _run: {"PENSTOCK_KEY": "dummy"},
    prepare=lambda run: run.write(
        ".codex/config.toml", CODEX_SETTINGS.format(model=run.model, address=run.address)
    ),
    plan=_codex_plan,
)

# --- Gemini CLI

GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


def _gemini_plan(folder: Path) -> tuple[Turn, ...]:
    return _turns(
        Call("run_shell_command", {"command": SHELL, "description": "Makes a file"}),
        (
            Call("write_file", {"file_path": str(folder / "two.txt"), "content": SECOND}),
            Call("run_shell_command", {"command": BESIDE, "description": "Makes another"}),
        ),
        Call("read_file", {"file_path": str(folder / "picture.png")}),
    )


GEMINI = Client(
    name="gemini",
    dialect="gemini",
    model="gemini-3.8-flash",
    arguments=lambda run: ["-p", f"{ASKED} @picture.png", "-y", "-m", run.model],
    environment=lambda run: {
        "GEMINI_API_KEY": "dummy",
        "GOOGLE_GEMINI_BASE_URL": run.address,
        "GEMINI_CLI_TRUST_WORKSPACE": "true",
    },
    prepare=lambda run: run.write(".gemini/settings.json", json.dumps(GEMINI_SETTINGS)),
    plan=_gemini_plan,
)

# --- opencode


def _opencode_plan(folder: Path) -> tuple[Turn, ...]:
    return _turns(
        Call("bash", {"command": SHELL, "description": "Makes a file"}),
        (
            Call("write", {"filePath": str(folder / "two.txt"), "content": SECOND}),
            Call("bash", {"command": BESIDE, "description": "Makes another"}),
        ),
        Call("read", {"filePath": str(folder / "one.txt")}),
    )


def _opencode_settings(run: Run) -> str:
    sees = {"attachment": True, "modalities": {"input": ["text", "image"], "output": ["text"]}}
    thinks = {"reasoning": True, "tool_call": True}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "penstock",
        "options": {"baseURL": f"{run.address}/v1", "apiKey": "dummy"},
        "models": {run.model: {"name": run.model, **sees, **thinks}},
    }
    return json.dumps(
        {
            "provider": {"penstock": provider},
            "model": f"penstock/{run.model}",
            "small_model": f"penstock/{run.model}",
            "permission": "allow",
            "autoupdate": False,
            "share": "disabled",
        }
    )


OPENCODE = Client(
    name="opencode",
    dialect="openai-chat",
    # For one of OpenAI's it would offer `apply_patch` instead of `write`.
    model="qwen3-coder",
    arguments=lambda _run: ["run", ASKED, "-f", "picture.png"],
    environment=lambda _run: {
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    },
    prepare=lambda run: run.write(".config/opencode/opencode.json", _opencode_settings(run)),
    plan=_opencode_plan,
    # openai-chat has no place for a signature.
    signs=False,
)

# --- Qwen Code

QWEN_SETTINGS = {
    "general": {"disableAutoUpdate": True, "enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}


def _qwen_plan(folder: Path) -> tuple[Turn, ...]:
    return _turns(
        Call("run_shell_command", {"command": SHELL, "description": "Makes a file", "is_background": False}),
        (
            Call("write_file", {"file_path": str(folder / "two.txt"), "content": SECOND}),
            Call(
                "run_shell_command",
                {"command": BESIDE, "description": "Makes another", "is_background": False},
            ),
        ),
        Call("read_file", {"file_path": str(folder / "one.txt")}),
    )


QWEN = Client(
    name="qwen",
    dialect="openai-chat",
    model="qwen3-coder",
    arguments=lambda _run: ["-p", ASKED, "-y"],
    environment=lambda run: {
        "OPENAI_API_KEY": "dummy",
        "OPENAI_BASE_URL": f"{run.address}/v1",
        "OPENAI_MODEL": run.model,
        # It would ask a proxy for us: it does not heed NO_PROXY.
        "HTTP_PROXY": "",
        "HTTPS_PROXY": "",
    },
    prepare=lambda run: run.write(".qwen/settings.json", json.dumps(QWEN_SETTINGS)),
    plan=_qwen_plan,
    signs=False,
    sees=False,
)

CLIENTS = {client.name: client for client in (CLAUDE, CODEX, GEMINI, OPENCODE, QWEN)}
