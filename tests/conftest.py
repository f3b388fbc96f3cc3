"""Fixtures that more than one folder of tests asks for."""

import shutil
from pathlib import Path

import pytest

AGENTS = Path(__file__).resolve().parent.parent / ".cache" / "agents" / "node_modules" / ".bin"


@pytest.fixture(scope="session")
def claude() -> Path:
    """The real Claude Code, as .ci/agents/install left it; tests that ask for it are skipped without it."""
    program = AGENTS / "claude"
    if program.exists():
        return program
    if not shutil.which("npm"):
        pytest.skip("npm is not installed: Claude Code cannot be fetched")
    pytest.skip("Claude Code is not installed here: run .ci/agents/install")
