"""What is said in a system to everybody, and the effort that is nearest to the one asked for."""

import pytest

from adapters.conversation import Effort, Reasoning, Text
from adapters.conversation_settings import BILLING, effort_for, nearest, said_to_all


def test_words_for_anthropics_accounting_are_for_nobody_else() -> None:
    """The header is left out where it stands alone, and so is an empty text; the rest keeps its order."""
    more = Text(f"{BILLING} x\nBe brief.")
    told = [Text(f"{BILLING} cc_version=1;"), Text(""), Text("a"), Text(f"{BILLING}\n"), more, Text("b")]
    assert said_to_all(told) == [Text("a"), more, Text("b")]


PLAIN: tuple[Effort, ...] = ("low", "medium", "high")
STOPS: tuple[Effort, ...] = ("none", "low", "high")
EFFORTS: dict[str, tuple[Reasoning, tuple[Effort, ...], Effort | None]] = {
    "known": (Reasoning("low"), PLAIN, "low"),
    "too low": (Reasoning("minimal"), PLAIN, "low"),
    "too high": (Reasoning("max"), PLAIN, "high"),
    "between two": (Reasoning("medium"), ("low", "high"), "low"),
    "nothing": (Reasoning(), PLAIN, None),
    "none": (Reasoning("none"), STOPS, "none"),
    "none where all think": (Reasoning("none"), PLAIN, None),
    "little is not none": (Reasoning("minimal"), STOPS, "low"),
    "none known": (Reasoning("low"), (), None),
    "a small budget": (Reasoning(budget=2048), PLAIN, "low"),
    "a budget": (Reasoning(budget=2049), PLAIN, "medium"),
    "a big budget": (Reasoning(budget=16_385), PLAIN, "high"),
}


@pytest.mark.parametrize(("reasoning", "known", "effort"), EFFORTS.values(), ids=EFFORTS)
def test_the_nearest_effort_is_asked_for(
    reasoning: Reasoning, known: tuple[Effort, ...], effort: Effort | None
) -> None:
    """The lower of two; to think not at all is near to nothing."""
    assert effort_for(reasoning, known) == effort


def test_what_is_nearest_may_be_anything() -> None:
    """Where no thinking is not known, the least is the nearest."""
    assert (nearest("none", PLAIN), nearest("xhigh", ("high", "max"))) == ("low", "high")
