"""What a socket remembers of its conversation, and for how long."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.socket_memory import ID_WEIGHT, Memory, lasting

ITEM = b'{"type":"message"}'
REASONING = b'{"type":"reasoning","id":"rs_1","encrypted_content":%b}'
COMPACTION = b'{"type":"compaction","encrypted_content":"x"}'


def test_nothing_is_known_at_first() -> None:
    """A response nobody made is unknown, and not for its length."""
    memory = Memory(1000)
    assert memory.up_to("a") is None
    assert memory.cap("a") == 0


def test_a_chain_grows() -> None:
    """Each response stands for all that was said up to it; empty pieces leave no comma."""
    memory = Memory(10_000)
    memory.keep("a", None, [b"1,2", b"3"])
    memory.keep("b", "a", [b"", b"4"])
    memory.keep("c", "b", [b"5"])
    assert [memory.up_to(name) for name in "abc"] == [b"1,2,3", b"1,2,3,4", b"1,2,3,4,5"]


def test_a_new_conversation_takes_the_place_of_the_old() -> None:
    """A request that names no response begins anew."""
    memory = Memory(10_000)
    memory.keep("a", None, [b"1"])
    memory.keep("b", None, [b"2"])
    assert (memory.up_to("a"), memory.up_to("b")) == (None, b"2")


def test_a_fork_forgets_the_other_branch() -> None:
    """Going on from an earlier response forgets what came after it, and keeps what came before."""
    memory = Memory(10_000)
    for name, previous, piece in (("a", None, b"1"), ("b", "a", b"2"), ("c", "a", b"3")):
        memory.keep(name, previous, [piece])
    assert [memory.up_to(name) for name in "abc"] == [b"1", None, b"1,3"]


def test_the_same_id_again() -> None:
    """A provider that gives every response the same id is understood: the latest is meant."""
    memory = Memory(10_000)
    memory.keep("a", None, [b"1"])
    memory.keep("a", "a", [b"2"])
    assert memory.up_to("a") == b"1,2"


def test_what_outgrows_the_limit_is_forgotten() -> None:
    """A conversation over the limit is not kept, and says so by its last response; the next one is."""
    memory = Memory(ID_WEIGHT * 2 + 100)
    memory.keep("a", None, [b"1" * 50])
    memory.keep("b", "a", [b"2" * 51])
    assert (memory.up_to("a"), memory.up_to("b")) == (None, None)
    assert (memory.cap("a"), memory.cap("b")) == (0, ID_WEIGHT * 2 + 100)
    memory.keep("c", None, [b"3"])
    assert (memory.up_to("c"), memory.cap("b")) == (b"3", 0)


def test_ids_weigh_something() -> None:
    """Responses that say nothing are bounded, too."""
    memory = Memory(ID_WEIGHT * 10)
    for number in range(100):
        memory.keep(f"r{number}", f"r{number - 1}", [])
    assert sum(memory.up_to(f"r{number}") is not None for number in range(100)) <= 10


def test_a_compaction_stands_for_all_before_it() -> None:
    """What was said before the latest compaction is not said again; what comes after it is."""
    memory = Memory(10_000)
    memory.keep("a", None, [b"1", b"2"])
    memory.keep("b", "a", [b'{"type":"compaction_trigger"}', COMPACTION, ITEM])
    assert memory.up_to("a") is None
    assert memory.up_to("b") == COMPACTION + b"," + ITEM


def test_a_compaction_that_the_client_says_is_no_end() -> None:
    """Only an output can compact; an input that holds a compaction stays whole."""
    memory = Memory(10_000)
    memory.keep("a", None, [ITEM + b"," + COMPACTION, ITEM])
    assert memory.up_to("a") == b",".join((ITEM, COMPACTION, ITEM))


@pytest.mark.parametrize(
    ("item", "stored", "kept"),
    [
        (REASONING % b"null", False, False),
        (REASONING % b'""', False, False),
        (REASONING % b'"x"', False, True),
        (REASONING % b"null", True, True),
        (ITEM, False, True),
        (b"7", False, True),
    ],
)
def test_reasoning_that_cannot_be_said_again(item: bytes, *, stored: bool, kept: bool) -> None:
    """Reasoning without its encrypted content is left out, unless the provider was asked to store it."""
    assert lasting([ITEM, item], stored=stored) == [ITEM, *([item] if kept else [])]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 12), st.binary(max_size=60)), max_size=40))
def test_memory_is_bounded(said: list[tuple[int, int, bytes]]) -> None:
    """However a conversation goes, what is kept is under the limit, and what is known is a part of it."""
    memory = Memory(ID_WEIGHT * 4)
    for name, previous, piece in said:
        memory.keep(str(name), str(previous), [msgspec.json.encode(piece)])
        known = [found for one in range(13) if (found := memory.up_to(str(one))) is not None]
        longest = max(known, key=len, default=b"")
        assert len(longest) <= ID_WEIGHT * 4
        assert all(longest.startswith(found) for found in known)
