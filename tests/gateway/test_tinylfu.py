"""What a bounded mapping keeps: the bound, what stays, what is told of those that go."""

import pytest

from gateway.tinylfu import BATCH, TinyLfu

SIZE = 100


def filled(size: int = SIZE) -> TinyLfu[str, int]:
    """A mapping with as many values as it may hold."""
    kept: TinyLfu[str, int] = TinyLfu(size)
    for number in range(size):
        kept.put(f"key-{number}", number)
    return kept


def test_what_is_put_is_got() -> None:
    """A value is kept under its key, and every question is counted."""
    kept: TinyLfu[str, int] = TinyLfu(SIZE)
    assert kept.get("a") is None
    assert kept.put("a", 1) == []
    assert kept.get("a") == 1
    assert (kept.hits, kept.misses, len(kept)) == (1, 1, 1)


def test_a_newer_value_takes_the_place_of_the_older() -> None:
    """The one that went is told, and nothing is kept twice."""
    kept: TinyLfu[str, int] = TinyLfu(SIZE)
    kept.put("a", 1)
    assert kept.put("a", 2) == [1]
    assert (kept.get("a"), len(kept)) == (2, 1)


@pytest.mark.parametrize("size", [1, 10, 100, 1000])
def test_no_more_is_kept_than_may_be(size: int) -> None:
    """At any size: what went for a newcomer is told once each, and the rest is there."""
    kept: TinyLfu[int, int] = TinyLfu(size)
    gone = [value for number in range(5 * size + 10) for value in kept.put(number, number)]
    assert len(kept) <= size
    assert len(gone) == len(set(gone))
    assert {number for number in range(5 * size + 10) if kept.get(number) is not None} == (
        set(range(5 * size + 10)) - set(gone)
    )


def test_what_is_asked_for_often_outlives_a_flood() -> None:
    """Names that come once do not drive out one that comes all the time."""
    kept = filled()
    for number in range(50 * SIZE):
        kept.get("key-7")
        kept.put(f"once-{number}", number)
    assert kept.get("key-7") == 7


def test_hits_are_told_in_batches() -> None:
    """However many hits there are, what is waiting to be told stays small."""
    kept = filled()
    for _ in range(10 * BATCH):
        kept.get("key-1")
    assert kept.hits == 10 * BATCH


def test_what_is_forgotten_is_gone() -> None:
    """It is told, its place is free, and forgetting it again does nothing."""
    kept = filled()
    assert kept.forget("key-3") == 3
    assert kept.forget("key-3") is None
    assert kept.get("key-3") is None
    assert kept.put("key-3", 33) == []
    assert kept.get("key-3") == 33


def test_all_can_be_forgotten() -> None:
    """An emptied mapping fills again."""
    kept = filled()
    kept.clear()
    assert (len(kept), kept.get("key-1")) == (0, None)
    assert kept.put("key-1", 1) == []


class Same:
    """Keys of one hash that are not equal."""

    def __hash__(self) -> int:
        return 1


def test_two_keys_of_one_hash_take_turns() -> None:
    """The policy tells keys apart by a number: of two with the same the newer is kept."""
    kept: TinyLfu[Same, int] = TinyLfu(SIZE)
    one, other = Same(), Same()
    assert kept.put(one, 1) == []
    assert kept.put(other, 2) == [1]
    assert (kept.get(one), kept.get(other), len(kept)) == (None, 2, 1)
