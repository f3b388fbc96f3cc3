"""Turns at a provider: as many as there are, then in order of coming, and none is lost."""

from gateway.turns import Turns


class Waiting:
    """Somebody in the line."""

    def __init__(self) -> None:
        self.called = False

    def call(self) -> None:
        """It is its turn."""
        self.called = True


def lined_up(turns: Turns, count: int) -> list[Waiting]:
    """So many who wait, one behind the other."""
    line = [Waiting() for _ in range(count)]
    for one in line:
        turns.queue(one)
    return line


def test_there_are_as_many_as_the_limit_says() -> None:
    """The first two go in, the third does not; when one has left, another may."""
    turns = Turns(2)
    assert [turns.take() for _ in range(3)] == [True, True, False]
    turns.leave()
    assert (turns.take(), turns.inside) == (True, 2)


def test_who_waited_longest_is_next() -> None:
    """A turn that is over goes to the head of the line, and to nobody who comes later."""
    turns = Turns(1)
    turns.take()
    first, second = lined_up(turns, 2)
    turns.leave()
    assert (first.called, second.called, turns.take(), turns.inside) == (True, False, False, 1)
    turns.leave()
    assert second.called
    turns.leave()
    assert (turns.inside, turns.waiting) == (0, 0)


def test_nobody_overtakes_the_line() -> None:
    """Where somebody waits a newcomer waits too."""
    turns = Turns(1)
    lined_up(turns, 1)
    assert not turns.take()


def test_who_leaves_the_line_leaves_no_hole() -> None:
    """The one behind moves up; one who was called in the same moment passes the turn on."""
    turns = Turns(1)
    turns.take()
    first, second, third = lined_up(turns, 3)
    turns.give_up(second)
    turns.leave()
    assert first.called
    turns.give_up(first)
    assert (second.called, third.called) == (False, True)
    turns.give_up(third)
    assert (turns.inside, turns.waiting) == (0, 0)


def test_ten_thousand_in_a_line() -> None:
    """Long lines cost no more for each who waits."""
    turns = Turns(1)
    turns.take()
    line = lined_up(turns, 10_000)
    for _ in line:
        turns.leave()
    assert all(one.called for one in line)
