"""What several workers tell, made one."""

from collections.abc import Mapping

import msgspec
import pytest

from gateway.cache import Figures
from gateway.edge.figures import figures
from gateway.edge.joining import (
    GREATEST,
    LEAST,
    joined_caches,
    joined_figures,
    joined_lessons,
    joined_session,
    joined_sessions,
    told,
)
from gateway.house import House
from gateway.settings import Settings


def counts(kind: str, name: str, *samples: Mapping[str, object]) -> bytes:
    """The counts of one worker."""
    family = {"type": kind, "help": "", "samples": list(samples)}
    return msgspec.json.encode({"at": "now", "metrics": {name: family}})


def joined(name: str, *answers: bytes) -> list[dict[str, object]]:
    """The samples of a metric after they were joined."""
    whole = msgspec.json.decode(joined_figures(answers[0], answers[1:]))
    assert whole["workers"] == len(answers)
    found: list[dict[str, object]] = whole["metrics"][name]["samples"]
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("penstock_requests_total", 7),
        ("penstock_requests_inside", 7),
        ("penstock_breaker_state", 5),
        ("penstock_provider_up", 2),
    ],
)
def test_values_are_joined_as_their_names_ask(name: str, value: float) -> None:
    """Counts and most gauges are added up, of a breaker the worst counts, of who is up the least."""
    a, b = ({"labels": {"provider": "a"}, "value": one} for one in (2, 5))
    assert joined(name, counts("gauge", name, a), counts("gauge", name, b)) == [{**a, "value": value}]


def test_what_only_one_has_counted_is_there() -> None:
    """Labels and metrics that another worker has not seen stay as they are."""
    a, b = {"labels": {"x": "1"}, "value": 2}, {"labels": {"x": "2"}, "value": 5}
    assert joined("n", counts("counter", "n", a), counts("counter", "n", b)) == [a, b]
    assert joined("m", counts("counter", "n", a), counts("counter", "m", b)) == [b]


def test_histograms_are_added_up() -> None:
    """Sums, counts and each bound."""
    a = {"labels": {}, "buckets": {"1": 1.0, "+Inf": 2.0}, "sum": 3.0, "count": 2.0}
    b = {"labels": {}, "buckets": {"1": 4.0, "+Inf": 4.0}, "sum": 1.0, "count": 4.0}
    both = {"labels": {}, "buckets": {"1": 5.0, "+Inf": 6.0}, "sum": 4.0, "count": 6.0}
    assert joined("h", counts("histogram", "h", a), counts("histogram", "h", b)) == [both]


def test_alone_it_is_as_it_was() -> None:
    """Where nobody else answers nothing is done to it."""
    assert joined_figures(b"as it is", []) == b"as it is"


def test_sessions_are_those_of_all() -> None:
    """Sums of the same name are added up, who answered last is the last of all, and the latest is first."""
    row = {"session": "a", "at": 2.0, "requests": 1, "target": "x", "left": {"tokens": "1"}}
    later = {**row, "at": 3.0, "requests": 2, "target": "y", "left": {}}
    other = {**row, "session": "b", "at": 2.5}
    both = {**later, "requests": 3}
    assert joined_sessions([row, other], [msgspec.json.encode([later])]) == [both, other]
    assert joined_session(None, []) is None
    assert joined_session(None, [msgspec.json.encode(row)]) == row
    assert joined_session(row, [msgspec.json.encode(later)]) == both


def test_what_is_not_known_is_not_told() -> None:
    """A question of a later version is answered with nothing, and so is a session nobody has seen."""
    house = House(Settings())
    assert told(house, b"what is new") == b""
    assert told(house, b"session nobody") == b""
    assert told(house, b"sessions") == b"[]"


def test_lessons_and_caches_are_those_of_all() -> None:
    """Of a lesson that several have the own one is told; caches are added up, bytes where all count them."""
    house, other = House(Settings()), House(Settings())
    for one, words in ((house, "mine"), (other, "theirs")):
        one.lessons.learn(("p", "m"), words, ability="vision")
    other.lessons.learn(("p", "n"), "theirs", ability="vision")
    rows = joined_lessons(house.lessons.rows(0.0), [told(other, b"lessons")])
    assert [(row.model, row.words) for row in rows] == [("m", "mine"), ("n", "theirs")]
    assert told(other, b"forget " + rows[0].id.encode()) == b"1"
    assert (told(other, b"forget "), told(other, b"forget ")) == (b"1", b"0")
    uncounted, two = Figures(1, None, 3, 4), Figures(1, 5, 1, 1)
    there = msgspec.json.encode({"a": two, "b": two, "c": two})
    both = joined_caches({"a": uncounted, "b": two}, [there])
    assert both == {"a": Figures(2, None, 4, 5), "b": Figures(2, 10, 2, 2), "c": two}
    assert (told(house, b"clear nothing"), told(house, b"clear plans")) == (b"0", b"0")


def test_each_gauge_of_the_tables_exists() -> None:
    """A name in the tables that is no metric's would do nothing."""
    known = msgspec.json.decode(figures(House(Settings())))["metrics"]
    later = {"penstock_keys", "penstock_keys_synchronised", "penstock_ledger_persists"} | {
        "penstock_limit_used_ratio",
        "penstock_budget_used_ratio",
    }
    assert (GREATEST | LEAST) - known.keys() <= later
