"""A slice of the chaos run, small enough for every commit; `just chaos` is all of it."""

from collections.abc import Iterator

import pytest

from tests.chaos.kinds import KINDS
from tests.chaos.plans import ARRANGEMENTS, DIALECTS, HEDGED, Cell, slice_of
from tests.chaos.run import Ground, ground
from tests.chaos.verdict import problems

STORM = 200


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    """One gateway before all there is that can go wrong."""
    with ground(tmp_path_factory.mktemp("chaos")) as found:
        yield found


def test_nothing_is_wrong(stage: Ground) -> None:
    """One outcome each, served if anybody could, never twice, counted alike by all, and nothing left over."""
    assert problems(stage.run(slice_of(), repeats=1)) == []


def test_nothing_is_wrong_where_two_are_asked_at_once(stage: Ground) -> None:
    """With hedging the same holds, and the client hears one of the two and nothing of the other."""
    assert problems(stage.run(slice_of(8, tuple(HEDGED)), repeats=1)) == []


@pytest.mark.parametrize("kind", ["529", "connect-hang", "cut-in-opening"])
def test_a_target_that_is_down_is_left_alone(stage: Ground, kind: str) -> None:
    """In a storm on one plan the breaker opens: most requests go straight to the target that is well."""
    storm = stage.run([Cell(KINDS[kind], "openai-chat", "two", "stream")], repeats=STORM)
    assert problems(storm) == []
    straight = [row for row in storm.rows if row.attempts == 1 and row.outcome == "complete"]
    assert len(straight) > STORM / 2


def test_every_kind_is_met_in_every_way() -> None:
    """Each kind of fault in each dialect, each arrangement, and both forms."""
    met = {(cell.kind.name, what) for cell in slice_of() for what in (cell.dialect, cell.arrangement)}
    met |= {(cell.kind.name, cell.form) for cell in slice_of() if cell.form != "array"}
    wanted = {(kind, what) for kind in KINDS for what in (*DIALECTS, *ARRANGEMENTS, "stream", "whole")}
    assert met == wanted
