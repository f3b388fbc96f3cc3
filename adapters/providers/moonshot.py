"""Moonshot: some models think always, some unless they are told not to, and the newest by efforts.

A model that thinks draws as it likes, takes no forced tool, and wants its thoughts back in every turn.
Source: its API reference, and the errors of its models (2026).
"""

import msgspec

from adapters.conversation import Quirks
from adapters.provider import Family

_PLAIN = Quirks(
    output_limit="max_tokens",
    most_stops=5,
    hottest=1.0,
    efforts=(),
    strict=False,
    formats="object",
    refuses=frozenset(("parallel_tool_calls", "service_tier")),
)
_DRAWN = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_THINKS = msgspec.structs.replace(
    _PLAIN,
    reasoning_field="reasoning_content",
    reasoning_kept=True,
    choices=frozenset(("auto", "none")),
    refuses=_PLAIN.refuses.union(_DRAWN),
)
_SWITCHED = msgspec.structs.replace(
    _THINKS, reasoning="type", choices=_PLAIN.choices, thinks_when_forced=False
)
_BY_EFFORT = msgspec.structs.replace(
    _THINKS, efforts=("low", "high", "max"), choices=frozenset(("auto", "any", "none"))
)

QUIRKS: tuple[Family, ...] = (
    ("kimi-k2.[56]*", _SWITCHED),
    ("kimi-k2.*", _THINKS),
    ("kimi-k2-thinking*", _THINKS),
    ("kimi-k2-*", _PLAIN),
    ("kimi-*", _BY_EFFORT),
    ("*", _PLAIN),
)
