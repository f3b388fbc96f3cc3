"""Names that fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from adapters.conversation import ClientTool
from adapters.conversation_tools import Names, fitted

FITTING = ("Read", "a" * 64, "mcp__a-b_9")
OTHER = ("", "a" * 65, "a.b", "é", "a b", "functions.x:0")


@pytest.mark.parametrize("name", FITTING)
def test_a_name_that_fits_stays(name: str) -> None:
    """Letters, digits, dashes and underscores up to the limit are sent as they are."""
    names = Names(64)
    assert names.sent(name) == name
    assert names.changed == {}


@pytest.mark.parametrize("name", OTHER)
def test_a_name_that_does_not_fit_is_changed_and_remembered(name: str) -> None:
    """The short name fits, is always the same, and leads back."""
    names = Names(64)
    sent = names.sent(name)
    assert sent == names.sent(name) == Names(64).sent(name)
    assert fitted(sent, 64) == sent
    assert names.changed == {sent: ClientTool(name)}


def test_names_that_look_alike_are_told_apart() -> None:
    """What is replaced by the same sign, or cut at the same place, is still another name."""
    names = ["a.b", "a/b", "a_b", "n" * 70, "n" * 71]
    assert len({fitted(name, 64) for name in names}) == len(names)


def test_a_tool_in_a_namespace_does_not_take_the_name_of_another() -> None:
    """Where both names together are a third one's, each is sent under a name of its own."""
    names = Names(64)
    assert names.sent("agents__spawn") == "agents__spawn"
    sent = names.sent("spawn", "agents")
    assert sent != "agents__spawn"
    assert names.changed == {sent: ClientTool("spawn", "agents")}


@given(some.text(), some.integers(16, 128))
def test_any_name_fits_in_the_end(name: str, longest: int) -> None:
    """Whatever a client calls its tool, what is sent fits and fitting it again changes nothing."""
    sent = fitted(name, longest)
    assert 0 < len(sent) <= longest
    assert fitted(sent, longest) == sent
