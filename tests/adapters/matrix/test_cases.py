"""The matrix as a whole: enough cases, every row shown, no golden too many."""

from collections import Counter
from pathlib import Path

import pytest

from adapters.table import DIALECTS
from tests.adapters.matrix.cases import MATRIX, ROWS, Case
from tests.adapters.matrix.replies import ERRORS, REPLIES, name_of_stream
from tests.adapters.matrix.requests import REQUESTS

EVERY = [*REQUESTS.values(), *REPLIES.values(), *ERRORS.values()]
LARGEST = 4 * 2**20
INPUTS = {"case.json", "input.json", "whole.json", "stream.sse", "stream.ndjson"}


def test_there_are_enough_cases() -> None:
    """Requests and replies go into the matrix in every dialect, many of them."""
    assert len(REQUESTS) >= 40
    assert len(REPLIES) >= 40
    for kind in (REQUESTS, REPLIES):
        counted = Counter(case.dialect for case in kind.values())
        assert counted.keys() == DIALECTS.keys()
        assert min(counted.values()) >= 8
    assert {case.dialect for case in ERRORS.values()} == DIALECTS.keys()


def test_every_row_is_shown() -> None:
    """Part A of the features, row by row, but for passing bytes."""
    shown = Counter(row for case in EVERY for row in case.shows)
    assert shown.keys() == set(ROWS)


def test_recorded_traffic_is_among_the_cases() -> None:
    """What real agents sent and were sent, in every dialect they speak."""
    recorded = {(type(case), case.dialect) for case in REQUESTS.values() if case.recorded}
    assert len(recorded) == 4
    assert {case.dialect for case in REPLIES.values() if case.recorded} == DIALECTS.keys()


def goldens(case: Case) -> set[str]:
    """The names of the goldens a case has."""
    if case in REQUESTS.values() or case in ERRORS.values():
        return {f"{name}.json" for name in case.others}
    streams = {name_of_stream(DIALECTS[name]) for name in case.clients}
    whole = {f"{name}.json" for name in case.clients} if (case.place / "whole.json").exists() else set()
    return streams | whole


@pytest.mark.parametrize("case", EVERY, ids=lambda case: case.folder)
def test_a_case_has_its_goldens_and_no_other(case: Case) -> None:
    """A golden that nothing writes would never be found wrong."""
    assert {path.name for path in case.place.iterdir()} - INPUTS == goldens(case)


def test_the_fixtures_stay_small() -> None:
    """What is kept is read by people."""
    assert sum(path.stat().st_size for path in Path(MATRIX).rglob("*") if path.is_file()) < LARGEST
