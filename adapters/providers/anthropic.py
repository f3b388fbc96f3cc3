"""Anthropic's models: how each family is asked to think, and how much it writes; and APIs made like it.

Source: the reference of the Messages API and its migration guides (November 2026).
"""

from typing import Literal

import msgspec

from adapters.conversation import Quirks
from adapters.provider import Family


def _claude(thinking: Literal["budget", "none"], most_tokens: int) -> Quirks:
    return Quirks(thinking=thinking, most_tokens=most_tokens)


QUIRKS: tuple[Family, ...] = (
    ("claude-3-[ohs]*", _claude("none", 4096)),
    ("claude-3-5*", _claude("none", 8192)),
    ("claude-3-7*", _claude("budget", 64_000)),
    ("claude-opus-4-[012]*", _claude("budget", 32_000)),
    ("claude-sonnet-4-[02]*", _claude("budget", 64_000)),
    ("claude-*-4-5*", _claude("budget", 64_000)),
    ("claude-opus-4-6*", Quirks(most_tokens=128_000)),
    ("claude-sonnet-4-6*", Quirks(most_tokens=64_000)),
    # From Opus 4.7 on a model draws and thinks as it likes.
    ("claude-*", Quirks(thinking="always", refuses=frozenset(("temperature", "top_p", "top_k")))),
)

# Others who speak it for Claude Code: thoughts have a budget and no signature, and the newer fields no place.
_LIKE_IT = Quirks(
    thinking="budget", unsigned_thinking=True, refuses=frozenset(("output_config", "service_tier"))
)
COMPATIBLE: tuple[Family, ...] = (("*", _LIKE_IT),)
# Those whose models think unless told not to, and refuse to be forced then.
COMPATIBLE_THINKERS: tuple[Family, ...] = (
    ("*", msgspec.structs.replace(_LIKE_IT, thinks_when_forced=False)),
)
