"""What the table holds against each other: the same is seen of every dialect, and what is lost is told."""

import json
from collections.abc import Callable

import pytest

from tests.agents.crossing import UPSTREAMS, lost
from tests.agents.seen import Called, Seen, seen
from tests.upstream.conversations import ARGUMENTS, CONVERSATIONS, PIXEL
from tests.upstream.memory import Memory
from tests.upstream.provider import Provider


@pytest.mark.parametrize("dialect", UPSTREAMS)
def test_the_same_is_seen_of_every_dialect(dialect: str) -> None:
    """Calls with what came of them, the image, the system text, the tools."""
    what = seen(dialect, json.dumps(CONVERSATIONS[dialect](Memory())).encode())
    assert what.system == ["Be brief."]
    assert "Read both." in what.said
    assert what.tools == ["read"]
    assert set(what.images) == {PIXEL}
    assert [(call.name, call.arguments) for call in what.calls.values()] == [("read", ARGUMENTS)] * 2
    assert {call.result for call in what.calls.values()} <= {"one", ""}


def test_signatures_are_seen() -> None:
    """Where a dialect has a place for them, what was signed is found."""
    for dialect in ("anthropic-messages", "openai-responses", "gemini"):
        memory = Memory()
        body = json.dumps(CONVERSATIONS[dialect](memory)).encode()
        assert seen(dialect, body).signatures == memory.signatures


def whole() -> Seen:
    """A request in which there is something of everything."""
    return Seen(
        system=["Be brief.\nBe kind."],
        said=["Read both."],
        calls={"1": Called("read", {"path": "a"}, 'one "line"\nanother line')},
        images=[PIXEL],
        tools=["read", "write"],
    )


def test_nothing_is_lost_of_the_same() -> None:
    """What is put elsewhere, inside JSON or under another key is not lost."""
    there = whole()
    there.said += there.system
    there.system = []
    there.calls["1"].result = json.dumps({"output": there.calls["1"].result})
    assert list(lost(whole(), there, Provider([]))) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda there: there.system.clear(), "2 lines of the system text are lost: 'Be brief.'"),
        (lambda there: there.said.clear(), "1 lines of what was said are lost"),
        (lambda there: there.images.clear(), "1 of 1 images did not arrive as images"),
        (lambda there: there.tools.remove("write"), "tools that were not offered: ['write']"),
        (lambda there: there.thoughts.append("Not mine."), "thoughts that were not asked for, or lost"),
        (lambda there: there.calls.update({"1": Called("read", {}, "")}), "arrived as read({})"),
        (
            lambda there: there.calls.update({"1": Called("read", {"path": "a"}, "one")}),
            "the result of read lost 'one \"line\"'",
        ),
    ],
)
def test_what_is_lost_is_told(change: Callable[[Seen], object], words: str) -> None:
    """Each thing that did not arrive is a problem in words."""
    there = whole()
    change(there)
    assert words in "\n".join(lost(whole(), there, Provider([])))
