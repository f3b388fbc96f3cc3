"""What Google's models take, by family: a model's name says when it was made.

Up to 2.5 thinking has a budget in tokens, from 3 on a level; from 3 on calls must be signed, and results may
hold images. A name that says nothing, as an alias or a box of one's own has it, is one of the newest: it gets
what a newer model insists on, and of what an older one refuses only the levels of thinking. Source: the API's
pages on thinking, thought signatures and function calling (November 2026).
"""

import re
from typing import Final

import msgspec

from adapters.conversation import PLAIN, Effort, Quirks, Reasoning
from adapters.conversation_settings import nearest

# What the API takes for a signature on a call that another model made.
STAND_IN: Final = "skip_thought_signature_validator"

_NAME = re.compile(r"gemini-(\d{1,3})(?:\.(\d{1,3}))?(?:-(pro|flash-lite|flash))?")
# The most tokens of a budget that are still this level.
_LEVELS_OF_BUDGETS: Final[tuple[tuple[int, Effort], ...]] = (
    (0, "none"),
    (512, "minimal"),
    (2048, "low"),
    (16_384, "medium"),
)
_BUDGETS: Final[dict[Effort, int]] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 32_768,
}
# As much as the model likes.
_DYNAMIC: Final = -1
_ALL: Final[tuple[Effort, ...]] = ("minimal", "low", "medium", "high")
_UPPER: Final[tuple[Effort, ...]] = ("low", "medium", "high")


class Family(msgspec.Struct, frozen=True):
    """One family: its levels of thinking, or the least and the most of a budget; neither: it does not think.

    A budget of zero, where `stops`, is no thinking. `signed` says that calls must have signatures, `shows`
    that results may hold images, `formats` that an answer may have a shape while there are tools.
    """

    levels: tuple[Effort, ...] = ()
    budget: tuple[int, int] | None = None
    stops: bool = True
    signed: bool = False
    shows: bool = False
    formats: bool = False


_SILENT = Family()
# Google's models that are no Gemini: they have neither thoughts to ask for nor signatures.
_OTHERS = ("gemma", "learnlm")
_BY_BUDGET = {
    "pro": Family(budget=(128, 32_768), stops=False),
    "flash": Family(budget=(1, 24_576)),
    "flash-lite": Family(budget=(512, 24_576)),
}


def family_of(model: str) -> Family:
    """Return the family of a model; one without a number is new."""
    bare = model.rpartition("/")[2]
    match = _NAME.match(bare)
    if match is None:
        return _unknown(bare)
    version, size = (int(match[1]), int(match[2] or 0)), match[3] or ""
    if version < (2, 5):
        return _SILENT
    if version < (3, 0):
        return _BY_BUDGET.get(size, _BY_BUDGET["flash"])
    if version == (3, 0) and size == "pro":
        return _with_levels(("low", "high"))
    small = size.startswith("flash") and version < (3, 8)
    return _with_levels(_ALL if small or size == "flash-lite" else _UPPER)


def _unknown(name: str) -> Family:
    if name.startswith(_OTHERS):
        return _SILENT
    if name.startswith("gemini-"):
        return _with_levels(_UPPER)
    return Family(levels=_UPPER, signed=True)


def _with_levels(levels: tuple[Effort, ...]) -> Family:
    return Family(levels=levels, signed=True, shows=True, formats=True)


def thinking_config(reasoning: Reasoning, family: Family, quirks: Quirks) -> dict[str, object]:
    """Return how a model is asked to think; nothing where it does not."""
    levels = family.levels
    if family.budget is None and not levels:
        return {}
    if levels and quirks.efforts != PLAIN.efforts:
        levels = quirks.efforts
    config = _level(reasoning, levels) if levels else _budget(reasoning, family)
    if reasoning.thinks and reasoning.effort != "none" and reasoning.budget != 0:
        config["includeThoughts"] = reasoning.display != "omitted"
    return config


def as_given(reasoning: Reasoning) -> dict[str, object]:
    """Return how a client of this dialect asked a model to think."""
    config: dict[str, object] = {}
    if reasoning.budget is not None or reasoning.effort == "none":
        config["thinkingBudget"] = reasoning.budget or 0
    elif reasoning.effort is not None:
        config["thinkingLevel"] = reasoning.effort.upper()
    if reasoning.display is not None:
        config["includeThoughts"] = reasoning.display != "omitted"
    return config


def _level(reasoning: Reasoning, levels: tuple[Effort, ...]) -> dict[str, object]:
    """The nearest level, the lower of two: there is none for no thinking at all."""
    wanted = reasoning.effort
    if reasoning.budget is not None:
        wanted = next((level for most, level in _LEVELS_OF_BUDGETS if reasoning.budget <= most), "high")
    if wanted is None:
        return {}
    return {"thinkingLevel": nearest(wanted, levels).upper()}


def _budget(reasoning: Reasoning, family: Family) -> dict[str, object]:
    least, most = family.budget or (0, 0)
    wanted = reasoning.budget
    if wanted is None:
        wanted = _DYNAMIC if reasoning.effort is None else _BUDGETS[reasoning.effort]
    if wanted == _DYNAMIC or (wanted == 0 and family.stops):
        return {"thinkingBudget": wanted}
    return {"thinkingBudget": min(max(wanted, least), most)}
