"""Where the real agents are: the folder PENSTOCK_AGENTS names, or the one `.ci/agents/install` makes."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def agent(name: str) -> Path:
    """The command of an agent; skips the test when it is not there, and says why."""
    if reason := missing(name):
        pytest.skip(reason)
    return _command(name)


def missing(name: str) -> str:
    """Why an agent is not there; empty when it is."""
    if _command(name).exists():
        return ""
    if name == "aider":
        return f"aider is not installed: run .ci/agents/install aider, which fills {_folder() / name}"
    if shutil.which("npm") is None:
        return f"npm is not installed: {name} cannot be driven"
    return f"{name} is not in {_folder()}: run .ci/agents/install"


def _command(name: str) -> Path:
    """Those of npm lie together, aider in a venv of its own."""
    kept = Path("aider", "bin") if name == "aider" else Path("node_modules", ".bin")
    return _folder() / kept / name


def _folder() -> Path:
    return Path(os.environ.get("PENSTOCK_AGENTS") or ROOT / ".cache" / "agents")
