"""How each family of Google's models is asked to think."""

import pytest

from adapters.conversation import PLAIN, Quirks, Reasoning
from adapters.dialects.gemini.families import Family, as_given, family_of, thinking_config

NONE = Reasoning("none", thinks=False)
LOW, HIGH, MOST = Reasoning("low"), Reasoning("high"), Reasoning("max")


def asked(model: str, reasoning: Reasoning, quirks: Quirks = PLAIN) -> dict[str, object]:
    """What is asked of a model, without what is to be shown."""
    config = thinking_config(reasoning, family_of(model), quirks)
    return {key: value for key, value in config.items() if key != "includeThoughts"}


BUDGETS: dict[str, tuple[str, Reasoning, int]] = {
    "an effort of flash": ("gemini-2.5-flash", LOW, 1024),
    "a high one": ("gemini-2.5-flash", HIGH, 24_576),
    "more than flash takes": ("gemini-2.5-flash", MOST, 24_576),
    "as much as pro takes": ("gemini-2.5-pro", MOST, 32_768),
    "none of flash": ("gemini-2.5-flash", NONE, 0),
    "none of pro": ("gemini-2.5-pro", NONE, 128),
    "the least of flash-lite": ("gemini-2.5-flash-lite", Reasoning(budget=100), 512),
    "a budget": ("gemini-2.5-pro", Reasoning(budget=2000), 2000),
    "a budget too high": ("gemini-2.5-pro", Reasoning(budget=99_999), 32_768),
    "a budget of nothing": ("gemini-2.5-flash", Reasoning(budget=0), 0),
    "as much as it likes": ("gemini-2.5-flash", Reasoning(), -1),
    "a dated model": ("gemini-2.5-flash-preview-09-2025", LOW, 1024),
    "a model with a prefix": ("models/gemini-2.5-pro", LOW, 1024),
    "a model of an unknown size": ("gemini-2.5-computer-use", LOW, 1024),
}


@pytest.mark.parametrize(("model", "reasoning", "budget"), BUDGETS.values(), ids=BUDGETS)
def test_models_up_to_2_5_have_a_budget(model: str, reasoning: Reasoning, budget: int) -> None:
    """Between the least and the most of the family."""
    assert asked(model, reasoning) == {"thinkingBudget": budget}


LEVELS: dict[str, tuple[str, Reasoning, str]] = {
    "low": ("gemini-3-pro-preview", LOW, "LOW"),
    "between low and high": ("gemini-3-pro-preview", Reasoning("medium"), "LOW"),
    "medium of a later pro": ("gemini-3.1-pro-preview", Reasoning("medium"), "MEDIUM"),
    "the most": ("gemini-3-pro", MOST, "HIGH"),
    "the least of pro": ("gemini-3.1-pro", NONE, "LOW"),
    "the least of flash": ("gemini-3-flash-preview", NONE, "MINIMAL"),
    "the least of flash-lite": ("gemini-3.5-flash-lite", NONE, "MINIMAL"),
    "the least of a later flash": ("gemini-3.8-flash", NONE, "LOW"),
    "a small budget": ("gemini-3-flash", Reasoning(budget=512), "MINIMAL"),
    "a budget": ("gemini-3-flash", Reasoning(budget=8000), "MEDIUM"),
    "a big budget": ("gemini-3-flash", Reasoning(budget=31_999), "HIGH"),
    "a model without a number": ("gemini-flash-latest", LOW, "LOW"),
    "a model behind an alias": ("fast", MOST, "HIGH"),
    "a model of a box": ("local/fake-1", NONE, "LOW"),
    "a later model": ("gemini-4-pro", Reasoning("medium"), "MEDIUM"),
}


@pytest.mark.parametrize(("model", "reasoning", "level"), LEVELS.values(), ids=LEVELS)
def test_models_from_3_on_have_a_level(model: str, reasoning: Reasoning, level: str) -> None:
    """The nearest the family has, the lower of two."""
    assert asked(model, reasoning) == {"thinkingLevel": level}


@pytest.mark.parametrize("model", ["fast", "box/my-model"])
def test_a_name_that_says_nothing_gets_what_all_take(model: str) -> None:
    """Calls are signed, as newer models insist; what older ones refuse is not sent."""
    family = family_of(model)
    assert (family.signed, family.shows, family.formats) == (True, False, False)


def test_a_level_nobody_asked_for_is_the_models_own() -> None:
    """Thinking as it likes is asked for by nothing."""
    assert asked("gemini-3-pro", Reasoning()) == {}


def test_quirks_may_know_other_levels() -> None:
    """What a provider's row says goes before the table."""
    quirks = Quirks(efforts=("medium", "high"))
    assert asked("gemini-3-pro", LOW, quirks) == {"thinkingLevel": "MEDIUM"}


@pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemini-1.5-pro", "models/gemma-3-27b", "learnlm-2.0"])
def test_other_models_do_not_think(model: str) -> None:
    """Asking them to is refused, so nothing is asked."""
    assert family_of(model) == Family()
    assert thinking_config(HIGH, family_of(model), PLAIN) == {}


SHOWN: dict[str, tuple[Reasoning, bool | None]] = {
    "asked for": (HIGH, True),
    "summarised": (Reasoning("high", display="summarized"), True),
    "omitted": (Reasoning("high", display="omitted"), False),
    "an effort alone": (Reasoning("high", thinks=False), None),
    "none": (NONE, None),
    "a budget of nothing": (Reasoning(budget=0), None),
}


@pytest.mark.parametrize(("reasoning", "shown"), SHOWN.values(), ids=SHOWN)
def test_thoughts_are_asked_for_when_they_are_shown(reasoning: Reasoning, shown: bool | None) -> None:
    """Whoever asked for thinking wants to see it, unless it says otherwise."""
    for model in ("gemini-2.5-flash", "gemini-3-flash"):
        assert thinking_config(reasoning, family_of(model), PLAIN).get("includeThoughts") is shown


GIVEN: dict[str, tuple[Reasoning, dict[str, object]]] = {
    "a budget": (Reasoning(budget=5, display="summarized"), {"thinkingBudget": 5, "includeThoughts": True}),
    "none": (NONE, {"thinkingBudget": 0}),
    "a level": (Reasoning("xhigh", display="omitted"), {"thinkingLevel": "XHIGH", "includeThoughts": False}),
    "nothing": (Reasoning(), {}),
}


@pytest.mark.parametrize(("reasoning", "config"), GIVEN.values(), ids=GIVEN)
def test_a_client_of_this_dialect_gets_what_it_said(reasoning: Reasoning, config: dict[str, object]) -> None:
    """Its own words, whatever the family."""
    assert as_given(reasoning) == config


def test_calls_are_signed_and_results_show_from_3_on() -> None:
    """The same models take an answer's shape beside tools."""
    new, old = family_of("gemini-3-pro"), family_of("gemini-2.5-pro")
    assert (new.signed, new.shows, new.formats) == (True, True, True)
    assert (old.signed, old.shows, old.formats) == (False, False, False)
