"""What is left of the ledger when its process is ended in the middle of 500 rows a second."""

import signal
from pathlib import Path

import pytest

from tests.store.kills import killed


@pytest.mark.parametrize(("name", "locked"), [("a", False), ("b", True), ("c", False)])
def test_a_kill_loses_one_second_at_most(tmp_path: Path, name: str, locked: bool) -> None:
    """After SIGKILL nothing older than a second is missing, nothing is there twice, and the file is sound."""
    remains = killed(tmp_path / f"{name}.db", signal.SIGKILL, locked=locked)
    assert remains.acceptable, remains


@pytest.mark.parametrize("locked", [False, True])
def test_an_orderly_end_loses_nothing(tmp_path: Path, locked: bool) -> None:
    """After SIGTERM every row is there once, whether it went through the spool or not."""
    remains = killed(tmp_path / "penstock.db", signal.SIGTERM, locked=locked)
    assert remains.acceptable, remains
    assert remains.missing == []
