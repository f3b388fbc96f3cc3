"""xAI: from Grok 4.3 on the effort is asked for; before, it was the model's name that said it.

Source: its pages on reasoning, and the errors of its models (November 2026).
"""

from adapters.conversation import Quirks
from adapters.provider import Family

_REFUSED = frozenset(("presence_penalty", "frequency_penalty", "stop"))

QUIRKS: tuple[Family, ...] = (
    ("*non-reasoning*", Quirks(efforts=())),
    ("grok-3-mini*", Quirks(efforts=("low", "high"), refuses=_REFUSED)),
    ("grok-[23]*", Quirks(efforts=())),
    ("grok-4.[3-9]*", Quirks(efforts=("none", "low", "medium", "high"), refuses=_REFUSED)),
    ("*", Quirks(efforts=(), refuses=_REFUSED)),
)
