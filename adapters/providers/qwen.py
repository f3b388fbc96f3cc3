"""Qwen, at Alibaba's Model Studio: thinking is switched on and off where a model can do both.

Source: its pages on deep thinking, function calling and structured output (2026).
"""

import msgspec

from adapters.conversation import Quirks
from adapters.provider import Family

_PLAIN = Quirks(
    output_limit="max_tokens",
    efforts=(),
    top_k=True,
    strict=False,
    choices=frozenset(("auto", "none", "one")),
    formats="object",
    refuses=frozenset(("service_tier", "user")),
)
_THINKS = msgspec.structs.replace(_PLAIN, reasoning="switch", reasoning_field="reasoning_content")

QUIRKS: tuple[Family, ...] = (
    ("qwen3-coder*", _PLAIN),
    ("qwen3*", _THINKS),
    ("qwen-plus*", _THINKS),
    ("qwen-flash*", _THINKS),
    ("qwen-turbo*", _THINKS),
    ("*", _PLAIN),
)
