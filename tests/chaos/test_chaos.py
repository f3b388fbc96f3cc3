"""A slice of the chaos run, small enough for every commit; `just chaos` is all of it."""

from collections.abc import Iterator

import pytest

from tests.chaos.kinds import KINDS
from tests.chaos.plans import ARRANGEMENTS, DIALECTS, slice_of
from tests.chaos.run import Result, ground
from tests.chaos.verdict import problems


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    """One run of a quarter of the cells, once each."""
    with ground(tmp_path_factory.mktemp("chaos")) as stage:
        yield stage.run(slice_of(), repeats=1)


def test_nothing_is_wrong(result: Result) -> None:
    """One outcome each, served if anybody could, never twice, counted alike by all, and nothing left over."""
    assert problems(result) == []


def test_every_kind_is_met_in_every_way() -> None:
    """Each kind of fault in each dialect, each arrangement, and both forms."""
    met = {(cell.kind.name, what) for cell in slice_of() for what in (cell.dialect, cell.arrangement)}
    met |= {(cell.kind.name, "stream" if cell.streamed else "whole") for cell in slice_of()}
    wanted = {(kind, what) for kind in KINDS for what in (*DIALECTS, *ARRANGEMENTS, "stream", "whole")}
    assert met == wanted
