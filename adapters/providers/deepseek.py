"""DeepSeek: thinking is switched on and off, and every turn of the assistant must show what it thought.

While it thinks no choice of tools may be said, not even `auto`, which it means anyway.

Source: its pages on the thinking mode, on JSON output and on function calling (November 2026).
"""

from adapters.conversation import Quirks
from adapters.provider import Family

QUIRKS: tuple[Family, ...] = (
    (
        "*",
        Quirks(
            output_limit="max_tokens",
            reasoning="type",
            reasoning_field="reasoning_content",
            reasoning_kept=True,
            efforts=("high", "max"),
            thinks_when_forced=False,
            choices=frozenset(("any", "one", "none")),
            most_stops=16,
            strict=False,
            formats="object",
        ),
    ),
)
