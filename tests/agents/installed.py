"""Where the real agents are: the folder PENSTOCK_AGENTS names, or the one `.ci/agents/install` makes."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def agent(name: str) -> Path:
    """The command of an agent; skips the test when it is not there, and says why."""
    command = _folder() / "node_modules" / ".bin" / name
    if not command.exists():
        pytest.skip(missing(name))
    return command


def missing(name: str) -> str:
    """Why an agent is not there; empty when it is."""
    if (_folder() / "node_modules" / ".bin" / name).exists():
        return ""
    if shutil.which("npm") is None:
        return f"npm is not installed: {name} cannot be driven"
    return f"{name} is not in {_folder()}: run .ci/agents/install"


def _folder() -> Path:
    return Path(os.environ.get("PENSTOCK_AGENTS") or ROOT / ".cache" / "agents")
