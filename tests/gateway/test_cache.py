"""What is kept for a while: bounds of entries, bytes and time, and figures that are right."""

from gateway.cache import Cache, Counted, Figures
from gateway.tinylfu import TinyLfu
from tests.gateway.loops import Clock


def key(number: int) -> bytes:
    """One of many keys."""
    return b"%032d" % number


def cache(clock: Clock | None = None, entries: int = 100, size: int = 1000) -> Cache[int]:
    """A small one."""
    return Cache(clock or Clock(), entries, size)


def test_what_is_kept_is_found_until_it_runs_out() -> None:
    """A value is there for its life, by the clock, and says since when."""
    clock = Clock()
    kept = cache(clock)
    kept.put(key(1), 1, 10, 5.0)
    clock.move(4.9)
    found = kept.get(key(1))
    assert found is not None
    assert (found.value, clock.now - found.kept_at) == (1, 4.899999999999977)
    clock.move(0.1)
    assert kept.get(key(1)) is None


def test_what_has_run_out_is_let_go() -> None:
    """Housekeeping gives back the bytes of what is no longer told, and of nothing else."""
    clock = Clock()
    kept = cache(clock)
    kept.put(key(1), 1, 10, 5.0)
    kept.put(key(2), 2, 20, 50.0)
    clock.move(5.0)
    kept.expire(clock.now)
    assert kept.figures() == Figures(1, 20, 0, 0)


def test_a_new_value_takes_the_place_of_the_old() -> None:
    """The same key is one entry, with the bytes of its last value."""
    kept = cache()
    kept.put(key(1), 1, 10, 5.0)
    kept.put(key(1), 2, 30, 5.0)
    found = kept.get(key(1))
    assert found is not None
    assert found.value == 2
    assert kept.figures() == Figures(1, 30, 1, 0)


def test_bytes_are_bounded() -> None:
    """With too many bytes, what was not asked for longest goes first, and what ran out before it."""
    clock = Clock()
    kept = cache(clock)
    kept.put(key(0), 0, 300, 1.0)
    clock.move(1.0)
    for number in (1, 2, 3):
        kept.put(key(number), number, 300, 50.0)
    assert kept.size == 900
    kept.get(key(1))
    kept.put(key(4), 4, 300, 50.0)
    assert [number for number in range(5) if kept.get(key(number))] == [1, 3, 4]
    assert kept.size == 900


def test_what_is_larger_than_all_is_not_kept() -> None:
    """A value that would not fit at all turns nothing out."""
    kept = cache()
    kept.put(key(1), 1, 10, 5.0)
    kept.put(key(2), 2, 1001, 5.0)
    assert (kept.get(key(2)), kept.figures().entries) == (None, 1)


def test_entries_are_bounded_by_use() -> None:
    """When there are too many entries, what is asked for stays; the bytes are those of what is left."""
    kept = cache(entries=20, size=10**6)
    for number in range(20):
        kept.put(key(number), number, 10, 50.0)
    for _ in range(20):
        assert kept.get(key(3))
    for number in range(100, 1000):
        kept.put(key(number), number, 10, 50.0)
    figures = kept.figures()
    assert kept.get(key(3))
    assert figures.entries <= 20
    assert figures.bytes == figures.entries * 10


def test_it_can_be_emptied() -> None:
    """Nothing is left of an emptied cache, which takes in again."""
    kept = cache()
    kept.put(key(1), 1, 10, 5.0)
    assert kept.clear() == 1
    assert kept.figures() == Figures(0, 0, 0, 0)
    kept.put(key(1), 1, 10, 5.0)
    assert kept.get(key(1))


def test_others_are_shown_the_same_way() -> None:
    """A mapping whose bytes nobody counts has the same figures without them, and can be emptied."""
    inner = TinyLfu[str, int](10)
    inner.put("a", 1)
    inner.get("a")
    inner.get("b")
    counted = Counted(inner)
    assert counted.figures() == Figures(1, None, 1, 1)
    assert (counted.clear(), len(inner)) == (1, 0)
