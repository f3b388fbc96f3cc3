"""The verdict on a chaos run sees what is wrong: each rule, broken in a run that was good."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from store.rows import Attempt
from tests.chaos.books import Books, text_of
from tests.chaos.figures import COUNTED, REQUESTS, TOKENS, Counts, Held, Row, labels
from tests.chaos.hearing import Heard
from tests.chaos.kinds import KINDS
from tests.chaos.plans import Cell
from tests.chaos.run import Asked, Result
from tests.chaos.verdict import problems

CELL = Cell(KINDS["529"], "openai-chat", "two", "whole")
FIRST, SECOND = CELL.targets
MARK = "mark-0-0"
EMPTY = Held(0, 0, 3, 20)
KNOWN = {"dialect": CELL.dialect, "operation": "generate", "provider": SECOND}


def good() -> Result:
    """A run of one request: its first target was overloaded, the second served it."""
    books = Books()
    books.asked[MARK] = [FIRST, SECOND]
    books.served[MARK] = [SECOND]
    told = {"id": MARK, **KNOWN, "target": "m", "relay": "whole", "status": 200, "outcome": "complete"}
    tries = {"attempts": 2, "failed": f"{FIRST}/m 529", "input": 11, "output": 7}
    row = msgspec.convert({**told, **tries}, Row)
    counted = {name: Counter[frozenset[tuple[str, str]]]() for name in COUNTED}
    counted[REQUESTS][labels(**KNOWN, relay="whole", status=200)] = 1
    counted[TOKENS][labels(provider=SECOND, model="m", kind="input")] = 11
    counted[TOKENS][labels(provider=SECOND, model="m", kind="output")] = 7
    counted["penstock_failovers_total"][labels(provider=FIRST, kind="upstream")] = 1
    heard = Heard(200, text_of(MARK, SECOND), ended=True)
    entries = [
        Attempt(id="a", exchange=MARK, provider=FIRST, cause="fallback", outcome="error", status=529),
        Attempt(id="b", exchange=MARK, attempt=2, provider=SECOND, outcome="complete", input=11, output=7),
    ]
    asked = [Asked(CELL, MARK, heard, 0.1)]
    return Result(asked, books, [row], entries, Counts({}), Counts(counted), EMPTY, EMPTY)


def heard(**changed: object) -> Callable[[Result], Result]:
    """The client heard something else."""

    def change(result: Result) -> Result:
        one = result.asked[0]
        other = msgspec.structs.replace(one.heard, **changed)
        return msgspec.structs.replace(result, asked=[msgspec.structs.replace(one, heard=other)])

    return change


def logged(**changed: object) -> Callable[[Result], Result]:
    """The log says something else."""
    return lambda result: msgspec.structs.replace(
        result, rows=[msgspec.structs.replace(result.rows[0], **changed)]
    )


def replaced(**changed: object) -> Callable[[Result], Result]:
    """Something else of the run is different."""
    return lambda result: msgspec.structs.replace(result, **changed)


def booked(place: int, **changed: object) -> Callable[[Result], Result]:
    """The ledger says something else of one try."""

    def change(result: Result) -> Result:
        rows = list(result.entries)
        rows[place] = msgspec.structs.replace(rows[place], **changed)
        return msgspec.structs.replace(result, entries=rows)

    return change


def late(result: Result) -> Result:
    """It took a minute."""
    return replaced(asked=[msgspec.structs.replace(result.asked[0], seconds=60.0)])(result)


def served_twice(result: Result) -> Result:
    """Another upstream said all of a reply, too."""
    result.books.served[MARK].append(FIRST)
    return result


def asked_once_more(result: Result) -> Result:
    """An upstream was asked and nobody wrote it down."""
    result.books.asked[MARK].append(SECOND)
    return result


def miscounted(result: Result) -> Result:
    """A request is counted that nobody made."""
    result.after.samples[REQUESTS][labels(**KNOWN, relay="whole", status=500)] = 1
    return result


def given_up(result: Result) -> Result:
    """The first target failed, and that was all."""
    result.books.asked[MARK] = [FIRST]
    result.books.served.clear()
    changed = {"provider": FIRST, "outcome": "error", "status": 529, "error": "No."}
    told = heard(status=529, text="", ended=False, failed=True)(result)
    return logged(**changed, attempts=1)(told)


BREACHES: dict[str, tuple[Callable[[Result], Result], str]] = {
    "no line": (replaced(rows=[]), "no line in the log"),
    "two lines": (lambda result: replaced(rows=result.rows * 2)(result), "more than one line"),
    "no end": (heard(ended=False), "made no sense"),
    "an end and an error": (heard(failed=True), "made no sense"),
    "half a body": (heard(whole=False), "made no sense"),
    "another outcome": (logged(outcome="error"), "the log says `error`"),
    "another status": (logged(status=201), "the log says 201"),
    "another's words": (heard(text=text_of("mark-0-1", SECOND)), "the client heard"),
    "a hole in the words": (heard(text=text_of(MARK, SECOND)[:-4]), "the client heard"),
    "late": (late, "it took 60.0 s"),
    "served twice": (served_twice, "it was served by"),
    "asked unseen": (asked_once_more, "the log says it asked"),
    "attempts": (logged(attempts=4), "4 attempts, and 1 that failed"),
    "given up": (given_up, "were never asked"),
    "tokens": (logged(output=9), "9) tokens"),
    "metrics": (miscounted, "penstock_requests_total and the log differ"),
    "no row": (replaced(entries=[]), "the ledger has 0 rows"),
    "a row twice": (lambda result: replaced(entries=result.entries * 2)(result), "rows twice"),
    "a row of nobody": (booked(0, exchange="mark-0-9"), "has no line in the log"),
    "nothing useful": (booked(1, cause="aborted"), "that [] was useful"),
    "no cause": (booked(0, cause="unknown"), "a cause that is none"),
    "tokens too many": (booked(1, output=8), "the sum of the ledger is"),
    "tokens of nobody": (booked(0, input=11, output=7), "the ledger has tokens of"),
    "tokens unseen": (booked(1, input=0, output=0), "served it, the ledger has"),
    "guessed though told": (booked(1, estimated=True), "the log says (11, 7) tokens"),
    "guessed though refused": (booked(0, estimated=True), "is estimated"),
    "a connection left over": (replaced(held_after=Held(0, 1, 3, 21)), "after it Held"),
    "a task left over": (replaced(held_after=Held(0, 0, 4, 20)), "after it Held"),
}


def test_a_good_run_is_good() -> None:
    """With nothing wrong it says nothing."""
    assert problems(good()) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_seen(breach: str) -> None:
    """Each rule is named when it is broken."""
    change, words = BREACHES[breach]
    found = problems(change(good()))
    assert [one for one in found if words in one], found


def test_what_an_upstream_refused_is_wrong() -> None:
    """A request that the real API would not have taken is no success."""
    result = good()
    result.books.refused.append("well-gemini: contents is required")
    assert problems(result) == ["well-gemini: contents is required"]
