"""Settings that several dialects take alike: what a system says, and how much is to be thought."""

from collections.abc import Iterable
from typing import Final

from adapters.conversation import Effort, Reasoning, Text

# The first system block of Claude Code: words for Anthropic's accounting, different in every conversation.
BILLING: Final = "x-anthropic-billing-header:"
# From low to high.
ORDER: Final[tuple[Effort, ...]] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# The most tokens of a budget that are still this effort; above them is `high`.
BUDGETS: Final[tuple[tuple[int, Effort], ...]] = ((2048, "low"), (16_384, "medium"))


def said_to_all(system: Iterable[Text]) -> list[Text]:
    """Return the texts of a system that are not empty, and not for Anthropic alone."""
    return [part for part in system if part.text and not _is_billing(part.text)]


def effort_for(reasoning: Reasoning, known: tuple[Effort, ...]) -> Effort | None:
    """Return the nearest known effort, the lower of two; None where none was asked for or none is known.

    `none` stands for no thinking at all, and is never the nearest.
    """
    wanted = reasoning.effort
    if reasoning.budget is not None:
        wanted = next((effort for most, effort in BUDGETS if reasoning.budget <= most), "high")
    near = [effort for effort in known if (effort == "none") == (wanted == "none")]
    return nearest(wanted, near) if wanted is not None and near else None


def nearest(wanted: Effort, known: Iterable[Effort]) -> Effort:
    """Return the nearest of efforts, the lower of two."""
    place = ORDER.index(wanted)
    return min(known, key=lambda effort: (abs(ORDER.index(effort) - place), ORDER.index(effort)))


def _is_billing(text: str) -> bool:
    """Whether a block is the header alone: one that says more is kept."""
    return text.startswith(BILLING) and "\n" not in text.strip()
