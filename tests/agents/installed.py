"""Where the real agents are: the folder PENSTOCK_AGENTS names, or the one `.ci/agents/install` makes."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def agent(name: str) -> Path:
    """The command of an agent; skips the test when it is not there, and says why."""
    folder = Path(os.environ.get("PENSTOCK_AGENTS") or ROOT / ".cache" / "agents")
    command = folder / "node_modules" / ".bin" / name
    if command.exists():
        return command
    if shutil.which("npm") is None:
        pytest.skip(f"npm is not installed: {name} cannot be driven")
    pytest.skip(f"{name} is not in {folder}: run .ci/agents/install")
