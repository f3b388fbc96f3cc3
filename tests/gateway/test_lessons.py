"""The store of lessons: bounded, for a time, and rows that go out and come in again."""

import time

import msgspec
import pytest

from adapters.members import Change
from adapters.spare import Spared
from gateway.lessons import LONGEST_WORDS, MOST_KEPT, Lessons, Row
from tests.gateway.loops import Clock

SEED = Spared(Change(("seed",)))
TARGET = ("box", "m")
NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture
def lessons(clock: Clock) -> Lessons:
    """A store that keeps for a minute."""
    return Lessons(clock, 60.0)


def test_a_lesson_is_of_one_model(lessons: Lessons) -> None:
    """It is found for its provider and model, and for no other; there is none at first."""
    assert lessons.count == 0
    lesson = lessons.learn(TARGET, "seed: no", spared=SEED)
    assert lessons.of("box", "m") == [lesson]
    assert lessons.of("box", "n") == lessons.of("other", "m") == []


def test_a_lesson_is_learned_once(lessons: Lessons) -> None:
    """Told again it is the one there is, with the id it had."""
    first = lessons.learn(TARGET, "seed: no", spared=SEED)
    assert lessons.learn(TARGET, "seed: still no", spared=SEED) is first
    assert lessons.learn(TARGET, "no tools", ability="tools").id != first.id
    assert (lessons.count, lessons.learned) == (2, {"box": 2})


def test_a_lesson_is_forgotten_in_time(lessons: Lessons, clock: Clock) -> None:
    """After its time it is gone, and not before."""
    lessons.learn(TARGET, "seed: no", spared=SEED)
    clock.move(59)
    lessons.expire(clock())
    assert lessons.any
    clock.move(1)
    lessons.expire(clock())
    assert (lessons.any, lessons.of(*TARGET)) == (False, [])


def test_lessons_are_forgotten_when_told_so(lessons: Lessons) -> None:
    """One by its id, or all of them."""
    first = lessons.learn(TARGET, "seed: no", spared=SEED)
    second = lessons.learn(TARGET, "no tools", ability="tools")
    assert (lessons.forget("nobody"), lessons.forget(first.id)) == (False, True)
    assert lessons.of(*TARGET) == [second]
    assert (lessons.forget_all(), lessons.any, lessons.of(*TARGET)) == (1, False, [])


def test_lessons_of_a_provider_are_forgotten(lessons: Lessons) -> None:
    """One that has moved has taught nothing; what others have taught stays."""
    lessons.learn(TARGET, "seed: no", spared=SEED)
    kept = lessons.learn(("other", "m"), "no tools", ability="tools")
    lessons.forget_providers({"box"})
    assert (lessons.of(*TARGET), lessons.of("other", "m")) == ([], [kept])


def test_no_more_than_so_many_are_kept(lessons: Lessons) -> None:
    """The oldest makes room."""
    for number in range(MOST_KEPT + 1):
        lessons.learn(("box", str(number)), "no tools", ability="tools")
    assert lessons.count == MOST_KEPT
    assert (lessons.of("box", "0"), len(lessons.of("box", "1"))) == ([], 1)


def test_words_are_cut_and_hold_no_key(lessons: Lessons) -> None:
    """What a provider says may be long, and may quote a key."""
    lesson = lessons.learn(TARGET, "key sk-ant-0123456789abcdef " + "x" * 999, spared=SEED)
    assert len(lesson.words) == LONGEST_WORDS
    assert lesson.words.startswith("key [redacted] x")


def test_rows_go_out_and_come_in(lessons: Lessons, clock: Clock) -> None:
    """As JSON and back, into a house whose clock is another: what is left of their time is the same."""
    lessons.learn(TARGET, "seed: no", spared=SEED).used = 7
    clock.move(20)
    lessons.learn(("box", "n"), "no tools", ability="tools")
    rows = msgspec.json.decode(msgspec.json.encode(lessons.rows(NOW)), type=list[Row])
    assert [(row.what, row.used) for row in rows] == [("seed", 7), ("no tools", 0)]
    assert (rows[0].until - rows[0].learned).total_seconds() == 60
    later = Clock(5.0)
    other = Lessons(later, 60.0)
    other.load(rows, NOW + 30)
    assert [lesson.spared for lesson in other.of("box", "m")] == [SEED]
    assert [row.until for row in other.rows(NOW + 30)] == [row.until for row in rows]
    later.move(15)
    other.expire(later())
    assert (other.of("box", "m"), other.count) == ([], 1)


def test_rows_that_are_too_old_do_not_come_in(lessons: Lessons) -> None:
    """What was kept for too long is no lesson any more; what is there already is replaced."""
    lessons.learn(TARGET, "seed: no", spared=SEED)
    rows = lessons.rows(time.time())
    lessons.load(rows, time.time())
    assert lessons.count == 1
    lessons.load(rows, time.time() + 61)
    assert lessons.count == 0
