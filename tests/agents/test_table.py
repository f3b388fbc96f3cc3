"""Every agent over every upstream: what it asks arrives whole, and what comes back makes it go on."""

from pathlib import Path

import pytest

from tests.agents.clients import CLIENTS
from tests.agents.crossing import CELLS, Crossed, cross
from tests.agents.installed import agent
from tests.agents.table import table
from tests.path.conftest import Start


@pytest.mark.agents
@pytest.mark.parametrize(("client", "dialect"), CELLS, ids=lambda value: value)
def test_cell(tmp_path: Path, gateway: Start, client: str, dialect: str) -> None:
    """A loop of three turns, two calls side by side in one, an image: nothing is refused, changed or lost."""
    agent(client)
    crossed = cross(client, dialect, tmp_path, gateway)
    assert crossed.problems == []


def test_the_table_says_why() -> None:
    """A cell that fails stands in the table as such, and below it with its reasons."""
    cells = [
        Crossed("claude", "gemini", []),
        Crossed("codex", "gemini", ["refused: no", "one.txt holds None"]),
    ]
    rows, _, why = table(cells).partition("\n\n")
    last = [row.split()[-1] for row in rows.splitlines()]
    assert last == ["gemini", "pass", "fail", *["-"] * (len(CLIENTS) - 2)]
    assert why == "codex over gemini:\n  - refused: no\n  - one.txt holds None"
