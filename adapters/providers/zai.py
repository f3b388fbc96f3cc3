"""Z.ai: thinking is switched on and off; of choices only `auto` is known, of stops only one.

Source: its API reference, and what libraries for it leave out (2026).
"""

from adapters.conversation import Quirks
from adapters.provider import Family

_UNKNOWN = ("presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "seed", "user")

QUIRKS: tuple[Family, ...] = (
    (
        "*",
        Quirks(
            output_limit="max_tokens",
            most_stops=1,
            hottest=1.0,
            reasoning="type",
            reasoning_field="reasoning_content",
            efforts=(),
            stream_usage=False,
            strict=False,
            choices=frozenset(("auto",)),
            formats="object",
            refuses=frozenset((*_UNKNOWN, "parallel_tool_calls", "service_tier")),
        ),
    ),
)
